package expr

import (
	"errors"
	"fmt"
)

// ErrNoValue is wrapped by the errors of expressions that found nothing: metadata that the message does not have, a path without a
// match, a JSON null.
var ErrNoValue = errors.New("no value")

// A PathError says that a path into the payload did not give one text.
type PathError struct {
	// Language is jsonpath or xpath.
	Language string
	// Path is the path as written.
	Path string
	// Found is what was found instead, such as "nothing", "an object" or "3 values"; empty when Err says it.
	Found string
	// Err is why the payload could not be read, or ErrNoValue.
	Err error
}

// Error names the path, what was found, and what would do.
func (e *PathError) Error() string {
	switch {
	case e.Found == "":
		return fmt.Sprintf("%s %s: %v", e.Language, e.Path, e.Err)
	case errors.Is(e.Err, ErrNoValue):
		return fmt.Sprintf("%s %s found %s in the payload; use a path that every payload has", e.Language, e.Path, e.Found)
	}
	return fmt.Sprintf("%s %s found %s in the payload; use a path to one string, number or boolean", e.Language, e.Path, e.Found)
}

// Unwrap gives Err to errors.Is and errors.As.
func (e *PathError) Unwrap() error { return e.Err }

// A MetadataError says that a message has no metadata of a key. It unwraps to ErrNoValue.
type MetadataError struct {
	// Key is the key as the expression writes it.
	Key string
}

// Error keeps Interlok's words, which people search their logs for.
func (e *MetadataError) Error() string {
	return fmt.Sprintf("expression %%message{%s}: Could not resolve [%s] as metadata/uniqueId/size/payload; the message has no such metadata (keys are case-sensitive)", e.Key, e.Key)
}

// Unwrap makes errors.Is(err, ErrNoValue) hold.
func (e *MetadataError) Unwrap() error { return ErrNoValue }
