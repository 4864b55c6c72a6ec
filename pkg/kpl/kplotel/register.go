package kplotel

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// producer is what is asked of a kpl.Producer.
type producer interface {
	Stats() kpl.Stats
	MetricValues() []kpl.MetricValue
}

// Attributes of the values.
const (
	StreamKey = attribute.Key("aws.kinesis.stream_name")
	ShardKey  = attribute.Key("aws.kinesis.shard_id")
	CodeKey   = attribute.Key("error.type")
)

// Register makes instruments of the meter that observe a producer's metrics until unregister is called. They still work after the
// producer's Close, so call Close, then collect for the last time, then unregister. Unregister returns once no collection is under way.
func Register(p *kpl.Producer, meter metric.Meter) (unregister func() error, err error) {
	return register(p, meter)
}

func register(p producer, meter metric.Meter) (func() error, error) {
	o := &observers{producer: p, counted: map[string][]observeValue{}}
	if err := o.make(meter); err != nil {
		return nil, fmt.Errorf("make the instruments of a Kinesis producer: %w", err)
	}
	registration, err := meter.RegisterCallback(o.observe, o.all...)
	if err != nil {
		return nil, fmt.Errorf("register the instruments of a Kinesis producer: %w", err)
	}
	return registration.Unregister, nil
}

type (
	observeValue        func(metric.Observer, kpl.MetricValue, metric.ObserveOption)
	observeState[T any] func(metric.Observer, *T, metric.ObserveOption)
)

// observers have an instrument for everything. They do not change once made.
type observers struct {
	producer   producer
	all        []metric.Observable
	counted    map[string][]observeValue // by the metric's name in CloudWatch
	duplicates metric.Int64ObservableCounter
	ofProducer []observeState[kpl.Stats]
	ofStream   []observeState[kpl.StreamStats]
	ofShard    []observeState[kpl.ShardStats]
}

func (o *observers) make(meter metric.Meter) error {
	var errs []error
	for _, f := range counted {
		observe, instrument, err := f.make(meter)
		errs = append(errs, err)
		o.all = append(o.all, instrument)
		o.counted[f.metric] = append(o.counted[f.metric], observe)
	}
	var err error
	o.duplicates, err = meter.Int64ObservableCounter("kpl.possible_duplicates", metric.WithUnit("{record}"),
		metric.WithDescription("Copies of user records that may have been stored beyond the first."))
	errs = append(errs, err)
	o.all = append(o.all, o.duplicates)
	o.ofProducer = makeStates(o, meter, ofProducer, &errs)
	o.ofStream = makeStates(o, meter, ofStream, &errs)
	o.ofShard = makeStates(o, meter, ofShard, &errs)
	return errors.Join(errs...)
}

// observe is the callback of all instruments.
func (o *observers) observe(_ context.Context, to metric.Observer) error {
	for _, v := range o.producer.MetricValues() {
		observers := o.counted[v.Name]
		if len(observers) == 0 {
			continue
		}
		at := place(v.Stream, v.ShardID, v.ErrorCode)
		for _, observe := range observers {
			observe(to, v, at)
		}
	}
	st := o.producer.Stats()
	to.ObserveInt64(o.duplicates, st.PossibleDuplicates)
	nowhere := place("", "", "")
	for _, observe := range o.ofProducer {
		observe(to, &st, nowhere)
	}
	for i := range st.Streams {
		s := &st.Streams[i]
		at := place(s.Stream, "", "")
		for _, observe := range o.ofStream {
			observe(to, s, at)
		}
		for j := range s.Shards {
			at := place(s.Stream, s.Shards[j].ShardID, "")
			for _, observe := range o.ofShard {
				observe(to, &s.Shards[j], at)
			}
		}
	}
	return nil
}

// place makes the attributes; what is empty is left out.
func place(stream, shard, code string) metric.ObserveOption {
	var attributes [3]attribute.KeyValue
	n := 0
	for _, a := range [...]attribute.KeyValue{StreamKey.String(text(stream)), ShardKey.String(text(shard)), CodeKey.String(text(code))} {
		if a.Value.AsString() != "" {
			attributes[n] = a
			n++
		}
	}
	return metric.WithAttributeSet(attribute.NewSet(attributes[:n]...))
}

// text is what OTLP can carry.
func text(s string) string { return strings.ToValidUTF8(s, "?") }
