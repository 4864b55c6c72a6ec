package kpl

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// Producer puts user records into Kinesis streams as the Kinesis Producer Library does: aggregated, collected into few requests, held to
// the shards' rates, and retried until they are stored or their time is over. Make one with New, end it with Close. Its methods may be
// called from any goroutine.
type Producer struct {
	cfg      Config
	api      API
	closeAPI func()
	log      *zap.Logger
	metrics  *metrics
	epoch    time.Time
	// staticCredentials means that expired credentials stay expired.
	staticCredentials bool

	base   context.Context // of all requests; ends at the end of Close
	cancel context.CancelFunc

	gate        *gate
	connections connections
	pools       recordPools
	batches     batches
	senders     senders
	bodies      bodyMemory
	notices     notices
	duplicates  duplicates
	crew        crew
	overdue     *overdue // nil without UserRecordTimeout

	groups     atomic.Uint64 // last number of a group of records that go again by themselves
	requests   atomic.Uint32 // last number that OnRequest was told
	flushedGen atomic.Uint32 // the last generation of the gate that Flush hurries
	givenUp    atomic.Int64  // records that failed as closed

	// streams is replaced as a whole under streamsMu; Put reads it without a lock.
	streams   atomic.Pointer[map[streamName]*stream]
	streamsMu sync.Mutex
	abort     atomic.Bool // set under streamsMu: nothing goes on its way any more

	closing   sync.Once
	closed    chan struct{} // closed when Close is over
	closeLeft int           // what Close returns
	closeErr  error
}

// New makes a producer and its clients. The context bounds that alone, such as asking for the region; the producer outlives it.
// It sends nothing yet: a wrong endpoint or stream shows in the first results.
func New(ctx context.Context, cfg Config) (*Producer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	api, closeAPI, err := cfg.newKinesis(ctx)
	if err != nil {
		return nil, err
	}
	cfg.Logger = cfg.logger()
	p := &Producer{
		cfg: cfg, api: api, closeAPI: closeAPI, log: cfg.Logger, epoch: time.Now(),
		connections: connections{max: cfg.MaxConnections}, closed: make(chan struct{}),
		metrics: newMetrics(cfg, time.Now), staticCredentials: areStatic(cfg.Credentials),
	}
	p.gate = newGate(cfg.MaxOutstandingRecords, cfg.MaxOutstandingBytes, func() { p.relieve(nil) }, func() bool { return len(*p.streams.Load()) > 1 })
	p.notices.log = p.log
	p.duplicates.tell, p.duplicates.log = cfg.OnDuplicate, p.log
	p.base, p.cancel = context.WithCancel(context.Background())
	p.senders = senders{p: p, queue: make(chan *batch)}
	p.streams.Store(&map[streamName]*stream{})
	p.metrics.watchPending(p.pending)
	if err := p.metrics.start(ctx); err != nil {
		p.cancel()
		closeAPI()
		return nil, err
	}
	if cfg.UserRecordTimeout > 0 {
		p.overdue = newOverdue(p)
	}
	return p, nil
}

func (p *Producer) now() instant { return instant(time.Since(p.epoch)) }

// Put takes a user record on its way and returns. done, unless nil, is called exactly once, with the record's end, from a goroutine
// of the producer, possibly before Put returns. It is not called if Put returns an error: the record is not taken then.
//
// Put blocks only while MaxOutstandingRecords or MaxOutstandingBytes are outstanding, or three quarters of either by the record's stream
// while other streams are in use, until there is room or ctx ends; the context has no say in what becomes of the record afterwards. It
// copies the data before it returns. Errors are of the record (stream, partition key, explicit hash key or size), ErrTooManyStreams,
// ErrClosed, or the context's cause.
//
// done should not block for long: it holds up the results of the records that travelled with its own. When MaxOutstandingRecords or
// MaxOutstandingBytes are held up so, Put takes one record at a time. It may call Put, but neither Flush nor Close, which would wait for it.
func (p *Producer) Put(ctx context.Context, r Record, done func(Result)) error {
	return p.put(ctx, &r, done, false)
}

// PutSync puts a record and waits for its end. The record does not wait RecordMaxBufferedTime for company: its aggregate, with whatever
// was put into it before, leaves at once if the shard's rate and a free connection allow. While another request of the stream is under way it
// waits for that one's answer, but no longer than 2 ms or a fifth of RecordMaxBufferedTime: callers side by side share requests. Other streams
// are left alone, and so are shards that nobody waits for.
//
// The error is the Result's, a *RecordError; one of Put's; or the context's cause when ctx ends first. In the last case the record is
// still on its way and may yet be stored.
func (p *Producer) PutSync(ctx context.Context, r Record) (Result, error) {
	ended := make(chan Result, 1)
	if err := p.put(ctx, &r, func(r Result) { ended <- r }, true); err != nil {
		return Result{}, err
	}
	select {
	case r := <-ended:
		return r, r.Err
	case <-ctx.Done():
		return Result{}, fmt.Errorf("wait for the result of a record for stream %s, which is still on its way: %w", trimBlanks(r.Stream), context.Cause(ctx))
	}
}

func (p *Producer) put(ctx context.Context, r *Record, done func(Result), urgent bool) error {
	name, hash, explicit, err := p.cfg.check(r)
	if err != nil {
		return err
	}
	u := userRecord{done: done, partitionKey: r.PartitionKey, explicitHashKey: explicit, hash: hash, urgent: urgent, length: int32(len(r.Data))}
	s, err := p.streamOf(name, false)
	if err != nil {
		return err
	}
	bytes := u.outstandingBytes()
	if u.generation, err = p.gate.enter(ctx, bytes, &s.outstanding); err != nil {
		return err
	}
	if s.gone.Load() {
		stays, err := p.stay(s, bytes)
		if err != nil {
			p.undo(s, &u, bytes)
			return err
		}
		s = stays
	}
	now := p.now()
	u.put, u.since = now, now
	var watched *promise
	if p.overdue != nil && done != nil {
		watched = p.overdue.watch(done, string(name), now)
		u.done = watched.give
	}
	if p.route(s, &u, r.Data, now.add(p.cfg.RecordMaxBufferedTime), now.add(p.cfg.RecordTTL), now, nil) {
		p.metrics.receive(s.counted, 1)
		return nil
	}
	if watched != nil {
		watched.given.Store(true)
	}
	p.undo(s, &u, bytes)
	return ErrClosed
}

// undo takes a record back that was let in and not taken.
func (p *Producer) undo(s *stream, u *userRecord, bytes int64) {
	s.users.Add(-1)
	s.bytes.Add(-bytes)
	p.gate.leave(1, bytes)
	p.gate.end(u.generation, 1, bytes)
}

// route puts a user record on its way in its stream, or in the one that has taken the stream's place after it was idle. It returns
// false when the producer was closed.
func (p *Producer) route(s *stream, u *userRecord, data []byte, deadline, expiration, now instant, g *group) bool {
	on := s
	for !on.route(u, data, deadline, expiration, now, g) {
		next, err := p.streamOf(on.name, true)
		if err != nil {
			return false
		}
		next.users.Add(1)
		next.bytes.Add(u.outstandingBytes())
		on.users.Add(-1)
		on.bytes.Add(-u.outstandingBytes())
		on = next
	}
	return true
}

// flushed says whether records of that generation are hurried.
func (p *Producer) flushed(generation uint32) bool {
	return int32(generation-p.flushedGen.Load()) <= 0
}

func (p *Producer) aborted() bool { return p.abort.Load() }

// pending tells the metrics how many records of each stream are outstanding.
func (p *Producer) pending(report func(stream string, n int64)) {
	for name, s := range *p.streams.Load() {
		report(string(name), s.users.Load())
	}
}

// panicked logs what a callback did.
func (p *Producer) panicked(v any) {
	p.log.Error("a callback of Put panicked; its record has its result", zap.Any("panic", v), zap.ByteString("stack", debug.Stack()))
}
