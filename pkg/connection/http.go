package connection

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

// HTTP is Interlok's HttpConnection: an HTTP server of its own. Consumers that use it share the port, each with a path.
type HTTP struct {
	base
	Port          int                  `xml:"port,required" default:"8080" min:"0" max:"65535" doc:"TCP port to listen on; 0 takes a free one"`
	Server        []component.KeyValue `xml:"server-connector-properties>key-value-pair" doc:"Host (address to listen on, all by default) and IdleTimeout (milliseconds); others have no effect"`
	Configuration []component.KeyValue `xml:"http-configuration>key-value-pair" doc:"RequestHeaderSize (bytes); others have no effect"`

	settings httpSettings
	routes   routes

	// mu guards listening, which is nil while the connection is stopped.
	mu        sync.Mutex
	listening *httpServer
}

type httpSettings struct {
	address     string
	idle        time.Duration
	headerBytes int
}

// Check implements component.Checker.
func (h *HTTP) Check(r *component.Report) {
	h.settings = httpSettings{idle: defaultIdleTimeout, headerBytes: defaultHeaderBytes}
	host := ""
	positive := func(element string, p component.KeyValue) int {
		n, err := strconv.Atoi(strings.TrimSpace(p.Value))
		if err != nil || n < 1 {
			r.Errorf(element, "bad-value", "has %s=%q; it takes a whole number, at least 1", p.Key, p.Value)
			return 1
		}
		return n
	}
	for _, p := range h.Server {
		switch strings.ToLower(p.Key) {
		case "host":
			host = strings.TrimSpace(p.Value)
		case "idletimeout":
			h.settings.idle = time.Duration(positive("server-connector-properties", p)) * time.Millisecond
		default:
			r.Notef("server-connector-properties", "without-effect", "has %s, which is accepted, without effect", p.Key)
		}
	}
	for _, p := range h.Configuration {
		if strings.EqualFold(p.Key, "RequestHeaderSize") {
			h.settings.headerBytes = positive("http-configuration", p)
			continue
		}
		r.Notef("http-configuration", "without-effect", "has %s, which is accepted, without effect", p.Key)
	}
	h.settings.address = net.JoinHostPort(host, strconv.Itoa(h.Port))
}

// Route gives requests for a path to h until remove is called. A path that ends with /* takes everything below it.
func (h *HTTP) Route(path string, to http.Handler) (remove func(), err error) {
	return h.routes.add(path, to)
}

// Address is where the server listens; empty while it is stopped. Safe for concurrent use.
func (h *HTTP) Address() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listening.address()
}

// Init implements component.Lifecycle. It takes the port, so that one that is in use is found before anything is consumed.
func (h *HTTP) Init(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.listen(ctx)
}

func (h *HTTP) listen(ctx context.Context) error {
	if h.listening != nil {
		return nil
	}
	s, err := listenHTTP(ctx, h.settings, &h.routes)
	if err != nil {
		return fmt.Errorf("jetty-http-connection: %w", err)
	}
	h.listening = s
	return nil
}

// Start implements component.Lifecycle.
func (h *HTTP) Start(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.listen(ctx); err != nil {
		return err
	}
	h.listening.serve()
	return nil
}

// Stop implements component.Lifecycle. Requests that are being answered are finished until ctx ends.
func (h *HTTP) Stop(ctx context.Context) error {
	h.mu.Lock()
	s := h.listening
	h.listening = nil
	h.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.stop(ctx)
}

func init() {
	component.Register[HTTP]("jetty-http-connection", "com.adaptris.core.http.jetty.HttpConnection", component.KindConnection, "an HTTP server of its own for jetty-message-consumer")
	component.Register[EmbeddedHTTP]("jetty-embedded-connection", "com.adaptris.core.http.jetty.EmbeddedConnection", component.KindConnection,
		"the HTTP server that all channels share, for jetty-message-consumer")
}
