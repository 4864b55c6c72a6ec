package checks

import (
	"maps"
	"slices"

	"github.com/adapterd/adapterd/pkg/document"
)

// Code is a kind of problem: what stands in brackets behind each line of check.
type Code struct {
	Name string
	// Severity is the worst that a problem of this kind can be.
	Severity document.Severity
	// Meaning is one sentence. Example shows the mistake, Remedy what to do about it.
	Meaning, Example, Remedy string
}

// Page is where the codes are described, and the anchor of each is its name.
const Page = "https://github.com/adapterd/adapterd/blob/main/docs/checks.md"

// URL is where the code is described.
func (c Code) URL() string { return Page + "#" + c.Name }

// Group is a family of codes, as the reference shows them.
type Group struct {
	Title string
	Codes []Code
}

// Groups are all codes, in the order of the reference.
func Groups() []Group {
	return []Group{
		{"Reading the document", readingCodes},
		{"Variables and secrets", variableCodes},
		{"bootstrap.properties", bootstrapCodes},
		{"Elements and components", elementCodes},
		{"References and structure", structureCodes},
		{"Connections and configuration", connectionCodes},
		{"Advice", adviceCodes},
		{"What the service says (--live)", liveCodes},
	}
}

// Codes are all codes by name.
func Codes() []Code {
	all := make(map[string]Code)
	for _, g := range Groups() {
		for _, c := range g.Codes {
			all[c.Name] = c
		}
	}
	var out []Code
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}

// Lookup finds a code by name.
func Lookup(name string) (Code, bool) {
	all := Codes()
	i := slices.IndexFunc(all, func(c Code) bool { return c.Name == name })
	if i < 0 {
		return Code{}, false
	}
	return all[i], true
}

const (
	fails = document.SeverityError
	warns = document.SeverityWarning
	notes = document.SeverityNote
)
