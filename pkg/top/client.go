package top

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
)

const (
	// mostAnswer bounds, in bytes, an answer and an event: thousands of shards are far below it.
	mostAnswer = 32 << 20
	// mostTold bounds what is read of an answer that is no success.
	mostTold = 1 << 20
	// askTime is how long an answer may take that is ready at once.
	askTime  = 10 * time.Second
	dialTime = 5 * time.Second
)

// client asks an admin server. It is safe for concurrent use.
type client struct {
	base      string
	tokenFile string
	http      *http.Client
}

func newClient(o *Options) (*client, error) {
	base, err := baseURL(o.URL)
	if err != nil {
		return nil, err
	}
	c := &client{base: base, tokenFile: o.TokenFile}
	transport := o.transport
	if transport == nil {
		if transport, err = newTransport(o); err != nil {
			return nil, err
		}
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token is for the server that was named
	}}
	if _, err := c.token(); err != nil {
		return nil, err
	}
	return c, nil
}

// baseURL takes host:port or a URL, and returns the URL that paths are appended to.
func baseURL(at string) (string, error) {
	if !strings.Contains(at, "://") {
		at = "http://" + at
	}
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("%w: the address of the admin server is host:port or a URL without a password, such as http://127.0.0.1:8088", ErrUsage)
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsUnspecified() && u.Port() != "" {
		u.Host = net.JoinHostPort("127.0.0.1", u.Port()) // where a server that listens everywhere listens too
	}
	return strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"), nil
}

func newTransport(o *Options) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = nil // a token does not go by others
	t.DialContext = (&net.Dialer{Timeout: dialTime}).DialContext
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.Insecure} //nolint:gosec // the user asked for it by --insecure
	if o.CA != "" {
		text, err := os.ReadFile(o.CA)
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		t.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !t.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--ca: %s has no certificate in PEM", o.CA)
		}
	}
	if o.Cert != "" {
		pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
		if err != nil {
			return nil, fmt.Errorf("--cert and --key: %w", err)
		}
		t.TLSClientConfig.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// token is read anew for each request: what is mounted into containers is renewed there.
func (c *client) token() (string, error) {
	if c.tokenFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "", fmt.Errorf("--token-file: %s has no token, which is one word of ASCII", c.tokenFile)
	}
	return token, nil
}

func (c *client) close() { c.http.CloseIdleConnections() }

// send sends a request and returns the answer, if it is a success.
func (c *client) send(ctx context.Context, method, path, accept string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "adapterd-top")
	if method == http.MethodPost {
		r.Header.Set("X-Adapterd", "1")
	}
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		return nil, c.refused(answer)
	}
	return answer, nil
}

// get returns the body of an answer that is ready at once.
func (c *client) get(ctx context.Context, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	return c.read(ctx, http.MethodGet, path)
}

func (c *client) read(ctx context.Context, method, path string) ([]byte, error) {
	answer, err := c.send(ctx, method, path, "application/json")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, mostAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the answer of %s broke off: %w", c.base, err)
	case len(text) > mostAnswer:
		return nil, fmt.Errorf("the answer of %s is longer than %s", c.base, size(mostAnswer))
	case !json.Valid(text):
		return nil, fmt.Errorf("%s%s does not answer JSON; is it the admin server of an adapterd?", c.base, path)
	}
	return text, nil
}

func (c *client) status(ctx context.Context) (*snapshot, error) {
	text, err := c.get(ctx, "/api/status")
	if err != nil {
		return nil, err
	}
	return parseSnapshot(text)
}

func (c *client) failures(ctx context.Context) ([]adapter.Failure, error) {
	text, err := c.get(ctx, "/api/failures")
	if err != nil {
		return nil, err
	}
	var all []adapter.Failure
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("the failures that %s sent can not be read: %w", c.base, err)
	}
	return all, nil
}

// act does what an operator asks for. It ends with ctx, which does not end what the server does.
func (c *client) act(ctx context.Context, path string) error {
	_, err := c.read(ctx, http.MethodPost, path)
	return err
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// refused says what an answer that is no success means, and what to do.
func (c *client) refused(answer *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(answer.Body, mostTold))
	var told struct {
		Error    string `json:"error"`
		Problems []struct {
			File         string `json:"file"`
			Line, Column int
			Message      string `json:"message"`
		} `json:"problems"`
	}
	_ = json.Unmarshal(text, &told) // others than adapterd answer something else
	r := &refusal{status: answer.StatusCode, text: told.Error}
	switch {
	case answer.StatusCode == http.StatusUnauthorized && c.tokenFile == "":
		r.text = c.base + " wants a token: give --token-file with the file that run has as --admin-token-file"
	case answer.StatusCode == http.StatusUnauthorized:
		r.text = c.base + " refuses the token of " + c.tokenFile + "; give the file that run has as --admin-token-file"
	case answer.StatusCode == http.StatusForbidden && strings.Contains(told.Error, "certificate"):
		r.text = c.base + " wants a client certificate: give --cert and --key"
	case bytes.Contains(text, []byte("HTTP request to an HTTPS server")):
		r.text = c.base + " speaks HTTPS: give the URL with https://"
	case len(told.Problems) > 0:
		p := told.Problems[0]
		r.text = fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
		if more := len(told.Problems) - 1; more > 0 {
			r.text += " (and " + count(int64(more)) + " more; adapterd check shows all)"
		}
	case told.Error == "":
		r.text = fmt.Sprintf("%s answered %d %s; is it the admin server of an adapterd?", c.base, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return r
}

// unreachable says what it means that there is no answer, and what to do.
func (c *client) unreachable(err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var broken *url.Error
	if errors.As(err, &broken) {
		err = broken.Err // the URL is said below
	}
	u, _ := url.Parse(c.base) // newClient has
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s did not answer in time: %w", c.base, err)
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate of %s is by a CA that nobody here knows; give it with --ca: %w", c.base, err)
	case errors.As(err, &name):
		return fmt.Errorf("the certificate of %s is for another name: %w", c.base, err)
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return fmt.Errorf("%s speaks plain HTTP: give the URL with http://: %w", c.base, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at %s; start one with `adapterd run adapter.xml --admin %s`, or give the URL of another one: %w", c.base, u.Host, err)
	}
	return fmt.Errorf("no answer from %s: %w", c.base, err)
}
