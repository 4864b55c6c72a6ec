package producer

import (
	"context"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// identity holds what every producer may have besides its own fields; producers embed it.
type identity struct {
	UniqueID           string `xml:"unique-id" doc:"name of the producer"`
	IsTrackingEndpoint bool   `xml:"is-tracking-endpoint" default:"false" effect:"none" doc:"accepted for compatibility"`
}

// Null takes every message and does nothing with it.
type Null struct {
	identity
	MessageFactory string `xml:"message-factory" effect:"none" doc:"accepted for compatibility: only an encoder would use it"`
	Encoder        string `xml:"encoder" effect:"none" doc:"accepted for compatibility: nothing is written"`
}

// Produce does nothing.
func (*Null) Produce(context.Context, *message.Message) error { return nil }

// Streams implements component.Streamer.
func (*Null) Streams() bool { return true }

func init() {
	component.Register[Null]("null-message-producer", "com.adaptris.core.NullMessageProducer", component.KindProducer,
		"takes messages and does nothing with them")
}
