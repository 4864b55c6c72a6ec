package admin

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin/history"
)

const (
	// statusEvery is how often the adapter is asked for its state.
	statusEvery = time.Second
	// mostListeners bounds those who listen at a time.
	mostListeners = 32
	// Failures that wait for the hub, and for a listener. What comes when it is full is left out: /api/failures has it.
	failuresWaiting  = 256
	failuresListener = 64
)

// events asks the adapter for its state each second, has the history take a sample of it whether or not anybody listens, and hands states,
// samples and failures to those who do. One goroutine makes each of them once for all.
type events struct {
	s        *Server
	failures chan adapter.Failure
	ending   context.Context
	end      context.CancelFunc
	ended    chan struct{}

	mu        sync.Mutex // guards listeners
	listeners map[*listener]struct{}
}

// listener is a client that listens. Its channels are never closed.
type listener struct {
	// status has room for one, with its sample: an old state is of no interest when there is a newer one, and the history has all samples.
	status   chan []byte
	failures chan []byte
}

func newEvents(s *Server) *events {
	e := &events{s: s, failures: make(chan adapter.Failure, failuresWaiting), ended: make(chan struct{}), listeners: make(map[*listener]struct{})}
	e.ending, e.end = context.WithCancel(context.Background())
	go e.run()
	return e
}

func (e *events) wait() { <-e.ended }

// failed is told of a failure by whoever brings a message to its end, and keeps nobody waiting.
func (e *events) failed(f adapter.Failure) {
	select {
	case e.failures <- f:
	default:
	}
}

func (e *events) run() {
	defer close(e.ended)
	ticker := time.NewTicker(statusEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			e.look()
		case f := <-e.failures:
			e.each(func() []byte { return e.event("failure", f) }, func(l *listener, text []byte) {
				select {
				case l.failures <- text:
				default:
				}
			})
		case <-e.ending.Done():
			return
		}
	}
}

// look takes the state of this second. Before there is an adapter there is nothing to keep.
func (e *events) look() {
	attached := e.s.adapter() != nil
	if !attached && !e.heard() {
		return
	}
	st := e.s.status()
	var sample history.Sample
	taken := false
	if attached {
		sample, taken = e.s.history.Add(&st)
	}
	e.each(func() []byte {
		text := e.event("status", st)
		if taken {
			text = append(text, e.event("sample", sample)...)
		}
		return text
	}, func(l *listener, text []byte) {
		select {
		case <-l.status:
		default:
		}
		l.status <- text // nobody else writes to it
	})
}

// heard says whether anybody listens.
func (e *events) heard() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.listeners) > 0
}

// each makes an event if anybody listens, and hands it to all who do.
func (e *events) each(make func() []byte, hand func(*listener, []byte)) {
	if !e.heard() {
		return
	}
	text := make() // takes a while, so nothing is held meanwhile
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.listeners {
		hand(l, text)
	}
}

// event is one in the form of server-sent events. JSON has no line break inside.
func (e *events) event(name string, body any) []byte {
	text, err := e.s.encode(body)
	if err != nil {
		e.s.options.Log.Error("an event of the admin server can not be written as JSON", zap.Error(err))
		return nil
	}
	return append(append([]byte("event: "+name+"\ndata: "), text...), '\n')
}

func (e *events) join() (*listener, bool) {
	l := &listener{status: make(chan []byte, 1), failures: make(chan []byte, failuresListener)}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.listeners) >= mostListeners {
		return nil, false
	}
	e.listeners[l] = struct{}{}
	return l, true
}

func (e *events) leave(l *listener) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, l)
}

// ServeHTTP sends events until the client goes, does not take them, or the server ends.
func (e *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Accel-Buffering", "no") // a proxy in front must not gather events
	if r.Method == http.MethodHead {
		h.Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		return
	}
	l, ok := e.join()
	if !ok {
		e.s.fail(w, &refusal{status: http.StatusServiceUnavailable, text: "too many clients listen to events; close a page, or ask /api/status", retryAfter: 5 * time.Second})
		return
	}
	defer e.leave(l)
	h.Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	send := func(text []byte) bool {
		_ = out.SetWriteDeadline(time.Now().Add(answerTime)) // every connection of net/http can
		_, err := w.Write(text)
		return err == nil && out.Flush() == nil
	}
	if !send(append([]byte("retry: 2000\n\n"), e.event("status", e.s.status())...)) {
		return
	}
	for {
		var text []byte
		select {
		case text = <-l.status:
		case text = <-l.failures:
		case <-r.Context().Done():
			return
		case <-e.ending.Done():
			send(e.event("status", e.s.status())) // the last that there is to see
			return
		}
		if !send(text) {
			return
		}
	}
}
