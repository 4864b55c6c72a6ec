package service

import (
	"context"
	"encoding/hex"
	"fmt"
	"regexp"
	"sync/atomic"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// FindAndReplace replaces texts in the payload, one pair after the other. Interlok: FindAndReplaceService. What is looked for is a
// regular expression; in the new text $1 and ${name} are groups of the match, and \ takes the next character as it is. A pair that
// fails fails the message, and what the pairs before it have done to the payload is lost.
type FindAndReplace struct {
	component.ServiceBase
	Units            []*FindAndReplaceUnit `xml:"find-replace-pair,implicit" doc:"what is replaced by what"`
	ReplaceFirstOnly bool                  `xml:"replace-first-only" default:"false" doc:"true replaces only the first match of each pair"`
}

// FindAndReplaceUnit is a pair of FindAndReplace. Interlok: FindAndReplaceUnit.
type FindAndReplaceUnit struct {
	Find    ReplacementSource `xml:"find,required" class:"configured-replacement-source" doc:"the regular expression to look for"`
	Replace ReplacementSource `xml:"replace,required" class:"configured-replacement-source" doc:"the new text"`

	patterns patternCache
}

// ReplacementSource is where FindAndReplace has its texts from. It is safe for concurrent use. Interlok: ReplacementSource.
type ReplacementSource interface {
	// Obtain is the text for m.
	Obtain(m *message.Message) (string, error)
	// Fixed returns the text if it is the same for every message.
	Fixed() (string, bool)
}

// ConfiguredReplacement is a text of the document, taken as it is. Interlok: ConfiguredReplacementSource.
type ConfiguredReplacement struct {
	Value string `xml:"value" doc:"the text; expressions in it are not resolved"`
}

// Obtain implements ReplacementSource.
func (c *ConfiguredReplacement) Obtain(*message.Message) (string, error) { return c.Value, nil }

// Fixed implements ReplacementSource.
func (c *ConfiguredReplacement) Fixed() (string, bool) { return c.Value, true }

// MetadataReplacement is a metadata value. Interlok: MetadataReplacementSource; a key that the message does not have is an error.
type MetadataReplacement struct {
	Value string `xml:"value,required" example:"customerId" doc:"key of the metadata"`
}

// Obtain implements ReplacementSource.
func (r *MetadataReplacement) Obtain(m *message.Message) (string, error) {
	value, ok := m.Metadata(r.Value)
	if !ok {
		return "", fmt.Errorf("the message has no metadata %q; set it before", r.Value)
	}
	return value, nil
}

// Fixed implements ReplacementSource.
func (*MetadataReplacement) Fixed() (string, bool) { return "", false }

// HexReplacement is a text whose bytes the document gives in hexadecimal, for characters that XML cannot hold. Interlok:
// HexSequenceConfiguredReplacementSource.
type HexReplacement struct {
	Value   string `xml:"value,required" example:"1d" doc:"the bytes, two hexadecimal digits each"`
	Charset string `xml:"charset" default:"UTF-8" doc:"character set that the bytes are in"`

	text string
}

// Check decodes the text.
func (h *HexReplacement) Check(r *component.Report) {
	checkCharset(r, "charset", h.Charset)
	data, err := hex.DecodeString(h.Value)
	if err != nil {
		r.Errorf("value", "bad-value", "is not hexadecimal, two digits for each byte: %v", err)
		return
	}
	if h.text, err = decodeText(h.Charset, data); err != nil {
		r.Errorf("value", "bad-value", ": %v", err)
	}
}

// Obtain implements ReplacementSource.
func (h *HexReplacement) Obtain(*message.Message) (string, error) { return h.text, nil }

// Fixed implements ReplacementSource.
func (h *HexReplacement) Fixed() (string, bool) { return h.text, true }

// Check refuses a service without pairs, which would do nothing.
func (s *FindAndReplace) Check(r *component.Report) {
	if len(s.Units) == 0 {
		r.Warnf("", "no-effect", "has no <find-replace-pair>, so it does nothing; add one or remove the service")
	}
}

// Check compiles a pattern that is the same for every message, and its replacement.
func (u *FindAndReplaceUnit) Check(r *component.Report) {
	if u.Find == nil || u.Replace == nil {
		return
	}
	text, fixed := u.Find.Fixed()
	if !fixed {
		return
	}
	if text == "" {
		r.Errorf("find", "blank-element", "is empty, and an empty text is found everywhere; give it a <value>")
		return
	}
	pattern, err := u.patterns.compile(text)
	if err != nil {
		r.Errorf("find", "bad-value", ": %v", err)
		return
	}
	if replacement, fixed := u.Replace.Fixed(); fixed {
		if _, err := parseReplacement(pattern, replacement); err != nil {
			r.Errorf("replace", "bad-value", "cannot be used: %v; write \\$ and \\\\ for a plain $ and \\", err)
		}
	}
}

// Apply changes the payload of m.
func (s *FindAndReplace) Apply(_ context.Context, m *message.Message) error {
	text, err := m.Text()
	if err != nil {
		return fmt.Errorf("find-and-replace-service: %w", err)
	}
	for i, u := range s.Units {
		if text, err = u.apply(m, text, s.ReplaceFirstOnly); err != nil {
			return fmt.Errorf("find-and-replace-service: pair %d: %w", i+1, err)
		}
	}
	if err := setText(m, text); err != nil {
		return fmt.Errorf("find-and-replace-service: %w", err)
	}
	return nil
}

func (u *FindAndReplaceUnit) apply(m *message.Message, text string, firstOnly bool) (string, error) {
	find, err := u.Find.Obtain(m)
	if err != nil {
		return "", fmt.Errorf("<find>: %w", err)
	}
	pattern, err := u.patterns.compile(find)
	if err != nil {
		return "", fmt.Errorf("<find>: %w", err)
	}
	replacement, err := u.Replace.Obtain(m)
	if err != nil {
		return "", fmt.Errorf("<replace>: %w", err)
	}
	replace := replaceAll
	if firstOnly {
		replace = replaceFirst
	}
	if text, err = replace(pattern, text, replacement); err != nil {
		return "", fmt.Errorf("<replace>: %w", err)
	}
	return text, nil
}

// patternCache keeps the regular expression that was compiled last: one that comes from the message is mostly the same for the next.
// It is safe for concurrent use.
type patternCache struct {
	last atomic.Pointer[regexp.Regexp]
}

func (c *patternCache) compile(text string) (*regexp.Regexp, error) {
	if last := c.last.Load(); last != nil && last.String() == text {
		return last, nil
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no regular expression that is supported here (RE2 syntax, without look-around and back references): %w", text, err)
	}
	c.last.Store(pattern)
	return pattern, nil
}

func init() {
	component.Register[FindAndReplace]("find-and-replace-service", "com.adaptris.core.services.findreplace.FindAndReplaceService", component.KindService,
		"replaces texts in the payload, by regular expressions")
	component.Register[ConfiguredReplacement]("configured-replacement-source", "com.adaptris.core.services.findreplace.ConfiguredReplacementSource",
		component.KindPart, "a text of the document")
	component.Register[MetadataReplacement]("metadata-replacement-source", "com.adaptris.core.services.findreplace.MetadataReplacementSource",
		component.KindPart, "the value of a metadata key")
	component.Register[HexReplacement]("hex-sequence-configured-replacement-source",
		"com.adaptris.core.services.findreplace.HexSequenceConfiguredReplacementSource", component.KindPart, "a text whose bytes are given in hexadecimal")
}
