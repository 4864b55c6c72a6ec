package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// answers are a network without one: each request is answered by the function of its path, in the time of the test.
type answers map[string]func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a[r.URL.Path](r) }

func answer(status int, contentType, text string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Body: io.NopCloser(strings.NewReader(text))}, nil
}

func always(text string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return answer(http.StatusOK, "application/json", text) }
}

// stream answers events that a test writes. The body ends with the request's context, as one of the network does.
func stream(events func(w io.Writer, ended <-chan struct{})) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		out, in := io.Pipe()
		go func() {
			events(in, r.Context().Done())
			_ = in.CloseWithError(io.ErrUnexpectedEOF)
		}()
		go func() {
			<-r.Context().Done()
			_ = in.CloseWithError(r.Context().Err())
		}()
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: out}, nil
	}
}

// followed is what a feed tells in so long, each with the seconds since it began.
func followed(t *testing.T, a answers, interval, long time.Duration) []string {
	t.Helper()
	c, err := newClient(&Options{URL: "adapter.example:8088", transport: a})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	var mu sync.Mutex // guards all
	var all []string
	f := &feed{c, interval, func(m tea.Msg) {
		text := ""
		switch m := m.(type) {
		case stateMsg:
			text = "state"
			if m.polled {
				text = "asked"
			}
		case failuresMsg:
			text = fmt.Sprintf("%d failures", len(m))
		case failureMsg:
			text = "failure " + m.Message
		case lostMsg:
			text = fmt.Sprintf("lost for %s, again in %s: %v", m.at.Sub(m.since), m.retry.Sub(m.at), m.err)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, fmt.Sprintf("%4.1f %s", time.Since(began).Seconds(), text))
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.run(ctx)
	}()
	time.Sleep(long) // of the bubble's time
	cancel()
	<-done
	synctest.Wait()
	return all
}

func TestAFeedFollows(t *testing.T) {
	status := "event: status\ndata: " + string(told(t, quiet())) + "\n\n"
	each := func(w io.Writer, ended <-chan struct{}) {
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for {
			if _, err := io.WriteString(w, status); err != nil {
				return
			}
			select {
			case <-second.C:
			case <-ended:
				return
			}
		}
	}
	refuse := func(*http.Request) (*http.Response, error) { return nil, errors.New("no route") }
	tries := 0
	for _, c := range []struct {
		name     string
		answers  answers
		interval time.Duration
		long     time.Duration
		want     []string
	}{
		{"events", answers{"/api/failures": always(`[]`), "/api/events": stream(each)}, time.Second, 2500 * time.Millisecond,
			[]string{" 0.0 0 failures", " 0.0 state", " 1.0 state", " 2.0 state"}},
		{"a longer interval leaves some out", answers{"/api/failures": always(`[]`), "/api/events": stream(each)}, 3 * time.Second, 7 * time.Second,
			[]string{" 0.0 0 failures", " 0.0 state", " 3.0 state", " 6.0 state"}},
		{"a shorter one asks", answers{"/api/failures": always(`[]`), "/api/status": always(string(told(t, quiet())))}, 400 * time.Millisecond, 500 * time.Millisecond,
			[]string{" 0.0 0 failures", " 0.0 asked", " 0.4 0 failures", " 0.4 asked"}},
		{"no events, so it asks", answers{"/api/failures": always(`[]`), "/api/status": always(string(told(t, quiet()))), "/api/events": func(*http.Request) (*http.Response, error) {
			return answer(http.StatusServiceUnavailable, "application/json", `{"error":"too many clients"}`)
		}}, time.Second, 1500 * time.Millisecond, []string{" 0.0 0 failures", " 0.0 asked", " 1.0 0 failures", " 1.0 asked"}},
		{"something else than events, so it asks", answers{"/api/failures": always(`[]`), "/api/status": always(string(told(t, quiet()))), "/api/events": always("{}")},
			time.Second, 500 * time.Millisecond, []string{" 0.0 0 failures", " 0.0 asked"}},
		{"failures come as they happen", answers{"/api/failures": always(`[{"message":"1"}]`), "/api/events": stream(func(w io.Writer, ended <-chan struct{}) {
			_, _ = io.WriteString(w, status+"event: failure\ndata: {\"message\":\"2\"}\n\nevent: unknown\ndata: x\n\n")
			<-ended
		})}, time.Second, 500 * time.Millisecond, []string{" 0.0 1 failures", " 0.0 state", " 0.0 failure 2"}},
		{"pauses get longer", answers{"/api/events": refuse}, time.Second, 4 * time.Second, []string{
			" 0.0 lost for 0s, again in 500ms: no answer from http://adapter.example:8088: no route",
			" 0.5 lost for 500ms, again in 1s: no answer from http://adapter.example:8088: no route",
			" 1.5 lost for 1.5s, again in 2s: no answer from http://adapter.example:8088: no route",
			" 2.5 lost for 2.5s, again in 1s: no answer from http://adapter.example:8088: no route",
			" 3.5 lost for 3.5s, again in 4s: no answer from http://adapter.example:8088: no route",
		}},
		{"silence is a broken connection", answers{"/api/failures": always(`[]`), "/api/events": stream(func(w io.Writer, ended <-chan struct{}) {
			_, _ = io.WriteString(w, status)
			<-ended
		})}, time.Second, 10700 * time.Millisecond, []string{
			" 0.0 0 failures", " 0.0 state", "10.0 lost for 0s, again in 500ms: nothing came for 10 s", "10.5 0 failures", "10.5 state",
		}},
		{"a connection that broke is made again", answers{"/api/failures": always(`[]`), "/api/events": stream(func(w io.Writer, ended <-chan struct{}) {
			_, _ = io.WriteString(w, status)
			if tries++; tries > 1 {
				<-ended
			}
		})}, time.Second, time.Second, []string{
			" 0.0 0 failures", " 0.0 state", " 0.0 lost for 0s, again in 500ms: the events broke off: unexpected EOF", " 0.5 0 failures", " 0.5 state",
		}},
		{"a state that can not be read", answers{"/api/failures": always(`[]`), "/api/events": stream(func(w io.Writer, ended <-chan struct{}) {
			_, _ = io.WriteString(w, "event: status\ndata: [\n\n")
			<-ended
		})}, time.Second, 100 * time.Millisecond, []string{
			" 0.0 0 failures", " 0.0 lost for 0s, again in 500ms: the state that it sent can not be read: unexpected end of JSON input",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := followed(t, c.answers, c.interval, c.long); !slices.Equal(got, c.want) {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
				}
			})
		})
	}
}

func TestAFeedTakesFailuresOfAnyShape(t *testing.T) {
	s := state{}
	s.set(make([]adapter.Failure, 3*mostFailures))
	if len(s.failures) != mostFailures {
		t.Errorf("%d failures are kept", len(s.failures))
	}
}
