package kpl

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// metrics counts what happens, whatever the level, and uploads to CloudWatch what level and granularity select. The methods that
// count may be called from any goroutine, and on nil; they allocate only at the first sight of a stream, shard or error code.
type metrics struct {
	level       MetricsLevel
	granularity MetricsGranularity
	tree        dimensionTree
	now         func() time.Time
	config      Config
	logger      *zap.Logger

	streams sync.Map // stream name → *streamMetrics

	// gathering guards what streams that were given up have left: leftover until the next upload, gone for good.
	// Who reads the whole tree or takes a stream out of it holds it, so that nothing is seen twice or not at all.
	gathering sync.Mutex
	leftover  seriesSet
	gone      seriesSet
	// uploads says that somebody will come for leftover.
	uploads atomic.Bool

	// askPending is set before start only.
	askPending func(report func(stream string, n int64))

	// mu guards all below.
	mu   sync.Mutex
	up   *uploader
	stop func()
	left <-chan struct{}
}

func newMetrics(cfg Config, now func() time.Time) *metrics {
	return &metrics{
		level: cfg.MetricsLevel, granularity: cfg.MetricsGranularity, tree: newDimensionTree(cfg.AdditionalDimensions),
		now: now, config: cfg, logger: cfg.logger(), leftover: seriesSet{}, gone: seriesSet{},
	}
}

func (m *metrics) stream(name string) *streamMetrics {
	if s, ok := m.streams.Load(name); ok {
		return s.(*streamMetrics)
	}
	s, _ := m.streams.LoadOrStore(name, &streamMetrics{name: name})
	return s.(*streamMetrics)
}

// locked returns the node of a stream, or of a shard if that is not empty, with its mutex held.
func (m *metrics) locked(stream, shard string) *metricNode {
	for {
		s := m.stream(stream)
		n := s.shard(shard)
		n.mu.Lock()
		if !s.gone.Load() {
			return n
		}
		n.mu.Unlock() // given up in this moment: what is counted here would be lost
	}
}

// recordReceived counts a user record that Put accepted.
func (m *metrics) recordReceived(stream string) { m.recordsReceived(stream, 1) }

// recordsReceived is the same for n of them.
func (m *metrics) recordsReceived(stream string, n int) {
	if m != nil {
		m.receive(m.stream(stream), int64(n))
	}
}

// receive is the same for who has looked the stream up before, maybe long ago.
func (m *metrics) receive(s *streamMetrics, n int64) {
	s.received.Add(n)
	if !s.gone.Load() {
		return
	}
	if n := s.received.Swap(0); n > 0 {
		m.receive(m.stream(s.name), n)
	}
}

// pending notes how many records of a stream are outstanding.
func (m *metrics) pending(stream string, n int64) {
	if m == nil {
		return
	}
	s := m.locked(stream, "")
	defer s.mu.Unlock()
	s.interval[userRecordsPending].add(n)
}

// recordDone counts a finished user record. shard is the actual one on success, else the predicted one, else empty.
func (m *metrics) recordDone(stream, shard string, ok bool, dataBytes int, attempts []Attempt) {
	if ok {
		m.recordsDone(stream, shard, 1, int64(dataBytes), dataBytes, dataBytes, attempts)
		return
	}
	if m == nil {
		return
	}
	n := m.locked(stream, shard)
	defer n.mu.Unlock()
	n.interval[userRecordsPut].add(0)
	n.addAttempts(attempts, 1)
	if len(attempts) > 0 && attempts[len(attempts)-1].ErrorCode == codeExpired {
		n.interval[userRecordExpired].add(1)
	}
}

// recordsDone is recordDone for n stored records with equal attempts; dataBytes is their sum, minBytes and maxBytes are the smallest
// and the largest.
func (m *metrics) recordsDone(stream, shard string, n int, dataBytes int64, minBytes, maxBytes int, attempts []Attempt) {
	if m == nil || n <= 0 {
		return
	}
	node := m.locked(stream, shard)
	defer node.mu.Unlock()
	node.interval[userRecordsPut].addTimes(1, int64(n))
	node.interval[userRecordsDataPut].merge(statistic{int64(n), dataBytes, int64(minBytes), int64(maxBytes)})
	node.addAttempts(attempts, int64(n))
}

// addAttempts counts, for n records, their retries and the delay of every attempt.
func (n *metricNode) addAttempts(attempts []Attempt, records int64) {
	n.interval[retriesPerRecord].addTimes(int64(max(Tries(attempts)-1, 0)), records)
	for i := range attempts {
		n.interval[bufferingTime].addTime(attempts[i].Delay, records)
	}
}

// kinesisRecord counts a Kinesis record of an answered request. shard is the predicted one or empty. One that came into the wrong
// shard is stored, with that code.
func (m *metrics) kinesisRecord(stream, shard string, stored bool, sizeBytes, userRecords int, errorCode string) {
	if m == nil {
		return
	}
	n := m.locked(stream, shard)
	defer n.mu.Unlock()
	n.interval[userRecordsPerKinesisRecord].add(int64(userRecords))
	if stored {
		n.interval[kinesisRecordsPut].add(1)
		n.interval[kinesisRecordsDataPut].add(int64(sizeBytes))
		n.interval[allErrors].add(0)
		if errorCode == codeWrongShard {
			n.interval[wrongShard].add(1)
		}
		return
	}
	n.interval[kinesisRecordsPut].add(0)
	if errorCode != codeCountMismatch && errorCode != codeExpired { // as the KPL: no answer of the service
		n.addError(errorCode)
		n.interval[allErrors].add(1)
	}
}

// kinesisRecordUnanswered counts a Kinesis record of a failed request; that counts in UserRecordsPerKinesisRecord only.
func (m *metrics) kinesisRecordUnanswered(stream, shard string, userRecords int) {
	if m == nil {
		return
	}
	n := m.locked(stream, shard)
	defer n.mu.Unlock()
	n.interval[userRecordsPerKinesisRecord].add(int64(userRecords))
}

// request counts a PutRecords request; errorCode is empty when it was answered with results.
func (m *metrics) request(stream string, took time.Duration, kinesisRecords, userRecords int, errorCode string) {
	if m == nil {
		return
	}
	s := m.locked(stream, "")
	defer s.mu.Unlock()
	s.interval[requestTime].addTime(took, 1)
	s.interval[kinesisRecordsPerRequest].add(int64(kinesisRecords))
	s.interval[userRecordsPerRequest].add(int64(userRecords))
	if errorCode != "" {
		s.addError(errorCode)
		s.interval[allErrors].add(1)
	}
}

// watchPending, called before start, says how to learn the outstanding records of each stream. The uploader then asks every 200 ms as
// long as metrics are uploaded in detail, so that nobody else needs a timer for it. ask must not block.
func (m *metrics) watchPending(ask func(report func(stream string, n int64))) {
	if m != nil {
		m.askPending = ask
	}
}

// start begins to upload every MetricsUploadDelay; with level none it does nothing. The context is for making the client only.
func (m *metrics) start(ctx context.Context) error {
	if m == nil || m.level == MetricsNone {
		return nil
	}
	api, release, err := m.config.newCloudWatch(ctx)
	if err != nil || api == nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	uploading, cancel := context.WithCancel(context.Background())
	quit, left := make(chan struct{}), make(chan struct{})
	m.up = &uploader{api: api, release: release, namespace: m.config.MetricsNamespace, now: m.now, logger: m.logger, cancel: cancel}
	m.stop = sync.OnceFunc(func() { close(quit) })
	m.left = left
	m.uploads.Store(true)
	go func() {
		defer close(left)
		m.run(uploading, quit)
	}()
	return nil
}

// pendingInterval is how often the KPL looks at what is outstanding.
const pendingInterval = 200 * time.Millisecond

func (m *metrics) run(ctx context.Context, quit <-chan struct{}) {
	uploads := time.NewTicker(m.config.MetricsUploadDelay)
	defer uploads.Stop()
	var looks <-chan time.Time
	if m.askPending != nil && m.level == MetricsDetailed {
		ticker := time.NewTicker(pendingInterval)
		defer ticker.Stop()
		looks = ticker.C
	}
	for {
		select {
		case <-quit:
			return
		case <-looks:
			m.askPending(m.pending)
		case <-uploads.C:
			_ = m.up.upload(ctx, m.interval()) // logged there; what failed goes with the next
			m.bound(m.up.backlog)
		}
	}
}

// close uploads what is left, within the context, and ends the uploader. Safe twice; the error says how much could not be uploaded.
func (m *metrics) close(ctx context.Context) error {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stop == nil {
		return nil
	}
	m.stop()
	select {
	case <-m.left:
	case <-ctx.Done():
		m.up.cancel() // an upload is under way and would not end in time
		<-m.left
	}
	m.stop = nil
	err := m.up.upload(ctx, m.interval())
	m.uploads.Store(false)
	m.up.cancel()
	m.up.release()
	return err
}
