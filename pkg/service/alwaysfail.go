package service

import (
	"context"
	"errors"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// AlwaysFail fails every message. Interlok: AlwaysFailService, deprecated there for throw-exception-service.
type AlwaysFail struct {
	component.ServiceBase
}

// Apply fails.
func (*AlwaysFail) Apply(context.Context, *message.Message) error {
	return errors.New("always-fail-service failed the message, as it always does; use throw-exception-service to say why")
}

// InputOutput reads the payload and writes it back, which changes nothing: payloads are held in memory here. Interlok: InputOutputService.
type InputOutput struct {
	component.ServiceBase
}

// Apply leaves m as it is.
func (*InputOutput) Apply(context.Context, *message.Message) error { return nil }

func init() {
	component.Register[AlwaysFail]("always-fail-service", "com.adaptris.core.services.AlwaysFailService", component.KindService, "fails every message")
	component.Register[InputOutput]("input-output-service", "com.adaptris.core.services.InputOutputService", component.KindService,
		"reads the payload and writes it back unchanged")
}
