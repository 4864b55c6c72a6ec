package kpl

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
)

// isolate keeps the tests from the settings of whoever runs them, and from EC2 metadata.
func isolate(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL_CLOUDWATCH",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE",
	} {
		t.Setenv(name, "")
	}
	nowhere := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", nowhere)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", nowhere)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func clientConfig(t *testing.T, endpoint string) Config {
	t.Helper()
	isolate(t)
	c := DefaultConfig()
	c.Region = "us-east-1"
	c.KinesisEndpoint = endpoint
	c.Credentials = credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "token")
	return c
}

func mustKinesis(t *testing.T, c Config) API {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	api, release, err := c.newKinesis(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return api
}

func list(ctx context.Context, api API) error {
	_, err := api.ListShards(ctx, &kinesis.ListShardsInput{StreamName: aws.String("s")})
	return err
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func TestKinesisClientRequest(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		answer(w, 200, `{"Shards":[]}`)
	}))
	defer server.Close()
	if err := list(t.Context(), mustKinesis(t, clientConfig(t, server.URL))); err != nil {
		t.Fatal(err)
	}
	if got.Proto != "HTTP/1.1" {
		t.Errorf("protocol %s", got.Proto)
	}
	if agent := got.Header.Get("User-Agent"); !strings.Contains(agent, userAgent) {
		t.Errorf("user agent %q does not name %s", agent, userAgent)
	}
	if enc := got.Header.Get("Accept-Encoding"); strings.Contains(enc, "gzip") {
		t.Errorf("asks for %s", enc)
	}
	if a := got.Header.Get("Authorization"); !strings.Contains(a, "AKIDEXAMPLE/") || !strings.Contains(a, "/us-east-1/kinesis/aws4_request") {
		t.Errorf("authorization %q", a)
	}
	if got.Header.Get("X-Amz-Security-Token") != "token" {
		t.Error("no session token")
	}
	if got.Header.Get("X-Amz-Target") != "Kinesis_20131202.ListShards" {
		t.Errorf("target %q", got.Header.Get("X-Amz-Target"))
	}
}

func TestKinesisClientDoesNotRetry(t *testing.T) {
	var tries atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tries.Add(1)
		answer(w, 500, `{"__type":"InternalFailure","message":"m"}`)
	}))
	defer server.Close()
	err := list(t.Context(), mustKinesis(t, clientConfig(t, server.URL)))
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "InternalFailure" {
		t.Errorf("error %v", err)
	}
	if tries.Load() != 1 {
		t.Errorf("%d tries", tries.Load())
	}
}

func TestKinesisClientCorrectsItsClockOnceAndAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		date  time.Duration // the service's clock, relative to ours
		tries int32
	}{
		{"clock ten minutes off", 10 * time.Minute, 2},
		{"clock right, key wrong", 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				tries.Add(1)
				now := time.Now().Add(tt.date)
				w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
				signed, _ := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
				if tt.date != 0 && now.Sub(signed).Abs() < time.Minute {
					answer(w, 200, `{"Shards":[]}`)
					return
				}
				answer(w, 400, `{"__type":"InvalidSignatureException","message":"Signature expired"}`)
			}))
			defer server.Close()
			err := list(t.Context(), mustKinesis(t, clientConfig(t, server.URL)))
			if (err == nil) != (tt.date != 0) {
				t.Errorf("error %v", err)
			}
			if tries.Load() != tt.tries {
				t.Errorf("%d tries, want %d", tries.Load(), tt.tries)
			}
		})
	}
}

func TestKinesisClientKeepsToMaxConnectionsAndTheirDeadline(t *testing.T) {
	var inFlight, most, opened atomic.Int32
	enough := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := inFlight.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		if n == 2 {
			select {
			case <-enough:
			default:
				close(enough)
			}
		}
		<-enough
		inFlight.Add(-1)
		answer(w, 200, `{"Shards":[]}`)
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := clientConfig(t, server.URL)
	c.MaxConnections = 2
	api := mustKinesis(t, c)
	var work sync.WaitGroup
	for range 40 {
		work.Go(func() {
			if err := list(t.Context(), api); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if most.Load() != 2 || opened.Load() != 2 {
		t.Errorf("%d in flight, %d connections; want 2, 2", most.Load(), opened.Load())
	}
}

func TestKinesisClientRequestTimeoutIsADeadline(t *testing.T) {
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Bytes keep coming, which the KPL takes for life.
		w.WriteHeader(200)
		for {
			_, _ = io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
				close(gone)
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	}))
	defer server.Close()
	c := clientConfig(t, server.URL)
	c.RequestTimeout = 150 * time.Millisecond
	begin := time.Now()
	err := list(t.Context(), mustKinesis(t, c))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(begin); took < 150*time.Millisecond || took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	<-gone
}

func TestKinesisClientSurvivesAnswersThatComeBeforeTheBodyIsRead(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"Shards":[]}`)
		w.(http.Flusher).Flush()
	}))
	defer server.Close()
	api := mustKinesis(t, clientConfig(t, server.URL))
	for range 200 {
		if err := list(t.Context(), api); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKinesisClientWaitForASlotEndsWithItsContext(t *testing.T) {
	b := &boundedAPI{slots: make(chan struct{}, 1), timeout: time.Second}
	b.slots <- struct{}{}
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := list(ctx, b); !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
}

func TestKinesisClientCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"Shards":[]}`)
	}))
	server.Config.ErrorLog = nil
	server.StartTLS()
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	directory := t.TempDir()
	file := filepath.Join(directory, "0a1b2c3d.0")
	if err := os.WriteFile(file, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "notes.txt"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		change  func(*Config)
		request string // part of the error of a request
		create  string // part of the error of newKinesis
	}{
		{"verified without its authority", func(*Config) {}, "certificate", ""},
		{"not verified", func(c *Config) { c.VerifyCertificate = false }, "", ""},
		{"not verified, wrong name", func(c *Config) { c.KinesisEndpoint, c.VerifyCertificate = "localhost", false }, "", ""},
		{"authority by file", func(c *Config) { c.CACertFile = file }, "", ""},
		{"authority by directory", func(c *Config) { c.CACertPath = directory }, "", ""},
		{"authority right, name wrong", func(c *Config) { c.CACertFile = file; c.KinesisEndpoint = "localhost" }, "localhost", ""},
		{"no such file", func(c *Config) { c.CACertFile = filepath.Join(directory, "none") }, "", "read the certificates of CaCertFile"},
		{"file without certificate", func(c *Config) { c.CACertFile = filepath.Join(directory, "notes.txt") }, "", "holds no certificate in PEM form"},
		{"no such directory", func(c *Config) { c.CACertPath = filepath.Join(directory, "none") }, "", "read the certificates of CaCertPath"},
		{"directory without certificate", func(c *Config) { c.CACertPath = t.TempDir() }, "", "holds no certificate in PEM form"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := clientConfig(t, "127.0.0.1") // the KPL's form: TLS, port beside it
			if _, err := fmt.Sscan(port, &c.KinesisPort); err != nil {
				t.Fatal(err)
			}
			tt.change(&c)
			api, release, err := c.newKinesis(t.Context())
			checkError(t, "newKinesis", err, tt.create)
			if err != nil {
				return
			}
			defer release()
			checkError(t, "request", list(t.Context(), api), tt.request)
		})
	}
}

func checkError(t *testing.T, what string, err error, part string) {
	t.Helper()
	switch {
	case part == "" && err != nil:
		t.Errorf("%s: %v", what, err)
	case part != "" && (err == nil || !strings.Contains(err.Error(), part)):
		t.Errorf("%s: error %v, want %q in it", what, err, part)
	}
}

// connectProxy is an HTTP proxy that knows CONNECT only and notes who asked for what.
func connectProxy(t *testing.T) (address string, asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var all []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Proxy-Authorization"), "Basic "))
		mu.Lock()
		all = append(all, r.Method+" "+r.Host+" "+string(who))
		mu.Unlock()
		target, err := net.Dial("tcp", r.Host)
		if r.Method != http.MethodConnect || err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		conn, rest, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		go pipe(target, rest.Reader)
		go pipe(conn, bufio.NewReader(target))
	}))
	t.Cleanup(proxy.Close)
	return proxy.Listener.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

func pipe(to net.Conn, from io.Reader) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
}

func TestKinesisClientGoesThroughTheProxy(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, `{"Shards":[]}`)
	}))
	defer server.Close()
	proxy, asked := connectProxy(t)
	host, port, _ := net.SplitHostPort(proxy)
	c := clientConfig(t, server.URL)
	c.VerifyCertificate = false
	c.ProxyHost, c.ProxyUserName, c.ProxyPassword = host, "user", "p@ss"
	if _, err := fmt.Sscan(port, &c.ProxyPort); err != nil {
		t.Fatal(err)
	}
	if err := list(t.Context(), mustKinesis(t, c)); err != nil {
		t.Fatal(err)
	}
	want := "CONNECT " + server.Listener.Addr().String() + " user:p@ss"
	if got := asked(); len(got) != 1 || got[0] != want {
		t.Errorf("the proxy was asked %q, want %q", got, want)
	}
}

func TestProxyForms(t *testing.T) {
	tests := []struct{ host, want, problem string }{
		{"proxy", "http://proxy:3128", ""},
		{"proxy:8080", "http://proxy:8080", ""},
		{"https://proxy", "https://proxy:3128", ""},
		{"http://10.0.0.1:1/", "http://10.0.0.1:1", ""},
		{"[::1]", "http://[::1]:3128", ""},
		{"http://u:secret@proxy", "", "ProxyUserName"},
		{"ftp://proxy", "", "neither a host"},
		{"a b", "", "cannot be read"},
		{"proxy/path", "", "no path"},
	}
	for _, tt := range tests {
		t.Run(tt.host, func(t *testing.T) {
			u, problem := proxyURL(tt.host, 3128)
			if !strings.Contains(problem, tt.problem) || tt.problem == "" && problem != "" {
				t.Fatalf("problem %q, want %q", problem, tt.problem)
			}
			if problem == "" && u.String() != tt.want {
				t.Errorf("%s, want %s", u, tt.want)
			}
			c := DefaultConfig()
			c.ProxyHost = tt.host
			err := c.Validate()
			if (err == nil) != (tt.problem == "") {
				t.Errorf("Validate: %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
}

func TestKinesisClientRegion(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		c := clientConfig(t, "")
		c.Region = ""
		_, _, err := c.newKinesis(t.Context())
		checkError(t, "newKinesis", err, "Region is empty")
		checkError(t, "newKinesis", err, "set Region, for example Region=us-east-1, or AWS_REGION")
	})
	t.Run("of the environment", func(t *testing.T) {
		var authorization string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			authorization = r.Header.Get("Authorization")
			answer(w, 200, `{"Shards":[]}`)
		}))
		defer server.Close()
		c := clientConfig(t, server.URL)
		c.Region = ""
		t.Setenv("AWS_REGION", "eu-west-3")
		if err := list(t.Context(), mustKinesis(t, c)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(authorization, "/eu-west-3/kinesis/") {
			t.Errorf("authorization %q", authorization)
		}
	})
}

// expiring gives credentials that need renewal within the window at once.
type expiring struct {
	given atomic.Int32
	valid time.Duration
}

func (e *expiring) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{
		AccessKeyID: fmt.Sprint("AKID", e.given.Add(1)), SecretAccessKey: "s", CanExpire: true, Expires: time.Now().Add(e.valid),
	}, nil
}

func TestCredentialsAreCachedAndRenewedBeforeTheyExpire(t *testing.T) {
	for _, tt := range []struct {
		name  string
		valid time.Duration
		asked int32
	}{{"for an hour", time.Hour, 1}, {"for half a minute", 30 * time.Second, 3}} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, 200, `{"Shards":[]}`) }))
			defer server.Close()
			c := clientConfig(t, server.URL)
			provider := &expiring{valid: tt.valid}
			c.Credentials = provider
			api := mustKinesis(t, c)
			for range 3 {
				if err := list(t.Context(), api); err != nil {
					t.Fatal(err)
				}
			}
			if n := provider.given.Load(); n != tt.asked {
				t.Errorf("asked %d times for 3 requests, want %d", n, tt.asked)
			}
		})
	}
}

func TestEndpointURL(t *testing.T) {
	tests := []struct {
		endpoint string
		port     int
		want     string
	}{
		{"", 443, ""},
		{"localhost", 4566, "https://localhost:4566"},
		{"10.0.0.1", 443, "https://10.0.0.1:443"},
		{"http://localhost:4566", 443, "http://localhost:4566"},
		{"http://localhost:4566/", 9, "http://localhost:4566"},
		{"http://localhost", 4567, "http://localhost:4567"},
		{"http://localhost", 443, "http://localhost:80"},
		{"https://my_host", 443, "https://my_host:443"},
		{"https://[::1]:4567", 443, "https://[::1]:4567"},
		{"https://[::1]", 443, "https://[::1]:443"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s %d", tt.endpoint, tt.port), func(t *testing.T) {
			if problem := endpointProblem(tt.endpoint); problem != "" {
				t.Errorf("refused: %s", problem)
			}
			if got := endpointURL(tt.endpoint, tt.port); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	for endpoint, want := range map[string]string{
		"localhost:4566": "a port stands by itself", "my_host": "neither a host nor a URL", "ftp://x": "scheme ftp", "http://": "no host", "http://u:p@x": "user or password",
		"http://x/path": "path", "http://x?q=1": "query", "http://x#f": "fragment", "http://x#": "fragment", "http://x:0": "port", "http://x:70000": "port", "http://x:a": "cannot be read", "::1": "neither",
	} {
		if got := endpointProblem(endpoint); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", endpoint, got, want)
		}
	}
}
