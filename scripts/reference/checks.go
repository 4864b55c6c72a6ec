package main

import (
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/checks"
)

const checksIntro = `# What check says

` + "`adapterd check FILE`" + ` prints a line for each problem, ` + "`file:line:column: severity: message [code]`" + `. The message names the way out; this page says what each
code is about. An **error** keeps the document from running, a **warning** is likely not what you want, a **note** is good to know. With a
code that can be more than one of them, the worst is shown. The page is made from the code.

` + "`--format json`" + ` and ` + "`--format sarif`" + ` give the same to machines: SARIF is what code hosts show beside a change. Codes are stable: scripts may rely on them.
`

// checksPage shows each code under an anchor of its name.
func checksPage(groups []checks.Group) string {
	var b strings.Builder
	b.WriteString(checksIntro)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n\n| code | severity | meaning |\n|---|---|---|\n", g.Title)
		for _, c := range g.Codes {
			fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", c.Name, c.Name, c.Severity, escaped(c.Meaning))
		}
		for _, c := range g.Codes {
			writeCode(&b, c)
		}
	}
	return b.String()
}

func writeCode(b *strings.Builder, c checks.Code) {
	fmt.Fprintf(b, "\n### %s\n\n%s: %s\n\n    %s\n\n%s\n", c.Name, title(string(c.Severity)), escaped(c.Meaning), c.Example, escaped(c.Remedy))
}

// escaped keeps angle brackets outside of code spans visible, and bars in their table cell.
func escaped(s string) string {
	parts := strings.Split(s, "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.ReplaceAll(parts[i], "<", "&lt;")
	}
	return strings.ReplaceAll(strings.Join(parts, "`"), "|", `\|`)
}
