package kpl

import "strings"

// ConfigError is one thing wrong with a configuration.
type ConfigError struct {
	// Pos is where: file:line:column for ParseProperties, KeyValue.Pos for ParsePairs, the field for Validate.
	Pos string
	// Key is the key as it was given; empty when the text as a whole is unreadable.
	Key string
	// Value is what was given, as far as it may be shown.
	Value string
	// Allowed says which values may be given: a range, a pattern, or words.
	Allowed string
	// Problem says what is wrong, in the words of the KPL where it has some.
	Problem string
	// Remedy says what to do about it.
	Remedy string
}

// Error is "position: key: problem; remedy".
func (e *ConfigError) Error() string {
	parts := make([]string, 0, 3)
	for _, part := range []string{e.Pos, e.Key, e.Problem} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	s := strings.Join(parts, ": ")
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// ConfigErrors is everything wrong with a configuration, in the order of the text.
type ConfigErrors []*ConfigError

// Error has one line per error.
func (e ConfigErrors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first *ConfigError.
func (e ConfigErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, one := range e {
		errs[i] = one
	}
	return errs
}

// Severity says how much a Warning matters.
type Severity int

const (
	// SeverityNote is for the record: a key without effect here. Log it at info.
	SeverityNote Severity = iota
	// SeverityWarning is probably not what was meant.
	SeverityWarning
)

// Warning is something in a configuration that does not stop it.
type Warning struct {
	// Pos is where, as in ConfigError; empty when it is about several places.
	Pos string
	// Key is the key as it was given; several are separated by commas.
	Key string
	// Text says what was found and what happens now.
	Text     string
	Severity Severity
}

// String is "position: text".
func (w Warning) String() string {
	if w.Pos == "" {
		return w.Text
	}
	return w.Pos + ": " + w.Text
}
