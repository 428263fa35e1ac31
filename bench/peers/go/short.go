package main

import (
	"fmt"
	"net"
)

func serve(c net.Conn) {
	defer c.Close()
	buffer := make([]byte, 4096)
	if n, err := c.Read(buffer); err == nil {
		c.Write(buffer[:n])
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
