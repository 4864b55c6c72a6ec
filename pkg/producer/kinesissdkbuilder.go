package producer

import (
	"context"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// RequestBuilder is what <request-builder> takes. It is safe for concurrent use.
type RequestBuilder interface {
	// records yields a message for each record, in order; yield's error ends that and is returned.
	records(m *message.Message, yield func(*message.Message) error) error
}

// DefaultRequestBuilder makes one record of a message.
type DefaultRequestBuilder struct{}

func (*DefaultRequestBuilder) records(m *message.Message, yield func(*message.Message) error) error {
	return yield(m)
}

// SplittingRequestBuilder makes a record of each part of a message. A message without parts is no record.
type SplittingRequestBuilder struct {
	Splitter component.Splitter `xml:"message-splitter,required" doc:"how a message is cut into records"`
}

func (b *SplittingRequestBuilder) records(m *message.Message, yield func(*message.Message) error) error {
	parts := 0
	return b.Splitter.Split(m, func(part *message.Message) error {
		parts++
		part.SetPart(parts)
		return yield(part)
	})
}

// Init forwards to the splitter.
func (b *SplittingRequestBuilder) Init(ctx context.Context) error {
	return component.Init(ctx, b.Splitter)
}

// Start forwards to the splitter.
func (b *SplittingRequestBuilder) Start(ctx context.Context) error {
	return component.Start(ctx, b.Splitter)
}

// Stop forwards to the splitter.
func (b *SplittingRequestBuilder) Stop(ctx context.Context) error {
	return component.Stop(ctx, b.Splitter)
}

func init() {
	component.Register[DefaultRequestBuilder]("aws-kinesis-default-request-builder", "com.adaptris.aws.kinesis.DefaultRequestBuilder", component.KindPart,
		"makes one record of a message")
	component.Register[SplittingRequestBuilder]("aws-kinesis-splitting-request-builder", "com.adaptris.aws.kinesis.SplittingRequestBuilder", component.KindPart,
		"makes a record of each part of a message")
}
