package connection

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/adapterd/adapterd/pkg/component"
)

// Where the shared server listens: the system properties that Jetty's configuration reads, or Interlok's default port on all addresses.
const (
	embeddedHostProperty = "jetty.http.host"
	embeddedPortProperty = "jetty.http.port"
	embeddedPort         = "8080"
)

// EmbeddedHTTP is Interlok's EmbeddedConnection: the one HTTP server of the program, which all such connections share. The first to
// start makes it listen, the last to stop closes it.
type EmbeddedHTTP struct {
	base
	StartupWait component.Interval `xml:"max-startup-wait" effect:"none" doc:"accepted for compatibility: the server listens at once, or the start fails"`

	settings httpSettings

	// mu guards shared, which is nil while the connection is stopped.
	mu     sync.Mutex
	shared *sharedServer
}

// Check implements component.Checker.
func (h *EmbeddedHTTP) Check(r *component.Report) {
	port, ok := r.Env().Lookup("sysprop", embeddedPortProperty)
	if !ok {
		port = embeddedPort
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		r.Errorf("", "bad-value", "takes its port from the system property %s, which is no port: %v", embeddedPortProperty, err)
	}
	host, _ := r.Env().Lookup("sysprop", embeddedHostProperty)
	h.settings = httpSettings{address: net.JoinHostPort(host, port), idle: defaultIdleTimeout, headerBytes: defaultHeaderBytes}
}

// Route gives requests for a path to h until remove is called. A path that ends with /* takes everything below it.
func (h *EmbeddedHTTP) Route(path string, to http.Handler) (remove func(), err error) {
	return embedded.at(h.settings.address).routes.add(path, to)
}

// Address is where the server listens; empty while the connection is stopped. Safe for concurrent use.
func (h *EmbeddedHTTP) Address() string {
	h.mu.Lock()
	s := h.shared
	h.mu.Unlock()
	if s == nil {
		return ""
	}
	return s.address()
}

// Init implements component.Lifecycle. It takes the port, so that one that is in use is found before anything is consumed.
func (h *EmbeddedHTTP) Init(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.acquire(ctx)
}

func (h *EmbeddedHTTP) acquire(ctx context.Context) error {
	if h.shared != nil {
		return nil
	}
	s := embedded.at(h.settings.address)
	if err := s.acquire(ctx, h.settings); err != nil {
		return fmt.Errorf("jetty-embedded-connection: %w", err)
	}
	h.shared = s
	return nil
}

// Start implements component.Lifecycle.
func (h *EmbeddedHTTP) Start(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.acquire(ctx); err != nil {
		return err
	}
	h.shared.serve()
	return nil
}

// Stop implements component.Lifecycle.
func (h *EmbeddedHTTP) Stop(ctx context.Context) error {
	h.mu.Lock()
	s := h.shared
	h.shared = nil
	h.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.release(ctx)
}

// embedded holds the shared servers by address. Jetty's is one of the whole Java process, and so is this one.
var embedded sharedServers

type sharedServers struct {
	// mu guards byAddress.
	mu        sync.Mutex
	byAddress map[string]*sharedServer
}

// at returns the server of an address, which may not listen yet.
func (p *sharedServers) at(address string) *sharedServer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byAddress == nil {
		p.byAddress = make(map[string]*sharedServer)
	}
	s := p.byAddress[address]
	if s == nil {
		s = new(sharedServer)
		p.byAddress[address] = s
	}
	return s
}

// sharedServer listens while it has users.
type sharedServer struct {
	routes routes
	// mu guards users and listening.
	mu        sync.Mutex
	users     int
	listening *httpServer
}

func (s *sharedServer) acquire(ctx context.Context, settings httpSettings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		l, err := listenHTTP(ctx, settings, &s.routes)
		if err != nil {
			return err
		}
		s.listening = l
	}
	s.users++
	return nil
}

// serve begins to answer; the caller has acquired the server.
func (s *sharedServer) serve() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening.serve()
}

func (s *sharedServer) release(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	l := s.listening
	s.listening = nil
	return l.stop(ctx)
}

func (s *sharedServer) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listening.address()
}
