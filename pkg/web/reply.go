package web

import (
	"net/http"
	"sync"

	"github.com/adapterd/adapterd/pkg/message"
)

// objectResponse is the object of a message that was made of a request (Interlok: JettyConstants.JETTY_WRAPPER).
const objectResponse = "jettyWrapper"

// Answer is what a client is told.
type Answer struct {
	Status int
	Header http.Header
	// Body is the body; it must not be changed.
	Body []byte
}

// Write tells the client.
func (a *Answer) Write(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range a.Header {
		h[name] = values
	}
	if a.Header.Get("Content-Type") == "" {
		h["Content-Type"] = nil // else it would be guessed from the body
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // a client that went away need not be told
}

// Response is what is to be answered to the request that a message was made of. It is kept until the message has its outcome, since only
// then it is true. It is safe for concurrent use.
type Response struct {
	// mu guards the fields below.
	mu        sync.Mutex
	answer    *Answer
	committed bool
	commit    chan struct{} // closed when committed
}

// NewResponse gives m, the message of a request, a response.
func NewResponse(m *message.Message) *Response {
	r := &Response{commit: make(chan struct{})}
	m.SetObject(objectResponse, r)
	return r
}

// ResponseOf finds the response of a message; nil if it was not made of a request.
func ResponseOf(m *message.Message) *Response {
	value, _ := m.Object(objectResponse)
	r, _ := value.(*Response)
	return r
}

// String keeps what writes all objects of a message from looking into it.
func (*Response) String() string { return "the response to a request" }

// Set says what to answer. As in Interlok the first answer counts; but one that tells of a failure, a status from 400, takes the place of
// one that does not: that is an error handler, and the client has not been told yet.
func (r *Response) Set(a *Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answer == nil || a.Status >= http.StatusBadRequest && r.answer.Status < http.StatusBadRequest {
		r.answer = a
	}
}

// Answer is what was set; nil for nothing.
func (r *Response) Answer() *Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.answer
}

// Commit says not to wait for the outcome.
func (r *Response) Commit() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.committed {
		r.committed = true
		close(r.commit)
	}
}

// Committed is closed by Commit.
func (r *Response) Committed() <-chan struct{} { return r.commit }
