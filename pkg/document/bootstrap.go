package document

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bootstrap is a bootstrap.properties: where the document is, and what is done to it before it is read. Keys are matched in any case,
// as Interlok does.
type Bootstrap struct {
	// Path is the file it was read from.
	Path string
	// ConfigURLs are adapterConfigUrl and its fallbacks adapterConfigUrl.1 …, in the order in which they are tried.
	ConfigURLs []string
	// PreProcessors are the names in preProcessors, in order, as Interlok spells them.
	PreProcessors []string

	properties []Property
}

// The preprocessors that are known.
const (
	VariableSubstitution = "variableSubstitution"
	SystemProperties     = "systemProperties"
	EnvironmentVariables = "environmentVariables"
	XInclude             = "xinclude"
)

const (
	keyConfigURL    = "adapterConfigUrl"
	keyPreProcess   = "preProcessors"
	keySysprop      = "sysprop."
	keyVariableURL  = "variable-substitution.properties.url"
	keyUseHostname  = "variable-substitution.url.useHostname"
	passwordDecoder = "{password}"
)

// keyPrefixes are the beginnings of the three keys that each source of variables has.
var keyPrefixes = map[string]string{
	VariableSubstitution: "variable-substitution.", SystemProperties: "system-properties.", EnvironmentVariables: "environment-variables.",
}

// ReadBootstrap reads a bootstrap.properties. The problems are errors, and a note for each key that has no effect here; the result is
// nil if there are errors.
func ReadBootstrap(path string) (*Bootstrap, Problems) {
	name, data, err := ReadLocation(context.Background(), path, DefaultMaxBytes)
	if err != nil {
		return nil, Problems{fileProblem("unreadable", name, "the file cannot be read: %v", err)}
	}
	properties, problems := ReadProperties(name, data)
	b := &Bootstrap{Path: name, properties: properties}
	b.ConfigURLs = b.values(keyConfigURL)
	if len(b.ConfigURLs) == 0 {
		problems = append(problems, fileProblem("bootstrap-no-document", name, "%s is missing; add it, as in %s=file:///etc/adapterd/adapter.xml", keyConfigURL, keyConfigURL))
	}
	problems = append(problems, b.readPreProcessors()...)
	problems = append(problems, b.withoutEffect()...)
	problems.Sort()
	if len(problems.Errors()) > 0 {
		return nil, problems
	}
	return b, problems
}

// property is the last with that key: later ones override.
func (b *Bootstrap) property(key string) (Property, bool) {
	for _, p := range slices.Backward(b.properties) {
		if strings.EqualFold(p.Key, key) && strings.TrimSpace(p.Value) != "" {
			return p, true
		}
	}
	return Property{}, false
}

// values are those of key and key.anything, sorted by key as Interlok sorts them, blank ones left out.
func (b *Bootstrap) values(key string) []string {
	found := map[string]string{}
	for _, p := range b.properties {
		lower := strings.ToLower(p.Key)
		if lower == strings.ToLower(key) || strings.HasPrefix(lower, strings.ToLower(key)+".") {
			found[lower] = strings.TrimSpace(p.Value)
		}
	}
	var out []string
	for _, k := range slices.Sorted(maps.Keys(found)) {
		if found[k] != "" {
			out = append(out, found[k])
		}
	}
	return out
}

func (b *Bootstrap) readPreProcessors() (problems Problems) {
	p, ok := b.property(keyPreProcess)
	if !ok {
		return nil
	}
	known := []string{VariableSubstitution, SystemProperties, EnvironmentVariables, XInclude}
	for name := range strings.SplitSeq(p.Value, ":") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
		if i < 0 {
			problems = append(problems, Problem{Severity: SeverityError, Code: "bootstrap-preprocessor", Pos: p.ValuePos,
				Message: fmt.Sprintf("the preprocessor %s is not supported; these are: %s%s", shorten([]byte(name)), strings.Join(known, ", "), DidYouMean(name, known, nil))})
			continue
		}
		if !slices.Contains(b.PreProcessors, known[i]) {
			b.PreProcessors = append(b.PreProcessors, known[i])
		}
	}
	return problems
}

// withoutEffect names the keys that nothing reads.
func (b *Bootstrap) withoutEffect() (problems Problems) {
	for _, p := range b.properties {
		why := "is accepted, without effect here"
		key := strings.ToLower(p.Key)
		switch {
		case key == strings.ToLower(keyConfigURL), strings.HasPrefix(key, strings.ToLower(keyConfigURL)+"."), key == strings.ToLower(keyPreProcess), strings.HasPrefix(key, keySysprop):
			continue
		default:
			if source, ok := sourceOf(key); ok {
				if slices.Contains(b.PreProcessors, source) {
					continue
				}
				why = fmt.Sprintf("is without effect, since %s does not list %s", keyPreProcess, source)
			}
		}
		problems = append(problems, Problem{Severity: SeverityNote, Code: "bootstrap-no-effect", Pos: p.Pos, Message: fmt.Sprintf("%s %s", p.Key, why)})
	}
	return problems
}

// sourceOf is the preprocessor that a key in lower case is for.
func sourceOf(key string) (string, bool) {
	for source, prefix := range keyPrefixes {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		switch {
		case rest == "varprefix", rest == "varpostfix", rest == "impl":
			return source, true
		case source == VariableSubstitution && (rest == "url.usehostname" || rest == "properties.url" || strings.HasPrefix(rest, "properties.url.")):
			return source, true
		}
	}
	return "", false
}

// Environment is base with the sysprop.* of the file as system properties; {password} before a value decodes it as a secret.
func (b *Bootstrap) Environment(base Environment) (Environment, Problems) {
	e := Environment{Variables: base.Variables, SystemProperties: maps.Clone(base.SystemProperties)}
	if e.SystemProperties == nil {
		e.SystemProperties = map[string]string{}
	}
	var problems Problems
	var encoded []Property
	for _, p := range b.properties {
		if len(p.Key) <= len(keySysprop) || !strings.EqualFold(p.Key[:len(keySysprop)], keySysprop) {
			continue
		}
		p.Key, p.Value = p.Key[len(keySysprop):], strings.TrimSpace(p.Value)
		if strings.HasPrefix(p.Value, passwordDecoder) {
			encoded = append(encoded, p)
			continue
		}
		e.SystemProperties[p.Key] = p.Value
	}
	for _, p := range encoded { // after the others: one of those may name the seed file
		secret, err := DecodeSecret(strings.TrimPrefix(p.Value, passwordDecoder), e.Lookup)
		if err != nil {
			problems = append(problems, Problem{Severity: SeverityError, Code: "secret", Pos: p.ValuePos, Message: fmt.Sprintf("%s%s: %v", keySysprop, p.Key, err)})
			continue
		}
		e.SystemProperties[p.Key] = secret.Reveal()
	}
	return e, problems
}

// ReadDocument reads the first document of ConfigURLs that can be read, with what it includes if preProcessors lists xinclude, and
// replaces its variables. A fallback is tried when a location cannot be read, not when the document there is wrong. The node is nil
// if there is no document.
func (b *Bootstrap) ReadDocument(ctx context.Context, v *Variables, o Options) (*Node, Problems) {
	o = o.withDefaults()
	var failed Problems
	for _, location := range b.ConfigURLs {
		name, data, err := ReadLocation(ctx, location, o.MaxBytes)
		if err != nil {
			failed = append(failed, fileProblem("unreadable", name, "the document, %s of %s, cannot be read: %v", keyConfigURL, b.Path, err))
			continue
		}
		for i := range failed {
			failed[i].Severity = SeverityWarning
		}
		root, problems := Parse(name, bytes.NewReader(data), o)
		problems = append(failed, problems...)
		if root == nil {
			return nil, problems
		}
		if slices.Contains(b.PreProcessors, XInclude) {
			problems = append(problems, Include(ctx, root, v, o)...)
		}
		return root, append(problems, v.Apply(root)...)
	}
	return nil, failed
}
