package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxRedirects is how often an answer may lead on (Java: http.maxRedirects).
	maxRedirects = 20
	// maxReplyBytes is how much an answer may hold, so that no server fills the memory.
	maxReplyBytes = 256 << 20
)

func newClient(connect, read time.Duration, redirect bool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: connect}).DialContext,
			TLSHandshakeTimeout:   connect,
			ResponseHeaderTimeout: read,
			IdleConnTimeout:       90 * time.Second,
			MaxIdleConnsPerHost:   16, // pooling workflows send side by side
			ForceAttemptHTTP2:     true,
			DisableCompression:    true, // the payload is what the server sent
		},
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			// As in Java, a redirection to another protocol is not followed.
			if !redirect || next.URL.Scheme != via[0].URL.Scheme {
				return http.ErrUseLastResponse
			}
			if len(via) > maxRedirects {
				return fmt.Errorf("redirected more than %d times", maxRedirects)
			}
			return nil
		},
	}
}

// newBody is a reader of bytes that net/http closes.
func newBody(content []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(content)) }

// errSilent is the cause of a request that ends because nothing more came.
var errSilent = errors.New("nothing came for as long as read-timeout says")

// readAll reads an answer. Each piece may take as long as patience; cancel ends the request.
func readAll(in io.Reader, patience time.Duration, cancel context.CancelCauseFunc) ([]byte, error) {
	timer := time.AfterFunc(patience, func() { cancel(errSilent) })
	defer timer.Stop()
	out := new(bytes.Buffer)
	piece := make([]byte, 32<<10)
	for {
		n, err := in.Read(piece)
		out.Write(piece[:n])
		switch {
		case errors.Is(err, io.EOF):
			return out.Bytes(), nil
		case err != nil:
			return nil, err
		case out.Len() > maxReplyBytes:
			return nil, fmt.Errorf("it has more than %d bytes", maxReplyBytes)
		}
		timer.Reset(patience)
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
