package consumer

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	// maxBodyBytes bounds a request's body, which is held in memory. It leaves room for bodies that a splitter cuts into records.
	maxBodyBytes = 64 << 20
	// maxBodiesBytes bounds what the bodies of a consumer's messages without outcome hold together; beyond it, requests are refused.
	maxBodiesBytes = 256 << 20
	// bodyOverhead is what a request costs beside its body, about.
	bodyOverhead = 4 << 10
	// bodyPatience is how long a client may keep silent within a body (Jetty: ServerConnector.idleTimeout).
	bodyPatience = 30 * time.Second
)

// refusal is an error with the status that tells a client of it.
type refusal struct {
	status int
	err    error
}

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusBadRequest
	if r, ok := errors.AsType[refusal](err); ok {
		status = r.status
	}
	if status == http.StatusServiceUnavailable {
		unavailable(w, err.Error())
		return
	}
	http.Error(w, err.Error(), status)
}

// unavailable asks the client to come again. Most know the header.
func unavailable(w http.ResponseWriter, reason string) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, reason, http.StatusServiceUnavailable)
}

// bodies reads the bodies of requests, within bounds. It is safe for concurrent use.
type bodies struct {
	each, all int64
	patience  time.Duration

	// mu guards held.
	mu   sync.Mutex
	held int64
}

// body is a request's body, which counts until it is released.
type body struct {
	of    *bodies
	held  int64
	bytes []byte
}

// take counts n bytes more, and says whether there is room for them.
func (b *body) take(n int64) bool {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	if b.of.held+n > b.of.all {
		return false
	}
	b.of.held += n
	b.held += n
	return true
}

func (b *body) release() {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	b.of.held -= b.held
	b.held = 0
}

// read reads a request's body. The error is a refusal.
func (s *bodies) read(w http.ResponseWriter, r *http.Request) (*body, error) {
	if r.ContentLength > s.each {
		return nil, s.tooLarge()
	}
	b := &body{of: s}
	if err := s.fill(b, w, r); err != nil {
		b.release()
		return nil, err
	}
	return b, nil
}

func (s *bodies) fill(b *body, w http.ResponseWriter, r *http.Request) error {
	const first = 64 << 10 // not all that the client promises: it may never come
	size := min(max(r.ContentLength, 512-1)+1, first)
	if !b.take(size + bodyOverhead) {
		return errBusy
	}
	b.bytes = make([]byte, 0, size)
	control := http.NewResponseController(w)
	for {
		if len(b.bytes) == cap(b.bytes) {
			more := min(int64(cap(b.bytes)), s.each+1-int64(len(b.bytes)))
			if !b.take(more) {
				return errBusy
			}
			grown := make([]byte, len(b.bytes), int64(cap(b.bytes))+more)
			copy(grown, b.bytes)
			b.bytes = grown
		}
		_ = control.SetReadDeadline(time.Now().Add(s.patience)) // where there is none, as in tests, nothing waits
		n, err := r.Body.Read(b.bytes[len(b.bytes):cap(b.bytes)])
		b.bytes = b.bytes[:len(b.bytes)+n]
		if int64(len(b.bytes)) > s.each {
			return s.tooLarge()
		}
		if errors.Is(err, io.EOF) {
			_ = control.SetReadDeadline(time.Time{}) // that the outcome takes time is not the client's fault
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
	}
}

var errBusy = refusal{http.StatusServiceUnavailable, errors.New("too many requests wait for the outcome of their messages; send the request again later")}

func (s *bodies) tooLarge() error {
	return refusal{http.StatusRequestEntityTooLarge, fmt.Errorf("the body has more than %d bytes", s.each)}
}

func unreadable(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refusal{http.StatusRequestTimeout, fmt.Errorf("the body stopped coming: %w", err)}
	}
	return refusal{http.StatusBadRequest, fmt.Errorf("the body can not be read: %w", err)}
}
