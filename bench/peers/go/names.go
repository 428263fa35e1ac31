package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	port, count := arg(1, 53), arg(2, 20000)
	resolver := &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
		},
	}
	lookUp := func(host string) {
		if _, err := resolver.LookupHost(context.Background(), host); err != nil {
			panic(err)
		}
	}
	start := time.Now()
	for i := 0; i < count; i++ {
		lookUp("localhost")
	}
	report("names_local", float64(time.Since(start).Nanoseconds())/float64(count)/1000, "us")
	var group sync.WaitGroup
	left := int64(count)
	start = time.Now()
	for i := 0; i < 64; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := atomic.AddInt64(&left, -1); n >= 0; n = atomic.AddInt64(&left, -1) {
				lookUp(fmt.Sprintf("n%d.bench.example", n))
			}
		}()
	}
	group.Wait()
	report("names_dns", float64(time.Since(start).Nanoseconds())/float64(count)/1000, "us")
}
