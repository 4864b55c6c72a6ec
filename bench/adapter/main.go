// Command adapter runs a whole adapterd against a sink on one job, and prints one JSON line of what that took.
//
//	adapter -job lines|http|echo|start -adapterd BINARY -tls HOST:PORT [-records 1000000] [-seconds 5]
//
// The jobs:
//
//   - lines: one file of so many JSON lines, split, each a record whose partition key is a JSON path into it.
//   - http: 64 connections that are kept alive post JSON documents of about 200 bytes one after the other to a pooling workflow with the
//     synchronous producer, so that each is answered when its record is stored; RecordMaxBufferedTime is 10 ms.
//   - echo: the same load on a net/http server that answers with what it was sent: what the machine and net/http allow.
//   - start: from the start of the process to the line that says that everything has started.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// settings are what the flags say.
type settings struct {
	job, adapterd, tls string
	records            int
	seconds            float64
	connections        int
	echo               string
}

// result is what is printed. What a job has not is 0.
type result struct {
	Job                  string  `json:"job"`
	RecordsPerSecond     float64 `json:"records_per_second"`
	CPUSecondsPerMillion float64 `json:"cpu_seconds_per_million"` // of the whole process, its start included
	PeakMB               float64 `json:"peak_mb"`
	FirstMillis          float64 `json:"first_ms"`
	P50Millis            float64 `json:"p50_ms"`
	P99Millis            float64 `json:"p99_ms"`
	MaxMillis            float64 `json:"max_ms"`
	StartMillis          float64 `json:"start_ms"`
	BinaryMB             float64 `json:"binary_mb"`
}

func main() {
	var s settings
	flag.StringVar(&s.job, "job", "lines", "lines, http, echo or start")
	flag.StringVar(&s.adapterd, "adapterd", "", "the binary to run")
	flag.StringVar(&s.tls, "tls", "", "host:port that takes the requests")
	flag.IntVar(&s.records, "records", 1_000_000, "lines of the file")
	flag.Float64Var(&s.seconds, "seconds", 5, "how long requests over HTTP are counted")
	flag.IntVar(&s.connections, "connections", 64, "connections over HTTP")
	flag.StringVar(&s.echo, "echo-server", "", "internal: serve an echo at this address until standard input ends")
	flag.Parse()
	if s.echo != "" {
		fail(serveEcho(s.echo, os.Stdin))
		return
	}
	r, err := run(context.Background(), s)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	fail(err)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "adapter:", err)
		os.Exit(1)
	}
}

func (s *settings) check() error {
	var errs []error
	if s.job != "echo" && (s.adapterd == "" || s.tls == "") {
		errs = append(errs, errors.New("-adapterd and -tls are not set; give a binary and the address that the sink prints"))
	}
	if s.records < 1 || s.seconds <= 0 || s.connections < 1 {
		errs = append(errs, errors.New("-records, -seconds and -connections are above 0"))
	}
	return errors.Join(errs...)
}

func run(ctx context.Context, s settings) (r result, err error) {
	if err := s.check(); err != nil {
		return r, err
	}
	jobs := map[string]func(context.Context, settings, *result) error{"lines": lines, "http": overHTTP, "echo": echo, "start": started}
	job, ok := jobs[s.job]
	if !ok {
		return r, fmt.Errorf("-job %s is none of lines, http, echo and start", s.job)
	}
	r.Job = s.job
	return r, job(ctx, s, &r)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
