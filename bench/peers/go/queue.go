package main

func pass(count, capacity int) {
	queue, done := make(chan int, capacity), make(chan int)
	go func() {
		for i := 0; i < count; i++ {
			queue <- i
		}
		close(queue)
	}()
	go func() {
		sum := 0
		for i := range queue {
			sum += i
		}
		done <- sum
	}()
	<-done
}

func main() {
	count := arg(1, 5000000)
	each("queue_1", count, func() { pass(count, 1) })
	each("queue_1024", count, func() { pass(count, 1024) })
}
