package web

import (
	"fmt"
	"mime"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// ContentType says what Content-Type goes with a message (Interlok: ContentTypeProvider). It is safe for concurrent use.
type ContentType interface {
	// ContentType is the header's value; empty for none.
	ContentType(m *message.Message) (string, error)
}

// NullContentType is Interlok's NullContentTypeProvider.
type NullContentType struct{}

// ContentType implements ContentType.
func (*NullContentType) ContentType(*message.Message) (string, error) { return "", nil }

// ConfiguredContentType is Interlok's ConfiguredContentTypeProvider.
type ConfiguredContentType struct {
	MIMEType string `xml:"mime-type,required" default:"text/plain" example:"application/json" doc:"the media type; the character set of the message is added if it has one"`
}

// ContentType implements ContentType.
func (c *ConfiguredContentType) ContentType(m *message.Message) (string, error) {
	return withCharset(c.MIMEType, m.Encoding()), nil
}

// MetadataContentType is Interlok's MetadataContentTypeProvider.
type MetadataContentType struct {
	Key     string `xml:"metadata-key,required" example:"Content-Type" doc:"metadata that holds the media type; the character set of the message is added if it has one"`
	Default string `xml:"default-mime-type,required" default:"text/plain" doc:"the media type when the message has no such metadata, or a blank one"`
}

// ContentType implements ContentType.
func (c *MetadataContentType) ContentType(m *message.Message) (string, error) {
	text, _ := m.Metadata(c.Key)
	if strings.TrimSpace(text) == "" {
		text = c.Default
	}
	return withCharset(strings.ToLower(text), m.Encoding()), nil
}

// RawContentType is Interlok's RawContentTypeProvider.
type RawContentType struct {
	Text *expr.Template `xml:"content-type" default:"text/plain" example:"application/json" doc:"the header's value; resolved per message"`
}

// ContentType implements ContentType.
func (c *RawContentType) ContentType(m *message.Message) (string, error) {
	text, err := c.Text.Resolve(m)
	if err != nil {
		return "", fmt.Errorf("<content-type>: %w", err)
	}
	return Unfold(text), nil
}

func withCharset(mediaType, charset string) string {
	if charset == "" {
		return mediaType
	}
	if _, params, err := mime.ParseMediaType(mediaType); err == nil && params["charset"] != "" {
		return mediaType
	}
	return mediaType + "; charset=" + charset
}

var fold = regexp.MustCompile(`\s?\r?\n[ \t]+`)

// Unfold makes one line of a header's value that goes over several.
func Unfold(value string) string { return fold.ReplaceAllString(value, " ") }

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.http."
	component.Register[NullContentType]("http-null-content-type-provider", pkg+"NullContentTypeProvider", kind, "no Content-Type")
	component.Register[ConfiguredContentType]("http-configured-content-type-provider", pkg+"ConfiguredContentTypeProvider", kind, "one media type, with the character set of the message")
	component.Register[MetadataContentType]("http-metadata-content-type-provider", pkg+"MetadataContentTypeProvider", kind, "takes the media type from metadata")
	component.Register[RawContentType]("http-raw-content-type-provider", pkg+"RawContentTypeProvider", kind, "a Content-Type as the document gives it")
}
