package checks

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// sdkTo is a document whose producer makes its own requests.
func sdkTo(t *testing.T, endpoint, stream string) *adapter.Adapter {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.xml")
	xml := `<channel><unique-id>c</unique-id><produce-connection class="aws-kinesis-sdk-connection">
<credentials class="aws-static-credentials-builder"><access-key>AKIDEXAMPLE</access-key><secret-key>hunter2hunter2</secret-key></credentials>
<custom-endpoint><service-endpoint>` + endpoint + `</service-endpoint><signing-region>us-east-1</signing-region></custom-endpoint></produce-connection>
<workflow-list><standard-workflow><unique-id>w</unique-id>
<producer class="aws-kinesis-sdk-stream-producer"><stream>` + stream + `</stream><partition-key>%message{%uniqueId}</partition-key></producer></standard-workflow></workflow-list></channel>`
	if err := os.WriteFile(path, []byte(xml), 0o600); err != nil {
		t.Fatal(err)
	}
	a, problems := adapter.Load(t.Context(), path, adapter.Options{})
	if a == nil {
		t.Fatal(problems)
	}
	return a
}

func said(problems document.Problems) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.Error() + " [" + p.Code + "]\n")
	}
	return b.String()
}

func TestLiveAsksForProducersThatMakeRequests(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 2}})
	for name, c := range map[string]struct {
		endpoint, stream string
		fails            bool
		want             string
	}{
		"ready":     {s.URL(), "events", false, "stream events is ready: open shards 2"},
		"no stream": {s.URL(), "evnets", true, "[live-no-stream]"},
		"no answer": {"http://127.0.0.1:1", "events", true, "[live-unreachable]"},
	} {
		t.Run(name, func(t *testing.T) {
			found := Live(t.Context(), sdkTo(t, c.endpoint, c.stream))
			if got := said(found); (len(found.Errors()) > 0) != c.fails || !strings.Contains(got, c.want) || strings.Contains(got, "hunter2") || strings.Contains(got, "live-record-size") {
				t.Error(got)
			}
		})
	}
	for _, r := range s.Requests() {
		if r.AccessKeyID != "AKIDEXAMPLE" {
			t.Errorf("%s is signed by %s", r.Operation, r.AccessKeyID)
		}
	}
	if n := len(s.Records("events")); n != 0 {
		t.Errorf("%d records were stored", n)
	}
}

// An endpoint may know DryRun where it is asked for it first, and not where it matters.
func TestLiveSaysWhenARecordMayBeStored(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 1}})
	to, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	forgetful := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		if !strings.HasSuffix(r.In.Header.Get("X-Amz-Target"), ".PutRecords") {
			return
		}
		body, err := io.ReadAll(r.In.Body)
		if err != nil {
			t.Error(err)
		}
		body = bytes.Replace(body, []byte(`"DryRun":true`), []byte(`"DryRun":false`), 1)
		r.Out.Body, r.Out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}})
	defer forgetful.Close()
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections() // those of the proxy
	got := said(Live(t.Context(), sdkTo(t, forgetful.URL, "events")))
	if len(s.Records("events")) != 1 {
		t.Fatalf("nothing was stored, so this test shows nothing:\n%s", got)
	}
	if !strings.Contains(got, "a record of one byte with partition key adapterd-check may be stored in stream events") || !strings.Contains(got, "[live-stored]") ||
		strings.Contains(got, "PutRecords allowed") {
		t.Error(got)
	}
}
