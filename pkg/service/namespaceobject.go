package service

import (
	"context"
	"sync"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// namespacesObject is the key under which a message brings namespaces for XPaths; it is Interlok's.
const namespacesObject = "com.adaptris.util.text.xml.SimpleNamespaceContext"

// AddNamespaces gives a message namespaces for all XPaths that come after it and have no <namespace-context> of their own. Interlok:
// AddNamespaceObjectMetadata. Parts of a split message do not have them. Expressions such as %payload{xpath:…} do not use them.
type AddNamespaces struct {
	component.ServiceBase
	Namespaces []component.KeyValue `xml:"namespace-context>key-value-pair" doc:"prefixes (key) of the namespaces (value)"`

	brought *messageNamespaces
}

// messageNamespaces are the namespaces that a message brings. It is safe for concurrent use.
type messageNamespaces struct {
	xmlReading
	// constant are the XPaths of documents, compiled with these namespaces, by their text.
	constant sync.Map
}

// Check warns of a service without namespaces.
func (s *AddNamespaces) Check(r *component.Report) {
	if len(s.Namespaces) == 0 {
		r.Warnf("", "no-effect", "has no <namespace-context>, so it does nothing; add one or remove the service")
	}
	s.brought = &messageNamespaces{xmlReading: xmlReading{Namespaces: s.Namespaces}}
}

// Apply sets the object metadata of m.
func (s *AddNamespaces) Apply(_ context.Context, m *message.Message) error {
	if len(s.Namespaces) > 0 {
		m.SetObject(namespacesObject, s.brought)
	}
	return nil
}

// brought are the namespaces that count for m; nil for those of the component.
func (x *xmlReading) brought(m *message.Message) *messageNamespaces {
	if len(x.Namespaces) > 0 {
		return nil
	}
	object, _ := m.Object(namespacesObject)
	brought, _ := object.(*messageNamespaces)
	return brought
}

// compileFor reads an XPath that comes with m.
func (x *xmlReading) compileFor(m *message.Message, text string) (*expr.XPath, error) {
	if brought := x.brought(m); brought != nil {
		return brought.compile(text)
	}
	return x.compile(text)
}

// pathFor is an XPath of the document with the namespaces that count for m.
func (x *xmlReading) pathFor(m *message.Message, path *expr.XPath) (*expr.XPath, error) {
	brought := x.brought(m)
	if brought == nil {
		return path, nil
	}
	if compiled, ok := brought.constant.Load(path.String()); ok {
		return compiled.(*expr.XPath), nil
	}
	compiled, err := brought.compile(path.String())
	if err == nil {
		brought.constant.Store(path.String(), compiled)
	}
	return compiled, err
}

func init() {
	component.Register[AddNamespaces]("add-namespace-object-metadata", "com.adaptris.core.services.metadata.AddNamespaceObjectMetadata",
		component.KindService, "gives a message namespaces for the XPaths that come after it")
}
