package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestJobsMeasureARealAdapter runs each job small, against an endpoint that stores.
func TestJobsMeasureARealAdapter(t *testing.T) {
	adapterd := filepath.Join(t.TempDir(), "adapterd")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", adapterd, "../../cmd/adapterd").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range []struct {
		job     string
		records int // stored at least
		check   func(r result) bool
	}{
		{"start", 0, func(r result) bool { return r.StartMillis > 0 && r.BinaryMB > 5 }},
		{"lines", 5001, func(r result) bool {
			return r.RecordsPerSecond > 0 && r.CPUSecondsPerMillion > 0 && r.FirstMillis >= r.StartMillis && r.StartMillis > 0
		}},
		{"http", 8, func(r result) bool {
			return r.RecordsPerSecond > 0 && r.P50Millis > 0 && r.P99Millis >= r.P50Millis && r.MaxMillis >= r.P99Millis
		}},
	} {
		t.Run(c.job, func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
			r, err := run(t.Context(), settings{job: c.job, adapterd: adapterd, tls: strings.TrimPrefix(server.TLSURL(), "https://"), records: 5000, seconds: 0.2, connections: 8})
			if err != nil {
				t.Fatal(err)
			}
			if !c.check(r) {
				t.Errorf("%+v", r)
			}
			if got := userRecords(t, server); got < c.records {
				t.Errorf("%d records are stored, want %d", got, c.records)
			}
		})
	}
}

func userRecords(t *testing.T, server *kinesislocal.Server) (n int) {
	for _, r := range server.Records("readings") {
		users, aggregated, err := aggregation.Decode(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if n += len(users); !aggregated {
			n++
		}
	}
	return n
}

func TestEchoAnswersWithWhatItWasSent(t *testing.T) {
	at, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	in, end := io.Pipe()
	served := make(chan error)
	go func() { served <- serveEcho(at, in) }()
	if err := reachable(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{}}
	answer, err := client.Post("http://"+at, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if _ = answer.Body.Close(); err != nil || string(body) != "hello" {
		t.Errorf("%q, %v", body, err)
	}
	client.CloseIdleConnections()
	var r result
	if n, err := load(t.Context(), settings{seconds: 0.1, connections: 2}, at, &r); err != nil || n == 0 || r.P99Millis <= 0 {
		t.Errorf("%d requests, %+v, %v", n, r, err)
	}
	_ = end.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestWhatCannotBeMeasuredIsSaid(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for name, s := range map[string]settings{
		"-job dance is none": {job: "dance", adapterd: "x", tls: "127.0.0.1:1", records: 1, seconds: 1, connections: 1},
		"-adapterd and -tls": {job: "lines", records: 1, seconds: 1, connections: 1},
		"are above 0":        {job: "echo"},
		"no such file":       {job: "lines", adapterd: filepath.Join(os.TempDir(), "no", "adapterd"), tls: "127.0.0.1:1", records: 1, seconds: 1, connections: 1},
		"missing port":       {job: "lines", adapterd: "x", tls: "localhost", records: 1, seconds: 1, connections: 1},
	} {
		if _, err := run(ctx, s); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %q", err, name)
		}
	}
}
