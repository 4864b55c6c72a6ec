package producer

import (
	"context"
	"fmt"
	"net/http"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/web"
)

// HTTPResponse is Interlok's StandardResponseProducer: it says what to answer to the request that the message was made of. The client is
// told when the message has its outcome, since only then the answer is true: if it fails and no error handler takes it, the client hears
// of that instead, unless the answer tells of a failure itself. A message that no jetty-message-consumer made is left as it is.
type HTTPResponse struct {
	identity
	StatusProvider web.Status        `xml:"status-provider" default:"http-configured-status" doc:"the HTTP status; INTERNAL_ERROR_500 by default"`
	Headers        web.AnswerHeaders `xml:"response-header-provider" default:"jetty-no-response-headers" doc:"headers of the answer"`
	ContentTypes   web.ContentType   `xml:"content-type-provider" default:"http-null-content-type-provider" doc:"Content-Type of the answer; none by default"`
	SendPayload    bool              `xml:"send-payload" default:"true" doc:"false answers without a body"`

	MessageFactory   string `xml:"message-factory" effect:"none" doc:"accepted for compatibility: only an encoder would use it"`
	ForwardException bool   `xml:"forward-connection-exception" default:"false" effect:"none" doc:"accepted for compatibility: the client is told when the message is done, and may be gone then"`
	FlushBuffer      bool   `xml:"flush-buffer" default:"true" effect:"none" doc:"accepted for compatibility: answers are always sent at once"`
}

// Produce notes the answer.
func (p *HTTPResponse) Produce(ctx context.Context, m *message.Message) error {
	response := web.ResponseOf(m)
	if response == nil {
		component.Logger(ctx).Debug("no request waits for an answer to this message", zap.String("message", m.ID()))
		return nil
	}
	a := &web.Answer{Header: make(http.Header)}
	var err error
	if a.Status, err = p.StatusProvider.Status(m); err != nil {
		return fmt.Errorf("<status-provider> of jetty-standard-response-producer: %w", err)
	}
	if err := p.Headers.AddTo(a.Header, m); err != nil {
		return fmt.Errorf("<response-header-provider> of jetty-standard-response-producer: %w", err)
	}
	contentType, err := p.ContentTypes.ContentType(m)
	if err != nil {
		return fmt.Errorf("<content-type-provider> of jetty-standard-response-producer: %w", err)
	}
	if contentType != "" {
		a.Header.Set("Content-Type", contentType)
	}
	if p.SendPayload {
		a.Body = m.Payload()
	}
	response.Set(a)
	return nil
}

func init() {
	component.Register[HTTPResponse]("jetty-standard-response-producer", "com.adaptris.core.http.jetty.StandardResponseProducer", component.KindProducer,
		"answers the request that a message was made of")
}
