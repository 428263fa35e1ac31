package main

import (
	"runtime"
	"sync"
)

func main() {
	count := arg(1, 5000000)
	var both sync.WaitGroup
	player := func() {
		for i := 0; i < count/2; i++ {
			runtime.Gosched()
		}
		both.Done()
	}
	each("switch", count, func() {
		both.Add(2)
		go player()
		go player()
		both.Wait()
	})
}
