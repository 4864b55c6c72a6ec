package service

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// SymmetricKey encrypts or decrypts the payload with a key that both sides have. Interlok: SymmetricKeyCryptographyService. Nothing is
// added to what the cipher makes: no initial vector before it, no checksum behind it. A payload that fails stays as it is; errors hold
// nothing of key and payload.
type SymmetricKey struct {
	component.ServiceBase
	Algorithm            *expr.Template `xml:"algorithm,required" example:"AES" doc:"kind of the key: AES or DESede"`
	CipherTransformation *expr.Template `xml:"cipher-transformation,required" example:"AES/CBC/PKCS5Padding" doc:"cipher, mode and padding, as in Java: AES or DESede; CBC, CTR or (AES) GCM; PKCS5Padding or NoPadding"`
	OperationMode        string         `xml:"operation-mode" default:"DECRYPT" enum:"DECRYPT,ENCRYPT" doc:"what is done"`
	Key                  DataInput      `xml:"key,required" doc:"the key in Base64; it may be encoded like other secrets"`
	InitialVector        DataInput      `xml:"initial-vector,required" doc:"the initial vector in Base64: 16 bytes for AES, 8 for DESede, mostly 12 for GCM"`
	Source               ByteSource     `xml:"source" default:"payload-input-stream-wrapper" doc:"what is encrypted or decrypted"`
	Target               ByteTarget     `xml:"target" default:"payload-output-stream-wrapper" doc:"where the result goes"`

	lookup document.Lookup
	// transformation is there when it is the same for every message.
	transformation *transformation
}

// ByteSource is where a service reads bytes from. Interlok: MessageWrapper. It is safe for concurrent use on different messages.
type ByteSource interface {
	ReadBytes(m *message.Message) ([]byte, error)
}

// ByteTarget is where a service writes bytes to. Interlok: MessageWrapper. It is safe for concurrent use on different messages.
type ByteTarget interface {
	WriteBytes(m *message.Message, data []byte) error
}

// PayloadBytes is the payload, to be read. Interlok: PayloadInputStreamWrapper.
type PayloadBytes struct{}

// ReadBytes implements ByteSource.
func (*PayloadBytes) ReadBytes(m *message.Message) ([]byte, error) { return m.Payload(), nil }

// NewPayload is the payload, to be written. Interlok: PayloadOutputStreamWrapper.
type NewPayload struct{}

// WriteBytes implements ByteTarget.
func (*NewPayload) WriteBytes(m *message.Message, data []byte) error {
	m.SetPayload(data)
	return nil
}

// MetadataBytes is a metadata value, to be read. Interlok: MetadataInputStreamWrapper.
type MetadataBytes struct {
	MetadataKey     string `xml:"metadata-key,required" doc:"key of the metadata"`
	ContentEncoding string `xml:"content-encoding" doc:"character set that makes bytes of the value; without it UTF-8"`
}

// Check refuses a character set that nobody knows.
func (b *MetadataBytes) Check(r *component.Report) {
	checkCharset(r, "content-encoding", b.ContentEncoding)
}

// ReadBytes implements ByteSource.
func (b *MetadataBytes) ReadBytes(m *message.Message) ([]byte, error) {
	value, ok := m.Metadata(b.MetadataKey)
	if !ok {
		return nil, fmt.Errorf("the message has no metadata %q; set it before", b.MetadataKey)
	}
	return encodeText(b.ContentEncoding, value)
}

// Check reads a transformation that is the same for every message.
func (s *SymmetricKey) Check(r *component.Report) {
	s.lookup = r.Env().Lookup
	algorithm, fixed := constantText(s.Algorithm)
	text, fixedText := constantText(s.CipherTransformation)
	if !fixed || !fixedText || algorithm == "" || text == "" {
		return
	}
	var err error
	if s.transformation, err = parseTransformation(algorithm, text); err != nil {
		r.Errorf("cipher-transformation", "bad-value", ": %v", err)
	}
}

// Apply encrypts or decrypts.
func (s *SymmetricKey) Apply(_ context.Context, m *message.Message) error {
	if err := s.apply(m); err != nil {
		return fmt.Errorf("symmetric-key-cryptography-service: %w", err)
	}
	return nil
}

func (s *SymmetricKey) apply(m *message.Message) error {
	t, err := s.transformationFor(m)
	if err != nil {
		return err
	}
	key, err := s.key(m)
	if err != nil {
		return fmt.Errorf("<key>: %w", err)
	}
	vector, err := readBase64(s.InitialVector, m)
	if err != nil {
		return fmt.Errorf("<initial-vector>: %w", err)
	}
	data, err := s.Source.ReadBytes(m)
	if err != nil {
		return fmt.Errorf("<source>: %w", err)
	}
	if s.OperationMode == "ENCRYPT" {
		data, err = t.encrypt(key, vector, data)
	} else {
		data, err = t.decrypt(key, vector, data)
	}
	if err != nil {
		return err
	}
	return s.Target.WriteBytes(m, data)
}

func (s *SymmetricKey) transformationFor(m *message.Message) (*transformation, error) {
	if s.transformation != nil {
		return s.transformation, nil
	}
	algorithm, err := resolve(s.Algorithm, m)
	if err != nil {
		return nil, fmt.Errorf("<algorithm>: %w", err)
	}
	text, err := resolve(s.CipherTransformation, m)
	if err != nil {
		return nil, fmt.Errorf("<cipher-transformation>: %w", err)
	}
	return parseTransformation(algorithm, text)
}

func (s *SymmetricKey) key(m *message.Message) ([]byte, error) {
	text, err := s.Key.Read(m)
	if err != nil {
		return nil, err
	}
	secret, err := document.DecodeSecret(text, s.lookup)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(secret.Reveal())
	if err != nil {
		return nil, errors.New("the key is not Base64; write its bytes so")
	}
	return key, nil
}

func readBase64(from DataInput, m *message.Message) ([]byte, error) {
	text, err := from.Read(m)
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("it is not Base64: %w", err)
	}
	return data, nil
}

func init() {
	component.Register[SymmetricKey]("symmetric-key-cryptography-service", "com.adaptris.core.security.SymmetricKeyCryptographyService",
		component.KindService, "encrypts or decrypts the payload with a shared key")
	component.Register[PayloadBytes]("payload-input-stream-wrapper", "com.adaptris.core.common.PayloadInputStreamWrapper", component.KindPart,
		"the payload, to be read")
	component.Register[NewPayload]("payload-output-stream-wrapper", "com.adaptris.core.common.PayloadOutputStreamWrapper", component.KindPart,
		"the payload, to be written")
	component.Register[MetadataBytes]("metadata-input-stream-wrapper", "com.adaptris.core.common.MetadataInputStreamWrapper", component.KindPart,
		"the value of a metadata key, to be read")
}
