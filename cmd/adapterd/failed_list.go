package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/adapterd/adapterd/pkg/failed"
)

// failedMessage is the JSON of a message. Other programs read it: fields may be added, not changed.
type failedMessage struct {
	Directory failed.Text     `json:"directory"`
	Name      failed.Text     `json:"name"`
	At        time.Time       `json:"at"`
	Bytes     int64           `json:"bytes"`
	Edited    bool            `json:"edited,omitempty"`
	Details   *failed.Details `json:"details,omitempty"`
}

func failedMessageOf(m *failed.Message) failedMessage {
	return failedMessage{failed.Text(m.Directory), failed.Text(m.Name), m.At, m.Bytes, m.Edited, m.Details}
}

func failedListCommand() *cobra.Command {
	var f failedFlags
	var filter failedFilter
	var limit int
	var asJSON bool
	c := &cobra.Command{
		Use:   "list DOCUMENT-or-DIRECTORY",
		Short: "List the messages that failed, the newest first",
		Example: `  adapterd failed list adapter.xml
  adapterd failed list adapter.xml --channel orders --since 24h
  adapterd failed list /var/messages/failed --reason 'no such stream|AccessDenied' --json`,
		Args: exactly(1, "one document or directory"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if limit < 0 {
				return usageError{fmt.Errorf("--limit takes a number of messages, 0 for all")}
			}
			q, err := filter.query(time.Now())
			if err != nil {
				return err
			}
			q.Limit = limit
			p, err := f.open(c.Context(), c, args[0])
			if err != nil {
				return err
			}
			lists, matching, err := p.list(c.Context(), q)
			if err != nil {
				return err
			}
			var text bytes.Buffer
			if asJSON {
				all := []failedMessage{}
				for _, messages := range lists {
					for _, m := range messages {
						all = append(all, failedMessageOf(&m))
					}
				}
				err = writeJSON(&text, all)
			} else {
				err = p.table(&text, lists, matching, widthOf(c.OutOrStdout()))
			}
			if err != nil {
				return err
			}
			if _, err = p.mask(&masking{out: c.OutOrStdout()}).Write(text.Bytes()); err != nil || !asJSON {
				return err
			}
			if more := matching - len(slices.Concat(lists...)); more > 0 { // JSON has no place for it
				fmt.Fprintf(c.ErrOrStderr(), "and %d older ones; --limit 0 lists all\n", more)
			}
			return nil
		},
	}
	f.register(c)
	filter.register(c)
	c.Flags().IntVar(&limit, "limit", 1000, "the newest so many of each directory; 0: all")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// widthOf is how many characters fit on a line of a terminal; 0 if out is none.
func widthOf(out io.Writer) int {
	if f, ok := out.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// table prints lists for people; lines are at most width long, unless it is 0.
func (p *failedPlaces) table(out io.Writer, lists [][]failed.Message, matching, width int) error {
	listed := 0
	for i, messages := range lists {
		if len(messages) == 0 {
			continue
		}
		listed += len(messages)
		fmt.Fprintf(out, "%s: %s\n", printable(p.paths[i]), count(len(messages), "message"))
		var rows bytes.Buffer
		w := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "  NAME\tWRITTEN\tBYTES\tWORKFLOW\tTRIES\tCODE\tREASON")
		for _, m := range messages {
			row := []string{m.Name, m.At.Local().Format(time.DateTime), strconv.FormatInt(m.Bytes, 10), "", "", "", "(nothing was kept with it)"}
			if d := m.Details; d != nil {
				row[3], row[5], row[6] = workflowOf(d), string(d.Code), string(d.Reason)
				if d.Tries > 0 {
					row[4] = strconv.Itoa(d.Tries)
				}
			}
			for i := range row {
				row[i] = cell(row[i])
			}
			fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
		}
		if err := w.Flush(); err != nil {
			return err
		}
		for line := range strings.Lines(rows.String()) {
			fmt.Fprintln(out, cut(strings.TrimRight(line, " \n"), width))
		}
	}
	switch {
	case listed == 0:
		fmt.Fprintf(out, "no failed messages in %s\n", strings.Join(p.paths, ", "))
	case listed < matching:
		fmt.Fprintf(out, "and %d older ones; --limit 0 lists all\n", matching-listed)
	}
	return nil
}

func workflowOf(d *failed.Details) string {
	if d.Workflow == "" {
		return ""
	}
	return string(d.Workflow + "@" + d.Channel)
}

// cell is a text on one line. It may come from a name of a file, or from a server.
func cell(text string) string { return cmp.Or(printable(strings.ToValidUTF8(text, "\uFFFD")), "-") }

// cut shortens a line to width characters; 0 leaves it as it is.
func cut(line string, width int) string {
	if runes := []rune(line); width > 1 && len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return line
}
