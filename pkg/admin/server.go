package admin

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/time/rate"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin/history"
)

// Times that a client has for a part of its request, or for taking an answer.
const (
	headerTime = 5 * time.Second
	bodyTime   = 10 * time.Second
	answerTime = 30 * time.Second
	idleTime   = 2 * time.Minute
	// closeTime is how long answers under way may take when the server ends.
	closeTime = 3 * time.Second
)

// mostHeaderBytes bounds a request's headers.
const mostHeaderBytes = 16 << 10

// Server serves an adapter's state. Its methods are safe for concurrent use.
type Server struct {
	options  Options
	guard    *guard
	limits   *limits
	routes   *http.ServeMux
	metrics  http.Handler
	page     map[string]file
	events   *events
	history  *history.Recorder
	listener net.Listener
	http     *http.Server
	served   chan struct{}
	// silent are connections (net.Conn) that nothing has come over yet; browsers make some in advance.
	silent sync.Map
	// refusals thins out what is logged of requests that are refused.
	refusals rate.Sometimes

	// source is nil until Attach.
	source atomic.Pointer[attached]
	// stopping says that no action is taken any more.
	stopping atomic.Bool
	// acting ends the actions under way, with cut.
	acting context.Context
	cut    context.CancelFunc
	// slots has room for the actions that run at a time.
	slots chan struct{}
	close sync.Once
}

type attached struct{ Source }

// mostActions is how many actions run at a time; they wait for each other in the adapter.
const mostActions = 8

// Listen starts a server. Until a source is attached it is alive and not ready. What ctx carries, actions get; its end means nothing: Close
// ends the server.
func Listen(ctx context.Context, o Options) (*Server, error) {
	address, err := o.check()
	if err != nil {
		return nil, err
	}
	page, err := pageFiles()
	if err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("can not listen: %w; is another program there already?", err)
	}
	s := &Server{
		options: o, guard: newGuard(&o, address), limits: newLimits(o.now), page: page, listener: listener, served: make(chan struct{}),
		refusals: rate.Sometimes{First: 3, Interval: 10 * time.Second}, slots: make(chan struct{}, mostActions),
	}
	s.acting, s.cut = context.WithCancel(context.WithoutCancel(ctx))
	s.metrics = newMetrics(s)
	s.history = history.New(time.Now())
	s.events = newEvents(s)
	s.routes = s.routing()
	s.http = &http.Server{
		Handler: s, TLSConfig: o.TLS, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: mostHeaderBytes, ErrorLog: zapLog(o.Log), ConnState: s.connection,
	}
	go s.serve()
	return s, nil
}

// zapLog is for what net/http has to say of connections, which is the clients' doing mostly.
func zapLog(to *zap.Logger) *log.Logger {
	l, err := zap.NewStdLogAt(to.Named("admin"), zapcore.DebugLevel)
	if err != nil {
		return nil // a level that zap does not have, and debug is not one
	}
	return l
}

func (s *Server) serve() {
	defer close(s.served)
	var err error
	if s.options.TLS != nil {
		err = s.http.ServeTLS(s.listener, "", "")
	} else {
		err = s.http.Serve(s.listener)
	}
	if !errors.Is(err, http.ErrServerClosed) && !s.stopping.Load() {
		s.options.Log.Error("the admin server has ended; nothing of the adapter depends on it", zap.Error(err))
	}
}

// connection is told what becomes of connections.
func (s *Server) connection(c net.Conn, state http.ConnState) {
	if state == http.StateNew {
		s.silent.Store(c, nil)
	} else {
		s.silent.Delete(c)
	}
}

// URL is where the server is, with the address that it got.
func (s *Server) URL() string {
	scheme := "http"
	if s.options.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// Attach gives the server what it looks at, once. From then on it does so each second.
func (s *Server) Attach(source Source) {
	if s.source.CompareAndSwap(nil, &attached{source}) {
		source.OnFailure(s.events.failed)
	}
}

// Stopping refuses actions from now on, and cuts those short that are under way when ctx ends: the program brings everything to its end then.
func (s *Server) Stopping(ctx context.Context) {
	s.stopping.Store(true)
	context.AfterFunc(ctx, s.cut)
}

// Close ends the server and everything that it started: those who listen to events get a last state, actions are cut short, answers under way
// have until ctx ends, and three seconds at most. It is safe to call twice.
func (s *Server) Close(ctx context.Context) {
	s.close.Do(func() {
		s.stopping.Store(true)
		s.cut()
		s.events.end()
		ctx, cancel := context.WithTimeout(ctx, closeTime)
		defer cancel()
		_ = s.listener.Close() // so that no connection comes after the look at those that there are
		s.silent.Range(func(c, _ any) bool {
			_ = c.(net.Conn).Close() // Shutdown would wait for a request over it for seconds
			return true
		})
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close() // what it can not close is closed by its client
		}
		<-s.served
		s.events.wait()
	})
}

// adapter is the source, or nil.
func (s *Server) adapter() Source {
	if a := s.source.Load(); a != nil {
		return a.Source
	}
	return nil
}

// status is what there is to see now.
func (s *Server) status() adapter.Status {
	st := adapter.Status{State: adapter.StateStarting, Now: time.Now(), NotReady: []string{"the document is being read"}}
	if a := s.adapter(); a != nil {
		st = a.Status()
	}
	st.Version, st.Document = s.options.Version, s.options.Document // as they may be shown
	if s.stopping.Load() {
		st.Ready = false
		if len(st.NotReady) == 0 {
			st.NotReady = []string{"the program is stopping"}
		}
	}
	return st
}
