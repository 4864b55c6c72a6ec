package service

import (
	"context"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// SizeBranching chooses the next service by the payload's size. Interlok: SizeBasedBranchingService.
type SizeBranching struct {
	Branching
	GreaterThanServiceID string `xml:"greater-than-service-id,required" doc:"unique-id of the service for payloads that are larger"`
	SmallerThanServiceID string `xml:"smaller-than-service-id,required" doc:"unique-id of the service for the others, those of just that size too"`
	SizeCriteriaBytes    int64  `xml:"size-criteria-bytes" default:"10485760" doc:"the size, in bytes"`
}

// Apply chooses the next service.
func (s *SizeBranching) Apply(_ context.Context, m *message.Message) error {
	if int64(len(m.Payload())) > s.SizeCriteriaBytes {
		branchTo(m, s.GreaterThanServiceID)
	} else {
		branchTo(m, s.SmallerThanServiceID)
	}
	return nil
}

func (s *SizeBranching) branches() ([]string, bool) {
	return []string{s.GreaterThanServiceID, s.SmallerThanServiceID}, true
}

// BranchingEnabler runs a service and chooses the next one by whether it failed; a service that chooses itself is heard when it did not.
// Interlok: BranchingServiceEnabler. A message that is given back, because the workflow stops, has not failed.
type BranchingEnabler struct {
	Branching
	Service   component.Service `xml:"service,required" doc:"the service that may fail"`
	SuccessID string            `xml:"success-id,required" doc:"unique-id of the service to go on with when it did not"`
	FailureID string            `xml:"failure-id,required" doc:"unique-id of the service to go on with when it did"`
}

// Apply runs the service and chooses the next one.
func (s *BranchingEnabler) Apply(ctx context.Context, m *message.Message) error {
	err := component.Apply(ctx, s.Service, m)
	if err == nil {
		if _, chose := asBrancher(s.Service); !chose {
			branchTo(m, s.SuccessID)
		}
		return nil
	}
	if givenBack(ctx, err) {
		return err
	}
	component.Logger(ctx).Warn("service failed; going on with the service of failure-id", zap.String("service", s.UniqueID), zap.String("message", m.ID()),
		zap.String("next", s.FailureID), zap.Error(err))
	branchTo(m, s.FailureID)
	return nil
}

func (s *BranchingEnabler) host() {
	s.Branching.host()
	hostInner(s.Service)
}

func (s *BranchingEnabler) branches() ([]string, bool) {
	ids := []string{s.SuccessID, s.FailureID}
	if b, ok := asBrancher(s.Service); ok {
		inner, _ := b.branches()
		ids = append(inner, s.FailureID)
	}
	return ids, true
}

func hostInner(s component.Service) {
	if b, ok := s.(brancher); ok {
		b.host()
	}
}

// Init implements component.Lifecycle.
func (s *BranchingEnabler) Init(ctx context.Context) error { return component.Init(ctx, s.Service) }

// Start implements component.Lifecycle.
func (s *BranchingEnabler) Start(ctx context.Context) error { return component.Start(ctx, s.Service) }

// Stop implements component.Lifecycle.
func (s *BranchingEnabler) Stop(ctx context.Context) error { return component.Stop(ctx, s.Service) }

func (s *BranchingEnabler) contained() []component.Service { return []component.Service{s.Service} }

// A stateless-service-wrapper is heard for the service in it.
func (w *Stateless) host() { hostInner(w.Service) }

func (w *Stateless) branches() ([]string, bool) {
	if b, ok := asBrancher(w.Service); ok {
		return b.branches()
	}
	return nil, false
}

func init() {
	const pkg = "com.adaptris.core.services."
	component.Register[SizeBranching]("size-based-branching-service", pkg+"SizeBasedBranchingService", component.KindService, "chooses the next service by the payload's size")
	component.Register[BranchingEnabler]("branching-service-enabler", pkg+"BranchingServiceEnabler", component.KindService, "runs a service and chooses the next one by whether it failed")
}
