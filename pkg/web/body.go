package web

import (
	"fmt"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Body is where the body of a request comes from (Interlok: DataInputParameter of a stream). It is safe for concurrent use.
type Body interface {
	ReadBytes(m *message.Message) ([]byte, error)
}

// ReplyBody is where the body of an answer goes (Interlok: DataOutputParameter of a stream). It is safe for concurrent use on different
// messages.
type ReplyBody interface {
	SetBody(m *message.Message, content []byte, charset string) error
}

// PayloadReply is Interlok's PayloadStreamOutputParameter: the bytes of the answer become the payload as they are.
type PayloadReply struct {
	Charset string `xml:"content-encoding" doc:"character set of the new payload; without it what the answer names, or else what the message had"`
}

// Check implements component.Checker.
func (c *PayloadReply) Check(r *component.Report) { checkCharset(r, c.Charset) }

// SetBody implements ReplyBody.
func (c *PayloadReply) SetBody(m *message.Message, content []byte, charset string) error {
	if c.Charset != "" {
		charset = c.Charset
	}
	m.SetPayload(content)
	if charset != "" {
		m.SetEncoding(charset)
	}
	return nil
}

// MetadataReply is Interlok's MetadataStreamOutputParameter.
type MetadataReply struct {
	Key     string `xml:"metadata-key,required" doc:"metadata that the body becomes"`
	Charset string `xml:"content-encoding" doc:"character set to read it in; without it what the answer names, or else UTF-8"`
}

// Check implements component.Checker.
func (c *MetadataReply) Check(r *component.Report) { checkCharset(r, c.Charset) }

// SetBody implements ReplyBody.
func (c *MetadataReply) SetBody(m *message.Message, content []byte, named string) error {
	if c.Charset != "" {
		named = c.Charset
	}
	set, err := charset(named)
	if err != nil {
		return err
	}
	if set != nil {
		if content, err = set.NewDecoder().Bytes(content); err != nil {
			return fmt.Errorf("the answer is not valid %s: %w", named, err)
		}
	}
	m.SetMetadata(c.Key, string(content))
	return nil
}

func checkCharset(r *component.Report, name string) {
	if _, err := charset(name); err != nil {
		r.Errorf("content-encoding", "bad-value", ": %v", err)
	}
}

// charset finds a character set; nil for UTF-8, whose bytes are the text.
func charset(name string) (encoding.Encoding, error) {
	m := message.New(nil)
	m.SetEncoding(name)
	if m.IsUTF8() {
		return nil, nil
	}
	set, err := ianaindex.IANA.Encoding(name)
	if err != nil || set == nil {
		return nil, fmt.Errorf("the character set %q is not known; use a name of the IANA registry such as UTF-8 or ISO-8859-1", name)
	}
	return set, nil
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.common."
	component.Register[PayloadReply]("stream-payload-output-parameter", pkg+"PayloadStreamOutputParameter", kind, "replaces the payload by an answer")
	component.Register[MetadataReply]("metadata-stream-output-parameter", pkg+"MetadataStreamOutputParameter", kind, "sets a metadata value to an answer")
}
