package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// The sample messages: what is written to files, and what is posted. Each has an id of its own, by which its arrival is told.
var (
	demoFiles = map[string][]string{
		"morning.json": {`{"type":"order","id":"order-1","item":"tea","amount":2}`, `{"type":"order","id":"order-2","item":"bread","amount":1}`, `{"type":"click","id":"user-7","page":"/tea"}`},
		"evening.json": {`{"type":"order","id":"order-3","item":"soup","amount":4}`, `{"type":"click","id":"user-9","page":"/soup"}`},
	}
	demoPosts = []string{`{"type":"order","id":"order-4","item":"cake","amount":1}`, `{"type":"click","id":"user-12","page":"/cake"}`, `{"type":"click","id":"user-13","page":"/"}`}
)

// heartbeat is what the timer of the example document sends.
const heartbeat = `{"type":"click","id":"heartbeat"}`

// expected are the payloads that must arrive.
func expected() map[string]bool {
	out := map[string]bool{heartbeat: true}
	for _, lines := range demoFiles {
		for _, l := range lines {
			out[l] = true
		}
	}
	for _, p := range demoPosts {
		out[p] = true
	}
	return out
}

// feed gives the samples to the sources.
func (d *demo) feed(ctx context.Context) error {
	for name, lines := range demoFiles {
		// Written elsewhere and moved, so that the consumer never sees half a file.
		part := filepath.Join(d.directory, name)
		if err := os.WriteFile(part, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			return err
		}
		if err := os.Rename(part, filepath.Join(d.directory, "in", name)); err != nil {
			return err
		}
	}
	for _, body := range demoPosts {
		if err := post(ctx, d.events, body); err != nil {
			return err
		}
	}
	return nil
}

func post(ctx context.Context, url, body string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("sample message for the HTTP source: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what can be read of the reason
		return fmt.Errorf("sample message for the HTTP source was answered %s: %s", answer.Status, text)
	}
	return nil
}

// watch prints each user record as it arrives until ctx ends, and tells its payload until nobody waits any more.
func watch(ctx context.Context, server *kinesislocal.Server, out io.Writer, arrived chan<- string, enough <-chan struct{}) {
	for r := range server.Watch(ctx, "") {
		for _, u := range userRecords(r.Stream, r.ShardID, r.SequenceNumber, r.PartitionKey, r.Data) {
			fmt.Fprintf(out, "%s  %-7s %s  %s/%d  key %s  %s\n", r.Arrival.Format("15:04:05.000"), u.Stream, u.ShardID, u.Sequence, u.SubSequence, printable(u.PartitionKey), u.line())
			select {
			case arrived <- strings.TrimRight(u.Text, "\n"):
			case <-enough:
			}
		}
	}
}

// await returns when all samples have arrived and the demo is to end: at once with --once, else on a signal.
func (d *demo) await(ctx context.Context, f *demoFlags, out io.Writer, arrived <-chan string, fed <-chan error) error {
	missing := expected()
	var late <-chan time.Time
	if f.once {
		timer := time.NewTimer(f.wait)
		defer timer.Stop()
		late = timer.C
	}
	for {
		select {
		case err := <-fed:
			if err != nil && ctx.Err() == nil {
				return err
			}
		case payload := <-arrived:
			if before := len(missing); before > 0 {
				if delete(missing, payload); len(missing) == 0 {
					fmt.Fprintf(out, "\nall %d sample messages have arrived\n", len(expected()))
					if f.once {
						return nil
					}
					fmt.Fprintf(out, "try it: curl -d '{\"type\":\"order\",\"id\":\"order-5\"}' %s   or put a file into %s\nCtrl-C ends the demo\n\n", d.events, filepath.Join(d.directory, "in"))
				}
			}
		case <-late:
			return fmt.Errorf("%d of %d sample messages have not arrived within %v", len(missing), len(expected()), f.wait)
		case <-ctx.Done():
			if f.once {
				return errors.New("interrupted before the sample messages had arrived")
			}
			return nil
		}
	}
}
