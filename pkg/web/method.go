package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Method says which HTTP method a request has (Interlok: RequestMethodProvider). It is safe for concurrent use.
type Method interface {
	Method(m *message.Message) (string, error)
}

// methods are those that a request can have. Java knows CONNECT too, and refuses it later.
var methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}

// ParseMethod reads the name of a method, in any case.
func ParseMethod(text string) (string, error) {
	upper := strings.ToUpper(strings.TrimSpace(text))
	if !slices.Contains(methods, upper) {
		return "", fmt.Errorf("%q is no HTTP method; use one of %s", text, strings.Join(methods, ", "))
	}
	return upper, nil
}

// HasBody says whether requests of a method send a body, though not asked to always (Interlok: StandardHttpProducer).
func HasBody(method string) bool { return method == "POST" || method == "PUT" || method == "PATCH" }

// ConfiguredMethod is Interlok's ConfiguredRequestMethodProvider.
type ConfiguredMethod struct {
	Name string `xml:"method" default:"POST" enum:"DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,TRACE" doc:"the HTTP method"`
}

// Method implements Method.
func (c *ConfiguredMethod) Method(*message.Message) (string, error) { return c.Name, nil }

// MetadataMethod is Interlok's MetadataRequestMethodProvider.
type MetadataMethod struct {
	Key     string `xml:"metadata-key,required" example:"httpmethod" doc:"metadata that names the HTTP method, in any case"`
	Default string `xml:"default-method" default:"POST" enum:"DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,TRACE" doc:"the method when the message has no such metadata"`
}

// Method implements Method.
func (c *MetadataMethod) Method(m *message.Message) (string, error) {
	text, ok := m.Metadata(c.Key)
	if !ok {
		return c.Default, nil
	}
	method, err := ParseMethod(text)
	if err != nil {
		return "", fmt.Errorf("metadata %s: %w", c.Key, err)
	}
	return method, nil
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.http.client."
	component.Register[ConfiguredMethod]("http-configured-request-method", pkg+"ConfiguredRequestMethodProvider", kind, "one HTTP method for all requests")
	component.Register[MetadataMethod]("http-metadata-request-method", pkg+"MetadataRequestMethodProvider", kind, "takes the HTTP method from metadata")
}
