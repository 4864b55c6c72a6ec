package service

import (
	"fmt"
	"iter"
	"regexp"
	"strconv"
	"strings"
)

// maxReplacedBytes bounds what a small text may become by replacements: as much as a payload that is inflated.
const maxReplacedBytes = maxInflatedBytes

// replaceAll is Java's String.replaceAll: in the replacement $n and ${name} are groups of the match, and \ takes the next character as
// it is. A text that becomes larger by it than it was and than maxReplacedBytes is an error.
func replaceAll(pattern *regexp.Regexp, text, replacement string) (string, error) {
	parts, err := parseReplacement(pattern, replacement)
	if err != nil {
		return "", err
	}
	return replaceMatches(text, pattern.FindAllStringSubmatchIndex(text, -1), parts)
}

// replaceFirst is Java's Matcher.replaceFirst: as replaceAll, for the first match alone.
func replaceFirst(pattern *regexp.Regexp, text, replacement string) (string, error) {
	parts, err := parseReplacement(pattern, replacement)
	if err != nil {
		return "", err
	}
	return replaceMatches(text, pattern.FindAllStringSubmatchIndex(text, 1), parts)
}

// replacementPart is a text, or a group of the match if that is not negative.
type replacementPart struct {
	literal string
	group   int
}

func replaceMatches(text string, matches [][]int, parts []replacementPart) (string, error) {
	most, size := max(maxReplacedBytes, len(text)), 0
	for piece := range piecesOf(text, matches, parts) {
		if size += len(piece); size > most {
			return "", fmt.Errorf("the text of %d bytes becomes one of more than %d bytes, the most that is accepted; use a shorter replacement, or split the message before", len(text), most)
		}
	}
	var b strings.Builder
	b.Grow(size)
	for piece := range piecesOf(text, matches, parts) {
		b.WriteString(piece)
	}
	return b.String(), nil
}

// piecesOf are what a text consists of once its matches are replaced.
func piecesOf(text string, matches [][]int, parts []replacementPart) iter.Seq[string] {
	return func(yield func(string) bool) {
		end := 0
		for _, match := range matches {
			if !yield(text[end:match[0]]) {
				return
			}
			end = match[1]
			for _, p := range parts {
				piece := p.literal
				if p.group >= 0 && match[2*p.group] >= 0 {
					piece = text[match[2*p.group]:match[2*p.group+1]]
				}
				if !yield(piece) {
					return
				}
			}
		}
		yield(text[end:])
	}
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
