package main

import (
	"runtime"
	"time"
)

// Two goroutines, each locked to a thread of its own, each thread on a CPU of its own.
func main() {
	rounds := arg(1, 20000)
	bell, answered := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		pin(0)
		for range bell {
			answered <- 0
		}
	}()
	runtime.LockOSThread()
	pin(1)
	start := time.Now()
	for i := 0; i < rounds; i++ {
		bell <- 0
		<-answered
	}
	report("wake", float64(time.Since(start).Nanoseconds())/float64(rounds)/1000, "us")
}
