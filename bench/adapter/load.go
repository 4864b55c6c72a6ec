package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// warmUp is how long requests are made before they count.
const warmUp = time.Second

// load posts documents over connections that are kept alive, each the next when the one before is answered, and counts the answers. It
// returns how many there were in all.
func load(ctx context.Context, s settings, at string, r *result) (answered int, err error) {
	if err := reachable(ctx, at); err != nil {
		return 0, err
	}
	from := time.Now().Add(warmUp)
	until := from.Add(time.Duration(s.seconds * float64(time.Second)))
	var clients sync.WaitGroup
	var mu sync.Mutex // guards what is below
	var latencies []time.Duration
	var errs []error
	for n := range s.connections {
		clients.Go(func() {
			took, all, err := post(at, n, s.connections, from, until)
			mu.Lock()
			defer mu.Unlock()
			latencies, answered, errs = append(latencies, took...), answered+all, append(errs, err)
		})
	}
	clients.Wait()
	if err := errors.Join(errs...); err != nil {
		return answered, err
	}
	if len(latencies) == 0 {
		return answered, errors.New("no request was answered")
	}
	slices.Sort(latencies)
	r.RecordsPerSecond = float64(len(latencies)) / s.seconds
	r.P50Millis, r.P99Millis = millis(latencies[len(latencies)/2]), millis(latencies[len(latencies)*99/100])
	r.MaxMillis = millis(latencies[len(latencies)-1])
	return answered, nil
}

// reachable waits until somebody listens.
func reachable(ctx context.Context, at string) error {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for limit := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", at)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(limit) {
			return err
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// post uses one connection, the nth of so many, which share the documents out. The times are those of requests that were made between from and until; all counts the others too.
func post(at string, n, of int, from, until time.Time) (took []time.Duration, all int, err error) {
	c, err := net.Dial("tcp", at)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = c.Close() }()
	in := bufio.NewReader(c)
	var out []byte
	for i := n; ; i += of {
		body := document(i)
		out = fmt.Appendf(out[:0], "POST /documents HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", at, len(body), body)
		began := time.Now()
		if began.After(until) {
			return took, all, nil
		}
		if _, err := c.Write(out); err != nil {
			return took, all, err
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return took, all, err
		}
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return took, all, err
		}
		if answer.StatusCode != http.StatusOK {
			return took, all, fmt.Errorf("request %d was answered %s", i, answer.Status)
		}
		all++
		if began.After(from) {
			took = append(took, time.Since(began))
		}
	}
}
