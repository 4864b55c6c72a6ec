package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/adapterd/adapterd/pkg/top"
)

// topFlags are the flags of top.
type topFlags struct {
	options      top.Options
	once, asJSON bool
}

func topCommand() *cobra.Command {
	var f topFlags
	c := &cobra.Command{
		Use:   "top [URL]",
		Short: "Look at a running adapterd on the terminal, and steer it",
		Long: `top shows what the admin server of an adapterd tells, which run was given --admin for: whether all is well,
channels, streams, shards, what failed and what to do about it. Keys pause, resume, stop and start
channels, flush and reload; ? lists them. URL is host:port or a URL; default: http://127.0.0.1:8088.
With --once and --json it prints what there is and ends: exit code 0 if the server answered.`,
		Example: `  adapterd top                                       look at the one at 127.0.0.1:8088
  adapterd top https://adapter.example:8088 --token-file token --ca ca.pem
  adapterd top --once                                print a table, for a script or a report
  adapterd top --json | jq .notReady`,
		Args: atMostOne("one URL"),
		RunE: func(c *cobra.Command, args []string) error {
			f.options.URL = "http://127.0.0.1:8088"
			if len(args) == 1 {
				f.options.URL = args[0]
			}
			if err := f.check(c); err != nil {
				return err
			}
			return f.run(c)
		},
	}
	c.Flags().StringVar(&f.options.TokenFile, "token-file", "", "file with the token that the server wants, the one of run's --admin-token-file")
	c.Flags().StringVar(&f.options.CA, "ca", "", "PEM file with the CA of the server's certificate, if the system does not know it")
	c.Flags().BoolVar(&f.options.Insecure, "insecure", false, "accept any TLS certificate")
	c.Flags().StringVar(&f.options.Cert, "cert", "", "PEM file with a certificate to show to the server, if it wants one")
	c.Flags().StringVar(&f.options.Key, "key", "", "PEM file with the key of --cert")
	c.Flags().DurationVar(&f.options.Interval, "interval", time.Second, "how often the picture is renewed, 100ms or more")
	c.Flags().BoolVar(&f.once, "once", false, "print everything once as plain text, and end")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print the state once as JSON, and end")
	return c
}

func (f *topFlags) check(c *cobra.Command) error {
	switch {
	case (f.options.Cert == "") != (f.options.Key == ""):
		return usageError{errors.New("--cert and --key go together")}
	case f.options.Insecure && f.options.CA != "":
		return usageError{errors.New("--insecure accepts any certificate, so --ca would mean nothing; give one of them")}
	case f.once && f.asJSON:
		return usageError{errors.New("--once prints text and --json JSON; give one of them")}
	case (f.once || f.asJSON) && c.Flags().Changed("interval"):
		return usageError{errors.New("--interval is for the terminal; --once and --json print one state and end")}
	case f.options.Interval < top.LeastInterval:
		return usageError{errors.New("--interval takes 100ms or more")}
	}
	return nil
}

func (f *topFlags) run(c *cobra.Command) error {
	f.options.In, f.options.Out, f.options.Environ = c.InOrStdin(), c.OutOrStdout(), os.Environ()
	do := top.Run
	switch {
	case f.once:
		do = top.Once
	case f.asJSON:
		do = top.JSON
	case !isTerminal(f.options.In) || !isTerminal(f.options.Out) || os.Getenv("TERM") == "dumb":
		return usageError{errors.New("top draws on a terminal, and input or output is none, or a dumb one; use --once or --json")}
	}
	// SIGHUP too: a terminal that is closed gets back its state from whoever opens it, but the program must end.
	ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A second signal ends the program as the system does it.
	defer context.AfterFunc(ctx, stop)()
	err := do(ctx, f.options)
	if errors.Is(err, top.ErrUsage) {
		return usageError{err}
	}
	return err
}

// isTerminal says whether what is read or written is a terminal.
func isTerminal(of any) bool {
	file, ok := of.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
