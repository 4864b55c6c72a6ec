package explain

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// configured is a connection whose producers' engine has a configuration of the KPL.
type configured interface {
	Configuration() (kpl.Config, bool)
}

// tracedProducer tells what a producer would do. It is no component.Connectable: the producers are connected already.
type tracedProducer struct {
	t     *tracer
	inner component.Producer
	// runs says that Produce has no effect outside: the producer does nothing, or puts its records into a recorder.
	runs bool
}

// producer makes the tracing producer for one that has a connection. A Kinesis producer gets a recorder in its place.
func (t *tracer) producer(p component.Producer, connection component.Connection) component.Producer {
	traced := &tracedProducer{t: t, inner: p, runs: component.AliasOf(p) == nullProducer}
	c, ok := p.(component.Connectable)
	if !ok || component.Element(p, "partition-key") == nil || connection == nil {
		return traced
	}
	switch k := connection.(type) {
	case configured:
		if config, valid := k.Configuration(); valid {
			traced.runs = c.Connect(&recorder{t, connection, config}) == nil
		}
	case requesting:
		traced.runs = c.Connect(&requestRecorder{requesting: k, t: t, records: make(map[*Step]int)}) == nil
	}
	return traced
}

const nullProducer = "null-message-producer"

// Produce implements component.Producer.
func (p *tracedProducer) Produce(ctx context.Context, m *message.Message) error {
	id, _ := component.Element(p.inner, "unique-id").(string)
	step := p.t.open(ctx, m, p.t.step(KindProducer, p.inner, id))
	if !p.runs {
		p.t.pass(m, step, StatusNotRun, "it sends the message out of the adapter")
		return nil
	}
	err := p.inner.Produce(within(ctx, step), m)
	p.t.close(m, step, err)
	return err
}

// recorder is a connection that keeps what a Kinesis producer puts into it, in the step that the context names.
type recorder struct {
	t          *tracer
	connection component.Connection
	config     kpl.Config
}

// ConnectionID implements component.Connection.
func (r *recorder) ConnectionID() string { return r.connection.ConnectionID() }

// Put refuses what the engine would refuse, and says of all else at once that it is stored.
func (r *recorder) Put(ctx context.Context, record kpl.Record, done func(kpl.Result)) error {
	result, err := r.take(ctx, record, false)
	if err == nil {
		done(result)
	}
	return err
}

// PutSync is Put with the result.
func (r *recorder) PutSync(ctx context.Context, record kpl.Record) (kpl.Result, error) {
	return r.take(ctx, record, true)
}

// assigned stands for what only Kinesis can tell.
const assigned = "(assigned by Kinesis)"

func (r *recorder) take(ctx context.Context, record kpl.Record, urgent bool) (kpl.Result, error) {
	hash, err := r.config.CheckRecord(record)
	if err != nil {
		return kpl.Result{}, err
	}
	out, spread := r.t.describe(ctx, r.connection, record, hash, r.config.RecordDistributionStrategyDefault == "AUTO")
	out.Cost = CostOf(r.config, record, spread)
	if urgent && out.Cost.Aggregated {
		out.Cost.Why = "with what waits for its shard already: a synchronous producer does not wait for more"
	}
	if step, ok := ctx.Value(parentKey{}).(*Step); ok {
		r.t.mu.Lock()
		step.Record = out
		r.t.records++
		r.t.mu.Unlock()
	}
	result := kpl.Result{Stream: out.Stream, ShardID: out.Shard, SequenceNumber: assigned, Attempts: []kpl.Attempt{{Success: true}}}
	if result.ShardID == "" {
		result.ShardID = assigned
	}
	return result, nil
}

// describe tells everything of a record but its cost, and whether the service distributes the records of its stream; auto says that it
// does, as far as the document knows.
func (t *tracer) describe(ctx context.Context, connection component.Connection, record kpl.Record, hash kpl.HashKey, auto bool) (out *Record, spread bool) {
	out = &Record{
		Connection: connection.ConnectionID(), Stream: trimmed(record.Stream), PartitionKey: t.options.Mask(record.PartitionKey), ExplicitHashKey: record.ExplicitHashKey,
		HashKey: hash.String(), DataBytes: len(record.Data),
	}
	if out.Connection == "" {
		out.Connection = component.AliasOf(connection)
	}
	stream, err := t.stream(ctx, connection, out.Stream)
	spread = stream.Spread || stream.Note == "" && auto
	switch {
	case err != nil:
		out.ShardNote = fmt.Sprintf("not known: %v", err)
	case spread:
		out.ShardNote = "any: the service distributes the records of this stream"
	case len(stream.Shards) == 0:
		out.ShardNote = "not known: say how many shards the stream has with --shards, or ask for them with --live"
	default:
		out.ShardNote = stream.Note
		if shard, ok := stream.shardOf(hash); ok {
			out.Shard = shard.ID
		}
	}
	return out, spread
}

// stream asks for a stream's shards, once.
func (t *tracer) stream(ctx context.Context, c component.Connection, name string) (Stream, error) {
	if t.options.Stream == nil {
		return Stream{}, nil
	}
	key := streamKey{c, name}
	t.mu.Lock()
	s, known := t.streams[key]
	t.mu.Unlock()
	if known {
		return s, nil
	}
	s, err := t.options.Stream(ctx, c, name)
	if err != nil {
		return s, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.streams[key] = s
	return s, nil
}
