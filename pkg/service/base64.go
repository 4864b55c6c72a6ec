package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// EncodePayload writes the payload as Base64. Interlok: Base64EncodeService.
type EncodePayload struct {
	component.ServiceBase
	Style string `xml:"style" default:"MIME" enum:"MIME,BASIC,URL" doc:"MIME: lines of 76 characters that end with CR LF; BASIC: one line; URL: one line with - and _"`
}

// Apply replaces the payload of m.
func (s *EncodePayload) Apply(_ context.Context, m *message.Message) error {
	m.SetPayload([]byte(encodeBase64(s.Style, m.Payload())))
	return nil
}

// DecodePayload reads the payload as Base64. Interlok: Base64DecodeService.
type DecodePayload struct {
	component.ServiceBase
	Style string `xml:"style" default:"MIME" enum:"MIME,BASIC,URL" doc:"MIME: everything that is not of the alphabet is left out; BASIC: one line; URL: one line with - and _"`
}

// Apply replaces the payload of m.
func (s *DecodePayload) Apply(_ context.Context, m *message.Message) error {
	data, err := decodeBase64(s.Style, string(m.Payload()))
	if err != nil {
		return fmt.Errorf("base64-decode-service: the payload cannot be decoded: %w", err)
	}
	m.SetPayload(data)
	return nil
}

func init() {
	component.Register[EncodePayload]("base64-encode-service", "com.adaptris.core.services.Base64EncodeService", component.KindService,
		"writes the payload as Base64")
	component.Register[DecodePayload]("base64-decode-service", "com.adaptris.core.services.Base64DecodeService", component.KindService,
		"reads the payload as Base64")
}
