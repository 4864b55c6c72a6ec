package service

import (
	"context"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Null does nothing to a message. Interlok: NullService.
type Null struct {
	component.ServiceBase
}

// Apply leaves m as it is.
func (*Null) Apply(context.Context, *message.Message) error { return nil }

func init() {
	component.Register[Null]("null-service", "com.adaptris.core.NullService", component.KindService, "does nothing")
}
