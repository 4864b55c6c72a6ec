package web

import (
	"net/http"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// AnswerHeaders says which headers an answer has (Interlok: ResponseHeaderProvider). It is safe for concurrent use.
type AnswerHeaders interface {
	// AddTo adds them to h. Those that are the connection's own matter are left out, as Content-Length is.
	AddTo(h http.Header, m *message.Message) error
}

// NoAnswerHeaders is Interlok's NoOpResponseHeaderProvider.
type NoAnswerHeaders struct{}

// AddTo implements AnswerHeaders.
func (*NoAnswerHeaders) AddTo(http.Header, *message.Message) error { return nil }

// ConfiguredAnswerHeaders is Interlok's ConfiguredResponseHeaderProvider.
type ConfiguredAnswerHeaders struct {
	Headers []component.KeyValue `xml:"headers>key-value-pair" doc:"names and values"`
}

// AddTo implements AnswerHeaders.
func (c *ConfiguredAnswerHeaders) AddTo(h http.Header, _ *message.Message) error {
	return addPairs(h, c.Headers)
}

// MetadataAnswerHeaders is Interlok's MetadataResponseHeaderProvider.
type MetadataAnswerHeaders struct {
	Filter component.MetadataFilter `xml:"filter,required" doc:"which metadata goes out as headers"`
}

// AddTo implements AnswerHeaders.
func (c *MetadataAnswerHeaders) AddTo(h http.Header, m *message.Message) error {
	return addMetadata(h, c.Filter, m)
}

// CompositeAnswerHeaders is Interlok's CompositeResponseHeaderProvider.
type CompositeAnswerHeaders struct {
	Providers []AnswerHeaders `xml:"providers>*" doc:"where the headers come from"`
}

// AddTo implements AnswerHeaders.
func (c *CompositeAnswerHeaders) AddTo(h http.Header, m *message.Message) error {
	for _, p := range c.Providers {
		if err := p.AddTo(h, m); err != nil {
			return err
		}
	}
	return nil
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.http.jetty."
	component.Register[NoAnswerHeaders]("jetty-no-response-headers", pkg+"NoOpResponseHeaderProvider", kind, "no headers but those that every answer has")
	component.Register[ConfiguredAnswerHeaders]("jetty-configured-response-headers", pkg+"ConfiguredResponseHeaderProvider", kind, "headers that the document names")
	component.Register[MetadataAnswerHeaders]("jetty-metadata-response-headers", pkg+"MetadataResponseHeaderProvider", kind, "headers from metadata")
	component.Register[CompositeAnswerHeaders]("jetty-composite-response-headers", pkg+"CompositeResponseHeaderProvider", kind, "headers of several providers")
}
