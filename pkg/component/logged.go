package component

import (
	"slices"

	"go.uber.org/zap"
)

// Logged is an error that tells a log more than its text, in fields of their own such as stream, shard and code.
type Logged interface {
	error
	// LogFields are those fields.
	LogFields() []zap.Field
}

// ErrorFields is an error as fields of a log: its text, and what the errors in its tree tell. Of two fields of the same name the first counts.
func ErrorFields(err error) []zap.Field {
	fields := []zap.Field{zap.Error(err)}
	var look func(error)
	look = func(err error) {
		if l, ok := err.(Logged); ok {
			for _, f := range l.LogFields() {
				if !slices.ContainsFunc(fields, func(g zap.Field) bool { return g.Key == f.Key }) {
					fields = append(fields, f)
				}
			}
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			look(e.Unwrap())
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				look(inner)
			}
		}
	}
	look(err)
	return fields
}
