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
	for name, values := range r.Header {
		m.SetMetadata(h.Prefix+name, values[len(values)-1])
	}
	m.SetMetadata(h.Prefix+"Host", r.Host)
}

// ParametersAsMetadata is Interlok's MetadataParameterHandler. Of several values of one parameter the last counts.
type ParametersAsMetadata struct {
	Prefix string `xml:"parameter-prefix" doc:"what the metadata keys begin with"`
}

func (p *ParametersAsMetadata) parameters(r *http.Request, body []byte, m *message.Message) error {
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
			m.SetMetadata(p.Prefix+name, v[len(v)-1])
		}
	}
	return nil
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.http.jetty."
	component.Register[IgnoreHeaders]("jetty-http-ignore-headers", pkg+"NoOpHeaderHandler", kind, "leaves a request's headers out")
	component.Register[HeadersAsMetadata]("jetty-http-headers-as-metadata", pkg+"MetadataHeaderHandler", kind, "makes metadata of a request's headers")
	component.Register[IgnoreParameters]("jetty-http-ignore-parameters", pkg+"NoOpParameterHandler", kind, "leaves a request's parameters out")
	component.Register[ParametersAsMetadata]("jetty-http-parameters-as-metadata", pkg+"MetadataParameterHandler", kind, "makes metadata of a request's parameters")
}
