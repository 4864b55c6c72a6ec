package producer

import (
	"context"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// KinesisStream sends messages to Kinesis and does not wait: the message's source learns the outcome when it is known, and the next
// message flows meanwhile. Interlok's producer forgets the outcome; this one reports a failure to the error handler.
type KinesisStream struct {
	record
}

// Produce gives the record to the engine, which copies the payload. It waits only while too much is outstanding.
func (p *KinesisStream) Produce(ctx context.Context, m *message.Message) error {
	r, err := p.of(m)
	if err != nil {
		return err
	}
	delivery := m.Delivery()
	done := func(r kpl.Result) { delivery.Release(failure(r.Err)) }
	if delivery == nil {
		done = p.nobodyWaits(ctx, m)
	}
	delivery.Hold()
	if err := p.connection.Put(ctx, r, done); err != nil {
		delivery.Release(nil) // the workflow, which holds the message too, gets the error
		return p.refused(ctx, r, err)
	}
	return nil
}

// nobodyWaits logs the failure of a record whose message has nobody who would learn of it.
func (p *KinesisStream) nobodyWaits(ctx context.Context, m *message.Message) func(kpl.Result) {
	log, id := component.Logger(ctx), m.ID()
	return func(r kpl.Result) {
		if r.Err != nil {
			log.Error("record failed, and nothing waits for its message", append(component.ErrorFields(failure(r.Err)), zap.String("message", id))...)
		}
	}
}

func init() {
	component.Register[KinesisStream]("aws-kinesis-stream-producer", "com.adaptris.aws.kinesis.KinesisStreamProducer", component.KindProducer,
		"sends messages to a Kinesis stream, many at a time")
}
