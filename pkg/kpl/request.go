package kpl

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"go.uber.org/zap"
)

// Request is a PutRecords request that has ended, as Config.OnRequest is told of it. It holds no data and no partition key.
type Request struct {
	// Number tells the requests of a producer apart. It counts from 1 on; Attempt.Request has it too.
	Number uint32
	// Stream is the stream as callers of Put named it.
	Stream string
	// ID is the service's id of the request, or the id that the request was sent with if the service gave none; empty if there is neither.
	ID string
	// Ended is when the answer was there, or the request was given up; Duration is how long that took.
	Ended    time.Time
	Duration time.Duration
	// KinesisRecords were in the request, UserRecords in those; Refused of the Kinesis records were not stored.
	KinesisRecords, UserRecords, Refused int
	// ErrorCode and ErrorMessage say why the request as a whole failed, as in Attempt; empty when it was answered.
	ErrorCode, ErrorMessage string
}

// tellRequest calls OnRequest and returns the request's number, which is 0 when nobody wants to know.
func (p *Producer) tellRequest(b *batch, out *kinesis.PutRecordsOutput, err error, sent *sending, users int, took time.Duration) uint32 {
	if p.cfg.OnRequest == nil {
		return 0
	}
	r := Request{
		Number: p.requests.Add(1), Stream: string(b.stream.name), Ended: time.Now(), Duration: took, KinesisRecords: len(b.records), UserRecords: users,
	}
	if err != nil {
		c := p.cause(err)
		r.ID, r.ErrorCode, r.ErrorMessage, r.Refused = sent.requestID(err), c.code, c.message, len(b.records)
	} else {
		r.ID = answerID(out)
		for i := range out.Records {
			if aws.ToString(out.Records[i].ErrorCode) != "" {
				r.Refused++
			}
		}
	}
	defer func() {
		if v := recover(); v != nil {
			p.log.Error("OnRequest panicked", zap.Any("panic", v))
		}
	}()
	p.cfg.OnRequest(r)
	return r.Number
}
