package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// runFlags are the flags of run.
type runFlags struct {
	documentFlags
	logFlags
	admin     adminFlags
	embedded  string
	untilIdle time.Duration
	drain     time.Duration
	watch     bool
	// noLive shows no live line; screen is where it would be, nil before the run.
	noLive bool
	screen *screen
	// tracePartitionKeys lets spans show partition keys.
	tracePartitionKeys bool
	// told and asked are the service manager's where one is spoken to without the environment and signals, as on Windows; else nil.
	told  notifier
	asked *requests
}

// requests are what a service manager asks for otherwise than by signals.
type requests struct{ stop, reload chan os.Signal }

func runCommand() *cobra.Command { return runCommandFor(new(runFlags)) }

// runCommandFor sets f.
func runCommandFor(f *runFlags) *cobra.Command {
	c := &cobra.Command{
		Use:   "run FILE",
		Short: "Run a document until SIGTERM or SIGINT",
		Long: `run checks an adapter.xml or a bootstrap.properties and runs its channels. On SIGTERM or SIGINT it
takes nothing new, brings what is under way to its end, and exits with 0; a second signal ends it at once.
What is not delivered by then stays with its source.

On SIGHUP, or with --watch when one of its files changes, it reads the document anew: channels that
changed are drained and replaced, the others never stop. A document with errors changes nothing.`,
		Example: `  adapterd run config/adapter.xml --variables config/variables.properties
  adapterd run adapter.xml --embedded-kinesis 127.0.0.1:4567     without AWS
  adapterd run import.xml --until-idle 5s                        a job with an end
  adapterd run config/bootstrap.properties --watch               changes take effect by themselves
  adapterd run adapter.xml --admin 127.0.0.1:8088                a status page, probes and metrics`,
		Args: exactly(1, "one document"),
		RunE: func(c *cobra.Command, args []string) error {
			f.screen = &screen{out: c.ErrOrStderr()}
			defer f.screen.close()
			errOut := &masking{out: f.screen}
			log, endLog, err := f.summingLogger(errOut)
			if err != nil {
				return err
			}
			defer endLog()
			if err := f.check(c); err != nil {
				return err
			}
			err = f.run(c.Context(), log, args[0], errOut)
			switch {
			case err == nil || errors.Is(err, errReported):
				return err
			case f.format == formatJSON: // a machine reads every line
				log.Error(err.Error())
			default:
				fmt.Fprintf(errOut, "adapterd: %v\n", err)
			}
			return errReported
		},
	}
	f.documentFlags.register(c)
	f.logFlags.register(c)
	f.admin.register(c)
	c.Flags().StringVar(&f.embedded, "embedded-kinesis", "", "start an in-memory Kinesis at this address first, and send all Kinesis connections there")
	c.Flags().DurationVar(&f.untilIdle, "until-idle", 0, "stop when every source has been empty and nothing outstanding for so long")
	c.Flags().DurationVar(&f.drain, "drain-timeout", adapter.DefaultDrain, "how long a stop, or what a reload stops, may take before what is not delivered is given back")
	c.Flags().BoolVar(&f.tracePartitionKeys, "trace-partition-keys", false, "let the spans that go to OpenTelemetry show partition keys")
	c.Flags().BoolVar(&f.noLive, "no-live", false, "show no live line on a terminal")
	c.Flags().BoolVar(&f.repeats, "log-repeats", false, "write every line that repeats, instead of one every 10 s that says how many there were")
	c.Flags().BoolVar(&f.watch, "watch", false, "reload when the document, a file that it includes or its variables change")
	return c
}

func (f *runFlags) check(c *cobra.Command) error {
	if c.Flags().Changed("until-idle") && f.untilIdle <= 0 || f.drain <= 0 {
		return usageError{errors.New("--until-idle and --drain-timeout take a positive time such as 30s")}
	}
	if c.Flags().Changed("embedded-kinesis") {
		if err := checkAddress("--embedded-kinesis", f.embedded); err != nil {
			return err
		}
	}
	if err := f.admin.check(c); err != nil {
		return err
	}
	return f.documentFlags.check()
}

func (f *runFlags) run(ctx context.Context, log *zap.Logger, path string, errOut *masking) error {
	ctx = component.WithLogger(ctx, log)
	ctx, endTelemetry := f.startTelemetry(ctx, log, errOut)
	defer endTelemetry()
	// Signals count from here on: one that comes while the document is read or started must not be lost.
	signals := make(chan os.Signal, 2)
	hangups := make(chan os.Signal, 1) // more of them while one is waiting ask for the same
	if f.asked != nil {
		signals, hangups = f.asked.stop, f.asked.reload
	}
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if len(reloadSignals) > 0 { // none would mean all
		signal.Notify(hangups, reloadSignals...)
		defer signal.Stop(hangups)
	}

	operators, err := f.operate(ctx, log, path, errOut)
	if err != nil {
		return err
	}
	defer operators.close(ctx) // after everything else, so that it tells of the end
	starting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	r := &running{flags: f, log: log, path: path, errOut: errOut, notify: f.notifier(log), admin: operators, asked: make(chan reloadRequest)}
	defer r.notify.close()
	begun := make(chan error, 1)
	go func() { begun <- r.begin(starting) }()
	select {
	case err := <-begun:
		defer r.close(ctx)
		if err != nil {
			return err
		}
		r.wait(ctx, signals, hangups)
	case s := <-signals:
		log.Info("stopping before everything has started", zap.String("signal", s.String()))
		giveUp()
		select {
		case err := <-begun:
			defer r.close(ctx)
			if err != nil {
				return nil // nothing was consumed, and nobody waits for it any more
			}
		case s := <-signals: // what the start waits for does not end when it is told to; the program's end ends it
			return fmt.Errorf("stopped at once by %s, while %s was still being started", s, document.Shown(path))
		}
	}
	return r.stop(ctx, signals)
}
