package top

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/workflow"
)

var update = flag.Bool("update", false, "renew the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func shard(n int, records float64, stored int64) kpl.ShardStats {
	return kpl.ShardStats{
		ShardID: fmt.Sprintf("shardId-%012d", n), StartingHashKey: "0", EndingHashKey: "170141183460469231731687303715884105727", Buffered: 12, InFlight: 3,
		ShardTotals: kpl.ShardTotals{Stored: stored, StoredBytes: 100 * stored}, RecordsPerSecond: records, BytesPerSecond: 100 * records, RatePercent: 150,
	}
}

// quiet is an adapter where all is well.
func quiet() adapter.Status {
	l := kpl.Latency{Count: 9, P50: 12 * time.Millisecond, P99: 40 * time.Millisecond}
	return adapter.Status{
		Version: "v1.2.3", Document: "adapter.xml", State: adapter.StateStarted, Now: noon, StartedAt: noon.Add(-3 * time.Hour), Ready: true,
		Channels: []adapter.ChannelStatus{{
			ID: "orders", State: adapter.StateStarted, AutoStart: true, ProduceConnection: "kinesis", Counts: workflow.Counts{Consumed: 12004, Delivered: 12000, InFlight: 4},
			Workflows: []adapter.WorkflowStatus{{ID: "wf", Consumer: "fs-consumer", Producer: "aws-kinesis-stream-producer", State: adapter.StateStarted, BufferedBytes: 2048, MessagesPerSecond: 120.4, Latency: l}},
		}},
		Connections: []adapter.ConnectionStatus{{ID: "kinesis", Class: "aws-kinesis-kpl-connection", State: adapter.StateStarted, Producer: &kpl.Stats{
			MaxOutstandingRecords: 10000, MaxOutstandingBytes: 100 << 20, MaxConnections: 24,
			Streams: []kpl.StreamStats{{
				Stream: "orders-stream", Aggregating: true, Totals: kpl.Totals{Stored: 12000, KinesisRecords: 400}, RecordsPerSecond: 120.4, BytesPerSecond: 12040, Latency: l, RequestTime: l, OpenShards: 2,
				Shards: []kpl.ShardStats{shard(0, 80.2, 8000), shard(1, 40.2, 4000)},
			}},
		}}},
	}
}

// troubled is one that has everything that can be the matter.
func troubled() (adapter.Status, []adapter.Failure) {
	st := quiet()
	st.Ready, st.NotReady = false, []string{"channel billing failed: login refused", "connection ledger is not there"}
	st.Channels = append(st.Channels,
		adapter.ChannelStatus{ID: "billing", State: adapter.StateFailed, AutoStart: true, Error: "login refused", Counts: workflow.Counts{Failed: 7}},
		adapter.ChannelStatus{ID: "returns", State: adapter.StatePaused, AutoStart: true, Counts: workflow.Counts{Delivered: 50, Handled: 2}},
		adapter.ChannelStatus{ID: "archive", State: adapter.StateStopped})
	p := st.Connections[0].Producer
	p.BlockedPuts, p.OutstandingRecords, p.OutstandingBytes = 2, 10000, 5<<20
	s := &p.Streams[0]
	s.ErrorsByCode = map[string]int64{"ProvisionedThroughputExceededException": 1204, "InternalFailure": 3}
	s.Throttled, s.Failed, s.ShardMapAge, s.ShardMapError = 1204, 7, 5*time.Minute, "ListShards: access denied"
	s.Shards[0].Throttled, s.Shards[0].ErrorsByCode = 1204, map[string]int64{"ProvisionedThroughputExceededException": 1204}
	st.HotShards = []adapter.HotShard{{Connection: "kinesis", Stream: "orders-stream", ShardID: "shardId-000000000000", Reason: "it gets 67 % of the records with 50 % of the hash keys; split it"}}
	st.LastReload = &adapter.ReloadStatus{At: noon, Error: "adapter.xml:3:5: unknown element"}
	return st, []adapter.Failure{
		{At: noon.Add(-time.Minute), Channel: "billing", Workflow: "wf", Message: "m-2", Reason: "throttled for longer than the record may wait", Remedy: "add shards to orders-stream, or raise RecordTtl", Stream: "orders-stream", ShardID: "shardId-000000000000", ErrorCode: "Expired", Attempts: 9},
		{At: noon.Add(-25 * time.Hour), Channel: "returns", Workflow: "wf", Message: "m-1", Reason: "no such field", Handled: true},
	}
}

// told is the JSON of a state; landed are figures for its shards that the server's type does not need to have.
func told(t testing.TB, st adapter.Status, landed ...int64) []byte {
	t.Helper()
	text, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	if len(landed) == 0 {
		return text
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	stream := tree["connections"].([]any)[0].(map[string]any)["producer"].(map[string]any)["streams"].([]any)[0].(map[string]any)
	for i, n := range landed {
		sh := stream["shards"].([]any)[i].(map[string]any)
		sh["landed"] = n
		sh["hot_keys"] = []any{map[string]any{"key": "customer-7", "share": 0.25}}
	}
	text, err = json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func snap(t testing.TB, text []byte) *snapshot {
	t.Helper()
	s, err := parseSnapshot(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// modelOf is a screen of a state.
func modelOf(t testing.TB, text []byte, failures []adapter.Failure, width, height int, colour bool) *model {
	t.Helper()
	m := newModel(snap(t, text), "http://127.0.0.1:8088", time.UTC, colour, noon)
	m.do = func(action) {}
	m.width, m.height = width, height
	m.Update(failuresMsg(failures))
	return m
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if got != string(want) {
		t.Errorf("not as in %s; got\n%s", path, got)
	}
}

// server is an admin server that tells what a test wants, and keeps what it is asked to do.
type server struct {
	*httptest.Server
	mu       sync.Mutex // guards the fields below
	text     []byte
	failures []adapter.Failure
	// posted are the paths of POST requests; refuses what they are answered, if not empty.
	posted  []string
	refuses string
	// noEvents answers /api/events with 404.
	noEvents bool
	events   []chan string
}

// serve starts one at an address, or anywhere if that is empty.
func serve(t *testing.T, text []byte) *server {
	t.Helper()
	s := &server{text: text, failures: []adapter.Failure{}}
	s.Server = httptest.NewServer(s.handler())
	t.Cleanup(s.stop)
	return s
}

func (s *server) stop() {
	s.CloseClientConnections()
	s.Close()
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/status", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, _ = w.Write(s.text)
	})
	mux.HandleFunc("GET /api/failures", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = json.NewEncoder(w).Encode(s.failures)
	})
	mux.HandleFunc("GET /api/events", s.listen)
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		path := r.URL.EscapedPath()
		if r.Header.Get("X-Adapterd") != "1" {
			path += " without its header"
		}
		s.posted = append(s.posted, path)
		if s.refuses != "" {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(s.refuses))
			return
		}
		_, _ = w.Write([]byte("{}"))
	})
	return mux
}

func (s *server) listen(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.noEvents {
		s.mu.Unlock()
		http.NotFound(w, r)
		return
	}
	to := make(chan string, 16)
	s.events = append(s.events, to)
	first := "event: status\ndata: " + string(s.text) + "\n\n"
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	for text := first; ; {
		if _, err := w.Write([]byte(text)); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case text = <-to:
		case <-r.Context().Done():
			return
		}
	}
}

// send tells all who listen.
func (s *server) send(name string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, to := range s.events {
		to <- "event: " + name + "\ndata: " + string(data) + "\n\n"
	}
}

func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posted)
}

// await looks until something that can not be waited for has come true.
func await(t *testing.T, what string, holds func() bool, instead func() string) {
	t.Helper()
	limit := time.NewTimer(60 * time.Second)
	defer limit.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-limit.C:
			t.Fatalf("waited in vain for %s\n%s", what, instead())
		}
	}
}
