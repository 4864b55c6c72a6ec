package main

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin"
	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/message"
)

const (
	// mostListed bounds how many failed messages operators are shown at a time; there is the command for more.
	mostListed = 1000
	// shownPayload is how much of a payload they are shown, in bytes.
	shownPayload = 64 << 10
)

// failedMessages are those in the directories of a running adapter's document. It is safe for concurrent use.
type failedMessages struct {
	desk failed.Desk
	// listing lets one look through the directories at a time: they may have very many files, and there is more to do for the program.
	listing sync.Mutex
	// underWay are retries, also those that nobody waits for any more.
	underWay sync.WaitGroup

	// mu guards the fields below.
	mu sync.Mutex
	// adapter is nil until the document has been read.
	adapter *adapter.Adapter
	// paths are all directories that were ever listed, each at its number: one that comes later must not make another message of a number that
	// an operator sees.
	paths []string
}

func (f *failedMessages) attach(a *adapter.Adapter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.adapter = a
}

// places are those of the document as it is now.
func (f *failedMessages) places() *failed.Places {
	f.mu.Lock()
	a := f.adapter
	f.mu.Unlock()
	if a == nil {
		return &failed.Places{}
	}
	return failed.PlacesOf(a.Components())
}

func (f *failedMessages) number(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if i := slices.Index(f.paths, path); i >= 0 {
		return i
	}
	f.paths = append(f.paths, path)
	return len(f.paths) - 1
}

func (f *failedMessages) path(dir int) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if dir >= len(f.paths) {
		return "", admin.ErrNoFailedMessage
	}
	return f.paths[dir], nil
}

// List implements admin.Failed.
func (f *failedMessages) List(ctx context.Context) ([]admin.FailedMessage, error) {
	f.listing.Lock()
	defer f.listing.Unlock()
	if ctx.Err() != nil { // nobody waits for it any more
		return nil, context.Cause(ctx)
	}
	var out []admin.FailedMessage
	listed := make(map[string]bool) // directories may be below each other
	for _, d := range f.places().Directories {
		paths, err := d.Paths(ctx)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if listed[path] {
				continue
			}
			listed[path] = true
			messages, _, err := failed.List(ctx, path, failed.Query{Limit: mostListed})
			if errors.Is(err, fs.ErrNotExist) {
				continue // nothing has failed yet
			}
			if err != nil {
				return nil, err
			}
			dir := f.number(path)
			for i := range messages {
				out = append(out, shownFailed(dir, &messages[i]))
			}
		}
	}
	slices.SortFunc(out, func(a, b admin.FailedMessage) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Name, b.Name)) })
	return out[:min(len(out), mostListed)], nil
}

func shownFailed(dir int, m *failed.Message) admin.FailedMessage {
	out := admin.FailedMessage{Dir: dir, Directory: m.Directory, Name: m.Name, At: m.At, Bytes: m.Bytes}
	if d := m.Details; d != nil {
		out.Channel, out.Workflow, out.Message = string(d.Channel), string(d.Workflow), string(d.Message)
		out.Reason, out.Remedy, out.Attempts = string(d.Reason), string(d.Remedy), d.Tries
		out.Stream, out.ShardID, out.ErrorCode = string(d.Stream), string(d.ShardID), string(d.Code)
	}
	return out
}

// Show implements admin.Failed.
func (f *failedMessages) Show(ctx context.Context, dir int, name string) (admin.FailedDetail, error) {
	path, err := f.path(dir)
	if err != nil {
		return admin.FailedDetail{}, err
	}
	m, payload, err := f.desk.Show(ctx, path, name, shownPayload)
	if err != nil {
		return admin.FailedDetail{}, toldFailed(err)
	}
	out := admin.FailedDetail{FailedMessage: shownFailed(dir, &m), Metadata: make(map[string]string), Truncated: m.Bytes > int64(len(payload))}
	if d := m.Details; d != nil {
		for key, value := range d.Metadata {
			out.Metadata[key] = string(value)
		}
	}
	if text := wholeRunes(payload, out.Truncated); utf8.Valid(text) && !strings.ContainsRune(string(text), 0) {
		out.Payload = string(text)
	} else {
		out.Payload, out.Base64 = base64.StdEncoding.EncodeToString(payload), true
	}
	return out, nil
}

// wholeRunes leaves out the character that was cut in two at the end of a text.
func wholeRunes(text []byte, cut bool) []byte {
	if !cut {
		return text
	}
	for i := range min(utf8.UTFMax, len(text)) {
		if at := len(text) - 1 - i; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				return text[:at]
			}
			break
		}
	}
	return text
}

// Retry implements admin.Failed. A message whose consumer takes no files goes through its workflow, which has to run. When ctx ends first, the
// retry goes on: the record may be stored, so the message is kept from others until that is known.
func (f *failedMessages) Retry(ctx context.Context, dir int, name string) error {
	path, err := f.path(dir)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	f.underWay.Go(func() {
		_, err := f.desk.Retry(context.WithoutCancel(ctx), path, name, failed.Retry{Route: f.places().Route, Send: f.send})
		done <- err
	})
	select {
	case err := <-done:
		return toldFailed(err)
	case <-ctx.Done():
		return fmt.Errorf("it is under way still, and will be gone from the directory when it is delivered: %w", context.Cause(ctx))
	}
}

// send implements failed.Send by the workflows of the adapter that runs.
func (f *failedMessages) send(_ context.Context, name *failed.Workflow, m *message.Message) error {
	f.mu.Lock()
	a := f.adapter
	f.mu.Unlock()
	_, w, err := workflowIn(a, name) // there is one, or it would have no directory
	if err != nil {
		return err
	}
	return resend(w, m)
}

// settle waits for retries that are under way, until ctx ends. It is called when the workflows have stopped, which all outcomes come before
// but those of what hangs.
func (f *failedMessages) settle(ctx context.Context) {
	settled := make(chan struct{})
	go func() {
		f.underWay.Wait()
		close(settled)
	}()
	select {
	case <-settled:
	case <-ctx.Done():
	}
}

// Drop implements admin.Failed.
func (f *failedMessages) Drop(ctx context.Context, dir int, name string) error {
	path, err := f.path(dir)
	if err != nil {
		return err
	}
	_, err = f.desk.Drop(ctx, path, name)
	return toldFailed(err)
}

// toldFailed is an error in the words of the admin server.
func toldFailed(err error) error {
	if errors.Is(err, failed.ErrNoMessage) {
		return admin.ErrNoFailedMessage
	}
	return err
}
