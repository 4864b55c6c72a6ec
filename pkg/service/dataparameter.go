package service

import (
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// DataInput is where a service reads a text from. Interlok: DataInputParameter. It is safe for concurrent use on different messages.
type DataInput interface {
	Read(m *message.Message) (string, error)
}

// DataOutput is where a service writes a text to. Interlok: DataOutputParameter. It is safe for concurrent use on different messages.
type DataOutput interface {
	Write(m *message.Message, text string) error
}

// ConstantInput is a text that the document gives; expressions in it are resolved. Interlok: ConstantDataInputParameter.
type ConstantInput struct {
	Value *expr.Template `xml:"value" example:"$.order.id" doc:"the text, or an expression for it"`
}

// Read implements DataInput.
func (c *ConstantInput) Read(m *message.Message) (string, error) { return resolve(c.Value, m) }

// MetadataInput is a metadata value. Interlok: MetadataDataInputParameter; a key that the message does not have is an error.
type MetadataInput struct {
	MetadataKey string `xml:"metadata-key,required" doc:"key of the metadata"`
}

// Read implements DataInput.
func (p *MetadataInput) Read(m *message.Message) (string, error) {
	value, ok := m.Metadata(p.MetadataKey)
	if !ok {
		return "", fmt.Errorf("the message has no metadata %q; set it before, or read from somewhere else", p.MetadataKey)
	}
	return value, nil
}

// PayloadInput is the payload as text. Interlok: StringPayloadDataInputParameter.
type PayloadInput struct{}

// Read implements DataInput.
func (*PayloadInput) Read(m *message.Message) (string, error) { return m.Text() }

// MetadataOutput sets a metadata value. Interlok: MetadataDataOutputParameter.
type MetadataOutput struct {
	MetadataKey string `xml:"metadata-key,required" doc:"key of the metadata"`
}

// Write implements DataOutput.
func (p *MetadataOutput) Write(m *message.Message, text string) error {
	m.SetMetadata(p.MetadataKey, text)
	return nil
}

// PayloadOutput replaces the payload. Interlok: StringPayloadDataOutputParameter.
type PayloadOutput struct {
	ContentEncoding string `xml:"content-encoding" doc:"character set of the new payload; without it that of the old one"`
}

// Check refuses a character set that nobody knows.
func (p *PayloadOutput) Check(r *component.Report) {
	if !isUTF8(p.ContentEncoding) {
		if _, err := charsetOf(p.ContentEncoding); err != nil {
			r.Errorf("content-encoding", "bad-value", ": %v", err)
		}
	}
}

// Write implements DataOutput.
func (p *PayloadOutput) Write(m *message.Message, text string) error {
	if p.ContentEncoding != "" {
		m.SetEncoding(p.ContentEncoding)
	}
	return setText(m, text)
}

func init() {
	component.Register[ConstantInput]("constant-data-input-parameter", "com.adaptris.core.common.ConstantDataInputParameter", component.KindPart,
		"a text of the document, expressions resolved")
	component.Register[MetadataInput]("metadata-data-input-parameter", "com.adaptris.core.common.MetadataDataInputParameter", component.KindPart,
		"the value of a metadata key")
	component.Register[PayloadInput]("string-payload-data-input-parameter", "com.adaptris.core.common.StringPayloadDataInputParameter", component.KindPart,
		"the payload as text")
	component.Register[MetadataOutput]("metadata-data-output-parameter", "com.adaptris.core.common.MetadataDataOutputParameter", component.KindPart,
		"sets a metadata value")
	component.Register[PayloadOutput]("string-payload-data-output-parameter", "com.adaptris.core.common.StringPayloadDataOutputParameter", component.KindPart,
		"replaces the payload")
}
