package main

import (
	"os"
	"runtime"
	"sync"
	"time"
)

func main() {
	count, seconds := arg(1, 1000000), arg(2, 5)
	asleep, awake := 0, 0 // one thread runs them all (GOMAXPROCS=1)
	var all sync.WaitGroup
	all.Add(count)
	before, start := memory(), time.Now()
	for i := 0; i < count; i++ {
		go func() {
			asleep++
			time.Sleep(time.Duration(seconds) * time.Second)
			awake++
			all.Done()
		}()
	}
	for asleep < count {
		runtime.Gosched()
	}
	bytes := (memory() - before) / float64(count)
	if awake > 0 {
		println("sleepers: some awoke before all slept")
		os.Exit(1)
	}
	all.Wait()
	report("sleepers_bytes", bytes, "bytes")
	report("sleepers_time", time.Since(start).Seconds()-float64(seconds), "s")
	report("sleepers_cpu", cpu().Seconds(), "s")
}
