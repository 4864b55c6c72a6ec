package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// running is one run of a document. Its methods are called one after the other.
type running struct {
	flags  *runFlags
	log    *zap.Logger
	path   string
	errOut *masking
	notify notifier
	admin  *operating

	adapter  *adapter.Adapter
	embedded *kinesislocal.Server
	watcher  *watcher
	// asked has the reloads that operators ask for. They are taken once wait has begun.
	asked chan reloadRequest
	// reloading is there once wait has begun.
	reloading *reloading
	// finite says that the run has ended by itself.
	finite bool
	// live is there once wait has begun, if at all.
	live *live
}

// begin loads and starts the document. What was started is stopped again when it fails or ctx ends.
func (r *running) begin(ctx context.Context) error {
	o := r.flags.options()
	o.Drain = r.flags.drain
	o.Loaded = func(next []component.Decoded) { r.errOut.hide(secretsIn(next)) }
	a, problems := adapter.Load(ctx, r.path, o)
	if a != nil && r.flags.watch {
		// Its files are known only now. What becomes of them while they are read again is noticed.
		loaded := new(atomic.Pointer[adapter.Adapter])
		loaded.Store(a)
		w, err := watchFiles(r.log, func() []string { return loaded.Load().Files() })
		if err != nil {
			return err
		}
		r.watcher = w
		if a, problems = adapter.Load(ctx, r.path, o); a != nil {
			loaded.Store(a)
			w.reloaded()
		}
	}
	if a == nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if a == nil {
		r.refuse(problems)
		return errReported
	}
	r.errOut.hide(secretsOf(a))
	logProblems(r.log, problems)
	if r.flags.embedded != "" {
		server, err := kinesislocal.Listen(ctx, r.flags.embedded, kinesislocal.Options{CreateStreams: true})
		if err != nil {
			return fmt.Errorf("--embedded-kinesis: %w", err)
		}
		r.embedded = server
		a.Redirect(server.URL())
		r.log.Info("embedded Kinesis started; all Kinesis connections go there", zap.String("endpoint", server.URL()))
	}
	if r.flags.watch && document.IsHTTP(r.path) {
		r.log.Warn("a document that comes over HTTP can not be watched; send SIGHUP when it has changed", zap.String("document", document.Shown(r.path)))
	}
	countMessages(ctx, r.log, a)
	r.admin.attach(r, a)
	if err := a.Start(ctx); err != nil {
		return fmt.Errorf("%s did not start, and consumed nothing: %w", document.Shown(r.path), err)
	}
	r.adapter = a
	r.log.Info("adapter started", zap.String("document", document.Shown(r.path)), zap.String("version", versionText()), zap.Int("channels", len(a.Channels())))
	return nil
}

// refuse says that the document does not run, in the way that the reader of the log can read.
func (r *running) refuse(problems document.Problems) {
	errors := len(problems.Errors())
	if r.flags.format == formatJSON {
		logProblems(r.log, problems)
		r.log.Error("the document does not run; nothing was started", zap.String("document", document.Shown(r.path)), zap.Int("errors", errors))
		return
	}
	print(r.errOut, problems)
	fmt.Fprintf(r.errOut, "adapterd: %s does not run: %s; nothing was started\n", document.Shown(r.path), count(errors, "error"))
}

// wait returns when the run is to end: on a signal, when ctx ends, or when the adapter has been idle for so long. Until then it reloads the
// document when it is asked to. A reload that is under way then ends with the stop.
func (r *running) wait(ctx context.Context, signals, hangups <-chan os.Signal) {
	var changed <-chan struct{}
	if r.watcher != nil {
		changed = r.watcher.changed
	}
	going, end := context.WithCancel(ctx)
	defer end()
	r.reloading = &reloading{r: r, ctx: going, done: make(chan struct{}, 1)}
	var look <-chan time.Time
	if r.flags.untilIdle > 0 {
		// Sources tell when asked only; asking some times in the span is exact enough and costs nothing.
		ticker := time.NewTicker(max(r.flags.untilIdle/8, time.Millisecond))
		defer ticker.Stop()
		look = ticker.C
	}
	r.notify.ready(doneSoFar(r.adapter))
	r.live = r.flags.startLive(r.adapter)
	for {
		select {
		case <-r.notify.beats():
			r.notify.alive(doneSoFar(r.adapter))
		case s := <-hangups:
			r.reloading.begin(reloadRequest{why: s.String()})
		case <-changed:
			r.reloading.begin(reloadRequest{why: "a file has changed"})
		case q := <-r.asked:
			r.reloading.begin(q)
		case <-r.reloading.done:
			r.reloading.over()
		case s := <-signals:
			r.log.Info("stopping", zap.String("signal", s.String()), zap.Duration("atMost", r.flags.drain))
			return
		case <-look:
			if since := r.adapter.IdleSince(); !since.IsZero() && time.Since(since) >= r.flags.untilIdle {
				r.log.Info("stopping, because every source has been empty", zap.Duration("for", r.flags.untilIdle))
				r.finite = true
				return
			}
		case <-ctx.Done():
			r.log.Info("stopping")
			return
		}
	}
}

// stop drains the adapter; another signal cuts it short.
func (r *running) stop(ctx context.Context, signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.flags.drain)
	defer cancel()
	r.notify.stopping()
	r.live.drains()
	r.admin.stopping(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- r.adapter.Stop(ctx) }()
	err := r.drained(stopped, signals, cancel)
	if r.reloading != nil { // it has ended with the stop, or is about to say so
		r.reloading.wait()
	}
	r.live.close()
	r.flags.flushSums()
	n := r.adapter.Counts()
	r.log.Info("adapter stopped", zap.Int64("consumed", n.Consumed), zap.Int64("delivered", n.Delivered), zap.Int64("handled", n.Handled),
		zap.Int64("failed", n.Failed), zap.Int64("givenBack", n.GivenBack), zap.Int64("unfinished", n.InFlight))
	switch {
	case err != nil:
		return fmt.Errorf("not everything could be brought to its end: %w", err)
	case r.finite && n.Failed > 0: // whoever waits for a job's end wants to know
		return fmt.Errorf("%d of %s failed; what failed stays with its source, and the log says why", n.Failed, count(int(n.Consumed), "message"))
	}
	return nil
}

// drained waits for the end of a stop, which another signal cuts short.
func (r *running) drained(stopped <-chan error, signals <-chan os.Signal, cutShort func()) error {
	for {
		select {
		case err := <-stopped:
			return err
		case <-r.notify.beats():
			r.notify.alive("draining: " + doneSoFar(r.adapter))
		case s := <-signals:
			r.log.Warn("stopping at once; what is not delivered stays with its source", zap.String("signal", s.String()))
			// A third one ends the program as the system does it.
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			r.flags.flushSums() // which a third one would take away
			cutShort()
			return <-stopped
		}
	}
}

// close ends the watch, and the embedded endpoint after everything that sends to it.
func (r *running) close(ctx context.Context) {
	if r.watcher != nil {
		r.watcher.close()
	}
	if r.embedded != nil {
		closeServer(ctx, r.embedded, r.log)
	}
}

func closeServer(ctx context.Context, s *kinesislocal.Server, log *zap.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		log.Warn("embedded Kinesis did not close in time", zap.Error(err))
	}
}
