package document

import (
	"fmt"
	"strings"
)

// The most text that variables may make of one value, and of a document: values that refer to each other many times grow fast.
const (
	maxValueBytes    = 1 << 20
	maxExpandedBytes = DefaultMaxBytes
	maxValueDepth    = 100
)

// maxProblems is how many are told of one document: nobody reads more at once, and each takes the time to find its place.
const maxProblems = 1000

// longestName bounds what is looked at as a name between prefix and postfix.
const longestName = 256

// Apply replaces the variables in the texts and attribute values of a tree, never in its markup: a value with < or & stays text. It
// goes on after a problem and returns them all; where an error is, the text is left.
func (v *Variables) Apply(root *Node) Problems {
	a := &applier{v: v, left: maxExpandedBytes}
	a.node(root)
	a.problems.Sort()
	return a.problems
}

type applier struct {
	v        *Variables
	problems Problems
	left     int
}

func (a *applier) node(n *Node) {
	for i := range n.Attrs {
		attr := &n.Attrs[i]
		attr.Value, attr.origin = a.text(attr.Value, attr.origin, attr.Pos)
	}
	n.Text, n.origin = a.text(n.Text, n.origin, n.Pos)
	for _, c := range n.Children {
		a.node(c)
	}
}

// text returns the text with its variables replaced, and where its parts came from now.
func (a *applier) text(text string, from origin, fallback Position) (string, origin) {
	references := newFinder(a.v.groups, text)
	walk := newWalker(from)
	var out strings.Builder
	to := origin{src: from.src, before: from.written(text), changed: true}
	copied := 0
	keep := func(end int) {
		if end > copied {
			to.pieces = append(to.pieces, walk.cut(copied, end, out.Len())...)
			out.WriteString(text[copied:end])
		}
	}
	for {
		r, ok := references.next()
		if !ok {
			break
		}
		pos := func() Position {
			if len(from.pieces) == 0 {
				return fallback
			}
			at := *walk
			at.seek(r.begin)
			return from.src.position(at.from)
		}
		value, ok := a.value(r, pos)
		if !ok {
			continue
		}
		keep(r.begin)
		if walk.seek(r.begin); len(from.pieces) > 0 {
			to.pieces = append(to.pieces, piece{at: out.Len(), from: walk.from, kind: pieceVariable})
		}
		out.WriteString(value)
		copied = r.end
	}
	if copied == 0 {
		return text, from
	}
	keep(len(text))
	return out.String(), to
}

// value is what a reference stands for, if it is to be replaced.
func (a *applier) value(r varReference, pos func() Position) (string, bool) {
	problem := func(s Severity, code, format string, args ...any) {
		switch {
		case len(a.problems) < maxProblems:
			a.problems = append(a.problems, Problem{Severity: s, Code: code, Pos: pos(), Message: fmt.Sprintf(format, args...)})
		case s == SeverityError && a.problems[maxProblems-1].Severity != SeverityError: // what fails has to be seen
			a.problems[maxProblems-1] = Problem{Severity: s, Code: code, Pos: pos(), Message: fmt.Sprintf(format, args...)}
		}
	}
	if r.unclear != "" {
		problem(SeverityWarning, "variable-unclear", "%s", r.unclear)
		return "", false
	}
	found, l := r.group.find(r.name)
	if found == nil {
		hint := DidYouMean(r.name, r.group.names(), r.group.write)
		if r.group.undefined() == UndefinedWarns {
			problem(SeverityWarning, "variable-undefined", "the variable %s is not defined and stays as it is%s", r.group.write(r.name), hint)
		} else {
			problem(SeverityError, "variable-undefined", "the variable %s is not defined; give it with --set %s=…, or in a properties file with --variables%s", r.group.write(r.name), r.name, hint)
		}
		return "", false
	}
	e := a.v.expand(found, r.group)
	if e.err != nil {
		problem(SeverityError, e.err.Code, "the variable %s of %s %s", r.group.write(r.name), found.from, e.err.Message)
		return "", false
	}
	for _, w := range e.warnings {
		problem(SeverityWarning, "variable-undefined", "the variable %s of %s %s", r.group.write(r.name), found.from, w)
	}
	if a.left -= len(e.value); a.left < 0 {
		problem(SeverityError, "variable-too-large", "variables make the document larger than %d bytes, the most that is accepted", maxExpandedBytes)
		return "", false
	}
	if l.logging {
		problem(SeverityNote, "variable-replaced", "the variable %s has its value from %s", r.group.write(r.name), found.from)
	}
	return e.value, true
}

// expand resolves what a value refers to, once for each variable.
func (v *Variables) expand(x *variable, g *group) *expansion {
	e := x.done
	switch {
	case x.data || e == nil:
		return &expansion{value: x.raw}
	case e.state == expanded:
		return e
	case e.state == expanding:
		return &expansion{err: &Problem{Code: "variable-cycle", Message: "refers to itself"}}
	case v.depth >= maxValueDepth:
		return &expansion{err: &Problem{Code: "variable-cycle", Message: fmt.Sprintf("is more than %d references deep", maxValueDepth)}}
	}
	e.state = expanding
	v.depth++
	e.value, e.err = v.expandValue(x.raw, g, e)
	v.depth--
	e.state = expanded
	return e
}

func (v *Variables) expandValue(raw string, g *group, e *expansion) (string, *Problem) {
	if encoded, ok := strings.CutPrefix(raw, "{password}"); ok { // Interlok's PasswordDecoder
		secret, err := DecodeSecret(encoded, v.env.Lookup)
		if err != nil {
			return "", &Problem{Code: "secret", Message: "cannot be decoded: " + err.Error()}
		}
		return secret.Reveal(), nil
	}
	var out strings.Builder
	rest := raw
	for rest != "" {
		literal, expression := rest, []int(nil)
		if expression = external.FindStringIndex(rest); expression != nil {
			literal = rest[:expression[0]]
		}
		if err := v.expandLiteral(&out, literal, e); err != nil {
			return "", err
		}
		if expression == nil {
			break
		}
		value, missing := resolveExternal(rest[expression[0]:expression[1]], v.env.Lookup)
		if missing != "" {
			return "", &Problem{Code: "variable-undefined", Message: fmt.Sprintf("refers to %s, which is not set", missing)}
		}
		out.WriteString(value)
		if out.Len() > maxValueBytes {
			return "", tooLarge()
		}
		rest = rest[expression[1]:]
	}
	return out.String(), nil
}

func tooLarge() *Problem {
	return &Problem{Code: "variable-too-large", Message: fmt.Sprintf("becomes larger than %d bytes, the most that is accepted", maxValueBytes)}
}

func (v *Variables) expandLiteral(out *strings.Builder, text string, e *expansion) *Problem {
	references := newFinder(v.groups, text)
	copied := 0
	for {
		r, ok := references.next()
		if !ok {
			break
		}
		if r.unclear != "" {
			continue
		}
		out.WriteString(text[copied:r.begin])
		copied = r.end
		value, err := v.inner(r, e)
		if err != nil {
			return err
		}
		out.WriteString(value)
		if out.Len() > maxValueBytes {
			return tooLarge()
		}
	}
	out.WriteString(text[copied:])
	return nil
}

// inner is what a reference in the value of a variable stands for. As in Interlok, system properties and environment variables are
// there too, whatever preProcessors says.
func (v *Variables) inner(r varReference, e *expansion) (string, *Problem) {
	if found, _ := r.group.find(r.name); found != nil {
		x := v.expand(found, r.group)
		if x.err != nil {
			return "", &Problem{Code: x.err.Code, Message: fmt.Sprintf("refers to %s of %s, which %s", r.group.write(r.name), found.from, x.err.Message)}
		}
		if len(e.warnings) == 0 { // the first is enough, and values may refer to each other very often
			e.warnings = x.warnings
		}
		return x.value, nil
	}
	for _, kind := range []string{"sysprop", "env"} {
		if value, ok := v.env.Lookup(kind, r.name); ok {
			return value, nil
		}
	}
	message := fmt.Sprintf("refers to %s, which is not defined%s", r.group.write(r.name), DidYouMean(r.name, r.group.names(), r.group.write))
	if r.group.undefined() == UndefinedWarns {
		if len(e.warnings) == 0 {
			e.warnings = []string{message}
		}
		return r.group.write(r.name), nil
	}
	return "", &Problem{Code: "variable-undefined", Message: message}
}
