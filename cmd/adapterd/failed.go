package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/failed"
)

func failedCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "failed",
		Short: "List, show, retry and drop messages that failed",
		Long: `failed works on the directories that error handlers write failed messages to with an fs-producer. It finds
them in a document, or takes a directory. Beside each message is kept why it failed, how often it was
tried, and the metadata that it had. Messages that another program wrote there have their payload only.`,
		Example: `  adapterd failed list adapter.xml
  adapterd failed show adapter.xml order-7
  adapterd failed retry adapter.xml --all --code ResourceNotFoundException
  adapterd failed drop /var/messages/failed order-7`,
		Args: commandName,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(failedListCommand(), failedShowCommand(), failedRetryCommand(), failedDropCommand())
	return c
}

// failedFlags are the flags of all commands below failed.
type failedFlags struct {
	documentFlags
	directory string
}

func (f *failedFlags) register(c *cobra.Command) {
	f.documentFlags.register(c)
	c.Flags().StringVar(&f.directory, "directory", "", "only this directory, also one that the document does not name")
}

// failedFilter says which messages are meant.
type failedFilter struct {
	channel, since, code, reason string
}

func (f *failedFilter) register(c *cobra.Command) {
	c.Flags().StringVar(&f.channel, "channel", "", "only those of this channel, or of this workflow as WORKFLOW@CHANNEL")
	c.Flags().StringVar(&f.since, "since", "", "only those since then: a span such as 90m, 24h or 7d, or a time such as 2026-11-24 or 2026-11-24T08:00:00Z")
	c.Flags().StringVar(&f.code, "code", "", "only those with this error code of Kinesis, at any attempt")
	c.Flags().StringVar(&f.reason, "reason", "", "only those whose reason this regular expression is found in")
}

func (f *failedFilter) empty() bool { return *f == failedFilter{} }

func (f *failedFilter) query(now time.Time) (failed.Query, error) {
	q := failed.Query{Channel: f.channel, Code: f.code}
	if workflow, channel, both := strings.Cut(f.channel, "@"); both {
		q.Workflow, q.Channel = workflow, channel
	}
	var err error
	if f.since != "" {
		if q.Since, err = sinceWhen(f.since, now); err != nil {
			return q, usageError{err}
		}
	}
	if f.reason != "" {
		if q.Reason, err = regexp.Compile(f.reason); err != nil {
			return q, usageError{fmt.Errorf("--reason: %w", err)}
		}
	}
	return q, nil
}

// sinceWhen is the time that --since names.
func sinceWhen(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.AddDate(0, 0, -int(n)), nil
		}
	}
	if span, err := time.ParseDuration(text); err == nil && span >= 0 {
		return now.Add(-span), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since is %q; it takes a span such as 90m, 24h or 7d, or a time such as 2026-11-24 or 2026-11-24T08:00:00Z", text)
}

// failedPlaces are the directories that a command works on.
type failedPlaces struct {
	name string // of the document or directory
	// adapter and places are nil for a directory without a document.
	adapter *adapter.Adapter
	places  *failed.Places
	// paths are the directories.
	paths []string
	// lenient says that a directory that does not exist has no messages; it is no mistake.
	lenient bool
}

// open finds the directories of what, a document or a directory.
func (f *failedFlags) open(ctx context.Context, c *cobra.Command, what string) (*failedPlaces, error) {
	if info, err := os.Stat(what); err == nil && info.IsDir() {
		paths, err := (&failed.Directory{Path: filepath.Clean(what)}).Paths(ctx)
		return f.narrow(&failedPlaces{name: what, paths: paths}, err)
	}
	a, problems := f.load(ctx, what)
	if a == nil {
		print(c.ErrOrStderr(), problems.Errors())
		return nil, fmt.Errorf("%s does not run: %s", document.Shown(what), count(len(problems.Errors()), "error"))
	}
	p := &failedPlaces{name: document.Shown(what), adapter: a, places: failed.PlacesOf(a.Components()), lenient: true}
	for _, d := range p.places.Directories {
		paths, err := d.Paths(ctx)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if !slices.Contains(p.paths, path) {
				p.paths = append(p.paths, path)
			}
		}
	}
	if len(p.places.Directories) == 0 && f.directory == "" {
		return nil, fmt.Errorf("no error handler of %s writes failed messages to files; a standard-processing-exception-handler with an fs-producer does", p.name)
	}
	return f.narrow(p, nil)
}

// narrow keeps the directory of --directory alone.
func (f *failedFlags) narrow(p *failedPlaces, err error) (*failedPlaces, error) {
	if err != nil || f.directory == "" {
		return p, err
	}
	p.paths, p.lenient = []string{filepath.Clean(f.directory)}, false
	return p, nil
}

// list are the messages of all directories, each directory's by themselves, the newest first.
func (p *failedPlaces) list(ctx context.Context, q failed.Query) (all [][]failed.Message, matching int, err error) {
	for _, path := range p.paths {
		_ = failed.Sweep(path) // what can not be swept, for want of permission, stays
		messages, n, err := failed.List(ctx, path, q)
		if p.lenient && errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		if err != nil {
			return nil, 0, err
		}
		all = append(all, messages)
		matching += n
	}
	return all, matching, nil
}

// find is the message that an argument names: by its name, if only one directory has it, or by its path.
func (p *failedPlaces) find(ctx context.Context, desk *failed.Desk, argument string) (failed.Message, error) {
	if directory, name := filepath.Split(argument); directory != "" {
		directory = filepath.Clean(directory)
		if !slices.Contains(p.paths, directory) {
			return failed.Message{}, fmt.Errorf("%s is no directory of failed messages of %s", directory, p.name)
		}
		m, _, err := desk.Show(ctx, directory, name, 0)
		return m, err
	}
	var found []failed.Message
	var last error
	for _, path := range p.paths {
		m, _, err := desk.Show(ctx, path, argument, 0)
		switch {
		case err == nil:
			found = append(found, m)
		case !errors.Is(err, failed.ErrNoMessage):
			last = err
		}
	}
	switch {
	case len(found) > 1:
		return failed.Message{}, fmt.Errorf("there is %s in %s and in %s; give its path", argument, found[0].Directory, found[1].Directory)
	case len(found) == 1:
		return found[0], nil
	case last != nil:
		return failed.Message{}, last
	}
	return failed.Message{}, fmt.Errorf("there is no failed message %q; adapterd failed list %s tells the names", argument, p.name)
}

// failedChoice is which messages a command works on: those that it names, or all that a filter lets through.
type failedChoice struct {
	failedFilter
	all bool
}

func (f *failedChoice) register(c *cobra.Command) {
	c.Flags().BoolVar(&f.all, "all", false, "all messages, or those that --channel, --since, --code and --reason leave")
	f.failedFilter.register(c)
}

// documentAndNames is Args of commands that work on messages.
func (f *failedChoice) documentAndNames(_ *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usageError{errors.New("want a document or a directory, and names of messages or --all")}
	case f.all && len(args) > 1:
		return usageError{errors.New("--all and names exclude each other; give one of the two")}
	case !f.all && !f.empty():
		return usageError{errors.New("--channel, --since, --code and --reason choose among --all; give it too")}
	case !f.all && len(args) == 1:
		return usageError{errors.New("want names of messages, or --all; adapterd failed list tells the names")}
	}
	return nil
}

// choose finds the messages, the oldest first: what failed first is to go first. Names that are wrong are told together.
func (f *failedChoice) choose(ctx context.Context, p *failedPlaces, desk *failed.Desk, names []string) ([]failed.Message, error) {
	q, err := f.query(time.Now())
	if err != nil {
		return nil, err
	}
	var chosen []failed.Message
	if !f.all {
		var errs []error
		for _, argument := range names {
			m, err := p.find(ctx, desk, argument)
			if err != nil {
				errs = append(errs, err)
			} else if !slices.ContainsFunc(chosen, func(c failed.Message) bool { return c.Directory == m.Directory && c.Name == m.Name }) {
				chosen = append(chosen, m)
			}
		}
		return chosen, errors.Join(errs...)
	}
	q.Brief = true
	lists, _, err := p.list(ctx, q)
	if err != nil {
		return nil, err
	}
	chosen = slices.Concat(lists...)
	slices.SortStableFunc(chosen, func(a, b failed.Message) int { return a.At.Compare(b.At) })
	return chosen, nil
}

// mask hides the secrets of the document in what is printed: a server may have repeated one in a reason.
func (p *failedPlaces) mask(m *masking) *masking {
	if p.adapter != nil {
		m.hide(secretsOf(p.adapter))
	}
	return m
}
