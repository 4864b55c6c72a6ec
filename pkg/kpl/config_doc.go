package kpl

import (
	"fmt"
	"strings"
)

const configurationIntro = `# Configuration of the Kinesis producer

These are the keys of the KPL's ` + "`KinesisProducerConfiguration`" + `, with its defaults, ranges and messages, and a few of our own. They stand in a
` + "`.properties`" + ` file, in the ` + "`config`" + ` of an inline connection, or as fields of ` + "`kpl.Config`" + `. This page is made from the same table that reads them.

## How keys and values are read

- Keys are case-sensitive. An unknown key is named in a warning, with the known one it resembles, and ignored.
- Numbers are decimal, a sign is allowed. Booleans are ` + "`true`" + ` or ` + "`false`" + ` in any case; anything else is an error (the KPL takes it for false).
- Blanks around a value that would not be valid with them are dropped, with a warning. The KPL keeps them: ` + "`AggregationEnabled=true `" + ` is false there.
- All errors are told at once, each with file, line and column, key, value and what is allowed.
- A ` + "`.properties`" + ` file has the syntax of ` + "`java.util.Properties`" + `: ` + "`#` or `!`" + ` begins a comment line, ` + "`=`, `:`" + ` or a blank ends a key, ` + "`\\`" + ` continues a line, ` + "`\\uXXXX`" + ` is a character,
  the last of two equal keys counts. It is read as UTF-8 if it is valid UTF-8, else as ISO-8859-1.

`

// ConfigurationMarkdown is the reference of all keys as a Markdown page.
func ConfigurationMarkdown() string {
	var b strings.Builder
	b.WriteString(configurationIntro)
	section := func(title, intro string, wanted func(*configKey) bool) {
		fmt.Fprintf(&b, "## %s\n\n%s\n\n| key | type | default | allowed | what it does |\n|---|---|---|---|---|\n", title, intro)
		for i := range configKeys {
			if k := &configKeys[i]; wanted(k) {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", k.name, k.typeText(), k.fallbackText(), k.allowedText(), tableText(k.doc))
			}
		}
		b.WriteString("\n")
	}
	section("Keys of the KPL", "A range includes both ends. A pattern must match the whole value.",
		func(k *configKey) bool { return k.effect == works && !k.ours })
	section("Our own keys", "The KPL ignores them with a warning.", func(k *configKey) bool { return k.ours })
	section("Accepted without effect", "They are about the KPL's native process, or name Java objects. They are checked as there, and named once in the log.",
		func(k *configKey) bool { return k.effect == daemonOnly || k.effect == notByText })
	section("Refused", "With them the KPL would write other records.", func(k *configKey) bool { return k.effect == refused })
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (k *configKey) typeText() string {
	if k.unit == "" {
		return string(k.kind)
	}
	return fmt.Sprintf("%s, %s", k.kind, k.unit)
}

func (k *configKey) fallbackText() string {
	if k.kind == kindOther {
		return ""
	}
	if s := k.shown(k.fallback); s != "" {
		return "`" + s + "`"
	}
	return "empty"
}

func (k *configKey) allowedText() string {
	switch {
	case k.effect == refused || k.effect == notByText:
		return ""
	case k.pattern == hostPatternText && k.effect == works:
		return "`" + tableText(k.pattern) + "`, or a URL"
	case k.pattern != "":
		return "`" + tableText(k.pattern) + "`"
	}
	return k.allowed()
}

// tableText keeps a text in its cell.
func tableText(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
