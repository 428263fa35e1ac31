package main

import (
	"fmt"
	"net"
	"net/netip"
)

func main() {
	port := arg(1, 7000)
	at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port))
	socket, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		panic(err)
	}
	fmt.Printf("ready %d\n", port)
	buffer := make([]byte, 2048)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(buffer)
		if err != nil {
			panic(err)
		}
		socket.WriteToUDPAddrPort(buffer[:n], from)
	}
}
