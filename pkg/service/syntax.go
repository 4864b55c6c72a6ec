package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// SyntaxIdentifier recognises a kind of payload. It is safe for concurrent use.
type SyntaxIdentifier interface {
	// recognises says whether the payload is of the kind.
	recognises(m *message.Message) (bool, error)
	// destination is where messages of the kind go.
	destination() string
}

// SyntaxBranching chooses the next service by the first identifier that recognises the payload. Interlok: SyntaxBranchingService.
type SyntaxBranching struct {
	Branching
	Identifiers []SyntaxIdentifier `xml:"*,implicit" doc:"the identifiers, in the order in which they are asked; their <destination> is the unique-id of the next service"`
}

// Apply chooses the next service.
func (s *SyntaxBranching) Apply(_ context.Context, m *message.Message) error {
	to, err := identify("syntax-branching-service", s.Identifiers, m)
	if err != nil {
		return err
	}
	branchTo(m, to)
	return nil
}

func (s *SyntaxBranching) branches() ([]string, bool) {
	var ids []string
	for _, i := range s.Identifiers {
		ids = append(ids, i.destination())
	}
	return ids, true
}

// SyntaxRouting sets metadata to the destination of the first identifier that recognises the payload. Interlok: SyntaxRoutingService.
type SyntaxRouting struct {
	component.ServiceBase
	RoutingKey  string             `xml:"routing-key,required" example:"stream" doc:"key of the metadata that gets the destination"`
	Identifiers []SyntaxIdentifier `xml:"*,implicit" doc:"the identifiers, in the order in which they are asked"`
}

// Apply sets the metadata.
func (s *SyntaxRouting) Apply(_ context.Context, m *message.Message) error {
	to, err := identify("syntax-routing-service", s.Identifiers, m)
	if err != nil {
		return err
	}
	m.SetMetadata(s.RoutingKey, to)
	return nil
}

func identify(service string, all []SyntaxIdentifier, m *message.Message) (string, error) {
	for _, i := range all {
		found, err := i.recognises(m)
		if err != nil {
			return "", fmt.Errorf("%s: %s: %w", service, component.AliasOf(i), err)
		}
		if found {
			return i.destination(), nil
		}
	}
	return "", fmt.Errorf("%s: no identifier recognises the payload; add a routing-always-match-syntax-identifier as the last one", service)
}

func init() {
	const pkg = "com.adaptris.core.services.routing."
	component.Register[SyntaxBranching]("syntax-branching-service", pkg+"SyntaxBranchingService", component.KindService, "chooses the next service by what the payload looks like")
	component.Register[SyntaxRouting]("syntax-routing-service", pkg+"SyntaxRoutingService", component.KindService, "sets metadata by what the payload looks like")
}
