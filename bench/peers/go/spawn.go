package main

import "sync"

var ran int

func spawn(count, batch int) {
	var all sync.WaitGroup
	for done := 0; done < count; done += batch {
		all.Add(batch)
		for i := 0; i < batch; i++ {
			go func() {
				ran++
				all.Done()
			}()
		}
		all.Wait()
	}
}

func main() {
	const batch = 10000
	count := arg(1, 2000000)
	spawn(batch, batch)
	each("spawn", count, func() { spawn(count, 1) })
	each("spawn_batch", count, func() { spawn(count, batch) })
}
