package service

import (
	"strings"
	"unicode/utf8"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// MessageFormat says what of a message goes into a log. Interlok: MessageLogger and MetadataLogger. It is safe for concurrent use.
type MessageFormat interface {
	// Fields are those of a line of log about m.
	Fields(m *message.Message) []zap.Field
}

func idField(m *message.Message) zap.Field { return zap.String("message", m.ID()) }

func metadataField(m *message.Message, longest int) zap.Field {
	return zap.Object("metadata", zapcore.ObjectMarshalerFunc(func(e zapcore.ObjectEncoder) error {
		for _, key := range m.MetadataKeys() {
			value, _ := m.Metadata(key)
			e.AddString(key, abbreviate(value, longest))
		}
		return nil
	}))
}

// payloadField is the payload as text; bytes that are none are shown as U+FFFD by the log itself.
func payloadField(m *message.Message) zap.Field {
	text, err := m.Text()
	if err != nil {
		text = string(m.Payload())
	}
	return zap.String("payload", text)
}

// abbreviate cuts a text to so many characters, of which the last three are dots; 0 leaves it whole.
func abbreviate(text string, longest int) string {
	const dots = "..."
	if longest == 0 || utf8.RuneCountInString(text) <= longest {
		return text
	}
	var b strings.Builder
	left := longest - len(dots)
	for _, r := range text {
		if left--; left < 0 {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + dots
}

// DefaultFormat logs id and metadata. Interlok: DefaultMessageLogger.
type DefaultFormat struct{}

// Fields implements MessageFormat.
func (*DefaultFormat) Fields(m *message.Message) []zap.Field {
	return []zap.Field{idField(m), metadataField(m, 0)}
}

// MinimalFormat logs the id. Interlok: MinimalMessageLogger.
type MinimalFormat struct{}

// Fields implements MessageFormat.
func (*MinimalFormat) Fields(m *message.Message) []zap.Field { return []zap.Field{idField(m)} }

// FullFormat logs id, metadata and payload. Interlok: FullMessageLogger, which logs events besides; there are none here.
type FullFormat struct{}

// Fields implements MessageFormat.
func (*FullFormat) Fields(m *message.Message) []zap.Field {
	return []zap.Field{idField(m), metadataField(m, 0), payloadField(m)}
}

// PayloadFormat logs id, payload and, unless told not to, metadata. Interlok: PayloadMessageLogger.
type PayloadFormat struct {
	IncludeMetadata bool `xml:"include-metadata" default:"true" doc:"false leaves the metadata out"`
}

// Fields implements MessageFormat.
func (f *PayloadFormat) Fields(m *message.Message) []zap.Field {
	if !f.IncludeMetadata {
		return []zap.Field{idField(m), payloadField(m)}
	}
	return []zap.Field{idField(m), metadataField(m, 0), payloadField(m)}
}

// KeysFormat logs id and the metadata's keys, for values that are nobody's business. Interlok: MetadataKeysOnly.
type KeysFormat struct{}

// Fields implements MessageFormat.
func (*KeysFormat) Fields(m *message.Message) []zap.Field {
	return []zap.Field{idField(m), zap.Strings("metadata-keys", m.MetadataKeys())}
}

// TruncatedFormat logs id and metadata with values cut. Interlok: TruncateMetadata.
type TruncatedFormat struct {
	MaxLength int `xml:"max-length" default:"256" min:"4" doc:"characters that are shown of a value, the three dots included"`
}

// Fields implements MessageFormat.
func (f *TruncatedFormat) Fields(m *message.Message) []zap.Field {
	return []zap.Field{idField(m), metadataField(m, f.MaxLength)}
}

func init() {
	component.Register[DefaultFormat]("message-logging-default", "com.adaptris.core.DefaultMessageLogger", component.KindPart, "logs id and metadata")
	component.Register[MinimalFormat]("message-logging-minimal", "com.adaptris.core.util.MinimalMessageLogger", component.KindPart, "logs the id")
	component.Register[FullFormat]("message-logging-full", "com.adaptris.core.util.FullMessageLogger", component.KindPart, "logs id, metadata and payload")
	component.Register[PayloadFormat]("message-logging-with-payload", "com.adaptris.core.util.PayloadMessageLogger", component.KindPart,
		"logs id, payload and, if asked for, metadata")
	component.Register[KeysFormat]("message-logging-with-metadata-keys-only", "com.adaptris.core.util.MetadataKeysOnly", component.KindPart,
		"logs id and the keys of the metadata")
	component.Register[TruncatedFormat]("message-logging-with-truncated-metadata", "com.adaptris.core.util.TruncateMetadata", component.KindPart,
		"logs id and metadata, long values cut")
}
