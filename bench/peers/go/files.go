package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

func readMany(folder string, count, reads int) {
	var group sync.WaitGroup
	left := int64(reads)
	for i := 0; i < 100; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := atomic.AddInt64(&left, -1); n >= 0; n = atomic.AddInt64(&left, -1) {
				data, err := os.ReadFile(fmt.Sprintf("%s/%05d", folder, int(n)%count))
				if err != nil || len(data) != 4096 {
					panic(err)
				}
			}
		}()
	}
	group.Wait()
}

func main() {
	folder, count, reads := os.Args[1], arg(2, 0), arg(3, 0)
	readMany(folder, count, count)
	start, before := time.Now(), cpu()
	readMany(folder, count, reads)
	report("files", float64(reads)/time.Since(start).Seconds()/1000, "k/s")
	report("files_cpu", float64(cpu()-before)/float64(reads)/1000, "us")
}
