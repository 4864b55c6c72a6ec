package service

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// filePlace keeps the files that expressions name below the folder that the document names: ".." is allowed in the beginning that is the
// same for every message, and nowhere behind it, where a message could have brought it.
type filePlace struct {
	// parents is how many ".." the beginning has.
	parents int
	// free says that the document names no folder: the message gives the whole location.
	free bool
}

var (
	// ofMessage finds where the beginning may end.
	ofMessage = regexp.MustCompile(`%(message|(?i:payload))\{`)
	// wholeLocation is a location that is nothing but one expression.
	wholeLocation = regexp.MustCompile(`^%(message|(?i:payload))\{[^{}]*\}$`)
)

// learn reads what the document says; call it in Check. Without it no ".." is allowed.
func (p *filePlace) learn(t *expr.Template, r *component.Report) {
	if t == nil {
		return
	}
	text := t.Text()
	p.free = wholeLocation.MatchString(strings.TrimSpace(text))
	at := ofMessage.FindStringIndex(text)
	if at == nil {
		return
	}
	begin, err := expr.Compile(text[:at[0]], r.Sources())
	if err != nil {
		return
	}
	constant, _ := begin.Constant()
	if path, err := document.FilePath(constant + "x"); err == nil { // something follows; "..x" is no parent
		p.parents = parents(path)
	}
}

// path is the path of the file for m.
func (p *filePlace) path(t *expr.Template, m *message.Message) (string, error) {
	location, err := resolve(t, m)
	if err != nil {
		return "", err
	}
	path, err := document.FilePath(location)
	if err != nil {
		return "", err
	}
	if _, constant := constantText(t); !constant && !p.free && parents(path) > p.parents {
		return "", fmt.Errorf("%s leads to %q for this message, but \"..\" may stand only before its first expression of a message; name the file by values without it", t.Text(), path)
	}
	return path, nil
}

// parents counts the segments of a path that are "..", with separators of any system.
func parents(path string) int {
	n := 0
	for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' || r == ':' }) {
		if segment == ".." {
			n++
		}
	}
	return n
}
