package consumer

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// headerHandler decides what becomes of a request's headers.
type headerHandler interface {
	headers(r *http.Request, m *message.Message)
}

// parameterHandler decides what becomes of a request's parameters: those of the query, and those of a form in the body.
type parameterHandler interface {
	parameters(r *http.Request, body []byte, m *message.Message) error
}

// IgnoreHeaders is Interlok's NoOpHeaderHandler, IgnoreParameters its NoOpParameterHandler.
type (
	IgnoreHeaders    struct{}
	IgnoreParameters struct{}
)

func (*IgnoreHeaders) headers(*http.Request, *message.Message) {}

func (*IgnoreParameters) parameters(*http.Request, []byte, *message.Message) error { return nil }

// HeadersAsMetadata is Interlok's MetadataHeaderHandler. Header names stand as HTTP writes them (Content-Type); of several values of one
// header the last counts.
type HeadersAsMetadata struct {
	Prefix string `xml:"header-prefix" doc:"what the metadata keys begin with"`
}

func (h *HeadersAsMetadata) headers(r *http.Request, m *message.Message) {
	eachHeader(r, func(name, value string) { m.SetMetadata(h.Prefix+name, value) })
}

// HeadersAsObjects is Interlok's ObjectMetadataHeaderHandler: HeadersAsMetadata for values that stay in memory.
type HeadersAsObjects struct {
	Prefix string `xml:"header-prefix" doc:"what the keys begin with"`
}

func (h *HeadersAsObjects) headers(r *http.Request, m *message.Message) {
	eachHeader(r, func(name, value string) { m.SetObject(h.Prefix+name, value) })
}

func eachHeader(r *http.Request, set func(name, value string)) {
	for name, values := range r.Header {
		set(name, values[len(values)-1])
	}
	set("Host", r.Host)
}

// ParametersAsMetadata is Interlok's MetadataParameterHandler. Of several values of one parameter the last counts.
type ParametersAsMetadata struct {
	Prefix string `xml:"parameter-prefix" doc:"what the metadata keys begin with"`
}

func (p *ParametersAsMetadata) parameters(r *http.Request, body []byte, m *message.Message) error {
	return eachParameter(r, body, func(name, value string) { m.SetMetadata(p.Prefix+name, value) })
}

// ParametersAsObjects is Interlok's ObjectMetadataParameterHandler: ParametersAsMetadata for values that stay in memory.
type ParametersAsObjects struct {
	Prefix string `xml:"parameter-prefix" doc:"what the keys begin with"`
}

func (p *ParametersAsObjects) parameters(r *http.Request, body []byte, m *message.Message) error {
	return eachParameter(r, body, func(name, value string) { m.SetObject(p.Prefix+name, value) })
}

func eachParameter(r *http.Request, body []byte, set func(name, value string)) error {
	sources := []string{r.URL.RawQuery}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		sources = append(sources, string(body))
	}
	for _, s := range sources {
		values, err := url.ParseQuery(s)
		if err != nil {
			return fmt.Errorf("the request's parameters can not be read: %w", err)
		}
		for name, v := range values {
			set(name, v[len(v)-1])
		}
	}
	return nil
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.http.jetty."
	component.Register[IgnoreHeaders]("jetty-http-ignore-headers", pkg+"NoOpHeaderHandler", kind, "leaves a request's headers out")
	component.Register[HeadersAsMetadata]("jetty-http-headers-as-metadata", pkg+"MetadataHeaderHandler", kind, "makes metadata of a request's headers")
	component.Register[HeadersAsObjects]("jetty-http-headers-as-object-metadata", pkg+"ObjectMetadataHeaderHandler", kind, "makes values in memory of a request's headers")
	component.Register[IgnoreParameters]("jetty-http-ignore-parameters", pkg+"NoOpParameterHandler", kind, "leaves a request's parameters out")
	component.Register[ParametersAsMetadata]("jetty-http-parameters-as-metadata", pkg+"MetadataParameterHandler", kind, "makes metadata of a request's parameters")
	component.Register[ParametersAsObjects]("jetty-http-parameters-as-object-metadata", pkg+"ObjectMetadataParameterHandler", kind, "makes values in memory of a request's parameters")
}
