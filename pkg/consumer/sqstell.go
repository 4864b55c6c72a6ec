package consumer

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/zap"
)

// deleteTries is how often a message is tried to be deleted whose deletion failed by itself; requests as a whole are the connection's to
// try again.
const deleteTries = 3

// tell deletes messages, or gives them back. It says false when the queue could not be reached; a message that fails by itself has been
// told to the log.
func (w *sqsWork) tell(ctx context.Context, batch []sqsEnd) bool {
	if !batch[0].delivered {
		handles := make([]string, len(batch))
		for i, e := range batch {
			handles[i] = e.handle
		}
		if _, err := w.show(ctx, handles, 0); err != nil && ctx.Err() == nil {
			w.log.Warn("messages can not be given back now; the queue gives them out again when their visibility timeout is over", zap.Int("messages", len(batch)), zap.Error(err))
		}
		return true
	}
	for try := 1; len(batch) > 0; try++ {
		failed, err := w.remove(ctx, batch)
		if err != nil {
			if ctx.Err() == nil {
				w.log.Error("messages are done but can not be deleted; trying again", zap.Int("messages", len(batch)), zap.Error(err))
			}
			return false
		}
		batch = w.refused(batch, failed, try == deleteTries)
	}
	return true
}

// refused are those of a batch whose deletion failed by itself and is to be tried again; the log hears of the others.
func (w *sqsWork) refused(batch []sqsEnd, failed map[int]*types.BatchResultErrorEntry, last bool) (again []sqsEnd) {
	for i, e := range batch {
		f := failed[i]
		switch {
		case f == nil:
		case f.SenderFault || last:
			w.log.Error("message is done but can not be deleted; its queue gives it out again", zap.String("sqs", e.id),
				zap.String("code", aws.ToString(f.Code)), zap.String("reason", aws.ToString(f.Message)))
		default:
			again = append(again, e)
		}
	}
	return again
}

// remove deletes messages. failed has those that failed by themselves, by their place.
func (w *sqsWork) remove(ctx context.Context, batch []sqsEnd) (failed map[int]*types.BatchResultErrorEntry, err error) {
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &w.url}
	for i, e := range batch {
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &e.handle})
	}
	out, err := w.connection.DeleteMessageBatch(ctx, in, w.at...)
	if err != nil {
		return nil, err
	}
	return byPlace(out.Failed), nil
}

func byPlace(failed []types.BatchResultErrorEntry) map[int]*types.BatchResultErrorEntry {
	out := make(map[int]*types.BatchResultErrorEntry, len(failed))
	for i := range failed {
		if place, err := strconv.Atoi(aws.ToString(failed[i].Id)); err == nil {
			out[place] = &failed[i]
		}
	}
	return out
}

// show says when messages are given to others: after visibility from now on.
func (w *sqsWork) show(ctx context.Context, handles []string, visibility time.Duration) (failed map[int]*types.BatchResultErrorEntry, err error) {
	in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &w.url}
	for i := range handles {
		in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
			Id: aws.String(strconv.Itoa(i)), ReceiptHandle: &handles[i], VisibilityTimeout: int32(visibility / time.Second), //nolint:gosec // at most 43200
		})
	}
	out, err := w.connection.ChangeMessageVisibilityBatch(ctx, in, w.at...)
	if err != nil {
		return nil, err
	}
	return byPlace(out.Failed), nil
}

// keep keeps the messages under way from being given to others. A third of the visibility timeout passes between two calls, so one request
// may fail before others get a message.
func (w *sqsWork) keep(ctx context.Context) {
	soon := time.Now().Add(w.visibility * 2 / 3)
	var due []string
	w.mu.Lock()
	for handle, until := range w.held {
		if !until.After(soon) {
			due = append(due, handle)
		}
	}
	w.mu.Unlock()
	for ; len(due) > 0; due = due[min(sqsBatch, len(due)):] {
		batch := due[:min(sqsBatch, len(due))]
		until := time.Now().Add(w.visibility)
		failed, err := w.show(ctx, batch, w.visibility)
		if err != nil {
			if ctx.Err() == nil {
				w.log.Warn("messages under way can not be kept from being given out again; the next request tries again", zap.Int("messages", len(due)), zap.Error(err))
			}
			return
		}
		w.kept(batch, failed, until)
	}
}

// kept notes until when messages are kept. One that can not be, since somebody else has it or had deleted it or 12 hours are over, is held
// no longer.
func (w *sqsWork) kept(batch []string, failed map[int]*types.BatchResultErrorEntry, until time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, handle := range batch {
		if _, is := w.held[handle]; !is {
			continue // it ended meanwhile
		}
		f := failed[i]
		switch {
		case f == nil:
			w.held[handle] = until
		case f.SenderFault:
			delete(w.held, handle)
			w.log.Warn("a message under way can not be kept from being given out again", zap.String("code", aws.ToString(f.Code)), zap.String("reason", aws.ToString(f.Message)))
		}
	}
}
