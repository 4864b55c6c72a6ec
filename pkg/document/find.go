package document

import (
	"strings"
	"unicode"
)

func (d Delimiters) write(name string) string { return d.Prefix + name + d.Postfix }

// couldBeName tells a reference that is meant as one from text that happens to look alike, such as a script's.
func couldBeName(name string) bool {
	return name != "" && len(name) <= longestName && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.-:/@#", r)
	})
}

// varReference is a place of a text where a variable is named, or where something stands that only looks alike.
type varReference struct {
	group      *group
	name       string
	begin, end int
	unclear    string // why it is left alone
}

// finder goes over a text once, for all delimiters; what it knows of the text ahead it keeps, so that no text takes long.
type finder struct {
	text   string
	at     int
	groups []groupFinder
}

type groupFinder struct {
	*group
	prefix, postfix int // where the next ones are; the length of the text if there is none
}

func newFinder(groups []*group, text string) *finder {
	f := &finder{text: text}
	for _, g := range groups {
		if strings.Contains(text, g.Prefix) {
			f.groups = append(f.groups, groupFinder{group: g, prefix: -1, postfix: -1})
		}
	}
	return f
}

// ahead is where what stands next at or after from, if known says nothing newer.
func (f *finder) ahead(known, from int, what string) int {
	if known >= from {
		return known
	}
	if i := strings.Index(f.text[from:], what); i >= 0 {
		return from + i
	}
	return len(f.text)
}

func (f *finder) next() (varReference, bool) {
	var first *groupFinder
	for i := range f.groups {
		g := &f.groups[i]
		g.prefix = f.ahead(g.prefix, f.at, g.Prefix)
		if g.prefix < len(f.text) && (first == nil || g.prefix < first.prefix || g.prefix == first.prefix && len(g.Prefix) > len(first.Prefix)) {
			first = g
		}
	}
	if first == nil {
		return varReference{}, false
	}
	r := varReference{group: first.group, begin: first.prefix, end: first.prefix + len(first.Prefix)}
	f.at = r.end
	first.postfix = f.ahead(first.postfix, r.end, first.Postfix)
	if first.postfix == len(f.text) {
		first.prefix = len(f.text) // nor are those that follow closed
		r.unclear = "a " + first.Prefix + " stands here without a " + first.Postfix + " after it; it stays as it is"
		return r, true
	}
	name := f.text[r.end:first.postfix]
	if len(name) > longestName {
		name = ""
	}
	if v, _ := first.find(name); v == nil && !couldBeName(name) {
		r.unclear = "a " + first.Prefix + " stands here that begins no variable, since no name follows; it stays as it is"
		return r, true
	}
	r.name, r.end = name, first.postfix+len(first.Postfix)
	f.at = r.end
	return r, true
}
