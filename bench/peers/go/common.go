package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// cpu returns the CPU time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func arg(index, otherwise int) int {
	if len(os.Args) > index {
		n, _ := strconv.Atoi(os.Args[index])
		return n
	}
	return otherwise
}

func report(name string, value float64, unit string) {
	fmt.Printf("%s %.6g %s\n", name, value, unit)
}

// each measures work() and reports its CPU time divided by count.
func each(name string, count int, work func()) {
	start := cpu()
	work()
	report(name, float64(cpu()-start)/float64(count), "ns")
}

// memory returns the bytes resident, page tables included.
func memory() float64 {
	f, _ := os.Open("/proc/self/status")
	defer f.Close()
	kib := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		if field := strings.Fields(s.Text()); field[0] == "VmRSS:" || field[0] == "VmPTE:" {
			n, _ := strconv.Atoi(field[1])
			kib += n
		}
	}
	return float64(kib) * 1024
}

// delay of the i-th timer: 1 to 10 ms, in no order.
func delay(i uint32) time.Duration {
	return time.Duration(1+(i*2654435761>>16)%10) * time.Millisecond
}

// pin keeps the calling thread on one CPU.
func pin(cpu uint) {
	mask := uint64(1) << cpu
	syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, 8, uintptr(unsafe.Pointer(&mask)))
}
