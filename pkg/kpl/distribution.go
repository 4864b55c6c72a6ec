package kpl

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
)

// A stream's records go to the shards of their hash keys, or, since September 2026 and for on-demand streams only, where the service likes
// (record distribution AUTO, "spread" here). Aggregates of such a stream are dropped by the KCL without a word, so nothing may be aggregated
// there, and nothing can be predicted. How a stream distributes is asked for when it is first used and when answers contradict what is
// known; where nobody tells, answers that contradict a fresh shard map twice are proof enough.
const (
	// spreadAfter is how many maps, each fetched after the answer, must contradict an answer before the stream is taken for one whose
	// records the service distributes; gatherAfter how many answers in a row must fit before it is not.
	spreadAfter = 2
	gatherAfter = 1000
	// contradictionAge is when a contradiction is forgotten: a reshard or two in an hour are no proof of anything.
	contradictionAge = 10 * time.Minute
	// distributionPatience is how long the first shard map waits for the strategy, so that nothing is aggregated that must not be.
	distributionPatience = time.Second
	// Waits before a failed question is put again: the service takes 20 of them a second from a whole account.
	distributionWait     = 5 * time.Second
	distributionWaitMost = 5 * time.Minute
)

// strategyAuto is the value of RecordDistributionStrategyDefault for streams whose records the service distributes.
const strategyAuto = string(types.RecordDistributionStrategyAuto)

const toldSo = "DescribeStreamSummary says so"

// summarizer is what *kinesis.Client has besides API.
type summarizer interface {
	DescribeStreamSummary(context.Context, *kinesis.DescribeStreamSummaryInput, ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error)
}

// distribution is what is known of how a stream distributes its records; guarded by the refresh's mutex.
type distribution struct {
	asking bool
	failed int // questions in a row that got no answer
	denied bool
	// contradictions counts maps that contradicted an answer given before they were asked for, the last one at contradicted.
	contradictions int
	contradicted   instant
	// fits are the answers in a row that a shard map explains, on a spread stream.
	fits  int
	again alarmEntry
}

// askDistribution asks how the stream distributes its records, unless that is under way, and returns a channel that is closed when the
// answer is taken account of. It is nil when nobody can be asked.
func (s *stream) askDistribution() <-chan struct{} {
	api, ok := s.p.api.(summarizer)
	if !ok {
		return nil
	}
	f := &s.refresh
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.distribution.asking {
		return nil
	}
	f.distribution.asking = true
	done := make(chan struct{})
	s.p.crew.start(func() {
		defer close(done)
		strategy, err := s.p.describe(api, s.name)
		f.mu.Lock()
		f.distribution.asking = false
		f.mu.Unlock()
		if err != nil {
			s.distributionUntold(err)
			return
		}
		s.distributionTold(strategy)
	})
	return done
}

// describe calls the API. Its deadline is as for listPage.
func (p *Producer) describe(api summarizer, name streamName) (strategy types.RecordDistributionStrategy, err error) {
	ctx, cancel := context.WithTimeout(p.base, 2*p.cfg.RequestTimeout)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v}
		}
	}()
	in := &kinesis.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = name.parts()
	out, err := api.DescribeStreamSummary(ctx, in)
	if err == nil && (out == nil || out.StreamDescriptionSummary == nil) {
		err = errNoAnswer
	}
	if err != nil {
		return "", err
	}
	return out.StreamDescriptionSummary.RecordDistributionStrategy, nil
}

func (s *stream) distributionTold(strategy types.RecordDistributionStrategy) {
	f := &s.refresh
	f.mu.Lock()
	d := &f.distribution
	d.failed, d.denied = 0, false
	// What answers prove counts more than what is told: it may be told late.
	proven := d.contradictions >= spreadAfter
	f.mu.Unlock()
	switch auto := string(strategy) == strategyAuto; {
	case auto:
		s.setSpread(true, toldSo)
	case !proven:
		s.setSpread(false, toldSo)
	}
}

// distributionUntold puts the question again later, unless it is one that is never answered: then once more on evidence only.
func (s *stream) distributionUntold(err error) {
	if s.p.base.Err() != nil {
		return
	}
	c := classify(err)
	f := &s.refresh
	f.mu.Lock()
	d := &f.distribution
	said := d.denied
	d.denied = c.final && c.code != codeNotFound
	wait := distributionWaitMost
	if d.failed < 6 {
		wait = min(wait, distributionWait<<d.failed)
	}
	d.failed++
	if !d.denied && !f.closed {
		s.alarm.set(&d.again, s.p.now().add(wait/2+rand.N(wait/2)))
	}
	denied := d.denied
	f.mu.Unlock()
	fields := []zap.Field{zap.String("stream", string(s.name)), zap.String("assumed", s.p.cfg.RecordDistributionStrategyDefault), zap.Error(err)}
	switch {
	case denied && c.code == "UnknownOperationException":
		s.p.log.Debug("the endpoint does not know DescribeStreamSummary; how the stream distributes its records is inferred", fields...)
	case denied && !said && denials[c.code]:
		s.p.log.Warn("cannot ask how the stream distributes its records: allow kinesis:DescribeStreamSummary on it to these credentials, or set "+
			"RecordDistributionStrategyDefault; until then it is inferred from where records are stored", fields...)
	case denied && !said:
		s.p.log.Warn("cannot ask how the stream distributes its records; it is inferred from where they are stored", append(fields, zap.String("remedy", c.remedy))...)
	case !denied && !errors.Is(err, context.Canceled):
		s.p.notices.note(zap.WarnLevel, noticeKey{kind: "distribution", stream: string(s.name)}, 0, func(string) words {
			return words{text: "cannot ask how the stream distributes its records; it is asked again", fields: fields}
		})
	}
}

// denials are the codes for a missing permission.
var denials = map[string]bool{"AccessDeniedException": true, "AccessDenied": true, "NotAuthorizedException": true}

// contradict counts a map that contradicts an answer, under the refresh's mutex, and says whether that is proof of spreading.
func (d *distribution) contradict(now instant) bool {
	if now.since(d.contradicted) > contradictionAge {
		d.contradictions = 0
	}
	d.contradictions++
	d.contradicted = now
	return d.contradictions >= spreadAfter
}

// watchSpread looks, on a stream whose records the service distributes, whether the answers fit the hash keys again.
func (s *stream) watchSpread(r *routes, k *kinesisRecord, a placement) {
	shard, known := r.shards.known[a.shardID]
	f := &s.refresh
	f.mu.Lock()
	d := &f.distribution
	if known && shard.holds(a.hash) {
		d.fits++
	} else {
		d.fits = 0
	}
	fits := d.fits >= gatherAfter
	// With a single shard every answer fits: that is a reason to ask, and no proof.
	gathered := fits && len(r.lanes) > 1
	if fits {
		d.fits = 0
	}
	if gathered {
		d.contradictions = 0
	}
	f.mu.Unlock()
	switch {
	case fits && !gathered:
		s.askDistribution()
	case gathered:
		s.setSpread(false, "records are stored by hash key again")
		s.askDistribution()
	case !known && s.p.now().since(r.shards.asked) > refreshWait:
		s.fetchShards()
	}
}

// setSpread switches prediction and aggregation off or on.
func (s *stream) setSpread(spread bool, why string) {
	for {
		old := s.routes.Load()
		if old == nil {
			// Before the first map: for it.
			s.hold.mu.Lock()
			first := !s.hold.open
			if first {
				s.hold.spread = spread
			}
			s.hold.mu.Unlock()
			if first {
				return
			}
			continue
		}
		if old.closed || old.spread == spread {
			return
		}
		next := *old
		next.spread = spread
		if !s.routes.CompareAndSwap(old, &next) {
			continue
		}
		s.sayDistribution(spread, why)
		if spread {
			var out deliveries
			for _, l := range next.lanes {
				for _, k := range l.take() {
					s.routeAll(k, k.deadline, &out)
				}
			}
			out.runIn(&s.p.crew)
		}
		return
	}
}

func (s *stream) sayDistribution(spread bool, why string) {
	fields := []zap.Field{zap.String("stream", string(s.name)), zap.String("because", why)}
	switch {
	case spread && s.p.cfg.StrictOrder:
		s.p.log.Warn("the service distributes the stream's records (record distribution AUTO): no aggregation, no prediction, and StrictOrder cannot be kept, since no order is", fields...)
	case spread:
		s.p.log.Warn("the service distributes the stream's records (record distribution AUTO): no aggregation and no prediction", fields...)
	default:
		s.p.log.Info("the stream's records are stored by hash key: aggregation and prediction are on", fields...)
	}
}
