package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
)

// documentFlags are the flags of commands that load a document.
type documentFlags struct {
	variables []string
	set       []string
}

func (f *documentFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.variables, "variables", nil, "properties file with values for ${…} (repeatable; later files override earlier)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "one value for ${…}, as NAME=VALUE (repeatable; overrides files)")
}

// check finds wrong usage. A text given with --set may be a secret whose name was forgotten, so it is not repeated.
func (f *documentFlags) check() error {
	for _, assignment := range f.set {
		if name, _, ok := strings.Cut(assignment, "="); !ok || strings.TrimSpace(name) == "" {
			return usageError{errors.New("--set takes NAME=VALUE, but what was given has no name or no =")}
		}
	}
	return nil
}

func (f *documentFlags) load(ctx context.Context, path string) (*adapter.Adapter, document.Problems) {
	return adapter.Load(ctx, path, f.options())
}

func (f *documentFlags) options() adapter.Options {
	return adapter.Options{VariableFiles: f.variables, Set: f.set}
}

// print writes problems for people, one a line.
func print(out io.Writer, problems document.Problems) {
	for _, p := range problems {
		fmt.Fprintf(out, "%s: %s: %s [%s]\n", p.Pos, p.Severity, p.Message, p.Code)
	}
}

// checked is the JSON of check. Other programs read it: fields may be added, not changed.
type checked struct {
	Document string           `json:"document"`
	OK       bool             `json:"ok"`
	Errors   int              `json:"errors"`
	Warnings int              `json:"warnings"`
	Problems []checkedProblem `json:"problems"`
}

type checkedProblem struct {
	Severity document.Severity `json:"severity"`
	Code     string            `json:"code"`
	File     string            `json:"file"`
	// Line and Column are missing where the file as a whole is meant.
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// printJSON writes problems for machines.
func printJSON(out io.Writer, path string, problems document.Problems) error {
	errors := len(problems.Errors())
	c := checked{Document: document.Shown(path), OK: errors == 0, Errors: errors, Warnings: len(problems.Warnings()), Problems: []checkedProblem{}}
	for _, p := range problems {
		c.Problems = append(c.Problems, checkedProblem{p.Severity, p.Code, p.Pos.File, p.Pos.Line, p.Pos.Column, p.Message})
	}
	return writeJSON(out, c)
}

// logProblems tells problems where there is a log.
func logProblems(log *zap.Logger, problems document.Problems) {
	for _, p := range problems {
		write := log.Info
		switch p.Severity {
		case document.SeverityError:
			write = log.Error
		case document.SeverityWarning:
			write = log.Warn
		}
		write(p.Message, zap.String("at", p.Pos.String()), zap.String("code", p.Code))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
