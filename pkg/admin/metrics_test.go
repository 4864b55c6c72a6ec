package admin

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// producing is an adapter with a producer.
type producing struct {
	*fake
	producers map[string]*kpl.Producer
}

func (p producing) Producers() map[string]*kpl.Producer { return p.producers }

// withProducers is a server whose adapter has two producers, that have both sent something.
func withProducers(t *testing.T, f *fake) *Server {
	t.Helper()
	endpoint := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 2}})
	p := producing{f, make(map[string]*kpl.Producer)}
	for _, id := range []string{"kinesis", "other"} {
		c := kpl.DefaultConfig()
		c.Region, c.KinesisEndpoint, c.MetricsLevel = "us-east-1", endpoint.URL(), kpl.MetricsNone
		c.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
		producer, err := kpl.New(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = producer.Close(t.Context()) })
		if _, err := producer.PutSync(t.Context(), kpl.Record{Stream: "orders", PartitionKey: "k", Data: []byte("12345")}); err != nil {
			t.Fatal(err)
		}
		p.producers[id] = producer
	}
	s := listen(t, nil)
	s.Attach(p)
	return s
}

func TestMetrics(t *testing.T) {
	f := busy()
	text := ask(t, withProducers(t, f), "GET", "/metrics", "").text
	for _, want := range []string{
		`adapterd_build_info{goarch="`, `version="v1.2.3"} 1`,
		`adapterd_ready 1`, `adapterd_state{state="started"} 1`, `adapterd_state{state="failed"} 0`, `adapterd_start_time_seconds 1.795521`,
		`adapterd_channel_state{channel="orders",state="started"} 1`, `adapterd_channel_state{channel="a/b ü",state="failed"} 1`, `adapterd_channel_auto_start{channel="orders"} 1`,
		`adapterd_connection_state{connection="kinesis",state="started"} 1`,
		`adapterd_messages_consumed_total{channel="orders",workflow="wf"} 10`,
		`adapterd_messages_total{channel="orders",outcome="delivered",workflow="wf"} 2`, `adapterd_messages_total{channel="orders",outcome="given_back",workflow="wf"} 2`,
		`adapterd_messages_in_flight{channel="orders",workflow="wf"} 2`, `adapterd_messages_buffered_bytes{channel="orders",workflow="wf"} 10`,
		`adapterd_message_latency_seconds{channel="orders",workflow="wf",quantile="0.99"} 2`, `adapterd_message_latency_seconds_sum{channel="orders",workflow="wf"} 4.000000003`,
		`adapterd_adapter_messages_total{outcome="failed"} 2`, `adapterd_hot_shards 1`, `adapterd_last_reload_successful 0`,
		`kpl_user_records_put_total{connection="kinesis",shard="shardId-`, `kpl_user_records_put_total{connection="other",shard="shardId-`,
		"\ngo_goroutines ", "\nprocess_start_time_seconds ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// Zero would be the best of all latencies.
func TestNoMessageHasNoLatency(t *testing.T) {
	f := busy()
	f.st.Channels[0].Workflows[0].Latency, f.st.Channels[0].Workflows[0].LatencySum = kpl.Latency{}, 0
	got := ask(t, withAdapter(t, f, nil), "GET", "/metrics", "").text
	for _, want := range []string{`quantile="0.5"} NaN`, `quantile="0.99"} NaN`, `adapterd_message_latency_seconds_count{channel="orders",workflow="wf"} 0`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestMetricsAreWellMade(t *testing.T) {
	s := withProducers(t, busy())
	problems, err := testutil.GatherAndLint(newRegistry(s))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("promtool is not there to check them, too")
		return
	}
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = strings.NewReader(ask(t, s, "GET", "/metrics", "").text)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// What was described is what comes, whatever texts ids have.
func TestMetricsOfOddIDs(t *testing.T) {
	f := busy()
	f.st.Channels[0].ID, f.st.Channels[0].Workflows[0].ID, f.st.Connections[0].ID = "a\xffb", "w\"\n\\", ""
	r := prometheus.NewPedanticRegistry()
	s := withAdapter(t, f, nil)
	r.MustRegister(adapterMetrics{s})
	if _, err := r.Gather(); err != nil {
		t.Error(err)
	}
	f.set(func() { f.st = adapter.Status{} })
	if _, err := r.Gather(); err != nil {
		t.Error(err)
	}
}

func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/admin-api.md")
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	r.MustRegister(adapterMetrics{withAdapter(t, busy(), nil)})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if len(families) != len(allMetrics) {
		t.Errorf("%d metrics of %d are there", len(families), len(allMetrics))
	}
	for _, f := range families {
		if !strings.Contains(string(page), "`"+f.GetName()) {
			t.Errorf("%s is missing", f.GetName())
		}
	}
	for path := range theDescription(t).Paths {
		if !strings.Contains(string(page), "`"+path) {
			t.Errorf("%s is missing", path)
		}
	}
}
