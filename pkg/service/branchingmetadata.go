package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ValueBranching chooses the next service by the values of metadata, one after the other in one text. Interlok:
// MetadataValueBranchingService.
type ValueBranching struct {
	Branching
	MetadataKeys     []string             `xml:"metadata-key,implicit" example:"eventType" doc:"key of the metadata; the values of several are joined, those that are not there left out"`
	ValueMatcher     ValueMatcher         `xml:"value-matcher,required" doc:"how the values are looked up among the mappings"`
	Mappings         []component.KeyValue `xml:"metadata-to-service-id-mappings>key-value-pair" doc:"what to look up, and the unique-id of the service for it"`
	DefaultServiceID string               `xml:"default-service-id" doc:"unique-id of the service when nothing matches; without it the message fails then"`
}

// ValueMatcher finds the service for a text among mappings. It is used by one service only, and safe for concurrent use after prepare.
type ValueMatcher interface {
	// prepare takes the mappings and returns what is wrong with them.
	prepare(mappings []component.KeyValue) error
	// match finds the service.
	match(value string) (id string, ok bool)
}

// Check gives the mappings to the matcher.
func (s *ValueBranching) Check(r *component.Report) {
	if len(s.MetadataKeys) == 0 {
		r.Errorf("metadata-key", "missing-element", "is missing; name the metadata that decides")
	}
	if s.ValueMatcher == nil {
		return
	}
	if err := s.ValueMatcher.prepare(s.Mappings); err != nil {
		r.Errorf("metadata-to-service-id-mappings", "bad-value", ": %v", err)
	}
	if _, unused := s.ValueMatcher.(*KeyAsServiceIDMatcher); unused && len(s.Mappings) > 0 {
		r.Warnf("metadata-to-service-id-mappings", "without-effect", "has no effect with use-key-as-service-id-value-matcher, which takes the value itself; leave it out")
	}
}

// Apply chooses the next service.
func (s *ValueBranching) Apply(_ context.Context, m *message.Message) error {
	var value strings.Builder
	for _, key := range s.MetadataKeys {
		v, _ := m.Metadata(key)
		value.WriteString(v)
	}
	id, ok := s.ValueMatcher.match(value.String())
	if !ok {
		id = s.DefaultServiceID
	}
	if id == "" && !ok {
		return fmt.Errorf("metadata-value-branching-service: no mapping fits the value %q of %s; add one, or a default-service-id", value.String(), strings.Join(s.MetadataKeys, ", "))
	}
	branchTo(m, id)
	return nil
}

func (s *ValueBranching) branches() ([]string, bool) {
	ids := []string{s.DefaultServiceID}
	if _, unused := s.ValueMatcher.(*KeyAsServiceIDMatcher); unused {
		return ids, true
	}
	for _, p := range s.Mappings {
		ids = append(ids, p.Value)
	}
	return ids, true
}

// ExistsBranching chooses a service if one of the keys has a value that is not empty, else the default; without a default the collection
// ends. Interlok: MetadataExistsBranchingService.
type ExistsBranching struct {
	Branching
	MetadataKeys            []string `xml:"metadata-key,implicit" example:"eventType" doc:"key of the metadata; one of several is enough"`
	MetadataExistsServiceID string   `xml:"metadata-exists-service-id,required" doc:"unique-id of the service when there is a value"`
	DefaultServiceID        string   `xml:"default-service-id" doc:"unique-id of the service when there is none; without it the collection ends"`
}

// Apply chooses the next service.
func (s *ExistsBranching) Apply(_ context.Context, m *message.Message) error {
	for _, key := range s.MetadataKeys {
		if value, _ := m.Metadata(key); value != "" {
			branchTo(m, s.MetadataExistsServiceID)
			return nil
		}
	}
	branchTo(m, s.DefaultServiceID)
	return nil
}

func (s *ExistsBranching) branches() ([]string, bool) {
	return []string{s.MetadataExistsServiceID, s.DefaultServiceID}, true
}

func init() {
	const pkg = "com.adaptris.core.services.metadata."
	component.Register[ValueBranching]("metadata-value-branching-service", pkg+"MetadataValueBranchingService", component.KindService, "chooses the next service by metadata values")
	component.Register[ExistsBranching]("metadata-exists-branching-service", pkg+"MetadataExistsBranchingService", component.KindService, "chooses the next service by whether metadata is there")
}
