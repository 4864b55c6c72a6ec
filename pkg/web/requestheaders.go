package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// RequestHeaders says which headers a request has (Interlok: RequestHeaderProvider). It is safe for concurrent use.
type RequestHeaders interface {
	addTo(h http.Header, m *message.Message) error
}

// NoRequestHeaders is Interlok's NoRequestHeaders.
type NoRequestHeaders struct{}

func (*NoRequestHeaders) addTo(http.Header, *message.Message) error { return nil }

// ConfiguredRequestHeaders is Interlok's ConfiguredRequestHeaders.
type ConfiguredRequestHeaders struct {
	Headers []component.KeyValue `xml:"headers>key-value-pair" doc:"names and values"`
}

func (c *ConfiguredRequestHeaders) addTo(h http.Header, _ *message.Message) error {
	return addPairs(h, c.Headers)
}

// MetadataRequestHeaders is Interlok's MetadataRequestHeaders.
type MetadataRequestHeaders struct {
	Filter component.MetadataFilter `xml:"filter,required" doc:"which metadata goes out as headers"`
	Unfold bool                     `xml:"unfold" default:"false" effect:"none" doc:"accepted for compatibility: values of several lines always become one, as HTTP asks for"`
}

func (c *MetadataRequestHeaders) addTo(h http.Header, m *message.Message) error {
	return addMetadata(h, c.Filter, m)
}

// CompositeRequestHeaders is Interlok's CompositeRequestHeaders.
type CompositeRequestHeaders struct {
	Providers []RequestHeaders `xml:"*,implicit" doc:"where the headers come from"`
}

func (c *CompositeRequestHeaders) addTo(h http.Header, m *message.Message) error {
	for _, p := range c.Providers {
		if err := p.addTo(h, m); err != nil {
			return err
		}
	}
	return nil
}

// MultipartRequestHeaders is Interlok's MultiPartMessageRequestHeaders.
type MultipartRequestHeaders struct {
	ExcludeID bool `xml:"exclude-message-id" default:"true" doc:"true leaves Message-ID out"`
	Unfold    bool `xml:"unfold" default:"false" effect:"none" doc:"accepted for compatibility: values of several lines always become one, as HTTP asks for"`
}

func (c *MultipartRequestHeaders) addTo(h http.Header, m *message.Message) error {
	headers, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(m.Payload()))).ReadMIMEHeader()
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the payload does not begin with MIME headers: %w; use http-multipart-message-request-headers for multipart messages only", err)
	}
	for name, values := range headers {
		if c.ExcludeID && name == "Message-Id" {
			continue
		}
		for _, v := range values {
			if err := add(h, name, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func addPairs(h http.Header, pairs []component.KeyValue) error {
	for _, p := range pairs {
		if err := add(h, p.Key, p.Value); err != nil {
			return err
		}
	}
	return nil
}

func addMetadata(h http.Header, f component.MetadataFilter, m *message.Message) error {
	items, err := component.FilterMetadata(f, m)
	if err != nil {
		return err
	}
	for _, item := range items {
		if err := add(h, item.Key, item.Value); err != nil {
			return fmt.Errorf("metadata: %w; leave it out by the filter", err)
		}
	}
	return nil
}

// restricted are headers that are the connection's own matter. Java leaves them out without a word, and so documents may rely on it that
// send all metadata.
var restricted = []string{
	"Access-Control-Request-Headers", "Access-Control-Request-Method", "Connection", "Content-Length", "Content-Transfer-Encoding", "Host",
	"Keep-Alive", "Origin", "Trailer", "Transfer-Encoding", "Upgrade", "Via",
}

func add(h http.Header, name, value string) error {
	canonical := http.CanonicalHeaderKey(name)
	if slices.Contains(restricted, canonical) || strings.HasPrefix(canonical, "Sec-") {
		return nil
	}
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("%q can not be the name of a header", name)
	}
	value = Unfold(value)
	if !httpguts.ValidHeaderFieldValue(value) {
		return fmt.Errorf("the value of %s has control characters, which no header can have", name)
	}
	h.Add(name, value)
	return nil
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.http.client.net."
	component.Register[NoRequestHeaders]("http-no-request-headers", pkg+"NoRequestHeaders", kind, "no headers but those that every request has")
	component.Register[ConfiguredRequestHeaders]("http-configured-request-headers", pkg+"ConfiguredRequestHeaders", kind, "headers that the document names")
	component.Register[MetadataRequestHeaders]("http-metadata-request-headers", pkg+"MetadataRequestHeaders", kind, "headers from metadata")
	component.Register[CompositeRequestHeaders]("http-composite-request-headers", pkg+"CompositeRequestHeaders", kind, "headers of several providers")
	component.Register[MultipartRequestHeaders]("http-multipart-message-request-headers", pkg+"MultiPartMessageRequestHeaders", kind, "the MIME headers that the payload begins with")
}
