package document

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Variables are those that the file asks for, read from their files now; what is set on them afterwards, as the command line does,
// counts before all.
func (b *Bootstrap) Variables(ctx context.Context, env Environment) (*Variables, Problems) {
	v := &Variables{env: env}
	own := valuesLayer()
	var problems Problems
	delimiters := DefaultDelimiters
	if slices.Contains(b.PreProcessors, VariableSubstitution) {
		delimiters = b.delimiters(VariableSubstitution)
	}
	v.own = v.addLayer(delimiters, own)
	for _, source := range b.PreProcessors {
		var l *layer
		switch source {
		case VariableSubstitution:
			l = valuesLayer()
			problems = append(problems, b.readVariableFiles(ctx, v, l)...)
		case SystemProperties:
			l = dataLayer(env, "sysprop", env.SystemProperties, "the system properties")
		case EnvironmentVariables:
			l = dataLayer(env, "env", env.Variables, "the environment variables")
		default:
			continue
		}
		problems = append(problems, b.readImpl(source, l)...)
		v.addLayer(b.delimiters(source), l)
	}
	return v, problems
}

func dataLayer(env Environment, kind string, values map[string]string, from string) *layer {
	return &layer{
		find: func(name string) (variable, bool) {
			value, ok := env.Lookup(kind, name)
			return variable{raw: value, from: from, data: true}, ok
		},
		names: func() []string { return slices.Collect(maps.Keys(values)) },
	}
}

func (b *Bootstrap) delimiters(source string) Delimiters {
	d := DefaultDelimiters
	if p, ok := b.property(keyPrefixes[source] + "varprefix"); ok {
		d.Prefix = strings.TrimSpace(p.Value)
	}
	if p, ok := b.property(keyPrefixes[source] + "varpostfix"); ok {
		d.Postfix = strings.TrimSpace(p.Value)
	}
	return d
}

// readImpl reads the impl key. Without it undefined variables are an error here, while Interlok's default is SIMPLE.
func (b *Bootstrap) readImpl(source string, l *layer) Problems {
	p, ok := b.property(keyPrefixes[source] + "impl")
	if !ok {
		return nil
	}
	// Interlok still takes simple, simpleWithLogging, strict and strictWithLogging, too.
	switch strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(p.Value), "_", "")) {
	case "SIMPLE":
		l.undefined = UndefinedWarns
	case "SIMPLEWITHLOGGING":
		l.undefined, l.logging = UndefinedWarns, true
	case "STRICT":
		l.undefined = UndefinedFails
	case "STRICTWITHLOGGING":
		l.undefined, l.logging = UndefinedFails, true
	default:
		return Problems{{Severity: SeverityError, Code: "bootstrap-impl", Pos: p.ValuePos, Message: fmt.Sprintf(
			"%s is %s; use SIMPLE, SIMPLE_WITH_LOGGING, STRICT or STRICT_WITH_LOGGING", p.Key, shorten([]byte(strings.TrimSpace(p.Value))))}}
	}
	return nil
}

func (b *Bootstrap) readVariableFiles(ctx context.Context, v *Variables, l *layer) (problems Problems) {
	for _, location := range b.values(keyVariableURL) {
		if p, ok := b.property(keyUseHostname); ok && strings.EqualFold(strings.TrimSpace(p.Value), "true") {
			var err error
			if location, err = withHostname(location); err != nil {
				problems = append(problems, Problem{Severity: SeverityError, Code: "bootstrap-hostname", Pos: p.Pos, Message: fmt.Sprintf("%s: %v", p.Key, err)})
				continue
			}
		}
		name, data, err := ReadLocation(ctx, location, DefaultMaxBytes)
		switch {
		case errors.Is(err, fs.ErrNotExist): // as Interlok: a file that only some machines have
			problem := fileProblem("unreadable", name, "the variables, %s of %s, are left out: there is no such file", keyVariableURL, b.Path)
			problem.Severity = SeverityWarning
			problems = append(problems, problem)
		case err != nil:
			problems = append(problems, fileProblem("unreadable", name, "the variables, %s of %s, cannot be read: %v", keyVariableURL, b.Path, err))
		default:
			problems = append(problems, v.add(l, name, data)...)
		}
	}
	return problems
}
