package service

import (
	"errors"
	"regexp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// SyntaxDestination is the field that all identifiers have.
type SyntaxDestination struct {
	Destination string `xml:"destination,required" doc:"where messages go that are recognised"`
}

func (d *SyntaxDestination) destination() string { return d.Destination }

// AlwaysMatch recognises everything. Interlok: AlwaysMatchSyntaxIdentifier.
type AlwaysMatch struct{ SyntaxDestination }

func (*AlwaysMatch) recognises(*message.Message) (bool, error) { return true, nil }

// RegexpIdentifier recognises a payload that all of its patterns match as a whole, line ends included. Interlok: RegexpSyntaxIdentifier.
type RegexpIdentifier struct {
	SyntaxDestination
	Patterns []string `xml:"pattern,implicit" example:".*INVOICE.*" doc:"regular expression for the whole payload; all must match"`

	compiled []*regexp.Regexp
}

// Check compiles the patterns.
func (i *RegexpIdentifier) Check(r *component.Report) {
	for _, p := range i.Patterns {
		compiled, err := compilePattern("(?s)" + p)
		if err != nil {
			r.Errorf("pattern", "bad-value", ": %v", err)
			continue
		}
		i.compiled = append(i.compiled, compiled)
	}
}

func (i *RegexpIdentifier) recognises(m *message.Message) (bool, error) {
	text, err := m.Text()
	if err != nil {
		return false, err
	}
	for _, p := range i.compiled {
		if !p.MatchString(text) {
			return false, nil
		}
	}
	return true, nil
}

// xpathPatterns are the XPaths of an identifier.
type xpathPatterns struct {
	SyntaxDestination
	xmlReading
	Patterns []string `xml:"pattern,implicit" example:"/order/@id" doc:"XPath; all must find something"`

	compiled []*expr.XPath
}

// Check compiles the XPaths.
func (i *xpathPatterns) Check(r *component.Report) {
	for _, p := range i.Patterns {
		if compiled := i.checkXPath(r, "pattern", p); compiled != nil {
			i.compiled = append(i.compiled, compiled)
		}
	}
}

// all says that the payload is XML in which every XPath finds what it should.
func (i *xpathPatterns) all(m *message.Message, finds func(*expr.XPath) (bool, error)) (bool, error) {
	if _, err := expr.ParseXML(m); err != nil {
		return false, nil // of another kind
	}
	for _, p := range i.compiled {
		if found, err := finds(p); err != nil || !found {
			return false, err
		}
	}
	return true, nil
}

// XPathIdentifier recognises XML in which each of its XPaths finds a text that is not empty. Interlok: XpathSyntaxIdentifier.
type XPathIdentifier struct{ xpathPatterns }

func (i *XPathIdentifier) recognises(m *message.Message) (bool, error) {
	return i.all(m, func(p *expr.XPath) (bool, error) {
		text, err := xpathText(p, m)
		return text != "", err
	})
}

// XPathNodeIdentifier recognises XML in which each of its XPaths finds a node. Interlok: XpathNodeIdentifier.
type XPathNodeIdentifier struct {
	xpathPatterns
	ResolveAsNodeset bool `xml:"resolve-as-nodeset" default:"false" doc:"true recognises all XML, whether the XPaths find nodes or not, as Interlok does"`
}

// Check compiles the XPaths and warns of a setting that does not do what it says.
func (i *XPathNodeIdentifier) Check(r *component.Report) {
	i.xpathPatterns.Check(r)
	if i.ResolveAsNodeset {
		r.Warnf("resolve-as-nodeset", "always-true", "is true, which recognises all XML, as in Interlok: a set without nodes counts as found; leave it out to look for nodes")
	}
}

func (i *XPathNodeIdentifier) recognises(m *message.Message) (bool, error) {
	return i.all(m, func(p *expr.XPath) (bool, error) {
		nodes, err := p.Nodes(m)
		return i.ResolveAsNodeset || len(nodes) > 0, err
	})
}

// JSONPathIdentifier recognises JSON in which each of its JSONPaths finds something, an empty array not counted. Interlok:
// JsonPathSyntaxIdentifier.
type JSONPathIdentifier struct {
	SyntaxDestination
	Patterns []string `xml:"pattern,implicit" example:"$.order.id" doc:"JSONPath; all must find something"`

	compiled []*expr.JSONPath
}

// Check compiles the JSONPaths.
func (i *JSONPathIdentifier) Check(r *component.Report) {
	for _, p := range i.Patterns {
		compiled, err := expr.CompileJSONPath(p)
		if err != nil {
			r.Errorf("pattern", "bad-path", ": %v", err)
			continue
		}
		i.compiled = append(i.compiled, compiled)
	}
}

func (i *JSONPathIdentifier) recognises(m *message.Message) (bool, error) {
	root, err := expr.ParseJSON(m)
	if err != nil {
		return false, nil // of another kind
	}
	for _, p := range i.compiled {
		values, err := p.Eval(root)
		switch {
		case errors.Is(err, expr.ErrNoValue):
			return false, nil
		case err != nil:
			return false, err
		case len(values) == 0:
			return false, nil
		}
		if list, ok := values[0].([]any); ok && len(values) == 1 && len(list) == 0 {
			return false, nil
		}
	}
	return true, nil
}

func init() {
	const pkg = "com.adaptris.core.services.routing."
	component.Register[AlwaysMatch]("routing-always-match-syntax-identifier", pkg+"AlwaysMatchSyntaxIdentifier", component.KindPart, "recognises everything")
	component.Register[RegexpIdentifier]("routing-regexp-syntax-identifier", pkg+"RegexpSyntaxIdentifier", component.KindPart, "recognises payloads by regular expressions")
	component.Register[XPathIdentifier]("routing-xpath-syntax-identifier", pkg+"XpathSyntaxIdentifier", component.KindPart, "recognises XML by what XPaths find")
	component.Register[XPathNodeIdentifier]("routing-xpath-node-syntax-identifier", pkg+"XpathNodeIdentifier", component.KindPart, "recognises XML by the nodes that XPaths find")
	component.Register[JSONPathIdentifier]("routing-json-path-syntax-identifier", pkg+"json.JsonPathSyntaxIdentifier", component.KindPart, "recognises JSON by what JSONPaths find")
}
