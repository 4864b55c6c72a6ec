package producer

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// trace is what Interlok logs attempts at. zap has no such level: one below debug.
const trace = zapcore.DebugLevel - 1

// KinesisSynchronous sends a message to Kinesis and waits until it is stored. It tells the message where, for services that follow.
type KinesisSynchronous struct {
	record
}

// Produce returns when the record is stored or has failed for good.
func (p *KinesisSynchronous) Produce(ctx context.Context, m *message.Message) error {
	r, err := p.of(m)
	if err != nil {
		return err
	}
	result, err := p.connection.PutSync(ctx, r)
	if err == nil {
		err = result.Err
	}
	if failed, ok := errors.AsType[*kpl.RecordError](err); ok {
		logResult(component.Logger(ctx), "false", "null", "null", failed.Attempts)
		return failure(err)
	}
	if err != nil {
		return p.refused(ctx, r, err)
	}
	logResult(component.Logger(ctx), "true", result.SequenceNumber, result.ShardID, result.Attempts)
	stored(m, result)
	return nil
}

// logResult writes the lines of Interlok's KinesisSynchronousStreamProducer, which people search their logs for; null is Java's word
// for what a failed record does not have.
func logResult(log *zap.Logger, successful, sequence, shard string, attempts []kpl.Attempt) {
	if entry := log.Check(zapcore.DebugLevel, ""); entry != nil {
		entry.Message = fmt.Sprintf("KPL Result: isSuccessful [%s], sequenceNumber [%s], shardId [%s], attempts [%d]", successful, sequence, shard, len(attempts))
		entry.Write()
	}
	if !log.Core().Enabled(trace) {
		return
	}
	for i, a := range attempts {
		log.Log(trace, fmt.Sprintf("Attempt [%d]: delay [%d], duration [%d], error code [%s], error message [%s]",
			i+1, a.Delay.Milliseconds(), a.Duration.Milliseconds(), orNull(a.ErrorCode), orNull(a.ErrorMessage)))
	}
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

func init() {
	component.Register[KinesisSynchronous]("aws-kinesis-synchronous-stream-producer", "com.adaptris.aws.kinesis.KinesisSynchronousStreamProducer", component.KindProducer,
		"sends messages to a Kinesis stream and waits until each is stored")
}
