package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"
)

const (
	// maxRedirects is how often an answer may lead on (Java: http.maxRedirects).
	maxRedirects = 20
	// maxReplyBytes is how much an answer may hold, so that no server fills the memory.
	maxReplyBytes = 256 << 20
)

func newClient(connect time.Duration, redirect bool) *http.Client {
	return &http.Client{
		Transport: redirecting{&http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: connect}).DialContext,
			TLSHandshakeTimeout: connect,
			IdleConnTimeout:     90 * time.Second,
			MaxIdleConnsPerHost: 16, // pooling workflows send side by side
			ForceAttemptHTTP2:   true,
			DisableCompression:  true, // the payload is what the server sent
		}},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			// As in Java, a redirection to another protocol is not followed.
			if !redirect || next.URL.Scheme != via[0].URL.Scheme {
				return http.ErrUseLastResponse
			}
			if len(via) > maxRedirects {
				return fmt.Errorf("redirected more than %d times; see where <url> leads, as with curl -IL, and give the place where it ends", maxRedirects)
			}
			return nil
		},
	}
}

// errLocation is all that is told of a Location that can not be read: net/http's error would show it whole, with the secrets in it.
var errLocation = errors.New("the server redirects to what is no URL, and is not shown because of what may stand in it; look at the Location header with curl -i, and have it mended there")

// redirecting is a transport whose answers lead to URLs, if they lead on.
type redirecting struct{ *http.Transport }

// RoundTrip implements http.RoundTripper.
func (t redirecting) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if _, err := r.URL.Parse(answer.Header.Get("Location")); err != nil {
			answer.Body.Close()
			return nil, errLocation
		}
	}
	return answer, nil
}

// errSilent is the cause of a request that ends because nothing moved.
var errSilent = errors.New("nothing came, and nothing more was taken, for as long as read-timeout says")

// silence ends a request whose connection moves nothing for as long as patience. Between connections it waits: connect-timeout is for those.
type silence struct {
	patience time.Duration
	timer    *time.Timer
}

func newSilence(patience time.Duration, cancel context.CancelCauseFunc) *silence {
	return &silence{patience, time.AfterFunc(math.MaxInt64, func() { cancel(errSilent) })}
}

// broken says that something moved.
func (s *silence) broken() { s.timer.Reset(s.patience) }

// trace tells s of connections.
func (s *silence) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { s.timer.Stop() },
		GotConn: func(httptrace.GotConnInfo) { s.broken() },
	})
}

// body is a body that net/http sends. A piece is asked for when the one before has gone.
type body struct {
	in     bytes.Reader
	broken func()
}

// newBody is a reader of content that calls broken whenever more of it is taken.
func newBody(content []byte, broken func()) io.ReadCloser {
	b := &body{broken: broken}
	b.in.Reset(content)
	return b
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.broken()
	return b.in.Read(p)
}

// Close implements io.Closer.
func (b *body) Close() error { return nil }

// readAll reads an answer of at most so many bytes, and calls broken for each piece that comes.
func readAll(in io.Reader, most int, broken func()) ([]byte, error) {
	out := new(bytes.Buffer)
	piece := make([]byte, 32<<10)
	for {
		broken()
		n, err := in.Read(piece)
		out.Write(piece[:n])
		switch {
		case out.Len() > most:
			return nil, fmt.Errorf("it has more than %d MiB, the most that is read here; ask the server for less at a time", most>>20)
		case errors.Is(err, io.EOF):
			return out.Bytes(), nil
		case err != nil:
			return nil, err
		}
	}
}

// reason is why a request failed.
func reason(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return fmt.Errorf("%w; see connect-timeout and read-timeout", bare(err))
	}
	return bare(err)
}

// bare is an error of net/http or net/url without the URL, which may hold secrets.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		var escape url.EscapeError
		var host url.InvalidHostError
		if errors.As(u.Err, &escape) || errors.As(u.Err, &host) {
			return errors.New("it has characters that must be escaped")
		}
		if u.Op == "parse" {
			return errors.New("it can not be parsed")
		}
		return u.Err
	}
	return err
}

// charsetOf is the character set that Content-Type names.
func charsetOf(h http.Header) string {
	_, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return params["charset"]
}
