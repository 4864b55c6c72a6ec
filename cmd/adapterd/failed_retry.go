package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/failed"
)

// sentAtOnce is how many messages are on their way through a workflow side by side: each waits for its record, which waits for others to
// be sent with.
const sentAtOnce = 64

// failedRetryFlags are the flags of retry.
type failedRetryFlags struct {
	failedFlags
	failedChoice
	logFlags
	to, into            string
	send, force, dryRun bool
}

func failedRetryCommand() *cobra.Command {
	var f failedRetryFlags
	c := &cobra.Command{
		Use:   "retry DOCUMENT-or-DIRECTORY [NAME…]",
		Short: "Give messages that failed back to their workflow",
		Long: `retry gives messages back to the workflow that they came from, the oldest first.

If that consumes files, the message is put back into the directory that it came from, under the name that
it had there; whatever runs the document takes it. A file that is there is never replaced.

If not, the message is sent from here: the services and the producer of its workflow run, with the metadata
that it had, and nothing is consumed. Its error handler is not called: what fails again stays where it is.

A message is deleted from its directory only after it was taken over, so one that a crash interrupts may be
delivered twice.`,
		Example: `  adapterd failed retry adapter.xml order-7
  adapterd failed retry adapter.xml --all --channel orders --since 24h --dry-run
  adapterd failed retry adapter.xml --all --code ResourceNotFoundException
  adapterd failed retry adapter.xml order-7 --send             through services and producer, from here
  adapterd failed retry /var/messages/failed --all --into /var/messages/in`,
		Args: f.documentAndNames,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			// A second signal ends the program as the system does it.
			defer context.AfterFunc(ctx, stop)()
			return f.run(ctx, c, args)
		},
	}
	f.failedFlags.register(c)
	f.failedChoice.register(c)
	c.Flags().StringVar(&f.to, "to", "", "the workflow, as WORKFLOW@CHANNEL, whatever workflow the message is of")
	c.Flags().StringVar(&f.into, "into", "", "put the files into this directory, whatever workflow they are of")
	c.Flags().BoolVar(&f.send, "send", false, "send from here also what a consumer would take from its directory")
	c.Flags().BoolVar(&f.force, "force", false, "retry also what the error handler changed before it was written")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "only say what would be done")
	f.logFlags.register(c)
	c.Flags().Lookup("log-level").DefValue = "warn"
	f.level = "warn"
	return c
}

func (f *failedRetryFlags) check() error {
	if f.into != "" && (f.to != "" || f.send) {
		return usageError{errors.New("--into puts files into a directory, whatever the workflow; leave out --to and --send")}
	}
	return f.failedFlags.check()
}

func (f *failedRetryFlags) run(ctx context.Context, c *cobra.Command, args []string) error {
	errOut := &masking{out: c.ErrOrStderr()}
	log, err := f.logger(errOut)
	if err != nil {
		return err
	}
	ctx = component.WithLogger(ctx, log)
	p, err := f.open(ctx, c, args[0])
	if err != nil {
		return err
	}
	p.mask(errOut)
	how, end, err := f.how(ctx, p)
	if err != nil {
		return err
	}
	desk := new(failed.Desk)
	chosen, err := f.choose(ctx, p, desk, args[1:])
	if err != nil {
		return errors.Join(err, end())
	}
	if len(chosen) == 0 {
		fmt.Fprintln(c.OutOrStdout(), "nothing to retry")
		return nil
	}
	r := retrying{desk: desk, how: how, end: end, out: p.mask(&masking{out: c.OutOrStdout()}), errOut: errOut}
	r.all(ctx, chosen)
	err = end()
	if ctx.Err() != nil {
		err = errors.Join(errors.New("interrupted; what was not retried stays where it is"), err)
	}
	if err != nil {
		return err
	}
	if r.wrong {
		return errReported
	}
	return nil
}

// how says how messages are retried; end stops what that started, brings what is under way to its end, and may be called again.
func (f *failedRetryFlags) how(ctx context.Context, p *failedPlaces) (how failed.Retry, end func() error, err error) {
	end = func() error { return nil }
	how = failed.Retry{Into: f.into, Always: f.send, Force: f.force, DryRun: f.dryRun}
	if f.into != "" {
		return how, end, nil
	}
	if p.places == nil {
		return how, end, usageError{fmt.Errorf("%s is a directory, and which workflow its messages came from only the document knows; give the document, with --directory, or --into with the directory to put them into", p.name)}
	}
	how.Route = p.places.Route
	if f.to != "" {
		w := workflowNamed(p.places, f.to)
		if w == nil {
			return how, end, usageError{fmt.Errorf("--to is %q, but the document has no such workflow; it takes WORKFLOW@CHANNEL, one of %s", f.to, workflowNames(p.places))}
		}
		how.Route = func(*failed.Message) (*failed.Workflow, error) { return w, nil }
	}
	s := &sendersAlone{adapter: p.adapter}
	how.Send = s.send
	return how, sync.OnceValue(func() error { return s.stop(ctx) }), nil
}

// retrying retries messages and tells what became of each.
type retrying struct {
	desk *failed.Desk
	how  failed.Retry
	end  func() error

	mu          sync.Mutex // guards what follows
	out, errOut io.Writer
	wrong       bool
}

// all puts files back one after the other, and sends what is to be sent side by side, begun in order.
func (r *retrying) all(ctx context.Context, chosen []failed.Message) {
	unhook := context.AfterFunc(ctx, func() {
		r.mu.Lock()
		fmt.Fprintln(r.errOut, "adapterd: ending when it is known what became of the messages that are under way; a second signal ends at once, and they stay where they are")
		r.mu.Unlock()
		_ = r.end() // which tells its error again
	})
	defer unhook()
	var g errgroup.Group
	g.SetLimit(sentAtOnce)
	for i := range chosen {
		m := &chosen[i]
		if ctx.Err() != nil {
			break
		}
		plan := r.how
		plan.DryRun = true
		planned, err := r.desk.RetryListed(ctx, m, plan)
		switch {
		case err != nil || r.how.DryRun:
			r.tell(m, planned, err)
		case planned.File != "":
			r.one(ctx, m)
		default:
			g.Go(func() error {
				r.one(ctx, m)
				return nil
			})
		}
	}
	_ = g.Wait() // what was wrong has been told
}

func (r *retrying) one(ctx context.Context, m *failed.Message) {
	done, err := r.desk.RetryListed(ctx, m, r.how)
	r.tell(m, done, err)
}

func (r *retrying) tell(m *failed.Message, done failed.Retried, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := pathOfFailed(m)
	if err != nil {
		r.wrong = true
		fmt.Fprintf(r.errOut, "adapterd: %s: %s\n", name, harmless(err))
		return
	}
	put, sent := "put back as ", "delivered"
	if r.how.DryRun {
		put, sent = "would be put back as ", "would be sent from here"
	}
	became := ""
	if done.File != "" {
		became = put + printable(done.File)
		if done.Workflow != nil {
			became += ", for workflow " + done.Workflow.String()
		}
	} else {
		became = sent + ", through workflow " + done.Workflow.String()
	}
	fmt.Fprintf(r.out, "%s: %s\n", name, became)
}
