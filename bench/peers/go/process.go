package main

import (
	"os/exec"
	"sync"
	"time"
)

func run(count, atOnce int) float64 {
	var group sync.WaitGroup
	start := time.Now()
	for i := 0; i < atOnce; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := 0; i < count/atOnce; i++ {
				if err := exec.Command("/bin/true").Run(); err != nil {
					panic(err)
				}
			}
		}()
	}
	group.Wait()
	return time.Since(start).Seconds() * 1000 / float64(count/atOnce*atOnce)
}

func main() {
	count := arg(1, 1000)
	run(10, 1)
	report("process_1", run(count, 1), "ms")
	report("process_16", run(count, 16), "ms")
}
