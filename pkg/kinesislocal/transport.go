package kinesislocal

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Transport returns a transport that hands requests to the server in the
// caller's goroutine, without a connection: for tests in a testing/synctest
// bubble, where network I/O does not count as waiting. A cut connection is
// io.ErrUnexpectedEOF. The host of a request does not matter.
func (s *Server) Transport() http.RoundTripper { return inProcess{s} }

type inProcess struct{ s *Server }

// inProcessAnswer is an http.ResponseWriter.
type inProcessAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *inProcessAnswer) Header() http.Header         { return a.header }
func (a *inProcessAnswer) WriteHeader(status int)      { a.status = status }
func (a *inProcessAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// RoundTrip carries out one request.
func (t inProcess) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	defer r.Body.Close()
	answer := &inProcessAnswer{header: http.Header{}, status: http.StatusOK}
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			resp, err = nil, fmt.Errorf("kinesislocal: the connection was cut: %w", io.ErrUnexpectedEOF)
		default:
			panic(p)
		}
	}()
	t.s.ServeHTTP(answer, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return &http.Response{
		Status:        fmt.Sprintf("%d %s", answer.status, http.StatusText(answer.status)),
		StatusCode:    answer.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        answer.header,
		Body:          io.NopCloser(&answer.body),
		ContentLength: int64(answer.body.Len()),
		Request:       r,
	}, nil
}
