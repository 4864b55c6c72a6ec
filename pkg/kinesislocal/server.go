package kinesislocal

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Server is an in-memory Kinesis, CloudWatch and STS. [Listen] starts one that
// owns its port; [New] makes one that is only an [http.Handler].
type Server struct {
	opts Options
	seen arrivals // signals whatever Records, Requests and Metrics can show

	mu      sync.Mutex // guards what follows
	streams map[string]*stream
	stored  recordLog
	held    int64 // bytes of the records held
	serial  int64 // of the latest stream

	requests requestLog
	faults   faultBook
	metrics  metricStore

	// Set by Listen and constant after it.
	listener    net.Listener
	http        *http.Server
	tlsConfig   *tls.Config
	authority   *x509.Certificate
	fresh       freshConns
	served      chan error
	closing     chan struct{}
	closeOnce   sync.Once
	closeResult error
}

// New returns a server without a port, for a listener of the caller's, such as
// that of net/http/httptest. Errors name the option that is out of range.
func New(opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, closing: make(chan struct{})}
	s.Reset()
	return s, nil
}

// Reset forgets all streams, records, requests, metrics and faults, and makes
// the streams of the options anew. Who waits goes on waiting.
func (s *Server) Reset() {
	s.mu.Lock()
	s.streams = map[string]*stream{}
	s.stored.clear()
	s.held = 0
	now := s.opts.Now()
	for _, name := range slices.Sorted(maps.Keys(s.opts.Streams)) {
		s.addStream(name, s.opts.Streams[name], now)
	}
	s.mu.Unlock()

	s.requests.reset(max(s.opts.RequestLog, 0))
	s.metrics.reset()
	s.faults.reset(s.opts.Seed)
	s.seen.signal()
}

// addStream makes an ACTIVE stream. The caller holds mu or is alone.
func (s *Server) addStream(name string, shards int, now time.Time) *stream {
	s.serial++
	st := &stream{
		serial:         s.serial,
		name:           name,
		arn:            s.streamARN(name),
		created:        now,
		maxRecordBytes: defaultMaxRecordBytes,
		prefix:         sequencePrefix(now, s.serial),
		limits:         s.opts.Limits,
		enforce:        s.opts.EnforceLimits,
	}
	st.layOut(shards, now)
	s.streams[name] = st
	return st
}

func (s *Server) streamARN(name string) string {
	return "arn:aws:kinesis:" + s.opts.Region + ":" + s.opts.Account + ":stream/" + name
}

// lookUp returns the stream of a name, or nil. The caller holds mu.
func (s *Server) lookUp(name string, now time.Time) *stream {
	st := s.streams[name]
	if st != nil && st.deleted(now) {
		s.forget(st)
		return nil
	}
	return st
}

// forget drops a stream and its records. The caller holds mu.
func (s *Server) forget(st *stream) {
	delete(s.streams, st.name)
	for _, sh := range st.shards {
		for sh.head < len(sh.records) {
			s.held -= sh.dropOldest()
		}
		sh.records, sh.head = nil, 0
	}
}

// expect returns the stream of a name, making it if the options say so. The
// caller holds mu.
func (s *Server) expect(name string, now time.Time) (*stream, *apiError) {
	if st := s.lookUp(name, now); st != nil {
		return st, nil
	}
	if !s.opts.CreateStreams || !validStreamName(name) {
		return nil, s.streamNotFound(name)
	}
	if err := s.quota(s.opts.DefaultShards, now); err != nil {
		return nil, err
	}
	return s.addStream(name, s.opts.DefaultShards, now), nil
}

// openShards counts the open shards of all streams. The caller holds mu.
func (s *Server) openShards(now time.Time) int {
	n := 0
	for name := range s.streams {
		if st := s.lookUp(name, now); st != nil {
			n += len(st.open)
		}
	}
	return n
}

// quota refuses more open shards than the account may have. The caller holds mu.
func (s *Server) quota(more int, now time.Time) *apiError {
	if n := s.openShards(now); n+more > s.opts.ShardQuota {
		return refuse("LimitExceededException", "This request would exceed the shard limit for the account %s in %s. "+
			"Current shard count for the account: %d. Limit: %d. Number of additional shards that would have resulted from this request: %d. "+
			"Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) "+
			"for current limits and how to request higher limits.", s.opts.Account, s.opts.Region, n, s.opts.ShardQuota, more)
	}
	return nil
}

// streamNames are the names of all streams in order. The caller holds mu.
func (s *Server) streamNames(now time.Time) []string {
	names := make([]string, 0, len(s.streams))
	for name := range s.streams {
		if s.lookUp(name, now) != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// SetLimits makes a stream throttle its shards to limits from now on; zero
// fields take those of the service. The error says that the stream is not there
// or that a limit is negative.
func (s *Server) SetLimits(stream string, limits Limits) error {
	if err := limits.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.lookUp(stream, s.opts.Now())
	if st == nil {
		return s.noStream(stream)
	}
	st.limits, st.enforce = limits.withDefaults(), true
	for _, sh := range st.shards {
		sh.recordTokens, sh.byteTokens, sh.readTokens = bucket{}, bucket{}, bucket{}
	}
	return nil
}

// LiftLimits makes a stream take whatever comes.
func (s *Server) LiftLimits(stream string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.lookUp(stream, s.opts.Now())
	if st == nil {
		return s.noStream(stream)
	}
	st.enforce = false
	return nil
}

func (s *Server) noStream(name string) error {
	return fmt.Errorf("kinesislocal: there is no stream %q; make it with CreateStream or Options.Streams", name)
}

// newRequestID returns an identifier in the form that the service uses.
func newRequestID() string {
	hi, lo := rand.Uint64(), rand.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", hi>>32, hi>>16&0xffff, hi&0xfff, 0x8000|lo>>48&0x3fff, lo&0xffffffffffff)
}
