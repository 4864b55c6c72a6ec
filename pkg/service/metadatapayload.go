package service

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/quotedprintable"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Names of encodings that are a style of Base64 (Interlok: EncodingHelper.Encoding).
var base64Styles = map[string]string{"Base64": "BASIC", "Basic_Base64": "BASIC", "MIME_Base64": "MIME", "URL_Base64": "URL"}

// encodeBytes writes bytes in an encoding of Interlok's.
func encodeBytes(encoding string, data []byte) ([]byte, error) {
	if style, ok := base64Styles[encoding]; ok {
		return []byte(encodeBase64(style, data)), nil
	}
	if encoding != "Quoted_Printable" {
		return data, nil
	}
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decodeBytes reads bytes in an encoding of Interlok's.
func decodeBytes(encoding string, data []byte) ([]byte, error) {
	if style, ok := base64Styles[encoding]; ok {
		return decodeBase64(style, string(data))
	}
	if encoding != "Quoted_Printable" {
		return data, nil
	}
	out, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(data)))
	if err != nil {
		return nil, fmt.Errorf("the value is not quoted-printable: %w", err)
	}
	return out, nil
}

// PayloadToMetadata sets metadata to the payload. Interlok: PayloadToMetadataService.
type PayloadToMetadata struct {
	component.ServiceBase
	Key      string `xml:"key,required" doc:"key of the metadata"`
	Target   string `xml:"metadata-target" default:"Standard" enum:"Standard,Object" doc:"Standard: metadata, the bytes read as UTF-8; Object: bytes that live in memory only"`
	Encoding string `xml:"encoding" default:"None" enum:"None,Base64,Basic_Base64,MIME_Base64,URL_Base64,Quoted_Printable" doc:"how the bytes are written"`
}

// Apply sets the metadata of m.
func (s *PayloadToMetadata) Apply(_ context.Context, m *message.Message) error {
	data, err := encodeBytes(s.Encoding, m.Payload())
	if err != nil {
		return fmt.Errorf("payload-to-metadata: %w", err)
	}
	if s.Target == "Object" {
		m.SetObject(s.Key, bytes.Clone(data))
		return nil
	}
	text, err := decodeText("", data)
	if err != nil {
		return fmt.Errorf("payload-to-metadata: %w", err)
	}
	m.SetMetadata(s.Key, text)
	return nil
}

// MetadataToPayload makes metadata the payload. Interlok: MetadataToPayloadService, which writes it as UTF-8 whatever the message's
// character set, and so does this. Other than there, expressions in the value are not resolved: it is data.
type MetadataToPayload struct {
	component.ServiceBase
	Key      string `xml:"key,required" doc:"key of the metadata"`
	Source   string `xml:"metadata-source" default:"Standard" enum:"Standard,Object" doc:"Standard: metadata; Object: bytes that live in memory only"`
	Encoding string `xml:"encoding" default:"None" enum:"None,Base64,Basic_Base64,MIME_Base64,URL_Base64,Quoted_Printable" doc:"how the value is written; the payload is what it stands for"`
}

// Apply replaces the payload of m.
func (s *MetadataToPayload) Apply(_ context.Context, m *message.Message) error {
	data, err := s.source(m)
	if err == nil {
		data, err = decodeBytes(s.Encoding, data)
	}
	if err != nil {
		return fmt.Errorf("metadata-to-payload: metadata %q: %w", s.Key, err)
	}
	m.SetPayload(data)
	return nil
}

func (s *MetadataToPayload) source(m *message.Message) ([]byte, error) {
	if s.Source == "Standard" {
		value, there := m.Metadata(s.Key)
		if !there {
			return nil, fmt.Errorf("the message does not have it; set it before")
		}
		return []byte(value), nil
	}
	value, there := m.Object(s.Key)
	if !there {
		return nil, fmt.Errorf("the message does not have it in memory; set it before, as payload-to-metadata does with <metadata-target>Object</metadata-target>")
	}
	data, ok := value.([]byte)
	if !ok {
		return nil, fmt.Errorf("what the message has in memory is no bytes but %T; use convert-object-metadata-service and <metadata-source>Standard</metadata-source>", value)
	}
	return bytes.Clone(data), nil
}

func init() {
	component.Register[PayloadToMetadata]("payload-to-metadata", "com.adaptris.core.services.metadata.PayloadToMetadataService", component.KindService,
		"sets metadata to the payload")
	component.Register[MetadataToPayload]("metadata-to-payload", "com.adaptris.core.services.metadata.MetadataToPayloadService", component.KindService,
		"makes metadata the payload")
}
