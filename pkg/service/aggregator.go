package service

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Aggregator joins the parts of a message into it. It is safe for concurrent use.
type Aggregator interface {
	Aggregate(ctx context.Context, m *message.Message, parts []*message.Message) error
}

// aggregating holds the fields that aggregators have; they embed it.
type aggregating struct {
	OverwriteMetadata bool                `xml:"overwrite-metadata" default:"false" doc:"true gives the message the metadata of the parts that are joined; later parts win"`
	FilterCondition   component.Condition `xml:"filter-condition" doc:"which parts are joined; all without it"`
	RetainOnError     bool                `xml:"retain-filter-exceptions-messages" default:"false" doc:"true joins a part for which the condition fails; false leaves it out"`
}

// each calls join for the parts that are to be joined, until it says that it has enough.
func (a *aggregating) each(ctx context.Context, m *message.Message, parts []*message.Message, join func(*message.Message) (more bool, err error)) error {
	for _, part := range parts {
		if !a.keeps(ctx, part) {
			continue
		}
		more, err := join(part)
		if err != nil {
			return err
		}
		if a.OverwriteMetadata {
			for _, key := range part.MetadataKeys() {
				value, _ := part.Metadata(key)
				m.SetMetadata(key, value)
			}
		}
		if !more {
			return nil
		}
	}
	return nil
}

func (a *aggregating) keeps(ctx context.Context, part *message.Message) bool {
	if a.FilterCondition == nil {
		return true
	}
	holds, err := a.FilterCondition.Evaluate(ctx, part)
	if err != nil {
		component.Logger(ctx).Warn("the filter-condition of an aggregator failed", zap.String("message", part.ID()), zap.Bool("joined", a.RetainOnError), zap.Error(err))
		return a.RetainOnError
	}
	return holds
}

// NullAggregator leaves the message as it is. Interlok: NullMessageAggregator.
type NullAggregator struct{}

// Aggregate implements Aggregator.
func (*NullAggregator) Aggregate(context.Context, *message.Message, []*message.Message) error {
	return nil
}

// AppendingAggregator puts the parts' payloads behind the message's. Interlok: AppendingMessageAggregator. The message keeps its character
// set: a part in another one is written in it, and a character that it does not have becomes a question mark. (Interlok takes bytes as they
// are, which nobody can read then.)
type AppendingAggregator struct{ aggregating }

// Aggregate implements Aggregator.
func (a *AppendingAggregator) Aggregate(ctx context.Context, m *message.Message, parts []*message.Message) error {
	asBytes := !hasByteOrderMark(m.Encoding())
	joined := []*message.Message{m}
	err := a.each(ctx, m, parts, func(part *message.Message) (bool, error) {
		asBytes = asBytes && sameCharset(part.Encoding(), m.Encoding())
		joined = append(joined, part)
		return true, nil
	})
	if err != nil {
		return err
	}
	if asBytes {
		m.SetPayload(appendBytes(joined))
		return nil
	}
	return appendTexts(m, joined)
}

// hasByteOrderMark says that a text in a character set may begin with a mark, which has no place in the middle of another one.
func hasByteOrderMark(charset string) bool {
	return strings.EqualFold(charset, "UTF-16") || strings.EqualFold(charset, "UTF-32")
}

func appendBytes(joined []*message.Message) []byte {
	payloads := make([][]byte, len(joined))
	for i, one := range joined {
		payloads[i] = one.Payload()
	}
	return bytes.Join(payloads, nil)
}

// appendTexts makes the texts of all the payload of m, in its character set.
func appendTexts(m *message.Message, joined []*message.Message) error {
	var all strings.Builder
	for _, one := range joined {
		text, err := one.Text()
		if err != nil {
			return fmt.Errorf("message %s cannot be joined: %w", one.ID(), err)
		}
		all.WriteString(text)
	}
	return setText(m, all.String())
}

// FirstAggregator takes the payload of the first part, with its character set. Interlok: ReplaceWithFirstMessage. Without a part the message
// stays as it is.
type FirstAggregator struct{ aggregating }

// Aggregate implements Aggregator.
func (a *FirstAggregator) Aggregate(ctx context.Context, m *message.Message, parts []*message.Message) error {
	return a.each(ctx, m, parts, func(part *message.Message) (bool, error) {
		m.SetEncoding(part.Encoding())
		m.SetPayload(part.Payload())
		return false, nil
	})
}

func init() {
	const pkg = "com.adaptris.core.services.aggregator."
	component.Register[NullAggregator]("null-message-aggregator", pkg+"NullMessageAggregator", component.KindPart, "leaves the message as it is")
	component.Register[AppendingAggregator]("appending-message-aggregator", pkg+"AppendingMessageAggregator", component.KindPart, "puts the parts behind the message")
	component.Register[FirstAggregator]("replace-with-first-message-aggregator", pkg+"ReplaceWithFirstMessage", component.KindPart, "takes the first part")
}
