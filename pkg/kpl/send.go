package kpl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
)

// batch is the content of one PutRecords request.
type batch struct {
	stream  *stream
	records []*kinesisRecord
	entries []types.PutRecordsRequestEntry
	keys    []string // partition keys of the entries
	hashes  []string // explicit hash keys of the entries, parts of one string
	text    []byte   // where that string is written first
	ends    []int    // where in it each ends
	out     deliveries
	request uint32 // its number, for OnRequest
}

// batches keeps batches for their next use.
type batches struct{ pool sync.Pool }

func (p *batches) take(s *stream) *batch {
	b, _ := p.pool.Get().(*batch)
	if b == nil {
		b = &batch{}
	}
	b.stream = s
	return b
}

func (p *batches) release(b *batch) {
	b.stream = nil
	clear(b.records)
	clear(b.entries)
	clear(b.keys)
	clear(b.hashes)
	clear(b.out)
	b.records, b.entries, b.keys, b.hashes, b.text, b.ends = b.records[:0], b.entries[:0], b.keys[:0], b.hashes[:0], b.text[:0], b.ends[:0]
	b.out = b.out[:0]
	p.pool.Put(b)
}

// users is the number of user records.
func (b *batch) users() (n int) {
	for _, k := range b.records {
		n += len(k.users)
	}
	return n
}

// fill makes the request's entries, with one allocation however many they are.
func (b *batch) fill() {
	for _, k := range b.records {
		b.text = k.users[0].hash.appendTo(b.text)
		b.ends = append(b.ends, len(b.text))
		b.keys = append(b.keys, k.partitionKey())
	}
	text, from := string(b.text), 0
	for i := range b.records {
		b.hashes = append(b.hashes, text[from:b.ends[i]])
		from = b.ends[i]
	}
	for i, k := range b.records {
		b.entries = append(b.entries, types.PutRecordsRequestEntry{Data: k.payload(), PartitionKey: &b.keys[i], ExplicitHashKey: &b.hashes[i]})
	}
}

// idleSenders bounds the goroutines that a producer keeps between requests.
const idleSenders = 2

// senders make the requests, each in a goroutine. Some are used again when requests follow each other closely: the SDK goes deep, and its
// stack has grown by then.
type senders struct {
	p     *Producer
	queue chan *batch // taken by those that are idle only
	idle  atomic.Int32
}

func (s *senders) start(b *batch) {
	select {
	case s.queue <- b:
	default:
		s.p.crew.start(func() { s.run(b) })
	}
}

func (s *senders) run(b *batch) {
	for {
		s.p.send(b)
		if s.idle.Add(1) > idleSenders {
			s.idle.Add(-1)
			return
		}
		select {
		case b = <-s.queue:
			s.idle.Add(-1)
		case <-s.p.base.Done():
			return
		}
	}
}

// send makes one request, gives its connection to whoever is next, and ends or retries what was in it. It runs in a goroutine of the
// senders, holding a connection.
func (p *Producer) send(b *batch) {
	s := b.stream
	users := b.users()
	b.fill()
	in := &kinesis.PutRecordsInput{Records: b.entries}
	in.StreamName, in.StreamARN = s.name.parts()
	s.tally.sending(b, users)
	began := p.now()
	s.suspect(began)
	sent := sending{notes: p.cfg.API == nil, memory: &p.bodies}
	out, err := p.putRecords(in, &sent)
	ended := p.now()
	p.release()
	s.tally.answered(b, users, ended.since(began))
	b.request = p.tellRequest(b, out, err, &sent, users, ended.since(began))
	if err != nil {
		s.settleFailed(b, err, &sent, users, began, ended)
	} else {
		s.answered.Store(int64(ended))
		p.metrics.request(string(s.name), ended.since(began), len(b.records), users, "")
		s.settle(b, out, users, began, ended)
	}
	s.requestEnded()
	if err == nil && int(aws.ToInt32(out.FailedRecordCount)) < len(b.records) {
		p.relieve(nil)
	} else {
		p.relieve(s) // where nothing was stored what comes back from its back-off would go at once, one by one, and fail again
	}
	b.out.run()
	p.batches.release(b)
}

var errNoAnswer = errors.New("the Kinesis client returned neither an answer nor an error")

// putRecords calls the API with the request's deadline.
func (p *Producer) putRecords(in *kinesis.PutRecordsInput, sent *sending) (out *kinesis.PutRecordsOutput, err error) {
	ctx, cancel := context.WithTimeout(sent.watch(p.base), p.cfg.RequestTimeout)
	defer cancel()
	defer sent.over()
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v}
		}
		if err == nil && out == nil {
			err = errNoAnswer
		}
	}()
	return p.api.PutRecords(ctx, in, encodeQuickly)
}

// release gives a connection to the stream whose turn it is.
func (p *Producer) release() {
	for {
		s := p.connections.pass()
		if s == nil {
			return
		}
		if b := s.collector.next(p.now()); b != nil {
			p.senders.start(b)
			return
		}
	}
}

// settleFailed deals with a request that was not answered with results.
func (s *stream) settleFailed(b *batch, err error, sent *sending, users int, began, ended instant) {
	p := s.p
	c := p.cause(err)
	c.request = b.request
	if mayBeStored(err, sent) {
		id := sent.requestID(err)
		for _, k := range b.records {
			s.doubtfulAll(k, &ambiguity{requestID: id, shardID: k.shardID(), code: c.code})
		}
	}
	p.metrics.request(string(s.name), ended.since(began), len(b.records), users, c.code)
	s.tally.requestFailed(c, users)
	p.notices.note(zap.WarnLevel, noticeKey{kind: "request " + c.code, stream: string(s.name)}, users, func(string) words {
		return words{text: "PutRecords failed", fields: append(placed(string(s.name), ""), zap.String("code", c.code),
			zap.String("error_message", c.message), zap.Bool("final", c.final))}
	})
	if c.code == codeNotFound {
		s.doubtMap(ended, true)
	}
	only := b.records[0].lane
	for _, k := range b.records {
		p.metrics.kinesisRecordUnanswered(string(s.name), k.shardID(), len(k.users))
		if k.lane != only {
			only = nil
		}
	}
	if c.throttled && only != nil {
		for range b.records {
			only.answered(true, ended)
		}
		only.throttled(began, ended)
	}
	if c.single && s.refusedInRow.Add(1) <= narrowMost && len(b.records)+users > 2 {
		s.narrow(b, c, began, ended)
		return
	}
	for _, k := range b.records {
		s.settleFailure(k, c, began, ended, &b.out)
	}
}

// settle deals with the results of an answered request.
func (s *stream) settle(b *batch, out *kinesis.PutRecordsOutput, users int, began, ended instant) {
	if len(out.Records) != len(b.records) {
		c := cause{code: codeCountMismatch, message: fmt.Sprintf("the answer has %d results for %d records", len(out.Records), len(b.records)), request: b.request}
		s.tally.requestFailed(c, users)
		id := answerID(out)
		for _, k := range b.records {
			s.doubtfulAll(k, &ambiguity{requestID: id, shardID: k.shardID(), code: c.code})
			s.p.metrics.kinesisRecord(string(s.name), k.shardID(), false, k.size, len(k.users), c.code)
			s.failed(k, c, began, ended, &b.out)
		}
		return
	}
	b.pace(out, began, ended)
	stored, id := 0, answerID(out)
	attempts := make([]Attempt, users) // one allocation for all; each result gets its own part
	for i, k := range b.records {
		r := &out.Records[i]
		code, shardID, sequence := aws.ToString(r.ErrorCode), aws.ToString(r.ShardId), aws.ToString(r.SequenceNumber)
		predicted := k.shardID()
		if code == "" && sequence != "" {
			word := ""
			if predicted != "" && predicted != shardID {
				word = codeWrongShard
			}
			stored++
			s.p.metrics.kinesisRecord(string(s.name), predicted, true, k.size, len(k.users), word)
			n := len(k.users)
			s.tally.land(shardID, n)
			s.settleStored(k, placement{hash: k.users[0].hash, shardID: shardID, sequenceNumber: sequence, requestID: id, began: began, ended: ended, request: b.request}, attempts[:n:n], &b.out)
			attempts = attempts[n:]
			continue
		}
		if code == "" {
			code = codeNoSequenceNumber
			s.doubtfulAll(k, &ambiguity{requestID: id, shardID: shardID, code: code})
		}
		s.p.metrics.kinesisRecord(string(s.name), predicted, false, k.size, len(k.users), code)
		c := byCode(code, aws.ToString(r.ErrorMessage))
		c.request = b.request
		if k.lane != nil {
			k.lane.tally.attemptFailed(c, len(k.users))
		}
		s.tally.recordFailed(c, len(k.users))
		if c.throttled && !s.p.cfg.FailIfThrottled { // else the failure is said
			s.p.notices.throttled(string(s.name), predicted, c.code, len(k.users))
		}
		s.settleFailure(k, c, began, ended, &b.out)
	}
	if stored > 0 {
		s.refusedInRow.Store(0)
	}
	s.tally.kinesisRecords(stored)
}

// pace tells the lanes what their shards accepted, and then those that were throttled to go slower. It comes before the records are
// settled, which may belong to others then.
func (b *batch) pace(out *kinesis.PutRecordsOutput, began, ended instant) {
	throttled := false
	for i, k := range b.records {
		if k.lane != nil {
			refused := aws.ToString(out.Records[i].ErrorCode) == codeThrottled
			throttled = throttled || refused
			k.lane.answered(refused, ended)
		}
	}
	if !throttled {
		return
	}
	for i, k := range b.records {
		if k.lane != nil && aws.ToString(out.Records[i].ErrorCode) == codeThrottled {
			k.lane.throttled(began, ended)
		}
	}
}

// settleFailure ends or retries a Kinesis record that was not stored.
func (s *stream) settleFailure(k *kinesisRecord, c cause, began, ended instant, out *deliveries) {
	if s.p.aborted() {
		s.failed(k, closedCause, began, ended, out)
		return
	}
	if c.final || c.code == codeThrottled && s.p.cfg.FailIfThrottled {
		if c.single {
			c.message = fmt.Sprintf("%s (data of %d bytes and partition key of %d bytes)", c.message, k.size, len(k.partitionKey()))
		}
		s.failed(k, c, began, ended, out)
		return
	}
	s.again(k, c, began, ended, out)
}

// narrowMost is how many requests in a row may be refused because of one record each before it is taken for the request's fault: then all
// in it fail at once. An accepted record begins the count anew.
const narrowMost = 1000

// narrow finds the record for which the service refused a whole request: the halves go again, each by itself; so do those of an
// aggregate that is refused alone.
func (s *stream) narrow(b *batch, c cause, began, ended instant) {
	now := s.p.now()
	for _, k := range b.records {
		for i := range k.users {
			k.users[i].tried(Attempt{ErrorCode: c.code, ErrorMessage: c.message, Request: c.request}, began, ended)
		}
	}
	if slices.ContainsFunc(b.records, func(k *kinesisRecord) bool { return k.ordered }) {
		s.narrowStrict(b)
		return
	}
	if len(b.records) == 1 {
		k := b.records[0]
		half := len(k.users) / 2
		for _, users := range [][]userRecord{k.users[:half], k.users[half:]} {
			part := s.part(k, users)
			part.deadline, part.urgent, part.group = now, true, s.p.groups.Add(1)
			s.collect(part, now, &b.out)
		}
		s.p.pools.release(k)
		return
	}
	s.collector.cork()
	defer s.collector.uncork(now, false)
	half := len(b.records) / 2
	for _, part := range [][]*kinesisRecord{b.records[:half], b.records[half:]} {
		group := s.p.groups.Add(1)
		for _, k := range part {
			k.group, k.urgent = group, true
			s.collect(k, now, &b.out)
		}
	}
}

// part makes an aggregate of some of the user records of another.
func (s *stream) part(k *kinesisRecord, users []userRecord) *kinesisRecord {
	part := s.p.pools.aggregate(s, k.lane)
	part.expiration = never
	for _, u := range users {
		data := k.dataOf(&u)
		u.offset = int32(part.builder.Append(u.partitionKey, u.explicitHashKey, data))
		part.users = append(part.users, u)
		part.expiration = min(part.expiration, u.put.add(s.p.cfg.RecordTTL))
	}
	part.size = part.builder.Size()
	return part
}

// collect gives a Kinesis record to the collector past the limiter, which has let it through before.
func (s *stream) collect(k *kinesisRecord, now instant, out *deliveries) {
	if !s.collector.add(k, now) {
		s.routeAll(k, now, out)
	}
}
