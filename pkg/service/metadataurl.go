package service

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// URLEncodeMetadata writes values for a URL, in the message's character set. Interlok: UrlEncodeMetadataService.
type URLEncodeMetadata struct{ MetadataByPattern }

// Apply changes the metadata of m.
func (s *URLEncodeMetadata) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("url-encode-metadata-service", m, func(value string) (string, error) { return urlEncode(m.Encoding(), value) })
}

// URLDecodeMetadata reads values as they stand in a URL, in the message's character set. Interlok: UrlDecodeMetadataService.
type URLDecodeMetadata struct{ MetadataByPattern }

// Apply changes the metadata of m.
func (s *URLDecodeMetadata) Apply(_ context.Context, m *message.Message) error {
	return s.rewrite("url-decode-metadata-service", m, func(value string) (string, error) { return urlDecode(m.Encoding(), value) })
}

// plainInURL says that Java's URLEncoder leaves a character as it is.
func plainInURL(b byte) bool {
	return '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z' || b == '-' || b == '_' || b == '.' || b == '*'
}

// urlEncode is Java's URLEncoder: a blank becomes a plus.
func urlEncode(charset, text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case plainInURL(c):
			b.WriteByte(c)
			i++
			continue
		case c == ' ':
			b.WriteByte('+')
			i++
			continue
		}
		end := i
		for end < len(text) && !plainInURL(text[end]) && text[end] != ' ' {
			end++
		}
		data, err := encodeText(charset, text[i:end])
		if err != nil {
			return "", err
		}
		for _, c := range data {
			fmt.Fprintf(&b, "%%%02X", c)
		}
		i = end
	}
	return b.String(), nil
}

// urlDecode is Java's URLDecoder.
func urlDecode(charset, text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); {
		switch text[i] {
		case '+':
			b.WriteByte(' ')
			i++
		case '%':
			var data []byte
			for i < len(text) && text[i] == '%' {
				decoded, err := hex.DecodeString(text[i+1 : min(i+3, len(text))])
				if err != nil || len(decoded) != 1 {
					return "", fmt.Errorf("the text is not encoded for a URL: the %% at byte %d is not followed by two hexadecimal digits", i+1)
				}
				data = append(data, decoded[0])
				i += 3
			}
			decoded, err := decodeText(charset, data)
			if err != nil {
				return "", err
			}
			b.WriteString(decoded)
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return b.String(), nil
}

func init() {
	component.Register[URLEncodeMetadata]("url-encode-metadata-service", "com.adaptris.core.services.metadata.UrlEncodeMetadataService", component.KindService,
		"writes metadata values for a URL")
	component.Register[URLDecodeMetadata]("url-decode-metadata-service", "com.adaptris.core.services.metadata.UrlDecodeMetadataService", component.KindService,
		"reads metadata values as they stand in a URL")
}
