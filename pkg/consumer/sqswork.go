package consumer

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

const (
	// visibilityUnknown is asked for where the queue's own can not be read, or is too short to be renewed in time. SQS's default.
	visibilityUnknown  = 30 * time.Second
	visibilityShortest = 6 * time.Second
	// sqsBatch is how many messages one request can delete, or keep.
	sqsBatch = 10
	// mostEnds is how many messages may wait for the queue to be told what became of them before no more are taken.
	mostEnds = 500
)

// sqsWork is the time of an amazon-sqs-consumer from Start to Stop. Its goroutine tells the queue what became of messages, and keeps those
// that are under way from being given to others.
type sqsWork struct {
	connection sqsQueues
	url        string
	at         []func(*sqs.Options)
	log        *zap.Logger
	always     bool
	// wait is how long a request waits for messages; visibility is how long they are not given to others, and asked says that requests have to
	// ask for that.
	wait, visibility time.Duration
	asked            bool

	// late ends the goroutine's requests when Stop has no more time.
	late     context.Context
	giveUp   context.CancelFunc
	wake     chan struct{} // holds one when ends or closing have changed
	fewer    chan struct{} // holds one when ends have become fewer
	finished chan struct{}

	// mu guards the fields below.
	mu sync.Mutex
	// held are the messages under way, by receipt handle: until when they are not given to others.
	held    map[string]time.Time
	ends    []sqsEnd
	closing bool
}

// sqsEnd is what the queue is to be told of a message: it is delivered, and to be deleted, or else to be given out again.
type sqsEnd struct {
	id, handle string
	delivered  bool
}

func newSQSWork(c sqsQueues, url string, at []func(*sqs.Options), log *zap.Logger) *sqsWork {
	return &sqsWork{connection: c, url: url, at: at, log: log, wake: make(chan struct{}, 1), fewer: make(chan struct{}, 1), finished: make(chan struct{}), held: make(map[string]time.Time)}
}

// askVisibility finds out how often messages must be kept.
func (w *sqsWork) askVisibility(ctx context.Context) {
	w.wait, w.visibility = w.connection.Receiving()
	if w.asked = w.visibility > 0; !w.asked {
		const name = types.QueueAttributeNameVisibilityTimeout
		out, err := w.connection.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &w.url, AttributeNames: []types.QueueAttributeName{name}}, w.at...)
		seconds := 0
		if err == nil {
			seconds, err = strconv.Atoi(out.Attributes[string(name)])
		}
		if err != nil {
			w.log.Info("the queue's visibility timeout can not be read; messages are asked for with one of our own", zap.Duration("visibility", visibilityUnknown), zap.Error(err))
		}
		w.visibility = time.Duration(seconds) * time.Second
	}
	if w.visibility < visibilityShortest {
		if w.visibility > 0 {
			w.log.Warn("the visibility timeout is too short to be renewed in time; messages are asked for with one of our own", zap.Duration("timeout", w.visibility), zap.Duration("visibility", visibilityUnknown))
		}
		w.visibility, w.asked = visibilityUnknown, true
	}
}

// receive takes up to most messages and holds them.
func (w *sqsWork) receive(ctx context.Context, most int) ([]types.Message, error) {
	in := &sqs.ReceiveMessageInput{
		QueueUrl: &w.url, MaxNumberOfMessages: int32(most), WaitTimeSeconds: int32(w.wait / time.Second), //nolint:gosec // at most 10 and 20
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}, MessageAttributeNames: []string{"All"},
	}
	if w.asked {
		in.VisibilityTimeout = int32(w.visibility / time.Second) //nolint:gosec // at most 43200
	}
	out, err := w.connection.ReceiveMessage(ctx, in, w.at...)
	if err != nil {
		return nil, err
	}
	until := time.Now().Add(w.visibility)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range out.Messages {
		w.held[aws.ToString(m.ReceiptHandle)] = until
	}
	return out.Messages, nil
}

// settle notes what became of a message. It does not block: records of many messages end on the same goroutine.
func (w *sqsWork) settle(log *zap.Logger, id, handle string, outcome error) {
	switch {
	case outcome == nil:
		w.ended(log, sqsEnd{id, handle, true})
	case errors.Is(outcome, component.ErrStopped):
		w.ended(log, sqsEnd{id, handle, false})
	case w.always: // why, the workflow has told the log
		log.Error("message failed and is deleted from its queue; set always-delete to false to leave such messages there, or give the workflow an error handler", zap.String("sqs", id))
		w.ended(log, sqsEnd{id, handle, true})
	default:
		log.Error("message failed; its queue gives it out again when its visibility timeout is over", zap.String("sqs", id))
		w.mu.Lock()
		delete(w.held, handle)
		w.mu.Unlock()
	}
}

func (w *sqsWork) ended(log *zap.Logger, e sqsEnd) {
	w.mu.Lock()
	closing := w.closing
	if !closing {
		w.ends = append(w.ends, e)
	}
	w.mu.Unlock()
	if closing && e.delivered {
		log.Warn("message is done only now that its consumer has stopped; its queue gives it out again", zap.String("sqs", e.id))
	}
	w.awake()
}

// giveBack gives back messages that were not offered.
func (w *sqsWork) giveBack(messages []types.Message) {
	for _, m := range messages {
		w.ended(w.log, sqsEnd{id: aws.ToString(m.MessageId), handle: aws.ToString(m.ReceiptHandle)})
	}
}

func (w *sqsWork) awake() { signal(w.wake) }

// signal puts one into a channel that has room for one, if it is empty.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// begin starts the goroutine.
func (w *sqsWork) begin(ctx context.Context) {
	w.late, w.giveUp = context.WithCancel(context.WithoutCancel(ctx))
	go w.run()
}

// run tells the queue what there is to tell, until there can be no more.
func (w *sqsWork) run() {
	defer close(w.finished)
	ticker := time.NewTicker(w.visibility / 3)
	defer ticker.Stop()
	again := time.NewTimer(0) // only while closing; else the ticker says when to try again
	again.Stop()
	defer again.Stop()
	for stop := (closingTries{pause: firstPause}); ; {
		select {
		case <-w.wake:
		case <-again.C:
		case <-w.late.Done():
			return
		case <-ticker.C:
			w.keep(w.late)
		}
		all, closing := w.tellAll(ticker.C)
		if closing {
			if all || !stop.more() {
				return
			}
			again.Reset(stop.next())
		}
	}
}

// tellAll tells the queue all that there is to tell, and says whether it could, and whether more can come. What the queue could not be told,
// waits for the next call; its messages are kept until then.
func (w *sqsWork) tellAll(tick <-chan time.Time) (all, closing bool) {
	for {
		w.mu.Lock()
		batch, closing := firstOf(w.ends), w.closing
		w.mu.Unlock()
		if len(batch) == 0 {
			return true, closing
		}
		told := w.tell(w.late, batch)
		if !told || w.late.Err() != nil {
			return false, closing
		}
		w.mu.Lock()
		for _, e := range batch {
			delete(w.held, e.handle)
		}
		if w.ends = w.ends[len(batch):]; len(w.ends) == 0 {
			w.ends = nil // the array grows no further
		}
		w.mu.Unlock()
		signal(w.fewer)
		select {
		case <-tick: // many ends must not keep others from being kept
			w.keep(w.late)
		default:
		}
	}
}

// room waits until the queue has been told of enough messages for more to be taken, and says whether that was before ctx ended. Else a
// queue whose messages can be read and not deleted would be taken into memory as a whole.
func (w *sqsWork) room(ctx context.Context) bool {
	for told := false; ; told = true {
		w.mu.Lock()
		n := len(w.ends)
		w.mu.Unlock()
		if n < mostEnds {
			return true
		}
		if !told {
			w.log.Debug("no more messages are taken until the queue knows what became of earlier ones", zap.Int("messages", n))
		}
		select {
		case <-w.fewer:
		case <-ctx.Done():
			return false
		}
	}
}

// firstOf are the ends that go into one request: of the same kind, no more than SQS takes.
func firstOf(ends []sqsEnd) []sqsEnd {
	n := 0
	for n < len(ends) && n < sqsBatch && ends[n].delivered == ends[0].delivered {
		n++
	}
	return ends[:n:n]
}
