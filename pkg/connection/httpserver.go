package connection

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

// Bounds of an HTTP server that has no property for them.
const (
	headerTimeout      = 30 * time.Second
	defaultIdleTimeout = 30 * time.Second // Jetty: ServerConnector.idleTimeout
	defaultHeaderBytes = 8 << 10          // Jetty: HttpConfiguration.requestHeaderSize
	// answerGrace is for answers that are being written when a stop has no time left: those that say so.
	answerGrace = time.Second
)

// httpServer is a server that has its address, and answers once it serves.
type httpServer struct {
	server   *http.Server
	listener net.Listener
	log      *zap.Logger
	// served brings what Serve returned; nil before serve.
	served chan error
}

// listenHTTP takes the address. Who connects before serve waits.
func listenHTTP(ctx context.Context, settings httpSettings, handler http.Handler) (*httpServer, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", settings.address)
	if err != nil {
		return nil, fmt.Errorf("can not listen on %s: %w; give it another port, or end what uses this one", settings.address, err)
	}
	log := component.Logger(ctx)
	errorLog, err := zap.NewStdLogAt(log, zap.DebugLevel)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := &httpServer{
		server:   &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: settings.idle, MaxHeaderBytes: settings.headerBytes, ErrorLog: errorLog},
		listener: l,
		log:      log,
	}
	return s, nil
}

// serve begins to answer, if it has not begun.
func (s *httpServer) serve() {
	if s.served != nil {
		return
	}
	s.served = make(chan error, 1)
	go func() {
		err := s.server.Serve(s.listener)
		if !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("HTTP server broke down; stop and start its channels", zap.String("address", s.address()), zap.Error(err))
		}
		s.served <- err
	}()
	s.log.Info("HTTP server listens", zap.String("address", s.address()))
}

// address is where s listens; empty for none.
func (s *httpServer) address() string {
	if s == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// stop closes the server. Answers that are being written are finished, even when ctx has ended.
func (s *httpServer) stop(ctx context.Context) error {
	if s.served == nil {
		return s.listener.Close()
	}
	if ctx.Err() != nil {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerGrace)
		defer cancel()
		ctx = grace
	}
	err := s.server.Shutdown(ctx)
	if err != nil { // out of time: cut the connections that are left
		err = errors.Join(fmt.Errorf("HTTP requests were still being answered: %w", err), s.server.Close())
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
