package service

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata of split messages (Interlok: MessageSplitterServiceImp and CoreConstants). Which part a part is, from 1, is in
// message.MetadataPart.
const (
	// MetadataSplitCount is how many parts a message was split into; it is set on the message when all of them have been through.
	MetadataSplitCount = "splitCount"
	// MetadataParentID is the id of the message that a part was split from.
	MetadataParentID = "adpparentguid"
)

// SplitMessage cuts a message into parts and runs a service on each, one after the other; then the message itself goes on. Interlok:
// AdvancedMessageSplitterService.
//
// When a part fails, the parts before it have been through, those after it are not made, and the message fails. With
// IgnoreSplitMessageFailures all others go through and the message goes on. The message is done only when every part has its result: a
// part whose failure becomes known later, because an asynchronous producer took it, fails the message too, unless failures are ignored.
// A part that is given back because the workflow stops is never ignored: the whole message is given back.
type SplitMessage struct {
	component.ServiceBase
	Splitter                   component.Splitter `xml:"splitter,required" doc:"how the message is cut"`
	Service                    component.Service  `xml:"service,required" doc:"what happens to each part"`
	IgnoreSplitMessageFailures bool               `xml:"ignore-split-message-failures" default:"false" doc:"true logs the failure of a part and goes on with the next one"`

	SendEvents bool `xml:"send-events" default:"false" effect:"none" doc:"accepted for compatibility: there are no events"`
}

// Apply splits m and runs the service on its parts.
func (s *SplitMessage) Apply(ctx context.Context, m *message.Message) error {
	parts := 0
	err := s.Splitter.Split(m, func(part *message.Message) error {
		parts++
		part.SetPart(parts)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("interrupted before part %d: %w", parts, err)
		}
		if s.IgnoreSplitMessageFailures {
			return s.applyIgnoring(ctx, part, parts)
		}
		if err := component.Apply(ctx, s.Service, part); err != nil {
			return fmt.Errorf("part %d: %w", parts, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("advanced-message-splitter-service: %w", err)
	}
	m.SetMetadata(MetadataSplitCount, strconv.Itoa(parts))
	return nil
}

// Streams implements component.Streamer: all depends on the splitter.
func (s *SplitMessage) Streams() bool { return component.Streams(s.Splitter) }

// applyIgnoring runs the service on a part whose failure, now or later, is only logged. Each part has a delivery of its own, so that no
// failure hides the return of another part.
func (s *SplitMessage) applyIgnoring(ctx context.Context, part *message.Message, number int) error {
	log := component.Logger(ctx)
	d := part.Delivery().Child(func(err error) error {
		if givenBack(ctx, err) {
			return err
		}
		log.Warn("a part of a split message failed; going on because ignore-split-message-failures is set",
			append(component.ErrorFields(err), zap.String("service", s.UniqueID), zap.Int("part", number), zap.String("message", part.ID()))...)
		return nil
	})
	part.SetDelivery(d)
	err := component.Apply(ctx, s.Service, part)
	d.Release(err)
	if givenBack(ctx, err) {
		return fmt.Errorf("part %d: %w", number, err)
	}
	return nil
}

// givenBack says that a part did not fail, but could not be brought to its end because the workflow stops.
func givenBack(ctx context.Context, err error) bool {
	return errors.Is(err, component.ErrStopped) || ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// Init implements component.Lifecycle.
func (s *SplitMessage) Init(ctx context.Context) error { return component.Init(ctx, s.Service) }

// Start implements component.Lifecycle.
func (s *SplitMessage) Start(ctx context.Context) error { return component.Start(ctx, s.Service) }

// Stop implements component.Lifecycle.
func (s *SplitMessage) Stop(ctx context.Context) error { return component.Stop(ctx, s.Service) }

func (s *SplitMessage) contained() []component.Service { return []component.Service{s.Service} }

// splitting holds the fields that all splitters have; splitters embed it.
type splitting struct {
	CopyMetadata bool `xml:"copy-metadata" default:"true" doc:"false gives parts none of the message's metadata"`

	CopyObjectMetadata bool `xml:"copy-object-metadata" default:"false" doc:"true gives parts the values that the message has in memory (object metadata)"`
}

// origin is what the parts of m are made of: it has the metadata that they share, and passes on objects if they get them.
func (s *splitting) origin(m *message.Message) *message.Message {
	o := m.Clone()
	if !s.CopyMetadata {
		o.SetAllMetadata(nil)
	}
	o.SetMetadata(MetadataParentID, m.ID())
	if s.CopyObjectMetadata {
		o.PassObjects()
	}
	return o
}

func init() {
	component.Register[SplitMessage]("advanced-message-splitter-service", "com.adaptris.core.services.splitter.AdvancedMessageSplitterService",
		component.KindService, "cuts the message into parts and runs a service on each")
}
