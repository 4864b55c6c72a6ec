package producer

import (
	"context"
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// Kinesis is what the Kinesis producers need of a connection. It must be safe for concurrent use.
type Kinesis interface {
	// Put takes a record, waiting only while too much is outstanding. After it returned nil, done is called exactly once.
	Put(ctx context.Context, record kpl.Record, done func(kpl.Result)) error
	// PutSync takes a record and waits for its outcome.
	PutSync(ctx context.Context, record kpl.Record) (kpl.Result, error)
}

// record holds the fields of both Kinesis producers, and turns messages into records.
type record struct {
	identity
	Stream          *expr.Template `xml:"stream,required" example:"events" doc:"stream name or ARN; resolved per message, blanks around it are dropped"`
	PartitionKey    *expr.Template `xml:"partition-key,required" example:"%message{customerId}" doc:"partition key, 1 to 256 characters; resolved per message, taken as it is"`
	ExplicitHashKey *expr.Template `xml:"explicit-hash-key" example:"%message{hashKey}" doc:"decimal number from 0 to 2^128-1 that chooses the shard in place of the partition key; resolved per message, empty for none"`

	connection Kinesis
	alias      string
}

// Check refuses a stream or partition key that is blank whatever the message, and warns of one that leads to one shard.
func (p *record) Check(r *component.Report) {
	p.alias = r.Alias()
	for _, f := range []struct {
		element string
		value   *expr.Template
		example string
	}{{"stream", p.Stream, "events"}, {"partition-key", p.PartitionKey, "%message{customerId}"}} {
		if f.value != nil && f.value.IsBlank() { // nil: reported by the decoder
			r.Errorf(f.element, "blank-element", "is blank; give it a value such as %s", f.example)
		}
	}
	p.oneShard(r)
}

// oneShard warns of a hash key that is the same for every message.
func (p *record) oneShard(r *component.Report) {
	element, key := "partition-key", p.PartitionKey
	if p.ExplicitHashKey != nil && !p.ExplicitHashKey.IsBlank() {
		element, key = "explicit-hash-key", p.ExplicitHashKey
	}
	if key == nil || key.IsBlank() {
		return
	}
	if _, constant := key.Constant(); constant {
		r.Warnf(element, "constant-partition-key", "is the same for every message, so all records go to one shard, with 1 MiB and 1,000 records a second at most; "+
			"use a value of many, such as %%message{customerId}, unless the order of all messages matters")
	}
}

// Connect takes the connection, which must lead to Kinesis.
func (p *record) Connect(c component.Connection) error {
	k, ok := c.(Kinesis)
	if !ok {
		found := component.AliasOf(c)
		if found == "" {
			found = "nothing"
		}
		return fmt.Errorf("%s needs a connection to Kinesis, and has %s; use aws-kinesis-kpl-inline-connection or aws-kinesis-kpl-connection-from-properties", p.name(), found)
	}
	p.connection = k
	return nil
}

func (p *record) name() string {
	if p.alias == "" {
		return "the Kinesis producer"
	}
	return p.alias
}

// of makes the record of a message. What it may hold, the engine checks.
func (p *record) of(m *message.Message) (kpl.Record, error) {
	if p.connection == nil {
		return kpl.Record{}, fmt.Errorf("%s has no connection; use aws-kinesis-kpl-inline-connection or aws-kinesis-kpl-connection-from-properties", p.name())
	}
	r := kpl.Record{Data: m.Payload()}
	var err error
	if r.Stream, err = p.Stream.Resolve(m); err != nil {
		return r, fmt.Errorf("<stream> of %s: %w", p.name(), err)
	}
	if r.PartitionKey, err = p.PartitionKey.Resolve(m); err != nil {
		return r, fmt.Errorf("<partition-key> of %s: %w", p.name(), err)
	}
	if p.ExplicitHashKey != nil {
		if r.ExplicitHashKey, err = p.ExplicitHashKey.Resolve(m); err != nil {
			return r, fmt.Errorf("<explicit-hash-key> of %s: %w", p.name(), err)
		}
	}
	return r, nil
}

// refused words why a record did not enter the engine. A message that only came too late for the connection is given back.
func (p *record) refused(ctx context.Context, r kpl.Record, err error) error {
	if errors.Is(err, component.ErrStopped) {
		return err
	}
	if errors.Is(err, kpl.ErrClosed) || ctx.Err() != nil {
		return fmt.Errorf("%s: %w: %w", p.name(), component.ErrStopped, err)
	}
	if r.PartitionKey == "" {
		return fmt.Errorf("<partition-key> %s of %s is empty for this message: %w", p.PartitionKey.Text(), p.name(), err)
	}
	return fmt.Errorf("%s can not send the message to stream %q: %w", p.name(), r.Stream, err)
}
