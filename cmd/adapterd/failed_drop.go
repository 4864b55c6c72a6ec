package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/adapterd/adapterd/pkg/failed"
)

func failedDropCommand() *cobra.Command {
	var f failedFlags
	var choice failedChoice
	var yes bool
	c := &cobra.Command{
		Use:   "drop DOCUMENT-or-DIRECTORY [NAME…]",
		Short: "Delete messages that failed, for good",
		Long: `drop deletes messages and what was kept with them, for good. On a terminal it asks first; elsewhere it
needs --yes. It says what was deleted.`,
		Example: `  adapterd failed drop adapter.xml order-7
  adapterd failed drop adapter.xml --all --reason 'no such customer' --yes`,
		Args: choice.documentAndNames,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			ctx, desk := c.Context(), new(failed.Desk)
			p, err := f.open(ctx, c, args[0])
			if err != nil {
				return err
			}
			chosen, err := choice.choose(ctx, p, desk, args[1:])
			if err != nil {
				return err
			}
			if len(chosen) == 0 {
				fmt.Fprintln(c.OutOrStdout(), "nothing to drop")
				return nil
			}
			if !yes {
				if yes, err = confirmed(c.InOrStdin(), c.ErrOrStderr(), fmt.Sprintf("Delete %s for good", what(chosen))); err != nil {
					return err
				}
				if !yes {
					return errors.New("nothing was deleted")
				}
			}
			out := p.mask(&masking{out: c.OutOrStdout()})
			errOut := p.mask(&masking{out: c.ErrOrStderr()})
			wrong := false
			for i := range chosen {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				m, err := desk.DropListed(ctx, &chosen[i])
				if err != nil {
					fmt.Fprintf(errOut, "adapterd: %s\n", harmless(err))
					wrong = true
					continue
				}
				about := count(int(m.Bytes), "byte")
				if m.Details != nil {
					about = strings.Join([]string{about, workflowOf(m.Details), cell(string(m.Details.Reason))}, ", ")
				}
				fmt.Fprintf(out, "deleted %s (%s)\n", pathOfFailed(&chosen[i]), about)
			}
			if wrong {
				return errReported
			}
			return nil
		},
	}
	f.register(c)
	choice.register(c)
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// pathOfFailed is where a message is.
func pathOfFailed(m *failed.Message) string { return printable(filepath.Join(m.Directory, m.Name)) }

// what names messages for a question.
func what(chosen []failed.Message) string {
	if len(chosen) == 1 {
		return pathOfFailed(&chosen[0])
	}
	return count(len(chosen), "message")
}

// confirmed asks on a terminal. Elsewhere nobody can answer, so that is wrong usage.
func confirmed(in io.Reader, out io.Writer, question string) (bool, error) {
	f, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false, usageError{errors.New("there is nobody to ask; give --yes to delete without a question")}
	}
	fmt.Fprintf(out, "%s? [y/N] ", question)
	answer, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return true, nil
	}
	return false, nil
}
