package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// docsCommand makes what packages carry of the command line's documentation. It is hidden: who builds packages needs it, nobody else.
func docsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "docs",
		Short:   "Write documentation of the command line",
		Example: "  adapterd docs man man1",
		Hidden:  true,
		Args:    commandName,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var date string
	man := &cobra.Command{
		Use:     "man DIRECTORY",
		Short:   "Write a manual page for each command",
		Example: "  adapterd docs man man1 --date 2026-11-24",
		Args:    exactly(1, "one directory"),
		RunE: func(c *cobra.Command, args []string) error {
			day := time.Now()
			if date != "" {
				var err error
				if day, err = time.Parse(time.DateOnly, date); err != nil {
					return usageError{fmt.Errorf("--date is %q; it takes a day such as 2026-11-24", date)}
				}
			}
			return writeManual(c.Root(), args[0], day)
		},
	}
	man.Flags().StringVar(&date, "date", "", "the day that the pages name (default today)")
	c.AddCommand(man)
	return c
}

// writeManual writes a page for each command that help shows, named as man looks for it: adapterd-password-encode.1.
func writeManual(root *cobra.Command, directory string, day time.Time) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	var walk func(c *cobra.Command) error
	walk = func(c *cobra.Command) error {
		c.InitDefaultHelpFlag()
		path := filepath.Join(directory, manualName(c)+".1")
		if err := os.WriteFile(path, []byte(manualPage(c, day)), 0o644); err != nil {
			return err
		}
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() && !sub.IsAdditionalHelpTopicCommand() {
				if err := walk(sub); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return walk(root)
}

func manualName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }
