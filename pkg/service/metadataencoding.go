package service

import (
	"context"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// EncodeMetadata writes values as Base64, in the message's character set. Interlok: Base64EncodeMetadataService.
type EncodeMetadata struct {
	MetadataByPattern
	Style string `xml:"style" default:"BASIC" enum:"BASIC,URL,MIME" doc:"BASIC: one line; URL: with - and _; MIME: lines of 76 characters"`
}

// Apply changes the metadata of m.
func (s *EncodeMetadata) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("metadata-base64-encode", m, func(value string) (string, error) {
		data, err := encodeText(m.Encoding(), value)
		return encodeBase64(s.Style, data), err
	})
}

// DecodeMetadata reads values as Base64, in the message's character set. Interlok: Base64DecodeMetadataService.
type DecodeMetadata struct {
	MetadataByPattern
	Style string `xml:"style" default:"BASIC" enum:"BASIC,URL,MIME" doc:"BASIC; URL: with - and _; MIME: everything that is not of the alphabet is left out"`
}

// Apply changes the metadata of m.
func (s *DecodeMetadata) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("metadata-base64-decode", m, func(value string) (string, error) {
		data, err := decodeBase64(s.Style, value)
		if err != nil {
			return "", err
		}
		return decodeText(m.Encoding(), data)
	})
}

// mimeLine is the length of a line of MIME's Base64.
const mimeLine = 76

// encodeBase64 writes Base64 as java.util.Base64 does.
func encodeBase64(style string, data []byte) string {
	switch style {
	case "URL":
		return base64.URLEncoding.EncodeToString(data)
	case "MIME":
		text := base64.StdEncoding.EncodeToString(data)
		var b strings.Builder
		for ; len(text) > mimeLine; text = text[mimeLine:] {
			b.WriteString(text[:mimeLine] + "\r\n")
		}
		b.WriteString(text)
		return b.String()
	}
	return base64.StdEncoding.EncodeToString(data)
}

// decodeBase64 reads Base64 as java.util.Base64 does: padding may be missing, and a line break is an error in all styles but MIME.
func decodeBase64(style, text string) ([]byte, error) {
	encoding := base64.RawStdEncoding
	switch style {
	case "URL":
		encoding = base64.RawURLEncoding
	case "MIME":
		text = strings.Map(func(r rune) rune {
			if r == '+' || r == '/' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' {
				return r
			}
			return -1
		}, text)
	}
	if style != "MIME" {
		if at := strings.IndexAny(text, "\r\n"); at >= 0 {
			return nil, fmt.Errorf("the value is no Base64 on one line: a line ends at character %d; set <style> to MIME", at+1)
		}
	}
	data, err := encoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, fmt.Errorf("the value is no Base64 of style %s: %w", style, err)
	}
	return data, nil
}

// StringToHex writes values as hexadecimal digits of their bytes. Interlok: StringToHexService.
type StringToHex struct {
	MetadataByPattern
	Charset string `xml:"charset" default:"UTF-8" doc:"character set that makes bytes of the value"`
}

// Check refuses a character set that nobody knows.
func (s *StringToHex) Check(r *component.Report) {
	s.MetadataByPattern.Check(r)
	checkCharset(r, "charset", s.Charset)
}

// Apply changes the metadata of m.
func (s *StringToHex) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("string-to-hex-metadata-service", m, func(value string) (string, error) {
		data, err := encodeText(s.Charset, value)
		if err != nil {
			return "", err
		}
		return (*HexTranslator)(nil).Text(data)
	})
}

// HexToString reads values as hexadecimal digits. Interlok: HexToStringService.
type HexToString struct {
	MetadataByPattern
	Charset string `xml:"charset" default:"UTF-8" doc:"character set that makes text of the bytes"`
}

// Check refuses a character set that nobody knows.
func (s *HexToString) Check(r *component.Report) {
	s.MetadataByPattern.Check(r)
	checkCharset(r, "charset", s.Charset)
}

// Apply changes the metadata of m.
func (s *HexToString) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("hex-to-string-metadata-service", m, func(value string) (string, error) {
		data, err := (*HexTranslator)(nil).Bytes(value)
		if err != nil {
			return "", err
		}
		return decodeText(s.Charset, data)
	})
}

// HashMetadata replaces values by their hash. Interlok: MetadataHashingService.
type HashMetadata struct {
	MetadataByPattern
	HashAlgorithm  string         `xml:"hash-algorithm" default:"SHA1" example:"SHA-256" doc:"hash algorithm, by its name in Java"`
	ByteTranslator ByteTranslator `xml:"byte-translator" default:"base64-byte-translator" doc:"how the hash is written"`

	digest func() hash.Hash
}

// Check finds the algorithm.
func (s *HashMetadata) Check(r *component.Report) {
	s.MetadataByPattern.Check(r)
	var err error
	if s.digest, err = digestOf(s.HashAlgorithm); err != nil {
		r.Errorf("hash-algorithm", "bad-value", "%v", err)
	}
}

// Apply changes the metadata of m.
func (s *HashMetadata) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("metadata-hashing-service", m, func(value string) (string, error) {
		data, err := encodeText(m.Encoding(), value)
		if err != nil {
			return "", err
		}
		h := s.digest()
		h.Write(data)
		return s.ByteTranslator.Text(h.Sum(nil))
	})
}

func init() {
	component.Register[EncodeMetadata]("metadata-base64-encode", "com.adaptris.core.services.metadata.Base64EncodeMetadataService", component.KindService,
		"writes metadata values as Base64")
	component.Register[DecodeMetadata]("metadata-base64-decode", "com.adaptris.core.services.metadata.Base64DecodeMetadataService", component.KindService,
		"reads metadata values as Base64")
	component.Register[StringToHex]("string-to-hex-metadata-service", "com.adaptris.core.services.metadata.StringToHexService", component.KindService,
		"writes metadata values as hexadecimal digits")
	component.Register[HexToString]("hex-to-string-metadata-service", "com.adaptris.core.services.metadata.HexToStringService", component.KindService,
		"reads metadata values as hexadecimal digits")
	component.Register[HashMetadata]("metadata-hashing-service", "com.adaptris.core.services.metadata.MetadataHashingService", component.KindService,
		"replaces metadata values by their hash")
}
