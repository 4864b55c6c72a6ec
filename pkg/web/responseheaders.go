package web

import (
	"net/http"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ResponseHeaders says what becomes of the headers of an answer (Interlok: ResponseHeaderHandler). It is safe for concurrent use on
// different messages. Names stand as Go writes them: Content-Type.
type ResponseHeaders interface {
	handle(h http.Header, m *message.Message)
}

// DiscardResponseHeaders is Interlok's DiscardResponseHeaders.
type DiscardResponseHeaders struct{}

func (*DiscardResponseHeaders) handle(http.Header, *message.Message) {}

// ResponseHeadersAsMetadata is Interlok's ResponseHeadersAsMetadata.
type ResponseHeadersAsMetadata struct {
	Prefix    string `xml:"metadata-prefix" doc:"what the metadata keys begin with"`
	Separator string `xml:"metadata-separator" default:"\t" doc:"what stands between several values of one header; a tab by default"`
}

func (c *ResponseHeadersAsMetadata) handle(h http.Header, m *message.Message) {
	for name, values := range h {
		m.SetMetadata(c.Prefix+name, strings.Join(values, c.Separator))
	}
}

// ResponseHeadersAsObjects is Interlok's ResponseHeadersAsObjectMetadata: each header becomes a value in memory, a list of texts.
type ResponseHeadersAsObjects struct {
	Prefix string `xml:"metadata-prefix" doc:"what the keys begin with"`
}

func (c *ResponseHeadersAsObjects) handle(h http.Header, m *message.Message) {
	for name, values := range h {
		m.SetObject(c.Prefix+name, values)
	}
}

// CompositeResponseHeaders is Interlok's CompositeResponseHeaderHandler.
type CompositeResponseHeaders struct {
	Handlers []ResponseHeaders `xml:"*,implicit" doc:"what handles the headers, one after the other"`
}

func (c *CompositeResponseHeaders) handle(h http.Header, m *message.Message) {
	for _, inner := range c.Handlers {
		inner.handle(h, m)
	}
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.http.client.net."
	component.Register[DiscardResponseHeaders]("http-discard-response-headers", pkg+"DiscardResponseHeaders", kind, "leaves the headers of an answer out")
	component.Register[ResponseHeadersAsMetadata]("http-response-headers-as-metadata", pkg+"ResponseHeadersAsMetadata", kind, "makes metadata of the headers of an answer")
	component.Register[ResponseHeadersAsObjects]("http-response-headers-as-object-metadata", pkg+"ResponseHeadersAsObjectMetadata", kind, "makes values in memory of the headers of an answer")
	component.Register[CompositeResponseHeaders]("http-composite-response-header-handler", pkg+"CompositeResponseHeaderHandler", kind, "handles the headers of an answer in several ways")
}
