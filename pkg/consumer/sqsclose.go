package consumer

import (
	"context"
	"fmt"
	"time"
)

const (
	// outcomeGrace is how long a stop that ran out of time waits for messages to be given back: as long as a workflow does for its services
	// to end. tellGrace is how long it then waits for the queue.
	outcomeGrace = 2 * time.Second
	tellGrace    = time.Second
	// A stop that can not tell the queue tries again after pauses that grow from the first to the longest, while it has time; without limit
	// it has longestClosing.
	firstPause     = 250 * time.Millisecond
	longestPause   = 5 * time.Second
	longestClosing = time.Minute
)

// end lets the goroutine tell the queue what there is to tell, until ctx ends and a little longer, and waits for it. outcomes waits for
// those of the messages under way.
func (w *sqsWork) end(ctx context.Context, outcomes func(context.Context) error) error {
	defer w.giveUp()
	if ctx.Err() != nil { // just now the workflow, which has no more time either, ends its services
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), outcomeGrace)
		_ = outcomes(grace) // that some are missing, Stop has said
		cancel()
	}
	w.close()
	select {
	case <-w.finished:
	case <-ctx.Done():
		w.finish()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.ends); n > 0 {
		return fmt.Errorf("amazon-sqs-consumer: its queue could not be told what became of %d messages, and gives them out again; the log says why", n)
	}
	return nil
}

// close says that no ends are taken any more. Messages that have none yet come again whatever becomes of them, so they are given back.
func (w *sqsWork) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closing = true
	ended := make(map[string]bool, len(w.ends))
	for _, e := range w.ends {
		ended[e.handle] = true
	}
	for handle := range w.held {
		if !ended[handle] {
			w.ends = append(w.ends, sqsEnd{handle: handle})
		}
	}
	w.awake()
}

// finish waits for the goroutine, but not for long.
func (w *sqsWork) finish() {
	timer := time.NewTimer(tellGrace)
	defer timer.Stop()
	select {
	case <-w.finished:
	case <-timer.C:
		w.giveUp()
		<-w.finished
	}
}

// closingTries are those to tell the queue what there is to tell when the consumer stops.
type closingTries struct {
	pause time.Duration
	last  time.Time
}

// more says whether there is to be another one.
func (c *closingTries) more() bool {
	if c.last.IsZero() {
		c.last = time.Now().Add(longestClosing)
	}
	return time.Now().Before(c.last)
}

// next is how long to wait for it.
func (c *closingTries) next() time.Duration {
	pause := c.pause
	c.pause = min(2*pause, longestPause)
	return pause
}
