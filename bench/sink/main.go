// Command sink answers as Kinesis and CloudWatch do, as cheaply as can be: it is there to be sent to by what is measured, on the same
// machine, in a process of its own so that its CPU is not counted.
//
//	sink [-shards 4]
//
// It listens on two free ports of the loopback interface and prints them as a JSON line: "tls" takes the calls of both services,
// "counts" gives by plain HTTP at / what has arrived. It ends when its standard input does.
//
// It reads of a PutRecords request where each record belongs, and stores nothing. What it has no answer for is answered with status 400.
package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// counts is what has arrived since the start. Requests are PutRecords alone; Records are Kinesis records.
type counts struct {
	Requests   int64   `json:"requests"`
	Records    int64   `json:"records"`
	BodyBytes  int64   `json:"body_bytes"`
	CPUSeconds float64 `json:"cpu_seconds"`
}

// sink serves one stream, whatever its name.
type sink struct {
	shards                      shards
	requests, records, bodySize atomic.Int64
}

func main() {
	n := flag.Int("shards", 4, "shards of every stream, 1 to 10000, all of the same size")
	flag.Parse()
	if err := run(*n, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sink:", err)
		os.Exit(1)
	}
}

// run serves until in ends.
func run(n int, in io.Reader, out io.Writer) error {
	if n < 1 || n > 10000 {
		return fmt.Errorf("-shards %d is not from 1 to 10000", n)
	}
	certificate, err := selfSigned(time.Now())
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	s := &sink{shards: evenShards(n)}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	secure, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(err, plain.Close())
	}
	defer func() { _ = secure.Close() }()
	web := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	defer func() { _ = web.Close() }()
	go func() { _ = web.Serve(plain) }()
	// The connections end with the process.
	go s.accept(tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}))
	if err := json.NewEncoder(out).Encode(map[string]string{"tls": secure.Addr().String(), "counts": plain.Addr().String()}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

func (s *sink) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go s.serve(c)
	}
}

// ServeHTTP gives the counts.
func (s *sink) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(counts{
		Requests: s.requests.Load(), Records: s.records.Load(), BodyBytes: s.bodySize.Load(), CPUSeconds: cpuSeconds(),
	})
}
