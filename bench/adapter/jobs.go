package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// document is a line, about 215 bytes long.
func document(i int) string {
	return fmt.Sprintf(`{"id": "device-%05d", "seq": %d, "type": "reading", "value": %d.%d, "unit": "celsius", "site": "plant-%d", "note": "%s"}`,
		i%10000, i, i*7%1000/10, i*7%10, i%17, strings.Repeat("x", 90))
}

func lines(ctx context.Context, s settings, r *result) (err error) {
	a, err := start(ctx, s, linesDocument)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.stop(r, s.records)) }()
	if err := a.put("first.json", []byte(`{"id":"first"}`)); err != nil {
		return err
	}
	if err := a.emptied(ctx); err != nil {
		return err
	}
	r.FirstMillis, r.StartMillis = millis(time.Since(a.began)), millis(a.startTook)
	file := filepath.Join(a.directory, "lines.json")
	if err := writeLines(file, s.records); err != nil {
		return err
	}
	began := time.Now() // what is measured is the adapter, from when it may see the file
	if err := os.Rename(file, filepath.Join(a.directory, "in", "lines.json")); err != nil {
		return err
	}
	if err := a.emptied(ctx); err != nil {
		return err
	}
	r.RecordsPerSecond = float64(s.records) / time.Since(began).Seconds()
	return nil
}

func writeLines(name string, n int) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	for i := range n {
		_, _ = out.WriteString(document(i)) // Flush says if it failed
		_ = out.WriteByte('\n')
	}
	return errors.Join(out.Flush(), file.Close())
}

func started(ctx context.Context, s settings, r *result) error {
	info, err := os.Stat(s.adapterd)
	if err != nil {
		return err
	}
	r.BinaryMB = float64(info.Size()) / 1e6
	a, err := start(ctx, s, linesDocument)
	if err != nil {
		return err
	}
	r.StartMillis = millis(a.startTook)
	return a.stop(r, 0)
}

func overHTTP(ctx context.Context, s settings, r *result) (err error) {
	at, err := freeAddress()
	if err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(at)
	a, err := start(ctx, s, httpDocument, "@PORT@", port)
	if err != nil {
		return err
	}
	answered := 0
	defer func() { err = errors.Join(err, a.stop(r, answered)) }()
	answered, err = load(ctx, s, at, r)
	return err
}

func echo(ctx context.Context, s settings, r *result) (err error) {
	at, err := freeAddress()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.CommandContext(ctx, self, "-echo-server", at)
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	answered := 0
	defer func() {
		_ = in.Close()
		err = errors.Join(err, c.Wait())
		r.took(c, answered)
	}()
	answered, err = load(ctx, s, at, r)
	return err
}

// freeAddress is one that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// serveEcho is the floor: all that net/http needs to take a document and to answer.
func serveEcho(at string, until io.Reader) error {
	l, err := net.Listen("tcp", at)
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		_, _ = w.Write(body)
	})}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	_, _ = io.Copy(io.Discard, until)
	_ = server.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
