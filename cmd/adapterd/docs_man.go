package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manualPage is a command's help in the macros of man(7).
func manualPage(c *cobra.Command, day time.Time) string {
	var b strings.Builder
	name := manualName(c)
	fmt.Fprintf(&b, ".TH %s 1 %s %s %s\n", roffArgument(strings.ToUpper(name)), day.Format(time.DateOnly), roffArgument("adapterd "+versionText()), roffArgument("adapterd manual"))
	section(&b, "NAME")
	fmt.Fprintf(&b, "%s \\- %s\n", roff(name), roff(c.Short))
	section(&b, "SYNOPSIS")
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, ".B %s\n.I COMMAND\n", roff(c.CommandPath()))
	} else {
		rest := strings.TrimPrefix(c.UseLine(), c.CommandPath())
		fmt.Fprintf(&b, ".B %s\n%s\n", roff(c.CommandPath()), roff(strings.TrimSpace(rest)))
	}
	section(&b, "DESCRIPTION")
	if c.Long == "" {
		paragraphs(&b, c.Short+".")
	} else {
		paragraphs(&b, c.Long)
	}
	if c.HasAvailableSubCommands() {
		section(&b, "COMMANDS")
		for _, sub := range available(c) {
			fmt.Fprintf(&b, ".TP\n.BR %s (1)\n%s\n", roff(manualName(sub)), roff(sub.Short))
		}
	}
	if c.HasAvailableFlags() {
		section(&b, "OPTIONS")
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { option(&b, f) })
		c.InheritedFlags().VisitAll(func(f *pflag.Flag) { option(&b, f) })
	}
	section(&b, "EXIT STATUS")
	for _, s := range []struct {
		code int
		text string
	}{{exitDone, "done"}, {exitFailed, "failed"}, {exitUsage, "wrong usage"}} {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", s.code, s.text)
	}
	if c.Example != "" {
		section(&b, "EXAMPLES")
		fmt.Fprintf(&b, ".nf\n%s\n.fi\n", roff(c.Example))
	}
	if others := related(c); len(others) > 0 {
		section(&b, "SEE ALSO")
		for i, o := range others {
			comma := ","
			if i == len(others)-1 {
				comma = ""
			}
			fmt.Fprintf(&b, ".BR %s (1)%s\n", roff(manualName(o)), comma)
		}
	}
	return b.String()
}

func section(b *strings.Builder, title string) { fmt.Fprintf(b, ".SH %s\n", title) }

// paragraphs are separated by empty lines; lines that are indented stay as they are.
func paragraphs(b *strings.Builder, text string) {
	for i, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		if strings.HasPrefix(p, " ") {
			fmt.Fprintf(b, ".nf\n%s\n.fi\n", roff(p))
			continue
		}
		b.WriteString(roff(p) + "\n")
	}
}

func option(b *strings.Builder, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	name := `\-\-` + roff(f.Name)
	if f.Shorthand != "" {
		name = `\-` + roff(f.Shorthand) + `\fR, \fB` + name
	}
	fmt.Fprintf(b, ".TP\n\\fB%s\\fR", name)
	if value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
	}
	b.WriteString("\n" + roff(usage))
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
	default:
		b.WriteString(" (default " + roff(f.DefValue) + ")")
	}
	b.WriteString("\n")
}

// available are the commands below one that help shows.
func available(c *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(c.Commands()), func(s *cobra.Command) bool { return !s.IsAvailableCommand() || s.IsAdditionalHelpTopicCommand() })
}

// related are the commands above and beside a command.
func related(c *cobra.Command) []*cobra.Command {
	if !c.HasParent() {
		return nil // COMMANDS has them all
	}
	others := []*cobra.Command{c.Parent()}
	for _, o := range available(c.Parent()) {
		if o != c {
			others = append(others, o)
		}
	}
	return others
}

// roff is text as a formatter shows it unchanged: what would be a request at the beginning of a line, or an escape, is none.
func roff(text string) string {
	lines := strings.Split(roffCharacters.Replace(text), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") || strings.HasPrefix(l, `\(aq`) {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

var roffCharacters = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, "…", "...", "→", "->", "\t", "        ")

// roffArgument is one argument of a macro.
func roffArgument(text string) string { return `"` + strings.ReplaceAll(roff(text), `"`, `\(dq`) + `"` }
