package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/web"
)

// httpExchange holds the fields that services have that make a request of the message. Interlok: HttpRequestServiceImpl.
type httpExchange struct {
	web.Exchange
	ContentType *expr.Template `xml:"content-type,required" default:"text/plain" example:"application/json" doc:"Content-Type of the request; resolved per message"`
	Method      *expr.Template `xml:"method,required" default:"POST" doc:"HTTP method of the request, in any case; resolved per message"`
}

func (s *httpExchange) check(r *component.Report) {
	if text, ok := constantText(s.Method); ok && text != "" {
		if _, err := web.ParseMethod(text); err != nil {
			r.Errorf("method", "bad-value", ": %v", err)
		}
	}
	s.Prepare(r, true)
}

// ask sends the request, and makes the answer the payload of m.
func (s *httpExchange) ask(ctx context.Context, m *message.Message, alias string, anyStatus bool) (status int, err error) {
	q := web.Request{AnyStatus: anyStatus}
	text, err := resolve(s.Method, m)
	if err != nil {
		return 0, fmt.Errorf("<method> of %s: %w", alias, err)
	}
	if q.Method, err = web.ParseMethod(text); err != nil {
		return 0, fmt.Errorf("<method> of %s: %w", alias, err)
	}
	contentType, err := resolve(s.ContentType, m)
	if err != nil {
		return 0, fmt.Errorf("<content-type> of %s: %w", alias, err)
	}
	q.ContentType = web.Unfold(contentType)
	if web.HasBody(q.Method) {
		if q.Body = m.Payload(); q.Body == nil {
			q.Body = []byte{}
		}
	}
	reply, err := s.Do(ctx, m, q)
	if err != nil {
		return 0, err
	}
	m.SetPayload(reply.Body)
	if reply.Charset != "" {
		m.SetEncoding(reply.Charset)
	}
	s.Tell(reply, m)
	return reply.Status, nil
}

// Init implements component.Lifecycle.
func (*httpExchange) Init(context.Context) error { return nil }

// Start implements component.Lifecycle.
func (*httpExchange) Start(context.Context) error { return nil }

// Stop implements component.Lifecycle: it lets idle connections go.
func (s *httpExchange) Stop(context.Context) error {
	s.Close()
	return nil
}

// HTTPRequest sends the message as an HTTP request, and makes the answer the payload. A status other than 200 to 299 fails the message;
// metadata adphttpresponse is the status. Interlok: HttpRequestService.
type HTTPRequest struct {
	component.ServiceBase
	httpExchange
}

// Check implements component.Checker.
func (s *HTTPRequest) Check(r *component.Report) { s.check(r) }

// Apply sends the request.
func (s *HTTPRequest) Apply(ctx context.Context, m *message.Message) error {
	_, err := s.ask(ctx, m, "http-request-service", false)
	return err
}

// BranchingHTTPRequest is an HTTPRequest that takes every status, and chooses the next service by it: the first of the matches that fits,
// else the default; without a default the collection ends. Interlok: BranchingHttpRequestService.
type BranchingHTTPRequest struct {
	Branching
	httpExchange
	Matches          []StatusMatch `xml:"*,implicit" doc:"which status leads to which service"`
	DefaultServiceID string        `xml:"default-service-id" doc:"unique-id of the service when no match fits; without it the collection ends"`
}

// Check implements component.Checker.
func (s *BranchingHTTPRequest) Check(r *component.Report) { s.check(r) }

// Apply sends the request and chooses the next service.
func (s *BranchingHTTPRequest) Apply(ctx context.Context, m *message.Message) error {
	status, err := s.ask(ctx, m, "branching-http-request-service", true)
	if err != nil {
		return err
	}
	next := s.DefaultServiceID
	for _, match := range s.Matches {
		if id, ok := match.match(status); ok {
			next = id
			break
		}
	}
	branchTo(m, next)
	return nil
}

func (s *BranchingHTTPRequest) branches() ([]string, bool) {
	ids := []string{s.DefaultServiceID}
	for _, match := range s.Matches {
		ids = append(ids, match.target())
	}
	return ids, true
}

// StatusMatch says which service comes after a status. Interlok: StatusEvaluator.
type StatusMatch interface {
	match(status int) (id string, ok bool)
	target() string
}

// ExactStatus is Interlok's ExactMatch.
type ExactStatus struct {
	Status    int    `xml:"status-code,required" min:"100" max:"599" doc:"the status"`
	ServiceID string `xml:"service-id" doc:"unique-id of the service; without it the collection ends"`
}

func (e *ExactStatus) match(status int) (string, bool) { return e.ServiceID, status == e.Status }
func (e *ExactStatus) target() string                  { return e.ServiceID }

// StatusRange is Interlok's RangeMatch.
type StatusRange struct {
	Lower     int    `xml:"lower,required" min:"0" doc:"the lowest status"`
	Upper     int    `xml:"upper,required" min:"0" doc:"the highest status"`
	ServiceID string `xml:"service-id" doc:"unique-id of the service; without it the collection ends"`
}

// Check refuses a range that nothing is in.
func (e *StatusRange) Check(r *component.Report) {
	if e.Upper < e.Lower {
		r.Errorf("upper", "bad-value", "is %d, which is less than <lower> %d; no status would ever match", e.Upper, e.Lower)
	}
}

func (e *StatusRange) match(status int) (string, bool) {
	return e.ServiceID, e.Lower <= status && status <= e.Upper
}
func (e *StatusRange) target() string { return e.ServiceID }

func init() {
	const pkg = "com.adaptris.core.http.client."
	component.Register[HTTPRequest]("http-request-service", pkg+"net.HttpRequestService", component.KindService, "sends the message as an HTTP request, and makes the answer the payload")
	component.Register[BranchingHTTPRequest]("branching-http-request-service", pkg+"net.BranchingHttpRequestService", component.KindService, "sends the message as an HTTP request, and chooses the next service by the status of the answer")
	component.Register[ExactStatus]("http-status-exact-match", pkg+"ExactMatch", component.KindPart, "one status leads to a service")
	component.Register[StatusRange]("http-status-range-match", pkg+"RangeMatch", component.KindPart, "a range of statuses leads to a service")
}
