package service

import (
	"context"
	"fmt"
	"hash"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// HashPayload sets a metadata value to a hash of the payload's bytes. Interlok: PayloadHashingService.
type HashPayload struct {
	component.ServiceBase
	HashAlgorithm  string         `xml:"hash-algorithm,required" example:"SHA-256" doc:"name of the algorithm, as in Java"`
	MetadataKey    string         `xml:"metadata-key,required" example:"payloadHash" doc:"key of the metadata that gets the hash"`
	ByteTranslator ByteTranslator `xml:"byte-translator" default:"base64-byte-translator" doc:"how the hash is written"`

	newHash func() hash.Hash
}

// Check finds the algorithm.
func (s *HashPayload) Check(r *component.Report) {
	if s.HashAlgorithm == "" {
		return
	}
	var err error
	if s.newHash, err = digestOf(s.HashAlgorithm); err != nil {
		r.Errorf("hash-algorithm", "bad-value", "%v", err)
	}
}

// Apply sets the metadata of m.
func (s *HashPayload) Apply(_ context.Context, m *message.Message) error {
	h := s.newHash()
	h.Write(m.Payload()) // a hash takes everything
	text, err := s.ByteTranslator.Text(h.Sum(nil))
	if err != nil {
		return fmt.Errorf("payload-hashing-service: metadata %q: %w", s.MetadataKey, err)
	}
	m.SetMetadata(s.MetadataKey, text)
	return nil
}

func init() {
	component.Register[HashPayload]("payload-hashing-service", "com.adaptris.core.services.metadata.PayloadHashingService", component.KindService,
		"sets a metadata value to a hash of the payload")
}
