package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
)

// reloading runs the reloads of an adapter, one at a time: what asks for one while another is under way gets one after it.
type reloading struct {
	r *running
	// ctx ends when the program begins to end.
	ctx  context.Context
	done chan struct{}
	busy bool
	more bool
}

// begin asks for a reload; why is for the log.
func (l *reloading) begin(why string) {
	if l.busy {
		l.more = true
		return
	}
	l.busy = true
	l.r.log.Info("reloading the document", zap.String("because", why))
	l.r.notify.reloading()
	go func() {
		_, _ = l.r.reload(l.ctx, l.r.adapter) // which has said what came of it
		l.done <- struct{}{}
	}()
}

// over is called when a reload is over.
func (l *reloading) over() {
	l.busy = false
	l.r.notify.ready(doneSoFar(l.r.adapter))
	if l.more {
		l.more = false
		l.begin("asked for meanwhile")
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
	case ctx.Err() != nil:
		r.log.Info("the reload is left, because the program ends")
	case errors.Is(err, adapter.ErrRefused) && r.flags.format != formatJSON:
		print(r.errOut, done.Problems)
		fmt.Fprintf(r.errOut, "adapterd: %s is not taken over: %s; everything goes on as it was\n", shown(r.path), count(faults, "error"))
	case errors.Is(err, adapter.ErrRefused):
		logProblems(r.log, done.Problems)
		r.log.Error("the document is not taken over; everything goes on as it was", zap.String("document", shown(r.path)), zap.Int("errors", faults))
	default:
		r.log.Error("the reload failed", zap.Error(err))
	}
	return done, err
}
