package kpl

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go"
)

// C75, over real connections: every failure has a code and a message.
func TestFailuresOfTheNetworkHaveCodes(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	closed := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		return "http://" + l.Addr().String()
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		tls     bool
		change  func(*Config)
		code    string
		message string
		final   bool
	}{
		"JSON error":           {handler: answer(400, `{"__type":"ResourceNotFoundException","message":"Stream s not found"}`), code: "ResourceNotFoundException", message: "Stream s not found", final: true},
		"JSON error with path": {handler: answer(400, `{"__type":"com.amazonaws.kinesis#AccessDeniedException","Message":"no"}`), code: "AccessDeniedException", message: "no", final: true},
		"JSON error, 500":      {handler: answer(500, `{"__type":"InternalFailure"}`), code: "InternalFailure"},
		"500 that is no JSON":  {handler: answer(500, `<html>oh</html>`), code: "HTTP500"},
		"503 without a body":   {handler: answer(503, ""), code: "HTTP503"},
		"413 of a proxy":       {handler: answer(413, "too large"), code: "HTTP413", final: true},
		"connection cut": {handler: func(w http.ResponseWriter, r *http.Request) {
			panic(http.ErrAbortHandler)
		}, code: codeConnectionReset},
		"answer cut": {handler: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"Records":[`)
		}, code: codeConnectionReset},
		"no answer": {handler: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, change: func(c *Config) { c.RequestTimeout = 100 * time.Millisecond }, code: codeTimeout, message: "no answer within RequestTimeout"},
		"refused":      {change: func(c *Config) { c.KinesisEndpoint = closed() }, code: codeConnectionRefused},
		"name unknown": {change: func(c *Config) { c.KinesisEndpoint = "http://name.invalid:1" }, code: codeHostNotFound},
		"certificate":  {handler: answer(200, "{}"), tls: true, code: codeCertificate, final: true},
		"plain HTTP":   {handler: answer(200, "{}"), change: func(c *Config) { c.KinesisEndpoint = "https" + strings.TrimPrefix(c.KinesisEndpoint, "http") }, code: codeHTTPOnTLS, final: true},
		"no credentials": {handler: answer(200, "{}"), change: func(c *Config) {
			c.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{}, errors.New("the vault is shut")
			})
		}, code: codeCredentials, message: "the vault is shut"},
		"empty credentials": {handler: answer(200, "{}"), change: func(c *Config) { c.Credentials = credentials.NewStaticCredentialsProvider("", "", "") }, code: codeCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			isolate(t)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.handler != nil && !strings.HasSuffix(r.Header.Get("X-Amz-Target"), "ListShards") {
					c.handler(w, r)
				} else {
					w.WriteHeader(500)
				}
			}))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			if c.tls {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			cfg := DefaultConfig()
			cfg.Region, cfg.KinesisEndpoint, cfg.MetricsLevel = "us-east-1", server.URL, MetricsNone
			cfg.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
			cfg.RecordTTL, cfg.RecordMaxBufferedTime = 300*time.Millisecond, 0
			if c.change != nil {
				c.change(&cfg)
			}
			p, err := New(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _, _ = p.Close(t.Context()) }()
			_, err = p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			var e *RecordError
			if !errors.As(err, &e) {
				t.Fatal(err)
			}
			a := e.Attempts[0]
			if a.ErrorCode != c.code || a.ErrorMessage == "" || !strings.Contains(a.ErrorMessage, c.message) && c.message != "" {
				t.Errorf("attempt %+v, want code %s", a, c.code)
			}
			if final := e.Code != codeExpired; final != c.final {
				t.Errorf("failed at once: %v, want %v: %v", final, c.final, e)
			}
		})
	}
}

// A signature that is refused is a matter of the clock or of the secret key; the service's text says which.
func TestARefusedSignatureLeadsToTheClockOrTheKey(t *testing.T) {
	for _, c := range []struct{ code, message, remedy string }{
		{"InvalidSignatureException", "Signature expired: 20261124T080000Z is now earlier than 20261124T081500Z (20261124T082000Z - 5 min.)", clockRemedy},
		{"InvalidSignatureException", "Signature not yet current: 20261124T083000Z is still later than 20261124T082500Z (20261124T082000Z + 5 min.)", clockRemedy},
		{"SignatureDoesNotMatch", "Signature expired: 20261124T080000Z is now earlier than 20261124T081500Z (20261124T082000Z - 5 min.)", clockRemedy},
		{"InvalidSignatureException", "The request signature we calculated does not match the signature you provided.", "check the secret access key"},
		{"AccessDeniedException", "Signature expired is no reason here", remedies["AccessDeniedException"]},
	} {
		code, _, remedy := Cause(&smithy.GenericAPIError{Code: c.code, Message: c.message})
		if code != c.code || remedy != c.remedy {
			t.Errorf("%s, %q leads to %q, want %q", code, c.message, remedy, c.remedy)
		}
	}
}
