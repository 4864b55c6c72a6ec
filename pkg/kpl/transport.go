package kpl

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// idleTimeout ends connections before the service or a gateway between does, as far as is known (60 s is common), since a request
	// sent on a connection that is just being closed fails.
	idleTimeout = 50 * time.Second
	// writeBuffer takes a typical PutRecords request in a few writes; the default is 4 KiB.
	writeBuffer = 64 << 10
)

// transport makes the HTTP/1.1 transport for one service: at most MaxConnections connections, all of them kept alive, no compression.
func (c Config) transport() (*http.Transport, error) {
	tlsConfig, err := c.tlsConfig()
	if err != nil {
		return nil, err
	}
	proxy, err := c.proxy()
	if err != nil {
		return nil, err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                 proxy,
		DialContext:           (&net.Dialer{Timeout: c.ConnectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   c.ConnectTimeout,
		Protocols:             protocols,
		MaxConnsPerHost:       c.MaxConnections,
		MaxIdleConns:          c.MaxConnections,
		MaxIdleConnsPerHost:   c.MaxConnections,
		IdleConnTimeout:       idleTimeout,
		DisableCompression:    true,
		WriteBufferSize:       writeBuffer,
		ExpectContinueTimeout: time.Second,
	}, nil
}

// wholeBody sends header and body of a request in one go. The SDK hides its buffers in a reader that net/http does not know, and so
// sends the header by itself first: a packet more for each request, and an answer that comes before the body is out breaks the
// connection. With the body at hand net/http can also try again, on another connection, what never left on the first. What is larger than
// writeBuffer leaves in many packets anyway: a requestBody of that size is not brought into memory.
type wholeBody struct{ next http.RoundTripper }

func (w wholeBody) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.ContentLength <= 0 {
		return w.next.RoundTrip(noted(r))
	}
	if s := sendingOf(r.Context()); s != nil {
		if b := s.body.Load(); b != nil && b.length == r.ContentLength && b.length > writeBuffer {
			_ = r.Body.Close()
			return w.next.RoundTrip(noted(withBody(r, func() io.ReadCloser { return b.reader() })))
		}
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	_ = r.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read the body of the request: %w", err)
	}
	return w.next.RoundTrip(noted(withBody(r, func() io.ReadCloser { return io.NopCloser(bytes.NewReader(body)) })))
}

func withBody(r *http.Request, body func() io.ReadCloser) *http.Request {
	copied := *r
	copied.Body = body()
	copied.GetBody = func() (io.ReadCloser, error) { return body(), nil }
	return &copied
}

// httpClient is what the SDK clients send by. It hands a redirect to the SDK as the answer that it is: a signed request must not
// travel on.
func (c Config) httpClient(t *http.Transport, timeout time.Duration) *http.Client {
	return &http.Client{
		Transport: newUnsaid(wholeBody{t}, c), Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (c Config) tlsConfig() (*tls.Config, error) {
	t := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(c.MaxConnections),
		InsecureSkipVerify: !c.VerifyCertificate, //nolint:gosec // VerifyCertificate=false asks for it
	}
	if c.CACertFile == "" && c.CACertPath == "" {
		return t, nil
	}
	t.RootCAs = x509.NewCertPool()
	if c.CACertFile != "" {
		pem, err := os.ReadFile(c.CACertFile)
		if err != nil {
			return nil, fmt.Errorf("read the certificates of CaCertFile: %w", err)
		}
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read the certificates of CaCertFile: %s holds no certificate in PEM form", c.CACertFile)
		}
	}
	if c.CACertPath != "" {
		if err := appendDirectory(t.RootCAs, c.CACertPath); err != nil {
			return nil, fmt.Errorf("read the certificates of CaCertPath: %w", err)
		}
	}
	return t, nil
}

// appendDirectory adds the certificates of all files in a directory. Its names are hashes, often links: each file is read for itself,
// and what is no certificate, such as a revocation list, is passed over.
func appendDirectory(pool *x509.CertPool, directory string) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	found := false
	for _, entry := range entries {
		path := filepath.Join(directory, entry.Name())
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue // a dangling link, a directory
		}
		pem, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found = pool.AppendCertsFromPEM(pem) || found
	}
	if !found {
		return fmt.Errorf("%s holds no certificate in PEM form", directory)
	}
	return nil
}

func (c Config) proxy() (func(*http.Request) (*url.URL, error), error) {
	if c.ProxyHost == "" {
		return http.ProxyFromEnvironment, nil
	}
	u, problem := proxyURL(c.ProxyHost, c.ProxyPort)
	if problem != "" {
		return nil, fmt.Errorf("ProxyHost %s: %s", hidingUser(c.ProxyHost), problem)
	}
	if c.ProxyUserName != "" {
		u.User = url.UserPassword(c.ProxyUserName, c.ProxyPassword)
	}
	return http.ProxyURL(u), nil
}

// proxyURL reads a host or http(s)://host, the port in it or beside it, or says what is wrong.
func proxyURL(host string, port int) (u *url.URL, problem string) {
	if !strings.Contains(host, "://") {
		host = "http://" + host
	}
	u, err := url.Parse(host)
	switch {
	case err != nil:
		return nil, "the proxy's name cannot be read"
	case u.User != nil:
		return nil, "user and password stand in ProxyUserName and ProxyPassword"
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || strings.ContainsAny(u.Host, " \t"):
		return nil, "it is neither a host nor http(s)://host"
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return nil, "a proxy has no path, query or fragment"
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(port))
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, ""
}
