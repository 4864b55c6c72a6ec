package connection

import (
	"errors"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// accept takes the outcome of reading a configuration: it is kept, or everything that is wrong with it is reported, each at its line.
func (k *kinesis) accept(r *component.Report, element string, config kpl.Config, warnings []kpl.Warning, err error) {
	at := func(s document.Severity, code, pos, text string) {
		where, ok := positionOf(pos)
		if !ok {
			where = r.Pos(element)
		}
		r.At(s, code, where, "%s", text)
	}
	for _, w := range warnings {
		severity := document.SeverityNote
		if w.Severity == kpl.SeverityWarning {
			severity = document.SeverityWarning
		}
		at(severity, "kpl-configuration", w.Pos, w.Text)
	}
	var faults kpl.ConfigErrors
	if errors.As(err, &faults) {
		for _, f := range faults {
			unplaced := *f
			unplaced.Pos = ""
			at(document.SeverityError, "kpl-configuration", f.Pos, unplaced.Error())
		}
		return
	}
	if err != nil {
		r.Errorf(element, "kpl-configuration", "can not be read: %v", err)
		return
	}
	k.config, k.valid = config, true
}

// positionOf reads file:line:column, where the file may hold colons itself.
func positionOf(text string) (document.Position, bool) {
	rest, column, ok := cutNumber(text)
	if !ok {
		return document.Position{File: text}, text != ""
	}
	file, line, ok := cutNumber(rest)
	if !ok {
		return document.Position{File: rest, Line: column, Column: 1}, true
	}
	return document.Position{File: file, Line: line, Column: column}, true
}

func cutNumber(text string) (before string, number int, ok bool) {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return text, 0, false
	}
	number, err := strconv.Atoi(text[i+1:])
	return text[:i], number, err == nil && number > 0
}
