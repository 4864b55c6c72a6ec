package service

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// groupReference is a mapped value that stands for a group of the match; only a whole value does (Interlok: MapMetadataService).
var groupReference = regexp.MustCompile(`^\{([0-9]+)\}$`)

// MapMetadata replaces a metadata value by another. Interlok: MapMetadataService. The first pair whose regular expression matches the
// whole value decides; without a match, or without the metadata, nothing changes. A new value is an expression; one that is {1} as a
// whole stands for the first group of the match. A value that only resolves to {1} is data and stays as it is.
type MapMetadata struct {
	component.ServiceBase
	MetadataKey string     `xml:"metadata-key,required" example:"eventType" doc:"key of the metadata to change"`
	Pairs       []*Mapping `xml:"metadata-key-map>key-value-pair,required" doc:"what becomes of which value; the first match counts"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// Mapping is a pattern of values and what they become.
type Mapping struct {
	Key   *regexp.Regexp `xml:"key,required" example:"order-.*" doc:"regular expression that matches the whole value"`
	Value *expr.Template `xml:"value" doc:"the new value; {1} alone is the first group of the match"`

	whole *regexp.Regexp
	group int // -1: the value is the expression
}

// Check compiles the pattern and checks the group.
func (p *Mapping) Check(r *component.Report) {
	p.group = -1
	if p.Key == nil {
		return
	}
	p.whole = wholeMatch(p.Key)
	constant, ok := constantText(p.Value)
	if !ok {
		return
	}
	reference := groupReference.FindStringSubmatch(constant)
	if reference == nil {
		return
	}
	group, err := strconv.Atoi(reference[1])
	if err != nil || group > p.Key.NumSubexp() {
		r.Errorf("value", "bad-value", "is %s, but <key> %s has %d groups; use {0} to {%d}", constant, p.Key, p.Key.NumSubexp(), p.Key.NumSubexp())
		return
	}
	p.group = group
}

// wholeMatch is a regular expression that matches as Java's String.matches does: all of a text or nothing.
func wholeMatch(r *regexp.Regexp) *regexp.Regexp {
	return regexp.MustCompile(`\A(?:` + r.String() + `)\z`)
}

// Apply changes the metadata of m.
func (s *MapMetadata) Apply(_ context.Context, m *message.Message) error {
	value, ok := m.Metadata(s.MetadataKey)
	if !ok {
		return nil
	}
	for _, p := range s.Pairs {
		if p.group < 0 {
			if !p.whole.MatchString(value) {
				continue
			}
			mapped, err := resolve(p.Value, m)
			if err != nil {
				return fmt.Errorf("map-metadata-service: new value of metadata %q: %w", s.MetadataKey, err)
			}
			m.SetMetadata(s.MetadataKey, mapped)
			return nil
		}
		if groups := p.whole.FindStringSubmatch(value); groups != nil {
			m.SetMetadata(s.MetadataKey, groups[p.group])
			return nil
		}
	}
	return nil
}

func init() {
	component.Register[MapMetadata]("map-metadata-service", "com.adaptris.core.services.metadata.MapMetadataService", component.KindService,
		"replaces a metadata value by another, by regular expressions")
}
