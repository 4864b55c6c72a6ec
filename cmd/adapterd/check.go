package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func checkCommand() *cobra.Command {
	var flags documentFlags
	var asJSON bool
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Say everything that is wrong with a document, without running it",
		Long: `check reads an adapter.xml, a part of one, or a bootstrap.properties, and says everything that run
would refuse, all of it at once, and what it would warn of. Nothing is started, consumed or sent.
Exit code 0: it runs; 1: it has errors; 2: wrong usage.`,
		Example: "  adapterd check config/adapter.xml --variables config/variables.properties",
		Args:    exactly(1, "one document"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			a, problems := flags.load(c.Context(), args[0])
			errors := len(problems.Errors())
			if asJSON {
				if err := printJSON(c.OutOrStdout(), args[0], problems); err != nil {
					return err
				}
			} else {
				print(c.OutOrStdout(), problems)
				verdict := "runs"
				switch {
				case errors > 0:
					verdict = "does not run"
				case a.Fragment():
					verdict = "has no fault, but is a part of a channel only"
				}
				fmt.Fprintf(c.OutOrStdout(), "%s %s: %s, %s\n", shown(args[0]), verdict, count(errors, "error"), count(len(problems.Warnings()), "warning"))
			}
			if errors > 0 {
				return errReported
			}
			return nil
		},
	}
	flags.register(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
