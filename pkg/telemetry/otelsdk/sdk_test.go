package otelsdk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/telemetry"
	"github.com/adapterd/adapterd/pkg/telemetry/otlptest"
)

func TestMain(m *testing.M) {
	for _, v := range os.Environ() { // those of whoever runs the tests are none of theirs
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OTEL_") {
			_ = os.Unsetenv(name)
		}
	}
	goleak.VerifyTestMain(m)
}

// begin starts an SDK in an environment, with a log that the test can read.
func begin(t *testing.T, environment map[string]string) (*SDK, *observer.ObservedLogs) {
	t.Helper()
	for name, v := range environment {
		t.Setenv(name, v)
	}
	core, log := observer.New(zapcore.DebugLevel)
	s := Start(t.Context(), Options{Service: "adapterd", Version: "v1.2.3", Log: zap.New(core)})
	t.Cleanup(func() { endWithin(s, 100*time.Millisecond) })
	return s, log
}

// end sends what there is.
func end(s *SDK) { endWithin(s, 10*time.Second) }

func endWithin(s *SDK, most time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	s.Shutdown(ctx)
}

// follow takes a message through.
func follow(s *SDK) {
	j := s.Workflow("ch", "wf", "fs-consumer").Begin(message.New([]byte("x")))
	j.Record(telemetry.Sent{Destination: "orders"}).End(telemetry.Outcome{})
	j.Tried(nil)
	j.End(nil)
}

func TestOffUnlessTheEnvironmentAsksForIt(t *testing.T) {
	for _, c := range []struct {
		name        string
		environment map[string]string
		traces      bool
		metrics     bool
		log         string // of an error or warning
	}{
		{"nothing", nil, false, false, ""},
		{"a name alone", map[string]string{"OTEL_SERVICE_NAME": "shop"}, false, false, ""},
		{"an endpoint", map[string]string{otlpEndpoint: "http://127.0.0.1:1"}, true, true, ""},
		{"an endpoint that is empty", map[string]string{otlpEndpoint: " "}, false, false, ""},
		{"an endpoint for traces", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, true, false, ""},
		{"an endpoint for metrics", map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:1/v1/metrics"}, false, true, ""},
		{"an exporter", map[string]string{tracesExporter: "otlp"}, true, false, ""},
		{"an exporter on a console", map[string]string{metricsExporter: "console"}, false, true, ""},
		{"an endpoint, but no metrics", map[string]string{otlpEndpoint: "http://127.0.0.1:1", metricsExporter: "none"}, true, false, ""},
		{"gRPC", map[string]string{otlpEndpoint: "http://127.0.0.1:1", otlpProtocol: "grpc"}, true, true, ""},
		{"disabled", map[string]string{otlpEndpoint: "http://127.0.0.1:1", sdkDisabled: "TRUE"}, false, false, ""},
		{"an exporter that is not known", map[string]string{tracesExporter: "zipkin", metricsExporter: "otlp"}, false, true, "an exporter of OpenTelemetry is not known"},
		{"a protocol that is not known", map[string]string{otlpEndpoint: "http://127.0.0.1:1", otlpProtocol: "thrift"}, false, false, "a protocol of OTLP is not known"},
		{"JSON for spans", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", otlpProtocol: "http/json"}, true, false, ""},
		{"JSON for metrics", map[string]string{otlpEndpoint: "http://127.0.0.1:1", otlpProtocol: "http/json"}, true, true, "metrics can not be sent as http/json"},
		{"logs", map[string]string{logsExporter: "otlp"}, false, false, "logs are not sent to OpenTelemetry"},
		{"a file", map[string]string{configFile: "otel.yaml"}, false, false, "a configuration file of OpenTelemetry is not read"},
		{"a propagator that is not known", map[string]string{otlpEndpoint: "http://127.0.0.1:1", "OTEL_PROPAGATORS": "smoke-signals"}, true, true, "OpenTelemetry can not do all"},
		{"a sampler that is not known", map[string]string{otlpEndpoint: "http://127.0.0.1:1", "OTEL_TRACES_SAMPLER": "dice"}, true, true, "OpenTelemetry can not do all"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, log := begin(t, c.environment)
			if s == nil && (c.traces || c.metrics) || s != nil && (c.traces != (s.Traces != nil) || c.traces != (s.Requests != nil) || c.metrics != (s.Metrics != nil)) {
				t.Errorf("%+v", s)
			}
			var loud []string
			for _, e := range log.All() {
				if e.Level >= zapcore.WarnLevel {
					loud = append(loud, e.Message)
				}
			}
			if c.log == "" && len(loud) > 0 || c.log != "" && !slices.ContainsFunc(loud, func(m string) bool { return strings.HasPrefix(m, c.log) }) {
				t.Errorf("the log says %q, want %q", loud, c.log)
			}
		})
	}
}

func TestSpansAndMetricsArriveByEitherProtocol(t *testing.T) {
	for _, protocol := range []string{"", "http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			c := otlptest.New(t)
			endpoint := c.Endpoint()
			if protocol == "grpc" {
				endpoint = c.EndpointGRPC()
			}
			s, log := begin(t, map[string]string{
				otlpEndpoint: endpoint, otlpProtocol: protocol, "OTEL_EXPORTER_OTLP_HEADERS": "x-token=s3cr3t-token", "OTEL_RESOURCE_ATTRIBUTES": "team=blue,service.version=v9",
				"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_SERVICE_NAME": "shop",
			})
			if s == nil {
				t.Fatal(log.All())
			}
			follow(s)
			end(s) // sends what there is
			process, send := c.Spans("process wf"), c.Spans("send orders")
			if len(process) != 1 || len(send) != 1 || send[0].Parent() != process[0].ID() || process[0].Parent() != "" || send[0].Trace() != process[0].Trace() {
				t.Fatalf("%v", c.Spans(""))
			}
			r := process[0].Resource
			if r["service.name"] != "shop" || r["team"] != "blue" || r["service.version"] != "v9" || r["telemetry.sdk.language"] != "go" {
				t.Errorf("resource %v", r)
			}
			for name := range r {
				if strings.Contains(name, "command") { // which may hold secrets
					t.Errorf("the resource has %s", name)
				}
			}
			if p := c.Points("messaging.process.duration"); len(p) != 1 || p[0].Count != 1 || p[0].Attributes["adapterd.outcome"] != "delivered" {
				t.Errorf("durations %+v", p)
			}
			if p := c.Points("adapterd.uptime"); len(p) != 1 || p[0].Value <= 0 {
				t.Errorf("uptime %+v", p)
			}
			for _, h := range c.Headers() {
				if got := append(h["x-token"], h["X-Token"]...); len(got) != 1 || got[0] != "s3cr3t-token" {
					t.Errorf("headers %v", h)
				}
			}
			for _, e := range log.All() {
				if e.Level >= zapcore.WarnLevel {
					t.Errorf("%s %v", e.Message, e.ContextMap())
				}
			}
		})
	}
}

func TestMetricsAreSentInTheIntervalOfTheEnvironment(t *testing.T) {
	c := otlptest.New(t)
	begin(t, map[string]string{otlpEndpoint: c.Endpoint(), "OTEL_METRIC_EXPORT_INTERVAL": "10"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c.Wait(ctx, t, "two exports", func() bool { return len(c.Headers()) >= 2 })
}

func TestTheSamplerOfTheEnvironmentDecides(t *testing.T) {
	c := otlptest.New(t)
	s, _ := begin(t, map[string]string{otlpEndpoint: c.Endpoint(), "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"})
	follow(s)
	// A request is sampled with the records that lead to it, not for itself.
	_, span := s.Requests.Tracer("test").Start(t.Context(), "request")
	span.End()
	end(s)
	if got := c.Spans(""); len(got) != 1 || got[0].Name != "request" {
		t.Errorf("%v", got)
	}
}

func TestPropagatorsOfTheEnvironment(t *testing.T) {
	s, _ := begin(t, map[string]string{otlpEndpoint: "http://127.0.0.1:1", "OTEL_PROPAGATORS": "b3,tracecontext"})
	if diff := cmp.Diff([]string{"B3"}, s.Fields()); diff != "" {
		t.Error(diff)
	}
}

// A collector that is away must not hold up messages, nor fill the log.
func TestACollectorThatIsAwayHoldsNothingUp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, c := range []struct{ name, endpoint, protocol string }{
		{"refuses, HTTP", "http://127.0.0.1:1", "http/protobuf"},
		{"refuses, gRPC", "http://127.0.0.1:1", "grpc"},
		{"is silent, HTTP", "http://" + silent.Addr().String(), "http/protobuf"},
		{"is silent, gRPC", "http://" + silent.Addr().String(), "grpc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, log := begin(t, map[string]string{
				otlpEndpoint: c.endpoint, otlpProtocol: c.protocol, "OTEL_BSP_SCHEDULE_DELAY": "1", "OTEL_METRIC_EXPORT_INTERVAL": "1", "OTEL_EXPORTER_OTLP_TIMEOUT": "50",
				"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer s3cr3t-token",
			})
			began := time.Now()
			for range 10_000 { // many times what its queue holds
				follow(s)
			}
			if took := time.Since(began); took > 10*time.Second {
				t.Errorf("10,000 messages took %v", took)
			}
			began = time.Now()
			endWithin(s, 100*time.Millisecond)
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("the end took %v", took)
			}
			loud := log.Filter(func(e observer.LoggedEntry) bool { return e.Level >= zapcore.WarnLevel }).All()
			if len(loud) > 3 {
				t.Errorf("%d lines in the log", len(loud))
			}
			for _, e := range loud {
				if text := fmt.Sprint(e.Message, e.ContextMap()); strings.Contains(text, "s3cr3t") {
					t.Error(text)
				}
			}
		})
	}
}

func TestTroublesAreSummed(t *testing.T) {
	core, log := observer.New(zapcore.DebugLevel)
	now := time.Unix(1_000_000, 0)
	tr := &troubles{log: zap.New(core), now: func() time.Time { return now }}
	for range 2 {
		tr.Handle(errors.New("no such sampler"))
	}
	tr.running()
	for range 3 {
		for range 1000 {
			tr.Handle(errors.New("no route\nto host"))
		}
		now = now.Add(tellAgain)
	}
	tr.Handle(nil)
	tr.over(nil, 7)
	tr.Handle(errors.New("too late"))
	var got []string
	for _, e := range log.All() {
		got = append(got, fmt.Sprint(e.ContextMap()))
	}
	if diff := cmp.Diff([]string{"map[error:no such sampler]", "map[error:no route to host]", "map[error:no route to host moreSince:999]", "map[error:no route to host moreSince:999]", "map[moreSince:999 spansLost:7]"}, got); diff != "" {
		t.Error(diff)
	}
}

// The exporters tell the log of headers that they can not read, and quote them.
func TestHeadersAreNotLogged(t *testing.T) {
	for _, headers := range []string{"s3cr3t-without-a-name", "authorization=Bearer%zzs3cr3t", "bad name=s3cr3t", "x=s3cr3t%"} {
		s, log := begin(t, map[string]string{otlpEndpoint: "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_HEADERS": headers})
		end(s)
		loud := false
		for _, e := range log.All() {
			loud = loud || strings.Contains(e.Message, "header")
			for _, v := range e.ContextMap() {
				if s, _ := v.(string); strings.Contains(s, "s3cr3t") || strings.Contains(s, "%zz") {
					t.Errorf("%s: %s %v", headers, e.Message, e.ContextMap())
				}
			}
		}
		if !loud {
			t.Errorf("%s: the log does not say that the header is wrong: %v", headers, log.All())
		}
	}
}

func TestSecretsAreTheHeadersOfTheEnvironment(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-a=one, authorization=Bearer%20two,three")
	t.Setenv("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-b=four")
	if diff := cmp.Diff([]string{"one", "one", "Bearer%20two", "Bearer two", "two", "three", "three", "four", "four"}, Secrets()); diff != "" {
		t.Error(diff)
	}
}

// What stops is collected once more before it is forgotten.
func TestLastValuesAreCollected(t *testing.T) {
	r := new(retired)
	ended := 0
	r.begin()
	r.add(func() error { ended++; return nil }) // while the first is under way
	r.collected()
	if ended != 0 {
		t.Error("forgotten before its last values were collected")
	}
	r.begin()
	r.collected()
	if ended != 1 || len(r.all) != 0 {
		t.Errorf("ended %d times, %d left", ended, len(r.all))
	}
}

func TestTheConsoleGetsWhatItIsAskedFor(t *testing.T) {
	t.Setenv(tracesExporter, "console")
	t.Setenv(metricsExporter, "console")
	var out bytes.Buffer
	s := Start(t.Context(), Options{Service: "adapterd", Console: &out})
	follow(s)
	end(s)
	end(s) // safe
	for _, want := range []string{`"Name":"process wf"`, "messaging.process.duration"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
	otel.Handle(errors.New("nobody hears this"))
}
