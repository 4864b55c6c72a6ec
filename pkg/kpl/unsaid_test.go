package kpl

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
)

// A gateway that repeats the headers of what it refuses must not make them part of an error.
func TestErrorsDoNotRepeatTheRequestsCredentials(t *testing.T) {
	for _, asMessage := range []bool{true, false} {
		t.Run(fmt.Sprintf("JSON %v", asMessage), func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text := fmt.Sprintf("refused: %v", r.Header)
				if asMessage {
					w.Header().Set("Content-Type", "application/x-amz-json-1.1")
					text = fmt.Sprintf(`{"__type":"AccessDeniedException","message":%q}`, text)
				}
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, text)
			}))
			defer server.Close()
			cfg := DefaultConfig()
			cfg.Region, cfg.KinesisEndpoint, cfg.MetricsLevel = "us-east-1", server.URL, MetricsNone
			cfg.Credentials = credentials.NewStaticCredentialsProvider("AKID", "the-secret-key", "the-session-token")
			cfg.RecordTTL = 500 * time.Millisecond // what is no JSON is retried until then
			p, err := New(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("d")})
			if _, closing := p.Close(context.Background()); closing != nil {
				t.Error(closing)
			}
			var failed *RecordError
			if !errors.As(err, &failed) {
				t.Fatalf("error %v", err)
			}
			text := fmt.Sprintf("%v %+v", err, failed.Attempts)
			if strings.Contains(text, "the-session-token") || strings.Contains(text, "Signature=") {
				t.Errorf("the error says %s", text)
			}
			if asMessage && !strings.Contains(text, "***") {
				t.Errorf("the error says %s: this test shows nothing", text)
			}
		})
	}
}
