package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const atOnce = 100

func get(client *http.Client, url string, major int) {
	response, err := client.Get(url)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil || n == 0 || response.StatusCode != 200 || response.ProtoMajor != major {
		panic(fmt.Sprint(url, " ", response.Status, " ", response.Proto, " ", err))
	}
}

func measure(name, url string, major, count int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
	left := int64(count)
	var getters sync.WaitGroup
	start, before := time.Now(), cpu()
	for i := 0; i < atOnce; i++ {
		getters.Add(1)
		go func() {
			for atomic.AddInt64(&left, -1) >= 0 {
				get(client, url, major)
			}
			getters.Done()
		}()
	}
	getters.Wait()
	report(name, float64(cpu()-before)/float64(count)/1e3, "us")
	report(name+"_rate", float64(count)/time.Since(start).Seconds(), "req/s")
}

func main() {
	count := arg(3, 20000)
	measure("http_client", fmt.Sprintf("http://127.0.0.1:%d/", arg(1, 80)), 1, count)
	measure("http_client_h2", fmt.Sprintf("https://127.0.0.1:%d/", arg(2, 443)), 2, count)
}
