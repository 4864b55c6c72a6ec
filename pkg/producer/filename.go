package producer

import (
	"fmt"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// FormattedFilename names files by a format of java.util.Formatter, in which %1$s is the message's id and %2$t… the time, and by
// expressions. What an expression gives is data: a % in it is no conversion (Interlok formats values too).
type FormattedFilename struct {
	Format string `xml:"filename-format" default:"%1$s" example:"%message{originalname}-%2$tY%2$tm%2$td-%1$s" doc:"Java format: %1$s is the message id, %2$tF and the like the time; expressions"`

	pieces []filenamePiece
	// now is the clock, time.Now unless a test sets it.
	now func() time.Time
}

// filenamePiece is literal text, a conversion, or an expression.
type filenamePiece struct {
	literal    string
	conversion *conversion
	expression *expr.Template
}

// Check compiles the format and refuses what Java would, and what it would not do here.
func (c *FormattedFilename) Check(r *component.Report) {
	c.compile(r.Sources(), func(err error) {
		r.Errorf("filename-format", "bad-value", "is %q: %v", c.Format, err)
	})
}

func (c *FormattedFilename) compile(sources expr.Sources, fault func(error)) {
	c.now = time.Now
	c.pieces = nil
	if c.Format == "" {
		fault(fmt.Errorf("it is empty; the default is %%1$s"))
		return
	}
	var ordinary argumentCounter
	for text := c.Format; text != ""; {
		i := strings.IndexByte(text, '%')
		switch {
		case i < 0:
			c.pieces = append(c.pieces, filenamePiece{literal: text})
			return
		case i > 0:
			c.pieces = append(c.pieces, filenamePiece{literal: text[:i]})
			text = text[i:]
			continue
		}
		t, length, err := leadingExpression(text, sources)
		if t != nil {
			c.pieces = append(c.pieces, filenamePiece{expression: t})
			text = text[length:]
			continue
		}
		if err != nil {
			fault(err)
			return
		}
		v, length, err := parseConversion(text, &ordinary)
		if err != nil {
			fault(err)
			return
		}
		c.pieces = append(c.pieces, filenamePiece{conversion: v})
		text = text[length:]
	}
}

// leadingExpression compiles the expression that text, which begins with %, begins with; nil if it is none. Where it ends is the
// compiler's knowledge, since a path may hold braces: the shortest piece up to a } that it takes for an expression is one.
func leadingExpression(text string, sources expr.Sources) (t *expr.Template, length int, err error) {
	open := strings.IndexByte(text, '{')
	if open < 0 || strings.ContainsAny(text[1:open], "%{} $.-") {
		return nil, 0, nil
	}
	for i := open; i < len(text); i++ {
		if text[i] != '}' {
			continue
		}
		candidate := text[:i+1]
		t, failed := expr.Compile(candidate, sources)
		if failed != nil {
			if err == nil {
				err = failed
			}
			continue
		}
		if constant, ok := t.Constant(); !ok || constant != candidate {
			return t, len(candidate), nil
		}
	}
	return nil, 0, err
}

func (c *FormattedFilename) filename(m *message.Message) (string, error) {
	var b strings.Builder
	now := c.now()
	for _, p := range c.pieces {
		switch {
		case p.expression != nil:
			s, err := p.expression.Resolve(m)
			if err != nil {
				return "", fmt.Errorf("<filename-format>: %w", err)
			}
			b.WriteString(s)
		case p.conversion != nil:
			p.conversion.write(&b, m, now)
		default:
			b.WriteString(p.literal)
		}
	}
	return b.String(), nil
}

// MetadataFilename names files by a metadata item.
type MetadataFilename struct {
	MetadataKey string `xml:"metadata-key,required" example:"originalname" doc:"metadata that names the file"`
	DefaultName string `xml:"default-name" default:"MetadataFileNameCreator_default" doc:"name when the message has no such metadata, or an empty one"`
}

// Check refuses a blank default.
func (c *MetadataFilename) Check(r *component.Report) {
	if strings.TrimSpace(c.DefaultName) == "" {
		r.Errorf("default-name", "blank-element", "is blank; give it a file name, or remove it for MetadataFileNameCreator_default")
	}
}

func (c *MetadataFilename) filename(m *message.Message) (string, error) {
	if name, _ := m.Metadata(c.MetadataKey); name != "" {
		return name, nil
	}
	return c.DefaultName, nil
}

func init() {
	component.Register[FormattedFilename]("formatted-filename-creator", "com.adaptris.core.FormattedFilenameCreator", component.KindPart,
		"names files by message id, time and expressions")
	component.Register[MetadataFilename]("metadata-file-name-creator", "com.adaptris.core.MetadataFileNameCreator", component.KindPart,
		"names files by a metadata item")
}
