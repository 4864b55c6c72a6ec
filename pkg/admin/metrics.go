package admin

import (
	"math"
	"net/http"
	"runtime"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl/kplprometheus"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// newMetrics makes the handler of /metrics, with a registry of its own: nothing that a library registers by itself is in it.
func newMetrics(s *Server) http.Handler {
	registry := newRegistry(s)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: scrapeLog{s.options.Log}, ErrorHandling: promhttp.ContinueOnError, Registry: nil, EnableOpenMetrics: true,
	})
}

func newRegistry(s *Server) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		adapterMetrics{s}, producerMetrics{s})
	return registry
}

// scrapeLog gets what could not be gathered.
type scrapeLog struct{ log *zap.Logger }

func (l scrapeLog) Println(v ...any) {
	l.log.Sugar().Warn(append([]any{"some metrics are missing: "}, v...)...)
}

func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("adapterd_"+name, help, labels, nil)
}

var (
	ofChannel  = []string{"channel"}
	ofWorkflow = []string{"channel", "workflow"}

	buildInfo    = metric("build_info", "1, with what the program is.", "version", "goversion", "goos", "goarch")
	up           = metric("ready", "1 if every channel that should run does.")
	state        = metric("state", "1 for the adapter's state, 0 for the others.", "state")
	started      = metric("start_time_seconds", "When the adapter was started, in seconds since 1970.")
	channelState = metric("channel_state", "1 for the channel's state, 0 for the others.", "channel", "state")
	autoStart    = metric("channel_auto_start", "1 if the channel is to run whenever the adapter does.", ofChannel...)
	connected    = metric("connection_state", "1 for the connection's state, 0 for the others.", "connection", "state")
	consumed     = metric("messages_consumed_total", "Messages that came from the consumer.", ofWorkflow...)
	outcomes     = metric("messages_total", "Messages that had their outcome: delivered, handled by an error handler, failed, or given_back to their source by a stop.",
		"channel", "workflow", "outcome")
	inFlight      = metric("messages_in_flight", "Messages without an outcome.", ofWorkflow...)
	buffered      = metric("messages_buffered_bytes", "Payloads of messages without an outcome.", ofWorkflow...)
	latency       = metric("message_latency_seconds", "Time from the consumer to the outcome, exact to a quarter.", ofWorkflow...)
	allConsumed   = metric("adapter_messages_consumed_total", "Messages of all channels, those that reloads took away included.")
	allOutcomes   = metric("adapter_messages_total", "Messages of all channels that had their outcome, those that reloads took away included.", "outcome")
	hotShards     = metric("hot_shards", "Shards that get far more than their share, or that throttle.")
	lastReload    = metric("last_reload_successful", "1 if the last reload changed what it should; absent before the first.")
	lastReloadAt  = metric("last_reload_time_seconds", "When the last reload was, in seconds since 1970; absent before the first.")
	adapterStates = []string{adapter.StateStarting, adapter.StateStarted, adapter.StateStopping, adapter.StateStopped, adapter.StateFailed}
	partStates    = append([]string{adapter.StatePaused}, adapterStates...)
	allMetrics    = []*prometheus.Desc{
		buildInfo, up, state, started, channelState, autoStart, connected, consumed, outcomes, inFlight, buffered, latency, allConsumed, allOutcomes, hotShards,
		lastReload, lastReloadAt,
	}
)

// adapterMetrics asks for the state whenever it is scraped.
type adapterMetrics struct{ s *Server }

// Describe implements prometheus.Collector.
func (adapterMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range allMetrics {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m adapterMetrics) Collect(to chan<- prometheus.Metric) {
	st, out := m.s.status(), metricsTo(to)
	out.gauge(buildInfo, 1, st.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	out.gauge(up, truth(st.Ready))
	out.states(state, adapterStates, st.State)
	if !st.StartedAt.IsZero() {
		out.gauge(started, float64(st.StartedAt.UnixMilli())/1000)
	}
	out.counter(allConsumed, st.Counts.Consumed)
	out.outcomes(allOutcomes, st.Counts)
	for _, c := range st.Channels {
		out.states(channelState, partStates, c.State, c.ID)
		out.gauge(autoStart, truth(c.AutoStart), c.ID)
		for _, w := range c.Workflows {
			out.counter(consumed, w.Counts.Consumed, c.ID, w.ID)
			out.outcomes(outcomes, w.Counts, c.ID, w.ID)
			out.gauge(inFlight, float64(w.Counts.InFlight), c.ID, w.ID)
			out.gauge(buffered, float64(w.BufferedBytes), c.ID, w.ID)
			l, p50, p99 := w.Latency, math.NaN(), math.NaN()
			if l.Count > 0 {
				p50, p99 = l.P50.Seconds(), l.P99.Seconds()
			}
			out <- prometheus.MustNewConstSummary(latency, uint64(l.Count), w.LatencySum.Seconds(),
				map[float64]float64{0.5: p50, 0.99: p99}, text(c.ID), text(w.ID))
		}
	}
	for _, c := range st.Connections {
		out.states(connected, partStates, c.State, c.ID)
	}
	out.gauge(hotShards, float64(len(st.HotShards)))
	if r := st.LastReload; r != nil {
		out.gauge(lastReload, truth(r.Error == ""))
		out.gauge(lastReloadAt, float64(r.At.UnixMilli())/1000)
	}
}

// metricsTo takes metrics.
type metricsTo chan<- prometheus.Metric

func (to metricsTo) gauge(d *prometheus.Desc, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, texts(labels)...)
}

func (to metricsTo) counter(d *prometheus.Desc, value int64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), texts(labels)...)
}

func (to metricsTo) states(d *prometheus.Desc, all []string, is string, labels ...string) {
	for _, s := range all {
		to.gauge(d, truth(s == is), append(labels[:len(labels):len(labels)], s)...)
	}
}

func (to metricsTo) outcomes(d *prometheus.Desc, n workflow.Counts, labels ...string) {
	for _, o := range []struct {
		name  string
		value int64
	}{{"delivered", n.Delivered}, {"handled", n.Handled}, {"failed", n.Failed}, {"given_back", n.GivenBack}} {
		to.counter(d, o.value, append(labels[:len(labels):len(labels)], o.name)...)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// text is what a label can have.
func text(s string) string { return strings.ToValidUTF8(s, "?") }

func texts(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = text(s)
	}
	return out
}

// producerMetrics shows the producers that there are at a scrape. It describes nothing beforehand: reloads bring others.
type producerMetrics struct{ s *Server }

// Describe implements prometheus.Collector.
func (producerMetrics) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (m producerMetrics) Collect(out chan<- prometheus.Metric) {
	a, ok := m.s.adapter().(Producing)
	if !ok {
		return
	}
	for id, p := range a.Producers() {
		prometheus.WrapCollectorWith(prometheus.Labels{"connection": text(id)}, kplprometheus.NewCollector(p)).Collect(out)
	}
}
