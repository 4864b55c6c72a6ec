package otelsdk

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/telemetry/otlptest"
)

// The SDK panics at some of these, and never rests at others.
func TestNumbersThatCanNotBeUsedAreSaid(t *testing.T) {
	c := otlptest.New(t)
	for _, b := range []struct{ variable, value string }{
		{queueSize.variable, "-5"}, {queueSize.variable, "0"}, {queueSize.variable, "99999999999"}, {batchSize.variable, "-1"}, {batchSize.variable, "many"},
		{scheduleDelay.variable, "0"}, {scheduleDelay.variable, "-1"}, {exportTimeout.variable, "-1"}, {exportTimeout.variable, "9223372036854775807"},
	} {
		t.Run(b.variable+"="+b.value, func(t *testing.T) {
			s, log := begin(t, map[string]string{otlpEndpoint: c.Endpoint(), metricsExporter: "none", b.variable: b.value})
			before := len(c.Spans("process wf"))
			follow(s)
			end(s)
			if n := len(c.Spans("process wf")) - before; n != 1 {
				t.Errorf("%d spans", n)
			}
			said := log.FilterMessage("a variable of OpenTelemetry has a value that can not be used, so its default counts").All()
			if len(said) != 1 || said[0].ContextMap()["variable"] != b.variable || said[0].ContextMap()["value"] != b.value {
				t.Errorf("%v", log.All())
			}
		})
	}
}

func TestNumbersOfTheEnvironmentCount(t *testing.T) {
	c := otlptest.New(t)
	s, log := begin(t, map[string]string{
		otlpEndpoint: c.Endpoint(), metricsExporter: "none", queueSize.variable: "64", batchSize.variable: "2", scheduleDelay.variable: "3600000", exportTimeout.variable: "0",
	})
	for range 5 { // with a record each
		follow(s)
	}
	end(s)
	if n := len(c.Headers()); n != 5 || len(c.Spans("")) != 10 {
		t.Errorf("%d spans in %d requests", len(c.Spans("")), n)
	}
	if loud := log.FilterLevelExact(zapcore.ErrorLevel).All(); len(loud) > 0 {
		t.Error(loud)
	}
}

// What a collector refuses, and what does not fit into the queue, is counted.
func TestTheEndTellsHowManySpansAreLost(t *testing.T) {
	c := otlptest.New(t)
	c.Refuse(http.StatusBadRequest)
	s, log := begin(t, map[string]string{otlpEndpoint: c.Endpoint(), metricsExporter: "none", queueSize.variable: "8", batchSize.variable: "4"})
	for range 500 {
		follow(s)
	}
	end(s)
	over := log.FilterMessage("telemetry has ended, and not all of it could be sent; messages are not affected").All()
	if len(over) != 1 || over[0].ContextMap()["spansLost"] != int64(1000) {
		t.Errorf("%v", over)
	}
}

// Nobody would know otherwise: to the SDK it is nothing to speak of.
func TestSpansThatDoNotFitAreSaid(t *testing.T) {
	s, log := begin(t, map[string]string{otlpEndpoint: "http://127.0.0.1:1", metricsExporter: "none"})
	count := &spanCount{troubles: s.troubles, room: 10}
	count.ended.Store(16)
	count.exported(6, nil) // ten may wait
	if n := log.FilterLevelExact(zapcore.WarnLevel).Len(); n != 0 {
		t.Errorf("%d warnings though all may wait", n)
	}
	count.ended.Store(25)
	count.exported(6, nil)
	want := "3 spans or more were dropped so far, because their queue was full: sample fewer messages, or raise OTEL_BSP_MAX_QUEUE_SIZE"
	warned := log.FilterLevelExact(zapcore.WarnLevel).All()
	if len(warned) != 1 {
		t.Fatal(warned)
	}
	if diff := cmp.Diff(want, warned[0].ContextMap()["error"]); diff != "" || count.lost() != 13 {
		t.Errorf("%d lost\n%s", count.lost(), diff)
	}
}
