package expr

import (
	"fmt"
	"slices"
	"strings"
)

// keywords are the names that make a literal look like a mistake. Other %name{ may be anybody's text.
var keywords = []string{"message", "payload", "env", "sysprop", "file"}

// suspect warns when text, which begins with a % that is no expression, looks like one that was meant.
func (c *compiler) suspect(text string) {
	keyword, body, ok := opening(text)
	if !ok {
		return
	}
	lower := strings.ToLower(keyword)
	if !slices.Contains(keywords, lower) {
		return
	}
	end := strings.IndexByte(body, '}')
	if end < 0 {
		c.warn(text, "the closing } is missing")
		return
	}
	whole, inside := text[:len(text)-len(body)+end+1], body[:end]
	switch {
	case keyword != lower && lower != "payload":
		c.warn(whole, "write %"+lower+" in lower case")
	case lower == "message" && hasPrefixFold(inside, xpathPrefix):
		c.warn(whole, "write %payload{"+inside+"}")
	case lower == "payload":
		c.warn(whole, "write %payload{jsonpath:…}, %payload{xpath:…} or %message{%payload}")
	case inside == "":
		c.warn(whole, "a name is missing")
	default:
		c.warn(whole, "a name is made of letters, digits and _ ! $ \" # & % ' * + , - . : =")
	}
}

func (c *compiler) warn(piece, advice string) {
	const many = 20
	if len(c.template.literals) == many {
		return // who reads more than these has seen what it is about
	}
	c.template.literals = append(c.template.literals,
		fmt.Sprintf("this text looks like an expression and is sent as it is, as Interlok does: %s; if it is meant as one, %s", shortened(piece), advice))
}

// shortened is what is said of a piece of text that may be long.
func shortened(piece string) string {
	const most = 80
	if len(piece) <= most {
		return piece
	}
	return strings.ToValidUTF8(piece[:most], "") + "…"
}

func (c *compiler) differ(format string, args ...any) {
	c.template.differences = append(c.template.differences, fmt.Sprintf(format, args...))
}

// differOfMixing notes a text with several kinds that Interlok resolves only one of.
func (c *compiler) differOfMixing() {
	kinds := slices.Compact(slices.Sorted(slices.Values(c.external)))
	if len(kinds) > 1 {
		for i, k := range kinds {
			if strings.HasPrefix(k, "%payload{") {
				kinds[i] += "…}"
			} else {
				kinds[i] += "{…}"
			}
		}
		c.differ("Interlok resolves only one of %s in one text; adapterd resolves all", strings.Join(kinds, ", "))
	}
}
