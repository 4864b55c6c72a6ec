package expr

import (
	"errors"
	"fmt"
	"strings"
)

// Compile reads a text once, for any number of messages.
//
// It knows %message{key}, %message{%uniqueId}, %message{%size}, %message{%payload}, %message{jsonPath:PATH}, %payload{jsonpath:PATH},
// %payload{xpath:PATH}, %env{NAME} and %sysprop{name}, any number of them, mixed with text. What does not fit one of these forms is text,
// as in Interlok, and Warnings says so where it looks like one. All errors are reported at once: names that s does not know, paths that
// cannot be read, and %file{…}, which is not supported.
func Compile(text string, s Sources) (*Template, error) {
	c := compiler{sources: s, template: &Template{text: text}}
	c.run(text)
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	c.differOfMixing()
	c.endLiteral()
	t := c.template
	switch {
	case len(t.parts) == 0:
	case len(t.parts) == 1 && t.parts[0].kind == partLiteral:
		t.constant, t.parts = t.parts[0].text, nil
	}
	return t, nil
}

type compiler struct {
	sources  Sources
	template *Template
	literal  strings.Builder
	// external are the kinds of expressions seen that Interlok resolves one kind of per text.
	external []string
	errs     []error
}

func (c *compiler) run(text string) {
	closed := strings.LastIndexByte(text, '}') + 1 // nothing that begins later has an end
	end := len(text)
	for {
		i := strings.IndexByte(text, '%')
		if i < 0 || end-len(text)+i >= closed {
			if i >= 0 {
				c.suspect(text[i:])
			}
			c.literal.WriteString(text)
			return
		}
		c.literal.WriteString(text[:i])
		text = text[i:]
		n := c.expression(text)
		if n == 0 {
			c.suspect(text)
			c.literal.WriteByte('%')
			n = 1
		}
		text = text[n:]
	}
}

// expression takes an expression from the beginning of text and returns its length; 0 if there is none.
func (c *compiler) expression(text string) int {
	keyword, body, ok := opening(text)
	if !ok {
		return 0
	}
	begin := len(text) - len(body)
	switch {
	case keyword == "message" && hasPrefixFold(body, jsonPrefix), strings.EqualFold(keyword, "payload") && hasPrefixFold(body, jsonPrefix):
		return c.path(text, begin, len(jsonPrefix), scanPathEnd(body, len(jsonPrefix), false), c.jsonPath)
	case strings.EqualFold(keyword, "payload") && hasPrefixFold(body, xpathPrefix):
		return c.path(text, begin, len(xpathPrefix), scanPathEnd(body, len(xpathPrefix), true), c.xpath)
	case keyword == "file":
		end := strings.IndexByte(body, '}')
		if end < 0 {
			return 0
		}
		c.fail(fmt.Errorf("expression %s: %%file{…} is not supported; read the file with a service, or put its content into a variable", text[:begin+end+1]))
		return begin + end + 1
	}
	end := keyEnd(body)
	if end <= 0 || end >= len(body) || body[end] != '}' {
		return 0
	}
	whole, key := text[:begin+end+1], body[:end]
	switch keyword {
	case "message":
		c.message(key)
	case "env":
		c.lookUp(whole, key, c.sources.Env, "the environment has no variable {name}; set it where adapterd is started")
	case "sysprop":
		c.lookUp(whole, key, c.sources.SystemProperty, "there is no system property {name}; set sysprop.{name} in bootstrap.properties")
	default:
		return 0
	}
	return len(whole)
}

const (
	jsonPrefix  = "jsonpath:"
	xpathPrefix = "xpath:"
)

func (c *compiler) message(key string) {
	switch {
	case strings.EqualFold(key, "%uniqueId"):
		c.add(part{kind: partID})
	case strings.EqualFold(key, "%size"):
		c.add(part{kind: partSize})
	case strings.EqualFold(key, "%payload"):
		c.add(part{kind: partPayload})
	default:
		c.add(part{kind: partMetadata, text: key})
	}
}

// lookUp puts a value of the process into the text: it is the same for every message.
func (c *compiler) lookUp(whole, name string, source func(string) (string, bool), missing string) {
	c.external = append(c.external, whole[:strings.IndexByte(whole, '{')])
	if source != nil {
		if v, ok := source(name); ok {
			c.literal.WriteString(v)
			return
		}
	}
	c.fail(fmt.Errorf("expression %s: %s", whole, strings.ReplaceAll(missing, "{name}", name)))
}

// path takes a %…{prefix:PATH} whose body begins at begin and whose path ends at end of the body; end is -1 when brackets or quotes in
// the path are left open.
func (c *compiler) path(text string, begin, prefix, end int, compile func(whole, path string) error) int {
	body := text[begin:]
	if end < 0 {
		brace := strings.IndexByte(body, '}')
		if brace < 0 {
			return 0
		}
		c.fail(fmt.Errorf("expression %s: a bracket or quote in the path is not closed", shortened(text[:begin+brace+1])))
		return begin + brace + 1
	}
	whole, path := text[:begin+end+1], body[prefix:end]
	if err := compile(whole, path); err != nil {
		c.fail(fmt.Errorf("expression %s: %w", shortened(whole), err))
	}
	return len(whole)
}

func (c *compiler) jsonPath(whole, path string) error {
	p, err := CompileJSONPath(path)
	if err != nil {
		return err
	}
	c.add(part{kind: partJSON, json: p})
	switch {
	case strings.HasPrefix(whole, "%message{"):
		c.differ("Interlok takes %s for a metadata key; adapterd reads the payload, and so does Interlok as %%payload{jsonpath:%s}", whole, path)
	case !strings.HasPrefix(whole, "%payload{jsonpath:"):
		c.differ("Interlok sends %s as it is; adapterd resolves it, and Interlok would as %%payload{jsonpath:%s}", whole, path)
	case strings.IndexFunc(path, notIn(pathRunes+" ")) >= 0:
		c.differ("Interlok sends %s as it is, because of characters in its path; adapterd resolves it", whole)
	}
	c.external = append(c.external, "%payload{jsonpath:")
	return nil
}

func (c *compiler) xpath(whole, path string) error {
	p, err := CompileXPath(path)
	if err != nil {
		return err
	}
	c.add(part{kind: partXML, xml: p})
	switch {
	case !strings.HasPrefix(whole, "%payload{xpath:"):
		c.differ("Interlok sends %s as it is; adapterd resolves it, and Interlok would as %%payload{xpath:%s}", whole, path)
	case strings.IndexFunc(path, notIn(pathRunes)) >= 0:
		c.differ("Interlok sends %s as it is, because of characters in its path; adapterd resolves it", whole)
	}
	c.external = append(c.external, "%payload{xpath:")
	return nil
}

func (c *compiler) add(p part) {
	c.endLiteral()
	c.template.parts = append(c.template.parts, p)
}

func (c *compiler) endLiteral() {
	if c.literal.Len() > 0 {
		c.template.parts = append(c.template.parts, part{kind: partLiteral, text: c.literal.String()})
		c.literal.Reset()
	}
}

func (c *compiler) fail(err error) { c.errs = append(c.errs, err) }
