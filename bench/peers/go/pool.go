package main

import (
	"runtime"
	"sync"
	"time"
)

// Two goroutines, each locked to a thread of its own, take jobs from a channel.
type job struct {
	work func()
	done chan int
}

var jobs = make(chan job, 64)

func worker() {
	runtime.LockOSThread()
	for j := range jobs {
		j.work()
		j.done <- 0
	}
}

func run(work func(), count, atOnce int) time.Duration {
	var group sync.WaitGroup
	start := time.Now()
	for i := 0; i < atOnce; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			done := make(chan int, 1)
			for i := 0; i < count/atOnce; i++ {
				jobs <- job{work, done}
				<-done
			}
		}()
	}
	group.Wait()
	return time.Since(start)
}

var results [8]uint64

func compute() {
	x := uint64(1)
	for i := 0; i < 20000000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	results[x%8] = x
}

func main() {
	count := arg(1, 20000)
	go worker()
	go worker()
	run(func() {}, 1000, 1)
	report("pool_1", float64(run(func() {}, count, 1).Nanoseconds())/float64(count)/1000, "us")
	report("pool_64", float64(run(func() {}, count, 64).Nanoseconds())/float64(count)/1000, "us")
	start := time.Now()
	for i := 0; i < 8; i++ {
		compute()
	}
	alone := time.Since(start)
	report("pool_speedup", alone.Seconds()/run(compute, 8, 8).Seconds(), "x")
}
