package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/adapterd/adapterd/pkg/failed"
)

// failedShown is the JSON of show.
type failedShown struct {
	failedMessage
	// Payload is its beginning, as text, or in Base64 if it is none.
	Payload   failed.Text `json:"payload"`
	Truncated bool        `json:"truncated,omitempty"`
}

func failedShowCommand() *cobra.Command {
	var f failedFlags
	var head int
	var asJSON bool
	c := &cobra.Command{
		Use:   "show DOCUMENT-or-DIRECTORY NAME…",
		Short: "Show messages that failed: why, attempts, metadata, and how the payload begins",
		Example: `  adapterd failed show adapter.xml order-7
  adapterd failed show /var/messages/failed order-7 --bytes 100000
  adapterd failed show adapter.xml order-7 --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{errors.New("want a document or a directory, and names of messages; adapterd failed list tells the names")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if head < 0 || head > mostExplained {
				return usageError{fmt.Errorf("--bytes takes a number from 0 to %d", mostExplained)}
			}
			p, err := f.open(c.Context(), c, args[0])
			if err != nil {
				return err
			}
			var text bytes.Buffer
			desk, all := new(failed.Desk), []failedShown{}
			var errs []error
			for _, argument := range args[1:] {
				name, err := p.find(c.Context(), desk, argument)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				m, payload, err := desk.Show(c.Context(), name.Directory, name.Name, head)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				if asJSON {
					all = append(all, failedShown{failedMessageOf(&m), failed.Text(wholeRunes(payload, int64(len(payload)) < m.Bytes)), int64(len(payload)) < m.Bytes})
					continue
				}
				if text.Len() > 0 {
					text.WriteString("\n")
				}
				showFailed(&text, &m, payload)
			}
			if asJSON {
				if err := writeJSON(&text, all); err != nil {
					return err
				}
			}
			if _, err := p.mask(&masking{out: c.OutOrStdout()}).Write(text.Bytes()); err != nil {
				return err
			}
			return errors.Join(errs...)
		},
	}
	f.register(c)
	c.Flags().IntVar(&head, "bytes", 2000, "how much of the payload to show")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// showFailed tells people all that is known of a message.
func showFailed(out io.Writer, m *failed.Message, head []byte) {
	fmt.Fprintln(out, cell(m.Name))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(w, "  %s\t%s\n", what, cell(text))
		}
	}
	line("directory", m.Directory)
	line("written", m.At.Local().Format(time.DateTime))
	d := m.Details
	if d == nil {
		line("reason", "nothing was kept with it")
	} else {
		line("workflow", workflowOf(d))
		line("message", string(d.Message))
		line("file", string(d.SourceDirectory+d.File))
		line("reason", string(d.Reason))
		line("what to do", string(d.Remedy))
		line("code", string(d.Code))
		line("stream", string(d.Stream))
		line("shard", string(d.ShardID))
		if d.MayBeStored {
			line("note", "it may be in the stream all the same: a retry may deliver it twice")
		}
		if d.Payload.Changed {
			line("note", "the error handler changed the payload before it was written")
		}
		if d.MetadataLost {
			line("note", "there was too much metadata to keep")
		}
	}
	if m.Edited {
		line("note", "the payload has been changed since it was written")
	}
	if d != nil && d.Tries > 0 {
		line("attempts", fmt.Sprint(d.Tries))
	}
	_ = w.Flush() // to memory
	if d != nil {
		for i, a := range d.Attempts {
			if a.Merged > 0 {
				fmt.Fprintf(out, "    … %d more\n", a.Merged)
			}
			fmt.Fprintf(out, "    %d  after %v, took %v: %s\n", i+1, time.Duration(a.DelayMillis)*time.Millisecond, time.Duration(a.DurationMillis)*time.Millisecond,
				cell(strings.Trim(string(a.Code+": "+a.Message), ": ")))
		}
		showMetadata(out, "metadata", d.Metadata)
		showMetadata(out, "added by the failure and the error handler", d.Added)
	}
	showPayload(out, m, head)
}

func showMetadata(out io.Writer, what string, items map[string]failed.Text) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(out, "  %s\n", what)
	for _, key := range slices.Sorted(maps.Keys(items)) {
		fmt.Fprintf(out, "    %s = %s\n", cell(key), printable(strings.ToValidUTF8(string(items[key]), "\uFFFD")))
	}
}

// showPayload prints the beginning of a payload. What would steer a terminal is printed in Base64.
func showPayload(out io.Writer, m *failed.Message, head []byte) {
	fmt.Fprintf(out, "  payload, %s", count(int(m.Bytes), "byte"))
	if int64(len(head)) < m.Bytes {
		fmt.Fprintf(out, ", the first %d", len(head))
	}
	text := wholeRunes(head, int64(len(head)) < m.Bytes)
	if !utf8.Valid(text) || bytes.ContainsFunc(text, steers) {
		fmt.Fprintf(out, ", in Base64\n    %s\n", base64.StdEncoding.EncodeToString(head))
		return
	}
	fmt.Fprintln(out)
	for l := range strings.Lines(string(text)) {
		fmt.Fprintf(out, "    %s\n", strings.ReplaceAll(strings.TrimRight(l, "\r\n"), "\r", " "))
	}
}
