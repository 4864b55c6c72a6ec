package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// reloading runs the reloads of an adapter, one at a time, whoever asks for them: what asks for one while another is under way gets one
// after it.
type reloading struct {
	r *running
	// ctx ends when the program begins to end.
	ctx  context.Context
	done chan struct{}
	busy bool
	// next are those that have to wait; of those that nobody waits for there is one at most.
	next []reloadRequest
}

// reloadRequest asks for a reload.
type reloadRequest struct {
	// why is for the log.
	why string
	// ctx and outcome are of somebody who waits for it; nil else. The channel has room for one.
	ctx     context.Context
	outcome chan<- reloadOutcome
}

type reloadOutcome struct {
	done adapter.Reloaded
	err  error
}

// begin does what q asks for, now or after what is under way.
func (l *reloading) begin(q reloadRequest) {
	if l.busy {
		unawaited := func(n reloadRequest) bool { return n.outcome == nil }
		if !unawaited(q) || !slices.ContainsFunc(l.next, unawaited) {
			l.next = append(l.next, q)
		}
		return
	}
	l.busy = true
	l.r.log.Info("reloading the document", zap.String("because", q.why))
	l.r.notify.reloading()
	go func() {
		ctx := l.ctx
		if q.ctx != nil {
			within, cancel := context.WithCancel(q.ctx)
			defer cancel()
			defer context.AfterFunc(l.ctx, cancel)()
			ctx = within
		}
		done, err := l.r.reload(ctx, l.r.adapter)
		if q.outcome != nil {
			q.outcome <- reloadOutcome{done, err}
		}
		l.done <- struct{}{}
	}()
}

// over is called when a reload is over.
func (l *reloading) over() {
	l.busy = false
	l.r.notify.ready(doneSoFar(l.r.adapter))
	if len(l.next) > 0 {
		q := l.next[0]
		l.next = l.next[1:]
		l.begin(q)
	}
}

// wait returns when no reload is under way any more. One that hangs in reading a document, on a disk that does not answer, is left behind.
func (l *reloading) wait() {
	if !l.busy {
		return
	}
	timer := time.NewTimer(hangingReload)
	defer timer.Stop()
	select {
	case <-l.done:
	case <-timer.C:
	}
}

// hangingReload is how long a reload may take to notice that the program ends, once everything has stopped.
const hangingReload = 2 * time.Second

// askReload has the run reload the document, in its turn, and returns what came of it. An end of ctx, and of ending, ends it.
func (r *running) askReload(ctx, ending context.Context, why string) (adapter.Reloaded, error) {
	outcome := make(chan reloadOutcome, 1)
	select {
	case r.asked <- reloadRequest{why, ctx, outcome}:
	case <-ctx.Done():
		return adapter.Reloaded{}, context.Cause(ctx)
	case <-ending.Done():
		return adapter.Reloaded{}, context.Cause(ending)
	}
	select {
	case o := <-outcome:
		return o.done, o.err
	case <-ending.Done(): // it is being left, or will not begin any more
		return adapter.Reloaded{}, context.Cause(ending)
	}
}

// reload reads the document anew and says what came of it.
func (r *running) reload(ctx context.Context, a *adapter.Adapter) (adapter.Reloaded, error) {
	ctx = component.WithLogger(ctx, r.log)
	done, err := a.Reload(ctx)
	if r.watcher != nil {
		r.watcher.reloaded()
	}
	faults := len(done.Problems.Errors())
	switch {
	case err == nil:
		logProblems(r.log, done.Problems)
	case errors.Is(ctx.Err(), context.Canceled):
		r.log.Info("the reload is left, because the program ends")
	case errors.Is(err, adapter.ErrRefused) && r.flags.format != formatJSON:
		print(r.errOut, done.Problems)
		fmt.Fprintf(r.errOut, "adapterd: %s is not taken over: %s; everything goes on as it was\n", document.Shown(r.path), count(faults, "error"))
	case errors.Is(err, adapter.ErrRefused):
		logProblems(r.log, done.Problems)
		r.log.Error("the document is not taken over; everything goes on as it was", zap.String("document", document.Shown(r.path)), zap.Int("errors", faults))
	default:
		r.log.Error("the reload failed", zap.Error(err))
	}
	return done, err
}
