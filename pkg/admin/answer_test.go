package admin

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
)

func TestListsAreNeverNull(t *testing.T) {
	s := &Server{options: Options{Mask: mask}}
	shared := &adapter.ReloadStatus{}
	for _, body := range []any{
		[]Stream(nil), []adapter.Failure(nil), adapter.ChannelStatus{}, ReloadRefused{}, Health{},
		adapter.Status{LastReload: shared, Channels: make([]adapter.ChannelStatus, 1), Connections: []adapter.ConnectionStatus{{Producer: &kpl.Stats{Streams: make([]kpl.StreamStats, 1)}}}},
		[]Stream{{StreamStats: kpl.StreamStats{Shards: nil}}},
	} {
		text, err := s.encode(body)
		if err != nil || strings.Contains(string(text), "null") {
			t.Errorf("%T: %s, %v", body, text, err)
		}
	}
	if shared.Started != nil {
		t.Error("what others have, too, was changed")
	}
}

func TestSecretsAreMaskedInTextsOnly(t *testing.T) {
	mask := strings.NewReplacer("secret", "***", `":"`, "***", "started", "***").Replace
	s := &Server{options: Options{Mask: mask}}
	text, err := s.encode(adapter.ChannelStatus{ID: "secret-channel", State: "started", Error: `a":"b secret <&>`})
	if err != nil {
		t.Fatal(err)
	}
	var got adapter.ChannelStatus
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if got.ID != "***-channel" || got.State != "***" || got.Error != "a***b *** <&>" {
		t.Errorf("%+v", got)
	}
	// Numbers keep their digits.
	text, err = s.encode(struct {
		N int64
		S string
		M map[string]string
	}{1<<63 - 1, "secret", map[string]string{"the secret": "is secret"}})
	if err != nil || string(text) != `{"N":9223372036854775807,"S":"***","M":{"the ***":"is ***"}}`+"\n" {
		t.Errorf("%s, %v", text, err)
	}
}

func TestPartitionKeysAreShownIfAllowedOnly(t *testing.T) {
	f := busy()
	for _, show := range []bool{false, true} {
		s := withAdapter(t, f, func(o *Options) { o.ShowKeys = show })
		for _, path := range []string{"/api/status", "/api/streams"} {
			if got := ask(t, s, "GET", path, ""); strings.Contains(got.text, `"hot_keys":[{"key":"customer-7","share":0.5}]`) != show || strings.Contains(got.text, "customer-7") != show {
				t.Errorf("allowed %v: %s", show, got.text)
			}
		}
	}
	if f.st.Connections[0].Producer.Streams[0].Shards[0].HotKeys == nil {
		t.Error("what others have, too, was changed")
	}
}

func TestWhatCanNotBeWrittenIsAnError(t *testing.T) {
	s := listen(t, nil)
	recorded := &recorder{header: make(http.Header)}
	s.answer(recorded, 200, make(chan int))
	if recorded.status != 500 || !strings.Contains(recorded.text, "can not be written as JSON") {
		t.Errorf("%d %s", recorded.status, recorded.text)
	}
}

type recorder struct {
	header http.Header
	status int
	text   string
}

func (r *recorder) Header() http.Header    { return r.header }
func (r *recorder) WriteHeader(status int) { r.status = status }
func (r *recorder) Write(p []byte) (int, error) {
	r.text += string(p)
	return len(p), nil
}

func TestStreamsHaveTheirConnection(t *testing.T) {
	got := read[[]Stream](t, ask(t, withAdapter(t, busy(), nil), "GET", "/api/streams", ""))
	if len(got) != 2 || got[0].Connection != "kinesis" || got[0].Stream != "orders-stream" || got[0].Stored != 7 || len(got[0].Shards) != 1 || got[0].ShardMapError != "the answer said ***" {
		t.Errorf("%+v", got)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	f := busy()
	f.failures = make([]adapter.Failure, 3*mostFailures)
	f.failures[0].Message = "newest"
	got := read[[]adapter.Failure](t, ask(t, withAdapter(t, f, nil), "GET", "/api/failures", ""))
	if len(got) != mostFailures || got[0].Message != "newest" {
		t.Errorf("%d failures", len(got))
	}
}

func TestLogLevel(t *testing.T) {
	l := &levels{level: "info"}
	s := listen(t, func(o *Options) { o.LogLevel = l })
	for _, c := range []struct {
		name, body, contentType string
		want                    int
		says                    string
	}{
		{"another level", `{"level":"debug"}`, "application/json", 200, `{"level":"debug"}`},
		{"with a charset", `{"level":"trace"}`, "application/json; charset=utf-8", 200, `{"level":"trace"}`},
		{"no level", `{"level":"loud"}`, "application/json", 400, "one of trace, debug, info, warn, error"},
		{"nothing", `{}`, "application/json", 400, "one of trace"},
		{"null", `null`, "application/json", 400, "one of trace"},
		{"more than that", `{"level":"info","for":"1h"}`, "application/json", 400, `unknown field \"for\"`},
		{"two values", `{"level":"info"}{}`, "application/json", 400, "more than one JSON value"},
		{"no JSON", `level=info`, "application/json", 400, "is not the JSON that is wanted"},
		{"a form", `level=info`, "application/x-www-form-urlencoded", 415, "Content-Type: application/json"},
		{"a form's text", `{"level":"info"}`, "text/plain", 415, "Content-Type: application/json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := l.Level()
			ask(t, s, "POST", "/api/log-level", c.body, "Content-Type: "+c.contentType).wants(t, c.want, c.says)
			if c.want != 200 && l.Level() != before {
				t.Errorf("the level is %s", l.Level())
			}
			ask(t, s, "GET", "/api/log-level", "").wants(t, 200, `{"level":"`+l.Level()+`"}`)
		})
	}
}

// logged is a log level that a log has.
type logged struct {
	levels
	zap.AtomicLevel
}

func (a *logged) Level() string         { return a.AtomicLevel.String() }
func (a *logged) SetLevel(level string) { _ = a.UnmarshalText([]byte(level)) } // one of Levels

// Whether a change silences the log or opens it, the log has it.
func TestAChangeOfTheLogLevelIsLoggedEitherWay(t *testing.T) {
	a := &logged{AtomicLevel: zap.NewAtomicLevelAt(zap.InfoLevel)}
	core, logs := observer.New(a.AtomicLevel)
	s := listen(t, func(o *Options) { o.LogLevel, o.Log = a, zap.New(core) })
	for i, level := range []string{"error", "debug", "warn"} {
		ask(t, s, "POST", "/api/log-level", `{"level":"`+level+`"}`).wants(t, 200, level)
		if all := logs.FilterMessage("an operator changes the log level").All(); len(all) != i+1 || all[i].ContextMap()["level"] != level {
			t.Errorf("to %s: %v", level, all)
		}
	}
}

func FuzzLogLevelBody(f *testing.F) {
	for _, body := range []string{`{"level":"info"}`, `{}`, `null`, `[]`, `"info"`, `{"level":1}`, `{"level":"info","level":"warn"}`, "\x00", `{"level":"info"`, `{"LEVEL":"info"}`} {
		f.Add(body)
	}
	l := &levels{level: "info"}
	s := &Server{options: Options{LogLevel: l, Mask: mask}}
	s.options.check()
	f.Fuzz(func(t *testing.T, body string) {
		r, err := http.NewRequest("POST", "/api/log-level", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		got := &recorder{header: make(http.Header)}
		s.json(s.postLogLevel)(got, r)
		known := false
		for _, level := range l.Levels() {
			known = known || l.Level() == level
		}
		if !known || got.status != 200 && got.status != 400 || !json.Valid([]byte(got.text)) {
			t.Errorf("level %q, %d %s", l.Level(), got.status, got.text)
		}
	})
}

func TestFailedMessages(t *testing.T) {
	shelf := &shelf{}
	s := listen(t, func(o *Options) { o.Failed = shelf })
	ask(t, s, "GET", "/api/failed", "").wants(t, 200, `[{"dir":0,"directory":"failed","name":"one.json"`)
	ask(t, s, "GET", "/api/failed/0/one.json", "").wants(t, 200, `"metadata":{},"payload":"{}"`)
	ask(t, s, "POST", "/api/failed/0/one.json/retry", "").wants(t, 200, `{"name":"one.json","action":"retry"}`)
	ask(t, s, "POST", "/api/failed/0/one.json/drop", "").wants(t, 200, `{"name":"one.json","action":"drop"}`)
	ask(t, s, "POST", "/api/failed/0/busy/retry", "").wants(t, 409, "being retried already")
	if strings.Join(shelf.did, " ") != "retry drop" {
		t.Errorf("did %q", shelf.did)
	}
	for _, path := range []string{
		"/api/failed/1/one.json", "/api/failed/-1/one.json", "/api/failed/x/one.json", "/api/failed/99999999999999999999/one.json", "/api/failed/0/two.json",
		"/api/failed/0/%2e%2e%2fone.json", "/api/failed/0/..%5cone.json", "/api/failed/0/%00", "/api/failed/0/%2Fetc%2Fpasswd", "/api/failed/0/%2e%2e",
	} {
		if got := ask(t, s, "GET", path, ""); got.StatusCode != 404 {
			t.Errorf("%s: %d %s", path, got.StatusCode, got.text)
		}
		if got := ask(t, s, "POST", path+"/drop", ""); got.StatusCode != 404 && got.StatusCode != 405 {
			t.Errorf("%s/drop: %d %s", path, got.StatusCode, got.text)
		}
	}
	if len(shelf.did) != 2 {
		t.Errorf("did %q", shelf.did)
	}
}
