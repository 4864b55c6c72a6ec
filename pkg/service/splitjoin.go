package service

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// SplitJoin cuts a message into parts, runs a service on them side by side, and makes the message's payload of what became of them, in
// the order of the parts. Interlok: PooledSplitJoinService, where the order is that in which they finish. All parts are held in memory.
type SplitJoin struct {
	component.ServiceBase
	Splitter     component.Splitter `xml:"splitter,required" doc:"how the message is cut"`
	Service      component.Service  `xml:"service,required" doc:"what happens to each part"`
	Aggregator   Aggregator         `xml:"aggregator,required" doc:"how the parts are joined"`
	Timeout      component.Interval `xml:"timeout" default:"10m" min:"1ms" doc:"how long all parts together may take; then the message fails"`
	PoolSize     int                `xml:"poolsize" default:"10" min:"1" max:"10000" doc:"how many parts are worked on side by side at most, of all messages together"`
	ErrorHandler PartErrorHandler   `xml:"service-error-handler" default:"default-service-exception-handler" doc:"what becomes of the message when parts fail"`

	SendEvents         bool  `xml:"send-events" default:"false" effect:"none" doc:"accepted for compatibility: there are no events"`
	ExpectedSplitCount int64 `xml:"expected-split-count" effect:"none" doc:"accepted for compatibility: the parts are counted"`

	pool *pool
}

// PartErrorHandler decides what becomes of a message whose parts failed. It is safe for concurrent use.
type PartErrorHandler interface {
	// Decide gets the failures by the part's number, from 1, and all parts; its error fails the message.
	Decide(failures map[int]error, parts []*message.Message) error
}

// Check implements component.Checker.
func (s *SplitJoin) Check(*component.Report) { s.pool = newPool(max(s.PoolSize, 1)) }

// Apply splits m, runs the service and joins the parts. A part that failed is joined too, as the service left it, if its failure is
// forgiven.
func (s *SplitJoin) Apply(ctx context.Context, m *message.Message) error {
	if err := s.apply(ctx, m); err != nil {
		return fmt.Errorf("pooled-split-join-service: %w", err)
	}
	return nil
}

func (s *SplitJoin) apply(ctx context.Context, m *message.Message) error {
	limited, cancel := context.WithTimeout(ctx, s.Timeout.Duration)
	defer cancel()
	parts, failures, err := s.run(limited, m)
	switch {
	case err != nil && limited.Err() != nil && ctx.Err() == nil:
		return fmt.Errorf("its parts were not through within %v: %w", s.Timeout.Duration, err)
	case err != nil:
		return err
	}
	log := component.Logger(ctx)
	for number, failure := range failures {
		log.Warn("a part of a split message failed", append(component.ErrorFields(failure),
			zap.String("service", s.UniqueID), zap.Int("part", number), zap.String("message", parts[number-1].ID()))...)
	}
	if err := s.ErrorHandler.Decide(failures, parts); err != nil {
		return err
	}
	if err := s.Aggregator.Aggregate(ctx, m, parts); err != nil {
		return fmt.Errorf("<aggregator>: %w", err)
	}
	m.SetMetadata(MetadataSplitCount, strconv.Itoa(len(parts)))
	return nil
}

// run brings all parts through.
func (s *SplitJoin) run(ctx context.Context, m *message.Message) (parts []*message.Message, failures map[int]error, err error) {
	work := s.pool.begin()
	err = s.Splitter.Split(m, func(part *message.Message) error {
		parts = append(parts, part)
		number := len(parts)
		part.SetPart(number)
		return work.do(ctx, number, func() error { return component.Apply(ctx, s.Service, part) })
	})
	failures, returned := work.wait()
	if returned != nil {
		err = returned
	}
	if err == nil && ctx.Err() != nil {
		err = errors.Join(ctx.Err(), firstFailure(failures))
	}
	return parts, failures, err
}

// Init implements component.Lifecycle.
func (s *SplitJoin) Init(ctx context.Context) error { return component.Init(ctx, s.Service) }

// Start implements component.Lifecycle.
func (s *SplitJoin) Start(ctx context.Context) error { return component.Start(ctx, s.Service) }

// Stop implements component.Lifecycle.
func (s *SplitJoin) Stop(ctx context.Context) error { return component.Stop(ctx, s.Service) }

func (s *SplitJoin) contained() []component.Service { return []component.Service{s.Service} }

// FailOnPart fails the message with the first part that failed. Interlok: ServiceExceptionHandler.
type FailOnPart struct{}

// Decide implements PartErrorHandler.
func (*FailOnPart) Decide(failures map[int]error, _ []*message.Message) error {
	return firstFailure(failures)
}

// IgnorePartFailures forgives everything that fails while the parts are worked on. Interlok: IgnoreAllExceptions. A record that is refused
// later fails the message.
type IgnorePartFailures struct{}

// Decide implements PartErrorHandler.
func (*IgnorePartFailures) Decide(map[int]error, []*message.Message) error { return nil }

// IgnoreIfWorkDone forgives failures when a part that did not fail says that it has done some work: its metadata is true, or a whole
// number other than 0. Interlok: NoExceptionIfWorkDone.
type IgnoreIfWorkDone struct {
	MetadataKey string `xml:"metadata-key" default:"serviceResult" doc:"key of the parts' metadata that says so"`
}

// Decide implements PartErrorHandler.
func (h *IgnoreIfWorkDone) Decide(failures map[int]error, parts []*message.Message) error {
	for i, part := range parts {
		if failures[i+1] != nil {
			continue
		}
		switch value, _ := part.Metadata(h.MetadataKey); strings.ToLower(value) {
		case "true", "yes", "on", "t", "y":
			return nil
		default:
			if n, err := strconv.ParseInt(value, 10, 32); err == nil && n != 0 {
				return nil
			}
		}
	}
	return firstFailure(failures)
}

func init() {
	const pkg = "com.adaptris.core.services.splitter."
	component.Register[SplitJoin]("pooled-split-join-service", pkg+"PooledSplitJoinService", component.KindService, "cuts the message into parts, runs a service on them side by side, and joins them")
	component.Register[FailOnPart]("default-service-exception-handler", pkg+"ServiceExceptionHandler", component.KindPart, "a part that fails fails the message")
	component.Register[IgnorePartFailures]("ignoring-service-exception-handler", pkg+"IgnoreAllExceptions", component.KindPart, "parts that fail are joined as they are")
	component.Register[IgnoreIfWorkDone]("no-exception-if-work-done", pkg+"NoExceptionIfWorkDone", component.KindPart, "parts that fail do not count if another one has done work")
}
