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

// HTTP is Interlok's StandardHttpProducer: each message is a request. It is delivered when the answer says so, by a status from 200 to 299,
// or whatever it says with ignore-server-response-code. The answer itself changes nothing, unless the producer stands in a
// standalone-requestor.
type HTTP struct {
	identity
	web.Exchange
	MethodProvider    web.Method      `xml:"method-provider" default:"http-configured-request-method" doc:"HTTP method of the request; POST by default"`
	ContentTypes      web.ContentType `xml:"content-type-provider" default:"http-configured-content-type-provider" doc:"Content-Type of the request; text/plain by default"`
	RequestBody       web.Body        `xml:"request-body" doc:"where the body comes from; the payload by default"`
	ResponseBody      web.ReplyBody   `xml:"response-body" doc:"where the body of the answer goes, in a standalone-requestor; the payload by default"`
	AlwaysSendPayload bool            `xml:"always-send-payload" default:"false" doc:"true sends a body with methods other than POST, PUT and PATCH too"`
	IgnoreStatus      bool            `xml:"ignore-server-response-code" default:"false" doc:"true takes answers other than 200 to 299 as well"`
	AllowRedirect     bool            `xml:"allow-redirect" default:"true" doc:"true follows redirections, but not from http to https or back"`

	MessageFactory      string `xml:"message-factory" effect:"none" doc:"accepted for compatibility: only an encoder would use it"`
	IgnoreReplyMetadata bool   `xml:"ignore-reply-metadata" default:"false" effect:"none" doc:"accepted for compatibility: an answer is read into the message itself, as in Interlok"`
}

// Check implements component.Checker.
func (p *HTTP) Check(r *component.Report) { p.Prepare(r, p.AllowRedirect) }

// Init does nothing: whether a server answers, only a request can tell.
func (p *HTTP) Init(context.Context) error { return nil }

// Start does nothing.
func (p *HTTP) Start(context.Context) error { return nil }

// Stop lets idle connections go.
func (p *HTTP) Stop(context.Context) error {
	p.Close()
	return nil
}

// Produce sends the request, and leaves the message as it is.
func (p *HTTP) Produce(ctx context.Context, m *message.Message) error {
	_, err := p.do(ctx, m)
	return err
}

// Request sends the request, and makes the answer the payload, or whatever response-body says. Metadata adphttpresponse is its status.
func (p *HTTP) Request(ctx context.Context, m *message.Message) error {
	reply, err := p.do(ctx, m)
	if err != nil {
		return err
	}
	target := p.ResponseBody
	if target == nil {
		target = new(web.PayloadReply)
	}
	if err := target.SetBody(m, reply.Body, reply.Charset); err != nil {
		return fmt.Errorf("<response-body> of standard-http-producer: %w", err)
	}
	p.Tell(reply, m)
	return nil
}

func (p *HTTP) do(ctx context.Context, m *message.Message) (*web.Reply, error) {
	q, err := p.request(m)
	if err != nil {
		return nil, err
	}
	reply, err := p.Do(ctx, m, q)
	if err != nil {
		return nil, err
	}
	component.Logger(ctx).Debug("message sent by HTTP", zap.String("message", m.ID()), zap.String("method", q.Method), zap.Int("status", reply.Status))
	return reply, nil
}

func (p *HTTP) request(m *message.Message) (q web.Request, err error) {
	q.AnyStatus = p.IgnoreStatus
	if q.Method, err = p.MethodProvider.Method(m); err != nil {
		return q, fmt.Errorf("<method-provider> of standard-http-producer: %w", err)
	}
	if q.ContentType, err = p.ContentTypes.ContentType(m); err != nil {
		return q, fmt.Errorf("<content-type-provider> of standard-http-producer: %w", err)
	}
	if q.Method == http.MethodTrace || !p.AlwaysSendPayload && !web.HasBody(q.Method) {
		return q, nil
	}
	q.Body = m.Payload()
	if p.RequestBody != nil {
		if q.Body, err = p.RequestBody.ReadBytes(m); err != nil {
			return q, fmt.Errorf("<request-body> of standard-http-producer: %w", err)
		}
	}
	if q.Body == nil {
		q.Body = []byte{}
	}
	return q, nil
}

func init() {
	component.Register[HTTP]("standard-http-producer", "com.adaptris.core.http.client.net.StandardHttpProducer", component.KindProducer,
		"sends messages as HTTP requests")
}
