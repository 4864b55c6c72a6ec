package kinesislocal

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Request is a request that was received, and how it ended.
type Request struct {
	Time      time.Time
	ID        string // as in the answer and in Record.RequestID
	Service   string // Kinesis, CloudWatch or STS
	Operation string // PutRecords, for instance
	Protocol  string // json, cbor, rpc-v2-cbor or query
	TLS       bool

	Stream    string // empty if the request is about none
	Records   int    // records put or returned, metric data put
	Refused   int    // records of PutRecords that were not stored
	BodyBytes int    // of the request

	AccessKeyID  string // from the signature's scope; empty if unsigned
	Region       string // likewise
	SessionToken bool   // whether there was one
	UserAgent    string

	// Parameters are the members of an AssumeRole request; nil for others.
	Parameters map[string]string

	// Status is the status of the answer, or 0 if the connection was cut.
	Status int
	// Code is the error code of the answer, or empty.
	Code string
}

// requestLog is a ring of the latest requests.
type requestLog struct {
	mu    sync.Mutex // guards what follows
	ring  []Request
	total uint64
}

func (l *requestLog) reset(size int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.total = make([]Request, size), 0
}

func (l *requestLog) add(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) > 0 {
		l.ring[l.total%uint64(len(l.ring))] = r
	}
	l.total++
}

func (l *requestLog) list() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	size := uint64(len(l.ring))
	kept := min(l.total, size)
	list := make([]Request, 0, kept)
	for n := l.total - kept; n < l.total; n++ {
		list = append(list, l.ring[n%size])
	}
	return list
}

// Requests returns the latest requests, as many as Options.RequestLog keeps, in
// the order in which they ended. A request is here before its client has the
// answer.
func (s *Server) Requests() []Request { return s.requests.list() }

// WaitRequests waits until enough says true of the requests that Requests
// returns, and returns them. It asks whenever a request has ended.
func (s *Server) WaitRequests(ctx context.Context, enough func([]Request) bool) ([]Request, error) {
	for {
		more := s.seen.wait()
		list := s.Requests()
		if enough(list) {
			return list, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return list, fmt.Errorf("kinesislocal: waited for requests, found %d: %w", len(list), context.Cause(ctx))
		}
	}
}
