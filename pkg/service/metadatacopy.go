package service

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// CopyMetadata sets metadata to the values of other metadata. Interlok: CopyMetadataService. All values are read before the first is set;
// a key that the message does not have is passed over.
type CopyMetadata struct {
	component.ServiceBase
	Keys []component.KeyValue `xml:"metadata-keys>key-value-pair" doc:"pairs of a key and the key that its value is copied to"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// Apply sets the metadata of m.
func (s *CopyMetadata) Apply(_ context.Context, m *message.Message) error {
	var copies []MetadataItem
	for _, pair := range s.Keys {
		if value, there := m.Metadata(pair.Key); there {
			copies = append(copies, MetadataItem{Key: pair.Value, Value: value})
		}
	}
	for _, item := range copies {
		m.SetMetadata(item.Key, item.Value)
	}
	return nil
}

// AppendMetadata sets metadata to several values, one after the other. Interlok: MetadataAppenderService. A key that the message does not
// have adds nothing.
type AppendMetadata struct {
	component.ServiceBase
	Keys      []string `xml:"append-key,implicit" doc:"keys of the values, in order"`
	ResultKey string   `xml:"result-key,required" default:"metadata-appender-service" doc:"key of the metadata that is set"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// Apply sets the metadata of m.
func (s *AppendMetadata) Apply(_ context.Context, m *message.Message) error {
	var b strings.Builder
	for _, key := range s.Keys {
		value, _ := m.Metadata(key)
		b.WriteString(value)
	}
	m.SetMetadata(s.ResultKey, b.String())
	return nil
}

// ExtractMetadata sets metadata to the groups of a match in other metadata. Interlok: ExtractMetadataService. A value that does not match
// as a whole changes nothing; a group that took no part is empty.
type ExtractMetadata struct {
	component.ServiceBase
	SourceKey  string         `xml:"source-key,required" doc:"key of the metadata that is read"`
	Expression *regexp.Regexp `xml:"regular-expression,required" example:"([a-z]+)-([0-9]+)" doc:"regular expression that matches the whole value"`
	Keys       []string       `xml:"metadata-keys>string" doc:"keys for the groups, in order"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`

	whole *regexp.Regexp
}

// Check compares groups and keys.
func (s *ExtractMetadata) Check(r *component.Report) {
	if s.Expression == nil {
		return
	}
	if groups := s.Expression.NumSubexp(); groups > len(s.Keys) {
		r.Errorf("metadata-keys", "bad-value", "names %d keys, but <regular-expression> has %d groups; add a <string> for each, or write (?:…) for a group that is not wanted", len(s.Keys), groups)
	} else if groups == 0 {
		r.Warnf("regular-expression", "no-effect", "has no group, so the service sets nothing; put what is wanted into parentheses")
	}
	s.whole = wholeMatch(s.Expression)
}

// Apply sets the metadata of m.
func (s *ExtractMetadata) Apply(_ context.Context, m *message.Message) error {
	value, there := m.Metadata(s.SourceKey)
	if !there {
		return fmt.Errorf("extract-metadata-from-metadata: the message has no metadata %q; set it before", s.SourceKey)
	}
	groups := s.whole.FindStringSubmatch(value)
	for i := 1; i < len(groups); i++ {
		m.SetMetadata(s.Keys[i-1], groups[i])
	}
	return nil
}

// ValidateMetadata fails on a message that lacks metadata. Interlok: ValidateMetadataService.
type ValidateMetadata struct {
	component.ServiceBase
	RequiredKeys []string `xml:"required-key,implicit" doc:"key whose value must be there and not blank"`
}

// Check warns of a service that does nothing.
func (s *ValidateMetadata) Check(r *component.Report) {
	if len(s.RequiredKeys) == 0 {
		r.Warnf("", "no-effect", "has no <required-key>, so it does nothing; add one or remove the service")
	}
}

// Apply names all metadata that m lacks.
func (s *ValidateMetadata) Apply(_ context.Context, m *message.Message) error {
	var lacking []string
	for _, key := range s.RequiredKeys {
		if value, _ := m.Metadata(key); strings.TrimSpace(value) == "" {
			lacking = append(lacking, fmt.Sprintf("%q", key))
		}
	}
	if len(lacking) > 0 {
		return fmt.Errorf("validate-metadata-service: missing or blank metadata: %s; set it before, or remove its <required-key>", strings.Join(lacking, ", "))
	}
	return nil
}

func init() {
	component.Register[CopyMetadata]("copy-metadata-service", "com.adaptris.core.services.metadata.CopyMetadataService", component.KindService,
		"sets metadata to the values of other metadata")
	component.Register[AppendMetadata]("metadata-appender-service", "com.adaptris.core.services.metadata.MetadataAppenderService", component.KindService,
		"sets metadata to several values, one after the other")
	component.Register[ExtractMetadata]("extract-metadata-from-metadata", "com.adaptris.core.services.metadata.ExtractMetadataService", component.KindService,
		"sets metadata to groups of a match in other metadata")
	component.Register[ValidateMetadata]("validate-metadata-service", "com.adaptris.core.services.metadata.ValidateMetadataService", component.KindService,
		"fails on a message that lacks metadata")
}
