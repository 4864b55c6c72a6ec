package kinesislocal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// Listen starts a server on addr, such as 127.0.0.1:4567; port 0 takes a free
// one. It answers plain HTTP/1.1 and TLS there until Close. ctx bounds only the
// opening of the port; ending it later does not close the server.
func Listen(ctx context.Context, addr string, opts Options) (*Server, error) {
	s, err := New(opts)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("kinesislocal: listening on %q: %w; give host:port", addr, err)
	}
	certificate, authority, err := newCertificate(host)
	if err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("kinesislocal: listening on %q: %w", addr, err)
	}
	s.listener, s.authority = listener, authority
	s.tlsConfig = &tls.Config{
		Certificates: []tls.Certificate{certificate},
		NextProtos:   []string{"http/1.1"},
		MinVersion:   tls.VersionTLS12,
	}
	s.http = &http.Server{
		Handler:           s,
		ConnContext:       withConn,
		ConnState:         s.fresh.track,
		ReadHeaderTimeout: time.Minute,
		// It reports clients that hang up, which is their business.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	s.served = make(chan error, 1)
	go func() { s.served <- s.http.Serve(sniffingListener{listener, s.tlsConfig}) }()
	return s, nil
}

// Addr is the host:port that the server listens on, or empty for one from New.
func (s *Server) Addr() string {
	if s.listener == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// URL is the endpoint for plain HTTP, or empty for a server from New.
func (s *Server) URL() string { return s.url("http") }

// TLSURL is the endpoint for HTTPS, on the same port; see CertPool.
func (s *Server) TLSURL() string { return s.url("https") }

func (s *Server) url(scheme string) string {
	addr, ok := s.listenAddr()
	if !ok {
		return ""
	}
	host := addr.IP.String()
	if addr.IP.IsUnspecified() {
		host = "localhost"
	}
	return scheme + "://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

func (s *Server) listenAddr() (*net.TCPAddr, bool) {
	if s.listener == nil {
		return nil, false
	}
	addr, ok := s.listener.Addr().(*net.TCPAddr)
	return addr, ok
}

// Close stops listening, ends latencies that were ordered, and lets the
// requests under way finish until ctx ends; then it cuts their connections and
// returns the cause. What arrived can still be looked at. Close may be called
// more than once and returns the same each time.
func (s *Server) Close(ctx context.Context) error {
	s.closeOnce.Do(func() {
		close(s.closing)
		if s.http == nil {
			return
		}
		s.fresh.closeAll()
		s.closeResult = s.http.Shutdown(ctx)
		if s.closeResult != nil {
			s.closeResult = fmt.Errorf("kinesislocal: closing with requests under way: %w", errors.Join(context.Cause(ctx), s.http.Close()))
		}
		<-s.served
	})
	return s.closeResult
}
