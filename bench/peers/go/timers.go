package main

import (
	"runtime"
	"sync"
	"time"
)

func main() {
	const batch = 1000
	count := arg(1, 5000000)
	var timers [batch]*time.Timer
	var left sync.WaitGroup
	left.Add(count / 10)
	each("timers", count, func() {
		for done := 0; done < count; done += batch {
			for i := range timers {
				timers[i] = time.AfterFunc(delay(uint32(done+i)), left.Done)
			}
			for i := range timers {
				if i%10 != 0 && !timers[i].Stop() {
					left.Add(1) // it had fired already
				}
			}
			runtime.Gosched()
		}
		left.Wait()
	})
}
