package consumer

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/telemetry"
	"github.com/adapterd/adapterd/pkg/web"
)

// Metadata of a request (Interlok's JettyConstants and CoreConstants).
const (
	metadataURI    = "jettyURI"
	metadataURL    = "jettyURL"
	metadataQuery  = "jettyQueryString"
	metadataMethod = "httpmethod"
)

// httpRouter is what the consumer needs of its connection.
type httpRouter interface {
	Route(path string, h http.Handler) (remove func(), err error)
}

// HTTP is Interlok's JettyMessageConsumer: each request is a message. It is answered when the message has its outcome: 200 when it was
// delivered or an error handler took it, or what jetty-standard-response-producer says, 500 with the reason when it failed, 503 when the
// program stops first or is too busy, and the timeout-action's status when that takes too long, in which case the message still goes its way.
type HTTP struct {
	UniqueID   string             `xml:"unique-id" doc:"name of the consumer in logs"`
	Path       string             `xml:"path,required" example:"/events" doc:"path of the requests; one that ends with /* takes everything below it"`
	Methods    string             `xml:"methods" doc:"HTTP methods to accept, with commas between them; all by default"`
	Headers    headerHandler      `xml:"header-handler" default:"jetty-http-ignore-headers" doc:"what becomes of the request's headers"`
	Parameters parameterHandler   `xml:"parameter-handler" default:"jetty-http-ignore-parameters" doc:"what becomes of the request's parameters"`
	Timeout    *TimeoutAction     `xml:"timeout-action" doc:"what to answer when the outcome takes too long; 202 after 10 minutes by default"`
	WarnAfter  component.Interval `xml:"warn-after" doc:"log a warning when a request takes longer; never by default"`
	Charset    bool               `xml:"check-charset" default:"true" doc:"true refuses requests whose character set is not known"`

	Debug      bool               `xml:"additional-debug" effect:"none" doc:"accepted for compatibility: see --log-level"`
	Processing component.Interval `xml:"send-processing-interval" effect:"none" doc:"accepted for compatibility: no interim answers are sent"`
	Encoder    string             `xml:"encoder" effect:"none" doc:"accepted for compatibility: bodies are taken as they are"`
	Tracking   bool               `xml:"is-tracking-endpoint" effect:"none" doc:"accepted for compatibility"`
	Factory    string             `xml:"message-factory" effect:"none" doc:"accepted for compatibility"`

	handle component.Handler
	router httpRouter
	outstanding
	methods []string
	bodies  *bodies
	remove  func() // nil while there is no route; whoever calls the lifecycle owns it
	// shift is atomic because requests come at any time; it is nil while the consumer is stopped.
	shift atomic.Pointer[httpShift]
}

// httpShift is the time from a Start to its Stop.
type httpShift struct {
	log *zap.Logger
	// work is what messages are offered with: it outlives the request, whose client may go away.
	work context.Context
	// late ends when there is no more time to wait for outcomes.
	late   context.Context
	giveUp context.CancelFunc
	crew   *httpCrew
	// fields are the headers that name a request's trace, beside those of W3C.
	fields []string
}

// Check implements component.Checker.
func (h *HTTP) Check(r *component.Report) {
	if h.Path != "" && !strings.HasPrefix(h.Path, "/") {
		r.Errorf("path", "bad-value", "is %q; it must begin with /", h.Path)
	}
	for m := range strings.SplitSeq(h.Methods, ",") {
		if m = strings.ToUpper(strings.TrimSpace(m)); m != "" {
			h.methods = append(h.methods, m)
		}
	}
	h.bodies = &bodies{each: maxBodyBytes, all: maxBodiesBytes, patience: bodyPatience}
}

// Bind implements component.Consumer.
func (h *HTTP) Bind(handle component.Handler) { h.handle = handle }

// Connect implements component.Connectable.
func (h *HTTP) Connect(c component.Connection) error {
	router, ok := c.(httpRouter)
	if !ok {
		return fmt.Errorf("jetty-message-consumer needs a jetty-http-connection or jetty-embedded-connection as its consume-connection, not %s", nameOf(c))
	}
	h.router = router
	return nil
}

func nameOf(c component.Connection) string {
	if alias := component.AliasOf(c); alias != "" {
		return alias
	}
	return "none"
}

// Init implements component.Lifecycle. It takes the path, so that two consumers of one path are found before anything is consumed.
func (h *HTTP) Init(context.Context) error { return h.route() }

func (h *HTTP) route() error {
	if h.remove != nil {
		return nil
	}
	remove, err := h.router.Route(h.Path, h)
	if err != nil {
		return fmt.Errorf("jetty-message-consumer: %w", err)
	}
	h.remove = remove
	return nil
}

// OffersSideBySide implements component.SideBySide.
func (h *HTTP) OffersSideBySide() bool { return true }

// Start implements component.Lifecycle.
func (h *HTTP) Start(ctx context.Context) error {
	if err := h.route(); err != nil {
		return err
	}
	s := &httpShift{
		log: component.Logger(ctx).With(zap.String("path", h.Path)), work: context.WithoutCancel(ctx), crew: newHTTPCrew(), fields: telemetry.Of(ctx).Fields(),
	}
	s.late, s.giveUp = context.WithCancel(s.work)
	h.shift.Store(s)
	h.rest()
	return nil
}

// Stop implements component.Lifecycle: new requests are refused, those under way get their answer. When ctx ends first, they are told that
// nothing is known about their message.
func (h *HTTP) Stop(ctx context.Context) error {
	s := h.shift.Swap(nil)
	if h.remove != nil {
		h.remove()
		h.remove = nil
	}
	err := h.wait(ctx)
	if s != nil {
		s.giveUp()                                // those that have an outcome find it first
		if crew := s.crew.stop(ctx); err == nil { // else it is the same
			err = crew
		}
	}
	if err != nil {
		return fmt.Errorf("jetty-message-consumer %s: %w", h.Path, err)
	}
	return nil
}

// ServeHTTP takes one request.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := h.shift.Load()
	if s == nil {
		unavailable(w, "the consumer of this path is stopped; send the request again later")
		return
	}
	if len(h.methods) > 0 && !slices.Contains(h.methods, r.Method) {
		w.Header().Set("Allow", strings.Join(h.methods, ", "))
		http.Error(w, "this path takes "+strings.Join(h.methods, ", "), http.StatusMethodNotAllowed)
		return
	}
	body, err := h.bodies.read(w, r)
	if err != nil {
		refuse(w, err)
		return
	}
	m, err := h.message(r, body.bytes)
	if err != nil {
		body.release()
		refuse(w, err)
		return
	}
	telemetry.TakeHeaders(m, r.Header, s.fields)
	id, response := m.ID(), web.NewResponse(m)
	p := h.offer(s, m, body.release)
	p.response = response
	h.answer(s, w, id, p)
}

// offer hands the message to the workflow, which may take its time, and returns where its outcome comes in.
func (h *HTTP) offer(s *httpShift, m *message.Message, settled func()) *pending {
	p := &pending{outcome: make(chan error, 1)}
	id := m.ID()
	h.add() // for the message
	h.add() // for the job, which Stop waits for
	s.crew.run(func() {
		defer h.settled()
		h.handle(s.work, m, func(err error) {
			p.outcome <- err
			if !p.ended.CompareAndSwap(false, true) && err != nil {
				s.log.Error("message was not delivered, though its request has been answered; nobody will send it again", zap.String("message", id), zap.Error(err))
			}
			settled()
			h.settled()
		})
	})
	return p
}

// message makes the message of a request.
func (h *HTTP) message(r *http.Request, body []byte) (*message.Message, error) {
	m := message.New(body)
	if _, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && params["charset"] != "" {
		m.SetEncoding(params["charset"])
		if h.Charset {
			if err := message.KnownCharset(params["charset"]); err != nil {
				return nil, refusal{http.StatusUnsupportedMediaType, err}
			}
		}
	}
	m.SetMetadata(metadataURI, r.URL.EscapedPath())
	m.SetMetadata(metadataURL, requestURL(r))
	m.SetMetadata(metadataMethod, r.Method)
	if r.URL.RawQuery != "" {
		m.SetMetadata(metadataQuery, r.URL.RawQuery)
	}
	h.Headers.headers(r, m)
	if err := h.Parameters.parameters(r, body, m); err != nil {
		return nil, refusal{http.StatusBadRequest, err}
	}
	return m, nil
}

// requestURL is the URL without its query, as Java's getRequestURL gives it.
func requestURL(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + r.Host + r.URL.EscapedPath()
}

func init() {
	component.Register[HTTP]("jetty-message-consumer", "com.adaptris.core.http.jetty.JettyMessageConsumer", component.KindConsumer, "makes a message of each HTTP request, and answers when the message is done")
}
