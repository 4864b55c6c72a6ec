package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/workflow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is what no answer may have.
const secret = `pa"ss<w>ord/of-the-customer`

// fake is an adapter whose state tests set.
type fake struct {
	mu       sync.Mutex // guards the fields below
	st       adapter.Status
	failures []adapter.Failure
	tell     []func(adapter.Failure)
	did      []string
	fails    error
	reloaded adapter.Reloaded
	// during is called within each action, with its context; nil for nothing.
	during func(context.Context) error
}

func counts(n int64) workflow.Counts {
	return workflow.Counts{Consumed: 5 * n, Delivered: n, Handled: n, Failed: n, InFlight: n, GivenBack: n}
}

// busy is an adapter that has everything a state can show.
func busy() *fake {
	latency := kpl.Latency{Count: 4, Mean: time.Second, P50: time.Second, P99: 2 * time.Second, Max: 3 * time.Second}
	stats := kpl.Stats{OutstandingRecords: 3, MaxConnections: 24, Uptime: time.Minute, Streams: []kpl.StreamStats{{
		Stream: "orders-stream", Aggregating: true, Totals: kpl.Totals{Stored: 7}, ErrorsByCode: map[string]int64{"InternalFailure": 2}, Latency: latency, RequestTime: latency, OpenShards: 1,
		ShardMapError: "the answer said " + secret,
		Shards:        []kpl.ShardStats{{ShardID: "shardId-000000000000", StartingHashKey: "0", EndingHashKey: "340282366920938463463374607431768211455", HotKeys: []kpl.HotKey{{Key: "customer-7", Share: 0.5}}, ErrorsByCode: map[string]int64{"Timeout": 1}}},
	}, {Stream: "quiet"}}}
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return &fake{
		st: adapter.Status{
			Document: "adapter.xml", State: adapter.StateStarted, Now: now, StartedAt: now, Counts: counts(2), Ready: true,
			Channels: []adapter.ChannelStatus{
				{ID: "orders", State: adapter.StateStarted, AutoStart: true, ConsumeConnection: "null-connection", ProduceConnection: "kinesis", Counts: counts(2), Workflows: []adapter.WorkflowStatus{{
					ID: "wf", Class: "standard-workflow", Consumer: "fs-consumer", Producer: "aws-kinesis-stream-producer", State: adapter.StateStarted, Counts: counts(2), BufferedBytes: 10,
					MessagesPerSecond: 1.5, Latency: latency, LatencySum: 4*time.Second + 3*time.Nanosecond,
				}}},
				{ID: "a/b ü", State: adapter.StateFailed, Error: "login with " + secret + " failed"},
			},
			Connections: []adapter.ConnectionStatus{{ID: "kinesis", Class: "aws-kinesis-kpl-connection", State: adapter.StateStarted, Producer: &stats}, {ID: "null", Class: "null-connection", State: adapter.StateStarted}},
			HotShards:   []adapter.HotShard{{Connection: "kinesis", Stream: "orders-stream", ShardID: "shardId-000000000000", Reason: "it gets 90 % of the records"}},
			LastReload:  &adapter.ReloadStatus{At: now, Error: "refused, with " + secret},
		},
		failures: []adapter.Failure{
			{At: now, Channel: "orders", Workflow: "wf", Message: "2", Reason: "throttled with " + secret, Remedy: "add shards", Stream: "orders-stream", ShardID: "shardId-000000000000", ErrorCode: "ProvisionedThroughputExceededException", Attempts: 3},
			{At: now, Channel: "orders", Workflow: "wf", Message: "1", Reason: "no", Handled: true},
		},
	}
}

func (f *fake) Status() adapter.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := f.st
	st.Channels = slices.Clone(st.Channels)
	st.Connections = slices.Clone(st.Connections)
	return st
}

func (f *fake) Failures() []adapter.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.failures)
}

func (f *fake) OnFailure(tell func(adapter.Failure)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell = append(f.tell, tell)
}

// fail tells of a failure, as whoever brings a message to its end does.
func (f *fake) fail(failure adapter.Failure) {
	f.mu.Lock()
	tell := slices.Clone(f.tell)
	f.mu.Unlock()
	for _, t := range tell {
		t(failure)
	}
}

func (f *fake) do(ctx context.Context, what, id string) error {
	f.mu.Lock()
	known := id == "" || slices.ContainsFunc(f.st.Channels, func(c adapter.ChannelStatus) bool { return c.ID == id })
	if known {
		f.did = append(f.did, strings.TrimSpace(what+" "+id))
	}
	fails, during := f.fails, f.during
	f.mu.Unlock()
	if !known {
		return fmt.Errorf("%w: %s", adapter.ErrNoChannel, id)
	}
	if during != nil {
		return during(ctx)
	}
	return fails
}

func (f *fake) StartChannel(ctx context.Context, id string) error   { return f.do(ctx, "start", id) }
func (f *fake) StopChannel(ctx context.Context, id string) error    { return f.do(ctx, "stop", id) }
func (f *fake) RestartChannel(ctx context.Context, id string) error { return f.do(ctx, "restart", id) }
func (f *fake) PauseChannel(ctx context.Context, id string) error   { return f.do(ctx, "pause", id) }
func (f *fake) ResumeChannel(ctx context.Context, id string) error  { return f.do(ctx, "resume", id) }
func (f *fake) Flush(ctx context.Context) error                     { return f.do(ctx, "flush", "") }
func (f *fake) Reload(ctx context.Context) (adapter.Reloaded, error) {
	err := f.do(ctx, "reload", "")
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reloaded, err
}

// hangs makes the next action last until its context ends; begun is closed when it has begun.
func (f *fake) hangs() (begun <-chan struct{}) {
	has := make(chan struct{})
	f.during = func(ctx context.Context) error {
		close(has)
		<-ctx.Done()
		return ctx.Err()
	}
	return has
}

func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// levels are a log level.
type levels struct {
	mu    sync.Mutex // guards level
	level string
}

func (l *levels) Level() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.level
}

func (l *levels) SetLevel(level string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.level = level
}

func (*levels) Levels() []string { return []string{"trace", "debug", "info", "warn", "error"} }

// shelf has failed messages by name, in one directory.
type shelf struct {
	mu  sync.Mutex // guards did
	did []string
}

func (*shelf) List(context.Context) ([]FailedMessage, error) {
	return []FailedMessage{{Directory: "failed", Name: "one.json", Bytes: 3, Reason: "refused with " + secret}}, nil
}

func (s *shelf) Show(_ context.Context, dir int, name string) (FailedDetail, error) {
	if dir != 0 || name != "one.json" {
		return FailedDetail{}, ErrNoFailedMessage
	}
	return FailedDetail{FailedMessage: FailedMessage{Directory: "failed", Name: name}, Payload: "{}"}, nil
}

func (s *shelf) Retry(_ context.Context, dir int, name string) error {
	return s.take("retry", dir, name)
}
func (s *shelf) Drop(_ context.Context, dir int, name string) error {
	return s.take("drop", dir, name)
}

func (s *shelf) take(what string, dir int, name string) error {
	switch {
	case name == "busy":
		return errors.New("it is being retried already")
	case dir != 0 || name != "one.json":
		return fmt.Errorf("%w: %s", ErrNoFailedMessage, name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.did = append(s.did, what)
	return nil
}

// mask hides secret as a masked log does: as it is and as it looks in JSON.
func mask(s string) string {
	inJSON, _ := json.Marshal(secret)
	return strings.NewReplacer(secret, "***", strings.Trim(string(inJSON), `"`), "***", strings.ReplaceAll(secret, `"`, `\"`), "***").Replace(s)
}

// listen starts a server with everything, and ends it with the test.
func listen(t *testing.T, change func(*Options)) *Server {
	t.Helper()
	o := Options{Address: "127.0.0.1:0", Version: "v1.2.3", Document: "adapter.xml", LogLevel: &levels{level: "info"}, Failed: &shelf{}, Mask: mask, now: leap()}
	if change != nil {
		change(&o)
	}
	s, err := Listen(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// leap is a clock on which a second has passed whenever it is looked at, so that no rate is too high.
func leap() func() time.Time {
	var n atomic.Int64
	return func() time.Time { return time.Unix(n.Add(1), 0) }
}

// withAdapter is a server with an adapter.
func withAdapter(t *testing.T, f *fake, change func(*Options)) *Server {
	t.Helper()
	s := listen(t, change)
	s.Attach(f)
	return s
}

// reply is an answer with its whole body.
type reply struct {
	*http.Response
	text string
}

// ask sends a request and reads the answer. Headers are "Name: value"; Host among them is the host. A POST has the header that it needs.
func ask(t *testing.T, s *Server, method, path, body string, headers ...string) reply {
	t.Helper()
	return askBy(t, http.DefaultClient, s, method, path, body, headers...)
}

func askBy(t *testing.T, client *http.Client, s *Server, method, path, body string, headers ...string) reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("X-Adapterd", "1")
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		switch {
		case name == "Host":
			r.Host = value
		case value == "":
			r.Header.Del(strings.TrimSuffix(name, ":"))
		default:
			r.Header.Set(name, value)
		}
	}
	got, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{got, string(text)}
}

// wants checks an answer's status and a part of its body.
func (r reply) wants(t *testing.T, status int, part string) {
	t.Helper()
	if r.StatusCode != status || !strings.Contains(r.text, part) {
		t.Errorf("%s %s: %d %s; want %d with %q", r.Request.Method, r.Request.URL.Path, r.StatusCode, r.text, status, part)
	}
}

// read takes the JSON of an answer.
func read[T any](t *testing.T, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.text), &v); err != nil {
		t.Fatalf("%s: %v\n%s", r.Request.URL.Path, err, r.text)
	}
	return v
}

func problem(line int, message string) document.Problem {
	return document.Problem{Severity: document.SeverityError, Code: "unknown-element", Pos: document.Position{File: "adapter.xml", Line: line, Column: 5}, Message: message}
}
