package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	port := arg(3, 7000)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "Hello, world!")
	})
	listener, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		panic(err)
	}
	fmt.Printf("ready %d\n", port)
	panic(http.ServeTLS(listener, nil, os.Args[1], os.Args[2]))
}
