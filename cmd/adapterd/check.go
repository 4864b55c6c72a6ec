package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/adapterd/adapterd/pkg/checks"
	"github.com/adapterd/adapterd/pkg/document"
)

// The formats of check.
const (
	formatText  = "text"
	formatSARIF = "sarif"
)

// checkFlags are the flags of check.
type checkFlags struct {
	documentFlags
	format  string
	json    bool
	live    bool
	timeout time.Duration
}

func checkCommand() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Say everything that is wrong with a document, without running it",
		Long: `check reads an adapter.xml, a part of one, or a bootstrap.properties, and says everything that run
would refuse, all of it at once, and what it would warn of. Nothing is started, consumed or sent.
Each line ends with a code; docs/checks.md tells what it means and what to do.
With --live it also asks Kinesis, with the document's credentials, whether streams and permissions are
there: sts:GetCallerIdentity, and for each stream kinesis:DescribeStreamSummary, kinesis:ListShards and
kinesis:PutRecords as a dry run, which stores nothing.
Exit code 0: it runs; 1: it has errors; 2: wrong usage.`,
		Example: `  adapterd check config/adapter.xml --variables config/variables.properties
  adapterd check config/bootstrap.properties --live
  adapterd check adapter.xml --format sarif > check.sarif`,
		Args: exactly(1, "one document"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			return f.run(c.Context(), c.OutOrStdout(), args[0])
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.format, "format", formatText, "text, json or sarif")
	c.Flags().BoolVar(&f.json, "json", false, "the same as --format json")
	c.Flags().BoolVar(&f.live, "live", false, "ask the service too; nothing is stored")
	c.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "how long the service may be asked")
	return c
}

func (f *checkFlags) check(c *cobra.Command) error {
	switch {
	case f.json && c.Flags().Changed("format") && f.format != formatJSON:
		return usageError{fmt.Errorf("--json and --format %s exclude each other; give one of the two", f.format)}
	case f.json:
		f.format = formatJSON
	}
	switch f.format {
	case formatText, formatJSON, formatSARIF:
	default:
		return usageError{fmt.Errorf("--format takes text, json or sarif%s", document.DidYouMean(f.format, []string{formatText, formatJSON, formatSARIF}, nil))}
	}
	if f.timeout <= 0 {
		return usageError{errors.New("--timeout takes a positive time such as 30s")}
	}
	return f.documentFlags.check()
}

func (f *checkFlags) run(ctx context.Context, to io.Writer, path string) error {
	a, problems := f.load(ctx, path)
	out := &masking{out: to}
	part := false
	if a != nil {
		part = a.Fragment()
		out.hide(secretsOf(a)) // what a server answers may hold one
		problems = append(problems, checks.Advise(a)...)
		if f.live {
			asking, cancel := context.WithTimeout(ctx, f.timeout)
			problems = append(problems, checks.Live(asking, a)...)
			cancel()
		}
		problems.Sort()
	}
	if err := f.print(out, path, part, problems); err != nil {
		return err
	}
	if len(problems.Errors()) > 0 {
		return errReported
	}
	return nil
}

func (f *checkFlags) print(out io.Writer, path string, part bool, problems document.Problems) error {
	switch f.format {
	case formatJSON:
		return printJSON(out, path, problems)
	case formatSARIF:
		return writeJSON(out, sarifOf(problems))
	}
	print(out, problems)
	errors := len(problems.Errors())
	verdict := "runs"
	switch {
	case errors > 0:
		verdict = "does not run"
	case part:
		verdict = "has no fault, but is a part of a channel only"
	}
	_, err := fmt.Fprintf(out, "%s %s: %s, %s\n", document.Shown(path), verdict, count(errors, "error"), count(len(problems.Warnings()), "warning"))
	return err
}
