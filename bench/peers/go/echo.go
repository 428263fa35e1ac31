package main

import (
	"fmt"
	"net"
)

func serve(c net.Conn) {
	defer c.Close()
	buffer := make([]byte, 32768)
	for {
		n, err := c.Read(buffer)
		if err != nil {
			return
		}
		if _, err = c.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func main() {
	port := arg(1, 7000)
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		panic(err)
	}
	fmt.Printf("ready %d\n", port)
	for {
		c, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(c)
	}
}
