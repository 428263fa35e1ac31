// peer.go - Go's net/http on the bytes of each line "request HEX" or "response HEX"; the answers are
// those of ours.c.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// A connection on which these bytes come, and then the end.
type connection struct {
	in  *bytes.Reader
	out bytes.Buffer
	end chan bool
}

func (c *connection) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *connection) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *connection) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *connection) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *connection) SetDeadline(time.Time) error      { return nil }
func (c *connection) SetReadDeadline(time.Time) error  { return nil }
func (c *connection) SetWriteDeadline(time.Time) error { return nil }
func (c *connection) Close() error {
	select {
	case <-c.end:
	default:
		close(c.end)
	}
	return nil
}

type listener struct{ c *connection }

func (l *listener) Accept() (net.Conn, error) {
	if c := l.c; c != nil {
		l.c = nil
		return c, nil
	}
	return nil, io.EOF
}
func (l *listener) Close() error   { return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }

func serve(data []byte) string {
	var out strings.Builder
	short, bad := false, ""
	c := &connection{in: bytes.NewReader(data), end: make(chan bool)}
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == io.ErrUnexpectedEOF {
			short = true
		} else if err != nil {
			bad = err.Error()
		} else {
			fmt.Fprintf(&out, "%x %x ", r.Method+" "+r.RequestURI, body)
		}
		w.WriteHeader(299)
	}
	s := http.Server{Handler: http.HandlerFunc(handler), ErrorLog: log.New(io.Discard, "", 0)}
	go s.Serve(&listener{c})
	<-c.end
	for _, line := range strings.Split(c.out.String(), "\r\n") {
		if strings.HasPrefix(line, "HTTP/1.1 ") && !strings.HasPrefix(line, "HTTP/1.1 299") && !strings.HasPrefix(line, "HTTP/1.1 100") {
			bad = line[9:]
		}
	}
	if bad == "" && short {
		bad = "short"
	}
	return out.String() + "= " + bad
}

func receive(data []byte) string {
	in := bufio.NewReader(bytes.NewReader(data))
	for {
		r, err := http.ReadResponse(in, nil)
		if err == io.ErrUnexpectedEOF {
			return "= short"
		} else if err != nil {
			return "= " + err.Error()
		}
		if r.StatusCode < 200 && r.StatusCode != 101 {
			continue
		}
		body, err := io.ReadAll(r.Body)
		if err == io.ErrUnexpectedEOF {
			return "= short"
		} else if err != nil {
			return "= " + err.Error()
		}
		return fmt.Sprintf("%x %x = ", fmt.Sprint(r.StatusCode), body)
	}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		kind, text, _ := strings.Cut(in.Text(), " ")
		data, _ := hex.DecodeString(text)
		answer := ""
		if kind == "request" {
			answer = serve(data)
		} else {
			answer = receive(data)
		}
		fmt.Println(strings.ReplaceAll(answer, "\n", " "))
	}
}
