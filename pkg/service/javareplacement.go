package service

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// replaceFirst is Java's Matcher.replaceFirst: as replaceAll, for the first match alone.
func replaceFirst(pattern *regexp.Regexp, text, replacement string) (string, error) {
	parts, err := parseReplacement(pattern, replacement)
	if err != nil {
		return "", err
	}
	match := pattern.FindStringSubmatchIndex(text)
	if match == nil {
		return text, nil
	}
	var b strings.Builder
	b.WriteString(text[:match[0]])
	for _, p := range parts {
		switch {
		case p.group < 0:
			b.WriteString(p.literal)
		case match[2*p.group] >= 0:
			b.WriteString(text[match[2*p.group]:match[2*p.group+1]])
		}
	}
	b.WriteString(text[match[1]:])
	return b.String(), nil
}

// quoteReplacement makes text stand for itself in a replacement.
func quoteReplacement(text string) string {
	return strings.NewReplacer(`\`, `\\`, `$`, `\$`).Replace(text)
}

// groupMention is a group in braces, as Interlok's own replacements have them.
var groupMention = regexp.MustCompile(`\{([0-9]+)\}`)

// fillGroups replaces {1} and the like in a replacement by groups of a match, which stand for themselves.
func fillGroups(replacement string, groups []string) (string, error) {
	var failed error
	filled := groupMention.ReplaceAllStringFunc(replacement, func(mention string) string {
		group, err := strconv.Atoi(strings.Trim(mention, "{}"))
		if err != nil || group >= len(groups) {
			failed = fmt.Errorf("the replacement names group %s, but the pattern has %d groups", mention, len(groups)-1)
			return mention
		}
		return quoteReplacement(groups[group])
	})
	return filled, failed
}
