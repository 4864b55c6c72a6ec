package top

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/adapterd/adapterd/pkg/adapter"
)

const (
	// The server sends an event each second. Without one for so long the connection is taken for dead.
	silence = 10 * time.Second
	// Between two attempts to connect, doubled each time.
	leastPause = 500 * time.Millisecond
	mostPause  = 15 * time.Second
	// eventsEvery is how often the server sends a state.
	eventsEvery = time.Second
)

// What a feed tells. All of it comes from one goroutine, in order.
type (
	// stateMsg is a new state.
	stateMsg struct {
		at   time.Time
		snap *snapshot
		// polled says that the server does not send events, or not often enough.
		polled bool
	}
	// failuresMsg is the whole list of failures, failureMsg a new one.
	failuresMsg []adapter.Failure
	failureMsg  adapter.Failure
	// lostMsg comes each second while there is no connection.
	lostMsg struct {
		at, since, retry time.Time
		err              error
	}
)

// feed follows a server through broken connections until it is told to end.
type feed struct {
	client   *client
	interval time.Duration
	tell     func(tea.Msg)
}

func (f *feed) run(ctx context.Context) {
	pause := leastPause
	var since time.Time
	for {
		got := false
		err := f.follow(ctx, func(m tea.Msg) {
			if _, ok := m.(stateMsg); ok {
				got = true
			}
			f.tell(m)
		})
		if ctx.Err() != nil {
			return
		}
		if got {
			pause, since = leastPause, time.Time{}
		}
		if since.IsZero() {
			since = time.Now()
		}
		if !f.wait(ctx, pause, lostMsg{since: since, err: err}) {
			return
		}
		pause = min(2*pause, mostPause)
	}
}

// wait says each second what it waits for. It returns false when the feed is to end.
func (f *feed) wait(ctx context.Context, pause time.Duration, m lostMsg) bool {
	m.retry = time.Now().Add(pause)
	due := time.NewTimer(pause)
	defer due.Stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		m.at = time.Now()
		f.tell(m)
		select {
		case <-due.C:
			return true
		case <-second.C:
			if !time.Now().Before(m.retry) {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// follow tells of one connection until it breaks.
func (f *feed) follow(ctx context.Context, tell func(tea.Msg)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if f.interval < eventsEvery {
		return f.poll(ctx, tell)
	}
	quiet := time.AfterFunc(silence, func() { cancel(fmt.Errorf("nothing came for %s", span(silence))) })
	defer quiet.Stop()
	answer, err := f.client.send(ctx, http.MethodGet, "/api/events", "text/event-stream")
	var r *refusal
	if errors.As(err, &r) && (r.status == http.StatusNotFound || r.status == http.StatusMethodNotAllowed || r.status == http.StatusServiceUnavailable) {
		quiet.Stop()
		return f.poll(ctx, tell) // an older server, or one that has too many listeners
	}
	if err != nil {
		return causeOf(ctx, err)
	}
	defer answer.Body.Close()
	if kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type")); kind != "text/event-stream" {
		quiet.Stop()
		return f.poll(ctx, tell) // something between that does not let events through
	}
	all, err := f.client.failures(ctx) // what fails from now on comes as events, too
	if err != nil {
		return causeOf(ctx, err)
	}
	tell(failuresMsg(all))
	var shown time.Time
	err = readEvents(answer.Body, func(e event) error {
		quiet.Reset(silence)
		switch e.name {
		case "status":
			// Half a second less: an event that is a little early is not left out.
			if now := time.Now(); now.Sub(shown) >= f.interval-eventsEvery/2 {
				shown = now
				snap, err := parseSnapshot(e.data)
				if err != nil {
					return err
				}
				tell(stateMsg{at: now, snap: snap})
			}
		case "failure":
			var one adapter.Failure
			if err := json.Unmarshal(e.data, &one); err != nil {
				return fmt.Errorf("a failure that it sent can not be read: %w", err)
			}
			tell(failureMsg(one))
		}
		return nil
	})
	return causeOf(ctx, err)
}

// causeOf is why ctx was ended, if that is what err came from.
func causeOf(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// poll asks again and again.
func (f *feed) poll(ctx context.Context, tell func(tea.Msg)) error {
	due := time.NewTicker(f.interval)
	defer due.Stop()
	for {
		snap, err := f.client.status(ctx)
		if err != nil {
			return err
		}
		all, err := f.client.failures(ctx)
		if err != nil {
			return err
		}
		tell(failuresMsg(all))
		tell(stateMsg{at: time.Now(), snap: snap, polled: true})
		select {
		case <-due.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
