package connection

import (
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

// visibilityShortest is the shortest visibility timeout that amazon-sqs-consumer takes, in seconds.
const visibilityShortest = 6

// SQSClientFactory is what <sqs-client-factory> takes.
type SQSClientFactory interface {
	// receiving is how long a request may wait for messages, and how long those that it got are not given to others; zero leaves the
	// latter to the queue.
	receiving() (wait, visibility time.Duration)
}

// UnbufferedSQSClient reads queues as they are set up, waiting for messages as long as SQS lets it.
type UnbufferedSQSClient struct{}

func (*UnbufferedSQSClient) receiving() (time.Duration, time.Duration) { return longestWait, 0 }

// BufferedSQSClient says how queues are read. Interlok's buffers what is sent and read ahead, and a message that is sent fails unnoticed;
// here a producer waits for the answer to each message.
type BufferedSQSClient struct {
	LongPoll        bool  `xml:"long-poll" default:"true" doc:"wait for messages when the queue is empty"`
	LongPollSeconds int   `xml:"long-poll-wait-timeout-seconds" default:"20" min:"0" max:"20" doc:"how long, in seconds"`
	Visibility      int   `xml:"visibility-timeout-seconds" default:"-1" min:"-1" max:"43200" doc:"seconds that a message is not given to others, renewed while it is under way; -1 leaves that to the queue, and from 1 to 5 is taken as 30, since it could not be renewed in time"`
	MaxBatchSize    int   `xml:"max-batch-size" effect:"none" doc:"accepted for compatibility: messages are sent one by one"`
	MaxBatchBytes   int64 `xml:"max-batch-size-bytes" effect:"none" doc:"accepted for compatibility: messages are sent one by one"`
	MaxBatchOpen    int64 `xml:"max-batch-open-ms" effect:"none" doc:"accepted for compatibility: messages are sent one by one"`
	MaxDone         int   `xml:"max-done-receive-batches" effect:"none" doc:"accepted for compatibility: nothing is read ahead"`
	MaxReceive      int   `xml:"max-inflight-receive-batches" effect:"none" doc:"accepted for compatibility: nothing is read ahead"`
	MaxOutbound     int   `xml:"max-inflight-outbound-batches" effect:"none" doc:"accepted for compatibility: messages are sent one by one"`
}

// Check implements component.Checker.
func (b *BufferedSQSClient) Check(r *component.Report) {
	if b.Visibility > 0 && b.Visibility < visibilityShortest {
		r.Warnf("visibility-timeout-seconds", "without-effect", "is %d, too short for it to be renewed in time while a message is under way, so 30 is taken; give %d or more, or leave it to the queue", b.Visibility, visibilityShortest)
	}
}

func (b *BufferedSQSClient) receiving() (wait, visibility time.Duration) {
	if b.LongPoll {
		wait = time.Duration(b.LongPollSeconds) * time.Second
	}
	return wait, time.Duration(max(b.Visibility, 0)) * time.Second
}

func init() {
	component.Register[UnbufferedSQSClient]("unbuffered-sqs-client-factory", "com.adaptris.aws.sqs.UnbufferedSQSClientFactory", component.KindPart,
		"reads queues as they are set up, waiting up to 20 seconds for messages")
	component.Register[BufferedSQSClient]("buffered-sqs-client-factory", "com.adaptris.aws.sqs.BufferedSQSClientFactory", component.KindPart,
		"says how long to wait for messages, and how long they are not given to others")
}
