package workflow

import (
	"context"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// metrics holds the fields of interceptors that count; interceptors embed it. Interlok counts by time slice and shows the slices by JMX;
// here totals are logged when the workflow stops.
type metrics struct {
	UniqueID string             `xml:"unique-id" doc:"name in logs"`
	Manager  *withoutUse        `xml:"statistic-manager" effect:"none" doc:"accepted for compatibility: totals are kept in memory"`
	Slice    component.Interval `xml:"timeslice-duration" effect:"none" doc:"accepted for compatibility: counts are totals"`
	History  int                `xml:"timeslice-history-count" effect:"none" doc:"accepted for compatibility: counts are totals"`
}

// Begin implements Interceptor.
func (*metrics) Begin(context.Context, *message.Message) error { return nil }

// volume counts messages.
type volume struct{ messages, bytes, errors atomic.Int64 }

// count adds a message. Its size is that of the consumed one, as in Interlok.
func (v *volume) count(consumed *message.Message, err error) {
	v.messages.Add(1)
	v.bytes.Add(int64(consumed.Size()))
	if err != nil {
		v.errors.Add(1)
	}
}

func (v *volume) values() map[string]int64 {
	return map[string]int64{"messages": v.messages.Load(), "bytes": v.bytes.Load(), "errors": v.errors.Load()}
}

// MessageMetrics is Interlok's MessageMetricsInterceptor: it counts messages, their bytes and failures.
type MessageMetrics struct {
	metrics
	volume volume
}

// End implements Interceptor.
func (i *MessageMetrics) End(consumed, _ *message.Message, err error) { i.volume.count(consumed, err) }

func (i *MessageMetrics) statistic() Statistic {
	return Statistic{"message-metrics-interceptor", i.UniqueID, i.volume.values()}
}

// MessageMetricsByMetadata is Interlok's MessageMetricsInterceptorByMetadata: MessageMetrics for messages with some metadata.
type MessageMetricsByMetadata struct {
	metrics
	Element component.KeyValue `xml:"metadata-element,required" doc:"key, and a regular expression for the whole value, of the messages to count"`

	value  *regexp.Regexp
	volume volume
}

// Check implements component.Checker.
func (i *MessageMetricsByMetadata) Check(r *component.Report) {
	value, err := regexp.Compile("^(?:" + i.Element.Value + ")$")
	if err != nil {
		r.Errorf("metadata-element", "bad-value", "has a <value> that is no regular expression that is supported here (RE2 syntax, without look-around and back references): %v", err)
		return
	}
	i.value = value
}

// End implements Interceptor.
func (i *MessageMetricsByMetadata) End(consumed, processed *message.Message, err error) {
	if i.matches(consumed) || i.matches(processed) {
		i.volume.count(consumed, err)
	}
}

func (i *MessageMetricsByMetadata) matches(m *message.Message) bool {
	value, ok := m.Metadata(i.Element.Key)
	return ok && i.value.MatchString(value)
}

func (i *MessageMetricsByMetadata) statistic() Statistic {
	return Statistic{"message-metrics-interceptor-by-metadata", i.UniqueID, i.volume.values()}
}

// mostValues bounds what is counted by name: metadata may have any number of values.
const mostValues = 1000

// otherValues is where the rest is counted.
const otherValues = "(others)"

// tally counts by name. The zero value is ready; it is safe for concurrent use.
type tally struct {
	// mu guards byName.
	mu     sync.Mutex
	byName map[string]int64
}

func (t *tally) add(name string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = make(map[string]int64)
	}
	if _, known := t.byName[name]; !known && len(t.byName) >= mostValues {
		name = otherValues
	}
	t.byName[name] += n
}

func (t *tally) values() map[string]int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.byName)
}

// MetadataCount is Interlok's MetadataCountInterceptor: it counts how often metadata has each value, in the message as the services left
// it. Beyond a thousand values it counts the rest together.
type MetadataCount struct {
	metrics
	Key string `xml:"metadata-key,required" example:"country" doc:"the metadata whose values are counted"`

	values tally
}

// End implements Interceptor.
func (i *MetadataCount) End(_, processed *message.Message, _ error) {
	if value, _ := processed.Metadata(i.Key); value != "" {
		i.values.add(value, 1)
	}
}

func (i *MetadataCount) statistic() Statistic {
	return Statistic{"metadata-count-interceptor", i.UniqueID, i.values.values()}
}

// MetadataTotals is Interlok's MetadataTotalsInterceptor: it adds up whole numbers in metadata, in the message as the services left it. A
// value that is none is left out.
type MetadataTotals struct {
	metrics
	Keys []string `xml:"metadata-key,implicit" doc:"the metadata whose values are added up, each for itself"`

	values tally
}

// Check implements component.Checker.
func (i *MetadataTotals) Check(r *component.Report) {
	if len(i.Keys) == 0 {
		r.Warnf("", "no-effect", "has no <metadata-key>, so it adds nothing up; add one")
	}
}

// End implements Interceptor.
func (i *MetadataTotals) End(_, processed *message.Message, _ error) {
	for _, key := range i.Keys {
		value, _ := processed.Metadata(key)
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
			i.values.add(key, n)
		}
	}
}

func (i *MetadataTotals) statistic() Statistic {
	return Statistic{"metadata-totals-interceptor", i.UniqueID, i.values.values()}
}

func init() {
	component.Register[MessageMetrics]("message-metrics-interceptor", "com.adaptris.core.interceptor.MessageMetricsInterceptor", component.KindPart,
		"counts messages, their bytes and failures; logged when the workflow stops")
	component.Register[MessageMetricsByMetadata]("message-metrics-interceptor-by-metadata", "com.adaptris.core.interceptor.MessageMetricsInterceptorByMetadata", component.KindPart,
		"counts messages that have some metadata; logged when the workflow stops")
	component.Register[MetadataCount]("metadata-count-interceptor", "com.adaptris.core.interceptor.MetadataCountInterceptor", component.KindPart,
		"counts how often metadata has each value; logged when the workflow stops")
	component.Register[MetadataTotals]("metadata-totals-interceptor", "com.adaptris.core.interceptor.MetadataTotalsInterceptor", component.KindPart,
		"adds up numbers in metadata; logged when the workflow stops")
}
