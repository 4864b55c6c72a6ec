// Command adapterd runs Interlok adapter documents into Amazon Kinesis Data Streams.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/adapterd/adapterd/pkg/document"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	paceCollector()
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// usageError is a fault of the command line, not of what it asked for.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errReported is a failure whose reasons have been printed already.
var errReported = errors.New("failed, as said above")

// execute runs one command line and returns the exit code.
func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := rootCommand()
	root.SetArgs(append([]string{}, args...)) // nil would mean the process's own
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	ran, err := root.ExecuteContextC(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errReported):
		return exitFailed
	case errors.As(err, &usage):
		fmt.Fprintf(errOut, "adapterd: %s\nSee: %s --help\n", harmless(err), ran.CommandPath())
		return exitUsage
	}
	fmt.Fprintf(errOut, "adapterd: %s\n", harmless(err))
	return exitFailed
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "adapterd",
		Short: "Runs Interlok adapter documents into Amazon Kinesis Data Streams",
		Long: `adapterd reads an Adaptris Interlok adapter document and runs its channels into Amazon
Kinesis Data Streams, without a JVM and without the native Kinesis Producer Library.`,
		Example: `  adapterd demo                       see it work, nothing else needed
  adapterd check adapter.xml          is this document one that runs?
  adapterd run adapter.xml            run it until SIGTERM`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          commandName,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w%s", err, flagSuggestion(c, err))}
	})
	root.SetHelpCommand(helpCommand())
	root.AddCommand(runCommand(), checkCommand(), explainCommand(), demoCommand(), kinesisCommand(), tailCommand(), componentsCommand(), passwordCommand(), versionCommand())
	root.AddCommand(healthCommand(), planCommand(), docsCommand())
	root.AddCommand(failedCommand(), topCommand())
	root.AddCommand(platformCommands()...)
	return root
}

// helpCommand is cobra's, but for a name that is no command's: that is wrong usage.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Print the help of a command",
		Example: "  adapterd help run",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil {
				return err
			}
			if err := commandName(about, rest); err != nil {
				return err
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// commandName is Args of a command that only has commands below it: an argument is one that does not exist.
func commandName(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	name := strings.TrimPrefix(c.CommandPath()+" "+args[0], c.Root().Name()+" ")
	return usageError{fmt.Errorf("there is no command %q%s", name, document.DidYouMean(args[0], known, nil))}
}

// flagSuggestion names the flags that an unknown one was likely meant to be.
func flagSuggestion(c *cobra.Command, err error) string {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return ""
	}
	var known []string
	c.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	return document.DidYouMean("--"+unknown.GetSpecifiedName(), known, nil)
}

// exactly wants n arguments; what says in words what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("want %s, got %s", what, count(len(args), "argument"))}
		}
		return nil
	}
}

// atMostOne wants no argument or one.
func atMostOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 1 {
			return usageError{fmt.Errorf("want at most %s, got %s", what, count(len(args), "argument"))}
		}
		return nil
	}
}
