package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata that tells of an answer (Interlok: CoreConstants.HTTP_PRODUCER_RESPONSE_CODE).
const metadataStatus = "adphttpresponse"

// Exchange holds the fields of whatever makes a request of a message; components embed it. Call Prepare in Check, and Close in Stop. It is
// safe for concurrent use after that.
type Exchange struct {
	URL             *expr.Template     `xml:"url,required" example:"https://example.com/orders/%message{orderId}" doc:"URL of the request; resolved per message"`
	Authenticator   Authenticator      `xml:"authenticator" default:"http-no-authentication" doc:"how the request says who sends it"`
	RequestHeaders  RequestHeaders     `xml:"request-header-provider" default:"http-no-request-headers" doc:"headers of the request"`
	ResponseHeaders ResponseHeaders    `xml:"response-header-handler" default:"http-discard-response-headers" doc:"what becomes of the headers of the answer"`
	ConnectTimeout  component.Interval `xml:"connect-timeout" default:"60s" min:"1ms" doc:"how long to wait for a connection"`
	ReadTimeout     component.Interval `xml:"read-timeout" default:"10m" min:"1ms" doc:"how long the server may neither take more of the request nor give more of the answer"`

	alias  string
	client *http.Client
}

// Request is what differs between those who make one.
type Request struct {
	Method      string
	ContentType string // empty for none
	// Body is the body; nil for none. It is read until Do returns.
	Body []byte
	// AnyStatus takes every answer; else those outside 200 to 299 are errors.
	AnyStatus bool
}

// Reply is the answer.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
	// Charset is what Content-Type names; empty if it names none.
	Charset string
}

// Prepare checks the configuration and makes the client. redirect says whether to follow redirections.
func (e *Exchange) Prepare(r *component.Report, redirect bool) {
	e.alias = r.Alias()
	if e.URL != nil && !e.URL.IsBlank() {
		if text, constant := e.URL.Constant(); constant {
			if _, err := parseURL(text); err != nil {
				r.Errorf("url", "bad-value", ": %v", err)
			}
		}
	}
	e.client = newClient(e.ConnectTimeout.Duration, redirect)
}

// Close lets connections go that are kept for the next request. Requests after that work all the same.
func (e *Exchange) Close() {
	if e.client != nil {
		e.client.CloseIdleConnections()
	}
}

// Do makes the request of m, sends it, and returns the answer. Errors never hold the URL's query, headers or bodies.
func (e *Exchange) Do(ctx context.Context, m *message.Message, q Request) (*Reply, error) {
	text, err := e.URL.Resolve(m)
	if err != nil {
		return nil, fmt.Errorf("<url> of %s: %w", e.alias, err)
	}
	target, err := parseURL(text)
	if err != nil {
		return nil, fmt.Errorf("<url> of %s: %w", e.alias, err)
	}
	header := make(http.Header)
	if err := e.RequestHeaders.addTo(header, m); err != nil {
		return nil, fmt.Errorf("<request-header-provider> of %s: %w", e.alias, err)
	}
	if q.ContentType != "" {
		header.Set("Content-Type", q.ContentType)
	}
	if err := e.Authenticator.authorize(header, m); err != nil {
		return nil, fmt.Errorf("<authenticator> of %s: %w", e.alias, err)
	}
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "adapterd")
	}
	reply, err := e.send(ctx, target, header, q)
	if err != nil {
		return nil, fmt.Errorf("%s can not %s %s: %w", e.alias, q.Method, shown(target), err)
	}
	if !q.AnyStatus && (reply.Status < 200 || reply.Status > 299) {
		return nil, &StatusError{Status: reply.Status, text: fmt.Sprintf("%s: %s %s was answered %s, not 2xx", e.alias, q.Method, shown(target), statusText(reply.Status))}
	}
	return reply, nil
}

// StatusError is an answer that says that a request failed.
type StatusError struct {
	Status int
	text   string
}

// Error implements error.
func (e *StatusError) Error() string { return e.text }

func statusText(code int) string {
	return strings.TrimSpace(fmt.Sprint(code, " ", http.StatusText(code)))
}

func (e *Exchange) send(ctx context.Context, target *url.URL, header http.Header, q Request) (*Reply, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := newSilence(e.ReadTimeout.Duration, cancel)
	defer quiet.timer.Stop() // a body that is still read may set it once more, and then it ends what has ended
	var body io.Reader
	if q.Body != nil {
		body = newBody(q.Body, quiet.broken)
	}
	r, err := http.NewRequestWithContext(quiet.trace(ctx), q.Method, target.String(), body)
	if err != nil {
		return nil, bare(err)
	}
	if q.Body != nil {
		r.ContentLength = int64(len(q.Body))
		r.GetBody = func() (io.ReadCloser, error) { return newBody(q.Body, quiet.broken), nil }
		if len(q.Body) == 0 {
			r.Body, r.GetBody = http.NoBody, func() (io.ReadCloser, error) { return http.NoBody, nil }
		}
	}
	r.Header = header
	answer, err := e.client.Do(r)
	if err != nil {
		return nil, reason(ctx, err)
	}
	defer answer.Body.Close()
	content, err := readAll(answer.Body, maxReplyBytes, quiet.broken)
	if err != nil {
		return nil, fmt.Errorf("its answer can not be read: %w", reason(ctx, err))
	}
	return &Reply{Status: answer.StatusCode, Header: answer.Header, Body: content, Charset: charsetOf(answer.Header)}, nil
}

// Tell writes what an answer's headers and status have to say into m. The body is the caller's matter.
func (e *Exchange) Tell(reply *Reply, m *message.Message) {
	e.ResponseHeaders.handle(reply.Header, m)
	m.SetMetadata(metadataStatus, fmt.Sprint(reply.Status))
	m.SetObject(metadataStatus, reply.Status)
}

// parseURL reads a URL that a request can go to. Its errors hold nothing of the URL but its scheme: there may be secrets in it.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("is no URL: %w; write one such as https://example.com/orders, with %%20 for a space", bare(err))
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("has the scheme %q; a request needs http:// or https://", u.Scheme)
	case u.Host == "":
		return nil, errors.New("names no host; write it as https://example.com/orders")
	}
	u.RawQuery = strings.ReplaceAll(u.RawQuery, " ", "%20")
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// shown is a URL as errors may show it: without the query and what stands before the host, which may be secret.
func shown(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }
