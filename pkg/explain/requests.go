package explain

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// requesting is a connection whose producers make requests to Kinesis themselves.
type requesting interface {
	component.Connection
	PutRecords(ctx context.Context, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error)
	Retries() aws.Retryer
}

// requestRecorder is a connection that keeps the records of requests, in the producer's step that the context names.
type requestRecorder struct {
	requesting
	t *tracer
	// records counts those of each step; the tracer's mu guards it.
	records map[*Step]int
}

// PutRecords says of all records that they are stored. The producer has checked them.
func (r *requestRecorder) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
	step, _ := ctx.Value(parentKey{}).(*Step)
	out := &kinesis.PutRecordsOutput{FailedRecordCount: aws.Int32(0)}
	for _, entry := range in.Records {
		record := kpl.Record{Stream: aws.ToString(in.StreamName) + aws.ToString(in.StreamARN), PartitionKey: aws.ToString(entry.PartitionKey), Data: entry.Data}
		told, _ := r.t.describe(ctx, r.requesting, record, kpl.HashKeyOf(record.PartitionKey), false)
		told.Cost = Cost{UnitsAlone: Units(len(record.Data)), Why: "this producer sends plain records"}
		r.keep(step, told)
		shard := told.Shard
		if shard == "" {
			shard = assigned
		}
		out.Records = append(out.Records, types.PutRecordsResultEntry{ShardId: &shard, SequenceNumber: aws.String(assigned)})
	}
	return out, nil
}

// keep gives a record to the step of its part, the parts being sent in their order, or to the producer's if the message is not cut. Of
// parts that are not told the records are only counted.
func (r *requestRecorder) keep(step *Step, told *Record) {
	if step == nil {
		return
	}
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	r.t.records++
	r.records[step]++
	n := r.records[step]
	if i := slices.IndexFunc(step.Steps, func(s *Step) bool { return s.Kind == KindPart && s.Part == n }); i >= 0 {
		step.Steps[i].Record = told
	} else if n == 1 {
		step.Record = told
	}
}
