package document

import (
	"fmt"
	"slices"
	"strings"
)

// Severity says how bad a problem is.
type Severity string

// An error keeps the document from running; a warning and a note do not.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityNote    Severity = "note"
)

// Problem is one thing that is wrong, or worth saying, about a document.
type Problem struct {
	Severity Severity `json:"severity"`
	// Code is a stable name of the kind of problem, such as unknown-element.
	Code    string   `json:"code"`
	Pos     Position `json:"position"`
	Message string   `json:"message"`
}

// Error is position and message: adapter.xml:31:9: <partition-key> of … is blank; give it a value ….
func (p Problem) Error() string { return fmt.Sprintf("%s: %s", p.Pos, p.Message) }

// Problems is all that was found in a document, in the order of its text. As an error it prints a line for each.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort orders the problems by file, line and column.
func (p Problems) Sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		if c := strings.Compare(a.Pos.File, b.Pos.File); c != 0 {
			return c
		}
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
}

// Errors are those of SeverityError.
func (p Problems) Errors() Problems { return p.of(SeverityError) }

// Warnings are those of SeverityWarning.
func (p Problems) Warnings() Problems { return p.of(SeverityWarning) }

func (p Problems) of(s Severity) Problems {
	var out Problems
	for _, problem := range p {
		if problem.Severity == s {
			out = append(out, problem)
		}
	}
	return out
}
