package service

import (
	"errors"

	"github.com/adapterd/adapterd/pkg/component"
)

// NullConverter says what becomes of a JSON null. Interlok: NullConverter. It is safe for concurrent use.
type NullConverter interface {
	// Null is the text that stands for null.
	Null() (string, error)
}

var errNull = errors.New("found null; set <null-converter> to null-to-empty-string-converter, or leave it out for the text null")

// NullPassThrough leaves null as it is, which json-path-service cannot write anywhere: it fails, as in Interlok. Interlok:
// NullPassThroughConverter.
type NullPassThrough struct{}

// Null implements NullConverter.
func (*NullPassThrough) Null() (string, error) { return "", errNull }

// NullToEmpty turns null into an empty text. Interlok: NullToEmptyStringConverter.
type NullToEmpty struct{}

// Null implements NullConverter.
func (*NullToEmpty) Null() (string, error) { return "", nil }

// NullUnsupported fails on null. Interlok: NullsNotSupportedConverter.
type NullUnsupported struct{}

// Null implements NullConverter.
func (*NullUnsupported) Null() (string, error) { return "", errNull }

func init() {
	component.Register[NullPassThrough]("null-pass-through-converter", "com.adaptris.util.text.NullPassThroughConverter", component.KindPart,
		"leaves null as it is, which fails where a text is needed")
	component.Register[NullToEmpty]("null-to-empty-string-converter", "com.adaptris.util.text.NullToEmptyStringConverter", component.KindPart,
		"turns null into an empty text")
	component.Register[NullUnsupported]("nulls-not-supported-converter", "com.adaptris.util.text.NullsNotSupportedConverter", component.KindPart,
		"fails on null")
}
