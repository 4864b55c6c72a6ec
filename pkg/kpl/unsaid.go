package kpl

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
)

// maxErrorBytes is how much of an error's answer is kept; the service's are some hundred bytes long.
const maxErrorBytes = 64 << 10

// unsaid takes out of error answers what the request had in confidence: some gateways repeat the headers of a request that they refuse,
// and the text of an error reaches logs, metadata and, through an HTTP source, clients.
type unsaid struct {
	next http.RoundTripper
	// proxy are the credentials for the proxy, as they go there and as it understands them, longer ones first; nil without any.
	proxy []string
}

func newUnsaid(next http.RoundTripper, c Config) unsaid {
	u := unsaid{next: next}
	if c.ProxyUserName != "" && c.ProxyPassword != "" {
		both := c.ProxyUserName + ":" + c.ProxyPassword
		u.proxy = []string{base64.StdEncoding.EncodeToString([]byte(both)), both, c.ProxyPassword}
	}
	return u
}

// RoundTrip implements http.RoundTripper.
func (u unsaid) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := u.next.RoundTrip(r)
	if err != nil {
		return nil, u.from(err)
	}
	if answer.StatusCode < http.StatusMultipleChoices {
		return answer, nil
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxErrorBytes))
	closing := answer.Body.Close()
	if err == nil {
		err = closing
	}
	if err != nil {
		return nil, err
	}
	for _, secret := range u.secrets(r) {
		body = bytes.ReplaceAll(body, []byte(secret), []byte("***"))
	}
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	answer.Header.Del("Content-Length")
	return answer, nil
}

// secrets are what a request carries that nobody else may learn, longer ones before those that they hold.
func (u unsaid) secrets(r *http.Request) []string {
	var out []string
	add := func(s string) {
		if s != "" {
			out = append(out, s)
		}
	}
	authorization := r.Header.Get("Authorization")
	add(authorization)
	add(r.Header.Get("X-Amz-Security-Token"))
	if _, signature, ok := strings.Cut(authorization, "Signature="); ok {
		add(signature)
	}
	return append(out, u.proxy...)
}

// from is for the status line of a proxy that refuses to connect, which is the text of the transport's error.
func (u unsaid) from(err error) error {
	text := err.Error()
	for _, secret := range u.proxy {
		text = strings.ReplaceAll(text, secret, "***")
	}
	if text == err.Error() {
		return err
	}
	return hushed{text, err}
}

// hushed is an error without what its text must not say.
type hushed struct {
	text  string
	cause error
}

func (h hushed) Error() string { return h.text }

func (h hushed) Unwrap() error { return h.cause }
