package top

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// JSON prints the state that the server answers, indented, with all that it has. Nothing in it steers a terminal.
func JSON(ctx context.Context, o Options) error {
	c, err := newClient(&o)
	if err != nil {
		return err
	}
	defer c.close()
	text, err := c.get(ctx, "/api/status")
	if err != nil {
		return err
	}
	if _, err := parseSnapshot(text); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, cleanJSON(text), "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = o.Out.Write(b.Bytes())
	return err
}

// lastFailures is how many failures the plain table has.
const lastFailures = 10

// Once prints everything once as plain text: the verdict, a table for each view, and what to do about the last failures.
func Once(ctx context.Context, o Options) error {
	c, err := newClient(&o)
	if err != nil {
		return err
	}
	defer c.close()
	var s state
	if s.snapshot, err = c.status(ctx); err != nil {
		return err
	}
	all, err := c.failures(ctx)
	if err != nil {
		return err
	}
	s.set(all)
	_, err = io.WriteString(o.Out, plainText(&s, o.zone()))
	return err
}

func plainText(s *state, zone *time.Location) string {
	var b strings.Builder
	v := judge(s)
	fmt.Fprintf(&b, "%s %s\n", [...]string{"", "OK", "WARNING", "BAD"}[v.level], v.text)
	fmt.Fprintf(&b, "adapterd %s, %s, %s\n", clean(s.Version), clean(s.Document), s.Now.In(zone).Format(time.RFC3339))
	for i, view := range views {
		columns, rows := view.columns(s), view.rows(s, zone)
		more := 0
		if i == viewFailures && len(rows) > lastFailures {
			rows, more = rows[:lastFailures], len(rows)-lastFailures
		}
		fmt.Fprintf(&b, "\n%s\n", view.name)
		if len(rows) == 0 {
			fmt.Fprintf(&b, "  %s\n", view.none)
			continue
		}
		widths := layout(columns, rows, 0)
		b.WriteString("  " + strings.TrimRight(header(columns, widths, order{}), " ") + "\n")
		for _, r := range rows {
			b.WriteString("  " + strings.TrimRight(line(columns, widths, func(c int) string { return r.cells[c].text }), " ") + "\n")
			if i == viewFailures {
				for _, t := range r.about[1:] { // the first is the reason, which stands above
					b.WriteString("      " + t + "\n")
				}
			}
		}
		if more > 0 {
			fmt.Fprintf(&b, "  and %d before these\n", more)
		}
	}
	return b.String()
}
