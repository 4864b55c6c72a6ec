package service

import (
	"fmt"
	"regexp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// MetadataByPattern is what services have in common that rewrite the values of all metadata whose key matches. Interlok: ReformatMetadata.
type MetadataByPattern struct {
	component.ServiceBase
	MetadataKeyRegexp *regexp.Regexp `xml:"metadata-key-regexp" example:"customerId" doc:"regular expression that matches the whole key of what is changed; without it nothing is"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`

	whole *regexp.Regexp
}

// Check warns of a service that does nothing.
func (s *MetadataByPattern) Check(r *component.Report) {
	if s.MetadataKeyRegexp == nil || s.MetadataKeyRegexp.String() == "" {
		r.Warnf("metadata-key-regexp", "no-effect", "is missing or blank, so the service does nothing; give it the pattern of the keys to change, such as customerId")
		return
	}
	s.whole = wholeMatch(s.MetadataKeyRegexp)
}

// rewrite gives new values to the metadata of m whose keys match. When one of them fails, none is changed.
func (s *MetadataByPattern) rewrite(service string, m *message.Message, change func(value string) (string, error)) error {
	if s.whole == nil {
		return nil
	}
	var changed []MetadataItem
	for _, key := range m.MetadataKeys() {
		if !s.whole.MatchString(key) {
			continue
		}
		before, _ := m.Metadata(key)
		after, err := change(before)
		if err != nil {
			return fmt.Errorf("%s: metadata %q: %w", service, key, err)
		}
		if after != before {
			changed = append(changed, MetadataItem{Key: key, Value: after})
		}
	}
	for _, item := range changed {
		m.SetMetadata(item.Key, item.Value)
	}
	return nil
}
