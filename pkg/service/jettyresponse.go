package service

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/web"
)

// JettyResponse says what to answer to the request that the message was made of: the payload as it is now. The client is told when the
// message has its outcome. Interlok: JettyResponseService, which tells it at once.
type JettyResponse struct {
	component.ServiceBase
	HTTPStatus  *expr.Template    `xml:"http-status,required" default:"500" example:"200" doc:"the HTTP status, as a number; resolved per message"`
	ContentType *expr.Template    `xml:"content-type,required" default:"text/plain" example:"application/json" doc:"Content-Type of the answer; resolved per message"`
	Headers     web.AnswerHeaders `xml:"response-header-provider" default:"jetty-no-response-headers" doc:"headers of the answer"`
}

// Check refuses a status that can never be one.
func (s *JettyResponse) Check(r *component.Report) {
	if text, ok := constantText(s.HTTPStatus); ok && text != "" {
		if _, err := numericStatus(text); err != nil {
			r.Errorf("http-status", "bad-value", ": %v", err)
		}
	}
}

func numericStatus(text string) (int, error) {
	text = strings.TrimSpace(text)
	if len(text) != 3 || strings.Trim(text, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no status; give a number such as 200", text)
	}
	return web.ParseStatus(text)
}

// Apply notes the answer. A message that no jetty-message-consumer made is left as it is.
func (s *JettyResponse) Apply(ctx context.Context, m *message.Message) error {
	response := web.ResponseOf(m)
	if response == nil {
		component.Logger(ctx).Debug("no request waits for an answer to this message", zap.String("message", m.ID()))
		return nil
	}
	text, err := resolve(s.HTTPStatus, m)
	if err != nil {
		return fmt.Errorf("<http-status> of jetty-response-service: %w", err)
	}
	a := &web.Answer{Header: make(http.Header), Body: m.Payload()}
	if a.Status, err = numericStatus(text); err != nil {
		return fmt.Errorf("<http-status> of jetty-response-service: %w", err)
	}
	if err := s.Headers.AddTo(a.Header, m); err != nil {
		return fmt.Errorf("<response-header-provider> of jetty-response-service: %w", err)
	}
	contentType, err := resolve(s.ContentType, m)
	if err != nil {
		return fmt.Errorf("<content-type> of jetty-response-service: %w", err)
	}
	a.Header.Set("Content-Type", web.Unfold(contentType))
	response.Set(a)
	return nil
}

// JettyCommit answers the request that the message was made of now, without waiting for the message's outcome: with what was said before,
// or else 200. When the message fails later, nobody sends it again. Interlok: ShortCutJettyResponse.
type JettyCommit struct {
	component.ServiceBase
}

// Apply answers.
func (*JettyCommit) Apply(_ context.Context, m *message.Message) error {
	if response := web.ResponseOf(m); response != nil {
		response.Commit()
	}
	return nil
}

func init() {
	const pkg = "com.adaptris.core.http.jetty."
	component.Register[JettyResponse]("jetty-response-service", pkg+"JettyResponseService", component.KindService, "answers the request that the message was made of")
	component.Register[JettyCommit]("jetty-commit-response", pkg+"ShortCutJettyResponse", component.KindService, "answers the request that the message was made of before the message is done")
}
