package service

import (
	"context"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// lowerCase and upperCase follow Unicode's rules for words of no particular language, as Java does: ß becomes SS.
func lowerCase(text string) string { return cases.Lower(language.Und).String(text) }
func upperCase(text string) string { return cases.Upper(language.Und).String(text) }

// noFailure makes a change of a text that cannot fail one that may.
func noFailure(change func(string) string) func(string) (string, error) {
	return func(text string) (string, error) { return change(text), nil }
}

// LowerMetadata makes values lower case. Interlok: MetadataValueToLowerCase.
type LowerMetadata struct{ MetadataByPattern }

// Apply changes the metadata of m.
func (s *LowerMetadata) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("metadata-value-to-lower-case", m, noFailure(lowerCase))
}

// UpperMetadata makes values upper case. Interlok: MetadataValueToUpperCase.
type UpperMetadata struct{ MetadataByPattern }

// Apply changes the metadata of m.
func (s *UpperMetadata) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("metadata-value-to-upper-case", m, noFailure(upperCase))
}

// EscapeDoubleQuotes puts a backslash before each double quote. Interlok: MetadataValueEscapeDoubleQuote.
type EscapeDoubleQuotes struct{ MetadataByPattern }

// Apply changes the metadata of m.
func (s *EscapeDoubleQuotes) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("metadata-value-escape-double-quote", m, noFailure(strings.NewReplacer(`"`, `\"`).Replace))
}

// EscapeSingleQuotes puts a backslash before each single quote. Interlok: MetadataValueEscapeSingleQuote.
type EscapeSingleQuotes struct{ MetadataByPattern }

// Apply changes the metadata of m.
func (s *EscapeSingleQuotes) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("metadata-value-escape-single-quote", m, noFailure(strings.NewReplacer(`'`, `\'`).Replace))
}

// TrimMetadata removes blanks and control characters from both ends of values. Interlok: TrimMetadataService.
type TrimMetadata struct{ MetadataByPattern }

// Apply changes the metadata of m.
func (s *TrimMetadata) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("trim-metadata-service", m, noFailure(javaTrim))
}

// javaTrim is Java's String.trim: everything up to the blank goes, wider white space stays.
func javaTrim(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return r <= ' ' })
}

func init() {
	component.Register[LowerMetadata]("metadata-value-to-lower-case", "com.adaptris.core.services.metadata.MetadataValueToLowerCase", component.KindService,
		"makes metadata values lower case")
	component.Register[UpperMetadata]("metadata-value-to-upper-case", "com.adaptris.core.services.metadata.MetadataValueToUpperCase", component.KindService,
		"makes metadata values upper case")
	component.Register[EscapeDoubleQuotes]("metadata-value-escape-double-quote", "com.adaptris.core.services.metadata.MetadataValueEscapeDoubleQuote",
		component.KindService, "puts a backslash before double quotes in metadata values")
	component.Register[EscapeSingleQuotes]("metadata-value-escape-single-quote", "com.adaptris.core.services.metadata.MetadataValueEscapeSingleQuote",
		component.KindService, "puts a backslash before single quotes in metadata values")
	component.Register[TrimMetadata]("trim-metadata-service", "com.adaptris.core.services.metadata.TrimMetadataService", component.KindService,
		"removes blanks from both ends of metadata values")
}
