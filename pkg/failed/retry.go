package failed

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/adapterd/adapterd/pkg/message"
)

// Send brings a message through a workflow, services and producer, without its consumer and without error handlers, and returns when it is
// known what became of it: nil when it is delivered.
type Send func(ctx context.Context, w *Workflow, m *message.Message) error

// Retry says how a message is retried.
type Retry struct {
	// Route finds the workflow; Places.Route does. It is not asked if there is Into.
	Route func(*Message) (*Workflow, error)
	// Into is a directory to put the file into, whatever workflow it is of; empty for none.
	Into string
	// Send is for workflows whose consumer takes no files away; nil if nothing can be sent from here. Always sends those of the others too.
	Send   Send
	Always bool
	// Force also retries a message whose payload the error handler had changed.
	Force bool
	// DryRun only says what would be done.
	DryRun bool
}

// Retried is what became of a message.
type Retried struct {
	Message Message
	// Workflow is nil with Into.
	Workflow *Workflow
	// File is where it was put for the consumer; empty if it was sent.
	File string
	// there says that it stands there already.
	there bool
}

var (
	// ErrTaken says that the place where a file is to be put has one of the same name.
	ErrTaken = errors.New("there is a file of that name")
	// ErrCannotSend says that a message can not be put back, and nothing can send it from here.
	ErrCannotSend = errors.New("the consumer takes no files away, so there is no directory to put it back into")
	// ErrChanged says that the payload is not what the workflow takes.
	ErrChanged = errors.New("the error handler changed the payload before it was written, so it is not what the workflow took; force it if the workflow takes it as it is")
)

// Retry gives a message back to its workflow: into the directory that its consumer takes files from, under the name that it had there, or,
// where there is none, through services and producer. A file is moved in one step where the system and the file systems can. Otherwise the
// message goes from the directory only after it was taken over, so a crash in between leaves it to be retried again: at least once.
func (k *Desk) Retry(ctx context.Context, directory, name string, r Retry) (Retried, error) {
	return k.RetryListed(ctx, &Message{Directory: directory, Name: name}, r)
}

// RetryListed is Retry for a message that was listed, which is found faster, or shown.
func (k *Desk) RetryListed(ctx context.Context, listed *Message, r Retry) (Retried, error) {
	if r.DryRun {
		root, m, err := find(listed)
		if err != nil {
			return Retried{}, err
		}
		defer root.Close()
		return r.plan(m)
	}
	root, m, release, err := k.take(listed)
	if err != nil {
		return Retried{}, err
	}
	defer root.Close()
	defer release()
	done, err := r.plan(m)
	switch {
	case err != nil || done.there:
	case done.File != "":
		err = putBack(root, &m, done.File)
	default:
		err = r.send(ctx, root, &m, done.Workflow)
	}
	if err != nil {
		return Retried{}, fmt.Errorf("it stays where it is: %w", err)
	}
	if err := m.remove(root); err != nil {
		return done, fmt.Errorf("it was retried, but %w; delete it, or it may be retried once more", err)
	}
	return done, nil
}

// plan says what is to be done.
func (r *Retry) plan(m Message) (done Retried, err error) {
	done.Message = m
	if m.Details != nil && m.Details.Payload.Changed && !m.Edited && !r.Force {
		return done, ErrChanged
	}
	if r.Into != "" {
		done.File, done.there, err = place(&m, r.Into, underWay)
		return done, err
	}
	w, err := r.Route(&m)
	if err != nil {
		return done, err
	}
	done.Workflow = w
	if w.Source != "" && !r.Always {
		done.File, done.there, err = place(&m, w.directoryOf(m.Details), w.WIPSuffix)
		return done, err
	}
	if r.Send == nil {
		return done, fmt.Errorf("%s has a %s: %w", w, w.Consumer, ErrCannotSend)
	}
	return done, nil
}

// place is the path that a message gets, which must be free but for the message itself: there says that it has that name too, or is under
// way there, because it was put back and a crash came before it was deleted.
func place(m *Message, directory, suffix string) (path string, there bool, err error) {
	name := m.Name
	if m.Details != nil && m.Details.File != "" {
		name = string(m.Details.File)
	}
	if err := checkName(name); err != nil || suffix != "" && strings.HasSuffix(name, suffix) {
		return "", false, fmt.Errorf("it can not be put into %s as %q, which is no name of a file that a consumer takes", directory, name)
	}
	info, err := os.Stat(directory)
	if err == nil && !info.IsDir() {
		err = errors.New("it is no directory")
	}
	if err != nil {
		return "", false, fmt.Errorf("it can not be put into %s: %w", directory, err)
	}
	own, err := os.Stat(m.Directory)
	elsewhere := err == nil && !os.SameFile(own, info) // or the name that is found may be its only one
	path = filepath.Join(directory, name)
	for _, other := range []string{path, path + suffix} {
		info, err := os.Lstat(other)
		switch {
		case err != nil:
		case elsewhere && os.SameFile(info, m.info):
			return path, true, nil
		default:
			return "", false, taken(other)
		}
	}
	return path, false, nil
}

// directoryOf is where a file stood that the consumer took: its directory, or the one below it that the file came from.
func (w *Workflow) directoryOf(d *Details) string {
	if !w.Deep || d == nil || d.SourceDirectory == "" {
		return w.Source
	}
	slashed, err := url.PathUnescape(string(d.SourceDirectory))
	if err != nil {
		return w.Source
	}
	if len(slashed) > 2 && slashed[2] == ':' { // a drive of Windows
		slashed = slashed[1:]
	}
	base, err := filepath.Abs(w.Source)
	if err != nil {
		return w.Source
	}
	inner, err := filepath.Rel(base, filepath.FromSlash(slashed))
	if err != nil || !filepath.IsLocal(inner) {
		return w.Source
	}
	if root, err := os.OpenRoot(w.Source); err == nil { // which no link leads out of
		defer root.Close()
		if info, err := root.Stat(inner); err == nil && info.IsDir() {
			return filepath.Join(w.Source, inner)
		}
	}
	return w.Source
}

// send takes the message through its workflow as it was consumed.
func (r *Retry) send(ctx context.Context, root *os.Root, m *Message, w *Workflow) error {
	f, err := m.open(root)
	if err != nil {
		return err
	}
	defer f.Close()
	if m.Bytes > mostSent {
		return fmt.Errorf("it has %d bytes, and a message can have %d", m.Bytes, mostSent)
	}
	out := message.NewStored(f, int(m.Bytes))
	if d := m.Details; d != nil {
		out.SetID(string(d.Message))
		out.SetEncoding(string(d.Encoding))
		for key, value := range d.Metadata {
			out.SetMetadata(key, string(value))
		}
	}
	return r.Send(ctx, w, out)
}

// mostSent is about what a byte array of Java's can hold: no larger message can have failed.
const mostSent = 1<<31 - 9
