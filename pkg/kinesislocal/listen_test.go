package kinesislocal

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// httpClient returns a client that trusts the server and leaves nothing behind.
func httpClient(t testing.TB, pool *x509.CertPool) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func post(t testing.TB, c *http.Client, url, operation, body string, header ...string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", kinesisTarget+"."+operation)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func TestOnePortSpeaksTLSAndPlainHTTP(t *testing.T) {
	s := NewTest(t, Options{Streams: map[string]int{"s": 1}})
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") || s.TLSURL() != "https://"+s.Addr() {
		t.Errorf("URLs %s and %s of %s", s.URL(), s.TLSURL(), s.Addr())
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CertificatePEM()) {
		t.Fatal("no certificate in the PEM")
	}
	if block, _ := pem.Decode(s.CertificatePEM()); block == nil {
		t.Fatal("no PEM")
	}
	_, port, _ := net.SplitHostPort(s.Addr())
	for _, tt := range []struct {
		url  string
		pool *x509.CertPool
	}{{s.URL(), nil}, {s.TLSURL(), s.CertPool()}, {"https://localhost:" + port, pool}} {
		status, body, err := post(t, httpClient(t, tt.pool), tt.url, "ListStreams", "{}")
		if status != 200 || err != nil {
			t.Errorf("%s: %d %s %v", tt.url, status, body, err)
		}
	}
	if _, _, err := post(t, httpClient(t, x509.NewCertPool()), s.TLSURL(), "ListStreams", "{}"); err == nil {
		t.Error("a client without the authority trusts the server")
	}
	var got []bool
	for _, r := range s.Requests() {
		got = append(got, r.TLS)
	}
	if fmt.Sprint(got) != "[false true true]" {
		t.Errorf("TLS of the requests: %v", got)
	}
}

func TestASilentClientHoldsUpNobody(t *testing.T) {
	s := NewTest(t, Options{})
	for range 3 {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if status, _, err := post(t, httpClient(t, nil), s.URL(), "ListStreams", "{}"); status != 200 || err != nil {
		t.Errorf("%d %v", status, err)
	}
	began := time.Now()
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if d := time.Since(began); d > 3*time.Second {
		t.Errorf("closing took %v; silent connections are waited for", d)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	s := NewTest(t, Options{Streams: map[string]int{"s": 4}})
	const clients, requests, records = 8, 20, 10
	body := string(putBody("s", records, 100))
	var wg sync.WaitGroup
	for i := range clients {
		url, pool := s.URL(), (*x509.CertPool)(nil)
		if i%2 == 0 {
			url, pool = s.TLSURL(), s.CertPool()
		}
		c := httpClient(t, pool)
		wg.Go(func() {
			for range requests {
				if status, answer, err := post(t, c, url, "PutRecords", body); status != 200 || err != nil {
					t.Errorf("%d %s %v", status, answer, err)
				}
			}
		})
	}
	list, err := s.WaitRecords(t.Context(), "s", clients*requests*records)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	sequences := map[string]bool{}
	for _, r := range list {
		sequences[r.SequenceNumber] = true
	}
	if len(sequences) != clients*requests*records {
		t.Errorf("%d sequence numbers of %d records", len(sequences), len(list))
	}
}

func TestCutsReachTheClientOfBothKinds(t *testing.T) {
	s := NewTest(t, Options{Streams: map[string]int{"s": 1}})
	body := string(putBody("s", 1, 10))
	for _, fault := range []Fault{{Cut: CutBefore}, {Cut: CutAfter}, {Answer: AnswerTruncated}} {
		for _, url := range []string{s.URL(), s.TLSURL()} {
			i := inject(t, s, fault)
			if status, answer, err := post(t, httpClient(t, s.CertPool()), url, "PutRecords", body); err == nil {
				t.Errorf("%+v: %d %s", fault, status, answer)
			}
			i.Remove()
		}
	}
	if n := len(s.Records("s")); n < 4 {
		t.Errorf("%d records are stored", n)
	}
}

func TestBodiesInOtherForms(t *testing.T) {
	s := NewTest(t, Options{Streams: map[string]int{"s": 1}})
	c := httpClient(t, nil)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, string(putBody("s", 3, 10)))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	bomb := func() string {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.CopyN(z, zeroes{}, maxBodyBytes+1)
		_ = z.Close()
		return b.String()
	}
	for _, tt := range []struct {
		name, body string
		header     []string
		status     int
		code       string
	}{
		{"gzip", packed.String(), []string{"Content-Encoding", "gzip"}, 200, ""},
		{"expecting to be asked on", string(putBody("s", 3, 10)), []string{"Expect", "100-continue"}, 200, ""},
		{"broken gzip", "x", []string{"Content-Encoding", "gzip"}, 400, "SerializationException"},
		{"unknown encoding", "x", []string{"Content-Encoding", "br"}, 400, "SerializationException"},
		{"gzip of too much", bomb(), []string{"Content-Encoding", "gzip"}, 413, "RequestEntityTooLargeException"},
		{"too much", strings.Repeat(" ", maxBodyBytes+1), nil, 413, "RequestEntityTooLargeException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, answer, err := post(t, c, s.URL(), "PutRecords", tt.body, tt.header...)
			if tt.name == "too much" && err != nil {
				return // the server may hang up while the client still sends
			}
			if status != tt.status || !strings.Contains(answer, tt.code) || err != nil {
				t.Errorf("got %d %s %v", status, answer, err)
			}
		})
	}
	if n := len(s.Records("s")); n != 6 {
		t.Errorf("%d records are stored", n)
	}
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestCloseEndsRequestsUnderWay(t *testing.T) {
	s, err := Listen(t.Context(), "127.0.0.1:0", Options{Streams: map[string]int{"s": 1}})
	if err != nil {
		t.Fatal(err)
	}
	inject(t, s, Fault{AnswerLatency: time.Hour})
	c := httpClient(t, nil)
	done := make(chan int)
	go func() {
		status, _, _ := post(t, c, s.URL(), "PutRecords", string(putBody("s", 1, 10)))
		done <- status
	}()
	if _, err := s.WaitRecords(t.Context(), "s", 1); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if status := <-done; status != 200 {
		t.Errorf("status %d", status)
	}
	if _, _, err := post(t, c, s.URL(), "ListStreams", "{}"); err == nil {
		t.Error("the port is still open")
	}
	if len(s.Records("s")) != 1 {
		t.Error("the records are gone")
	}
}

func TestCloseGivesUpWithItsContext(t *testing.T) {
	s, err := Listen(t.Context(), "127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	// A request whose body does not come.
	c, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 10)); err != nil { // 100 Continue: the server waits for the body
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	s := NewTest(t, Options{})
	for addr, want := range map[string]string{"nowhere": "give host:port", s.Addr(): "in use"} {
		if _, err := Listen(t.Context(), addr, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if s := newServer(t, Options{}); s.URL() != "" || s.Addr() != "" || s.CertificatePEM() != nil || s.Close(t.Context()) != nil {
		t.Error("a server from New has an address")
	}
}
