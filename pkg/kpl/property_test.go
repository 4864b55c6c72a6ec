package kpl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"pgregory.net/rapid"
)

// world is a run of the property below: everything that is random is drawn before.
type world struct {
	seed                              uint64
	shards, records, keys, size       int
	aggregate                         bool
	maxSize, maxCount, connections    int
	outstanding                       int64
	buffered, ttl, latency            time.Duration
	failRequest, failRecord, failList int // percent
	loseAnswer                        int // percent
	splits                            int
	flush, closeEarly, panics, strict bool
}

func drawWorld(t *rapid.T) world {
	percent := rapid.SampledFrom([]int{0, 0, 10, 50})
	return world{
		seed:    rapid.Uint64().Draw(t, "seed"),
		shards:  rapid.IntRange(1, 5).Draw(t, "shards"),
		records: rapid.IntRange(1, 400).Draw(t, "records"),
		keys:    rapid.IntRange(1, 100).Draw(t, "keys"),
		size:    rapid.SampledFrom([]int{8, 100, 2000}).Draw(t, "size"), aggregate: rapid.Bool().Draw(t, "aggregate"),
		maxSize:     rapid.SampledFrom([]int{64, 1000, 51200}).Draw(t, "aggregation max size"),
		maxCount:    rapid.SampledFrom([]int{1, 5, 1000}).Draw(t, "aggregation max count"),
		connections: rapid.IntRange(1, 4).Draw(t, "connections"),
		outstanding: rapid.SampledFrom([]int64{1, 20, 100000}).Draw(t, "outstanding"),
		buffered:    rapid.SampledFrom([]time.Duration{0, 20 * time.Millisecond, time.Second}).Draw(t, "buffered"),
		ttl:         rapid.SampledFrom([]time.Duration{100 * time.Millisecond, 2 * time.Second, time.Hour}).Draw(t, "ttl"),
		latency:     rapid.SampledFrom([]time.Duration{0, 10 * time.Millisecond, 300 * time.Millisecond}).Draw(t, "latency"),
		failRequest: percent.Draw(t, "failed requests"), failRecord: percent.Draw(t, "failed records"), failList: percent.Draw(t, "failed lists"),
		loseAnswer: percent.Draw(t, "lost answers"), strict: rapid.Bool().Draw(t, "strict order"),
		splits: rapid.IntRange(0, 3).Draw(t, "splits"),
		flush:  rapid.Bool().Draw(t, "flush"), closeEarly: rapid.Bool().Draw(t, "close early"), panics: rapid.Bool().Draw(t, "panics"),
	}
}

// run puts records from several goroutines into a stream that fails, splits and dawdles, and says what is wrong with the results.
func (w world) run(t *testing.T) (problem string) {
	var mu sync.Mutex
	complain := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		if problem == "" {
			problem = fmt.Sprintf(format, args...)
		}
	}
	random := rand.New(rand.NewPCG(w.seed, 1))
	chance := func(percent int) bool {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(100) < percent
	}
	codes := []string{codeThrottled, "InternalFailure", "AccessDeniedException", "ValidationException", "KMSThrottlingException"}
	code := func() string {
		mu.Lock()
		defer mu.Unlock()
		return codes[random.IntN(len(codes))]
	}
	f := newFake(w.shards)
	f.latency, f.listLatency = w.latency, w.latency
	f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
		if chance(w.failRequest) {
			if c := code(); c != "InternalFailure" {
				return nil, apiError(c, "ordered")
			}
			return nil, notSent
		}
		return nil, nil
	}
	f.refuse = func(types.PutRecordsRequestEntry, string) string {
		if chance(w.failRecord) {
			return code()
		}
		return ""
	}
	f.beforeList = func(int, *kinesis.ListShardsInput) error {
		if chance(w.failList) {
			return errors.New("broken")
		}
		return nil
	}
	c := testConfig(f)
	c.API = &mute{f, func() bool { return chance(w.loseAnswer) }}
	var copies []Duplicate
	c.OnDuplicate = func(d Duplicate) {
		mu.Lock()
		defer mu.Unlock()
		copies = append(copies, d)
	}
	c.StrictOrder = w.strict
	c.AggregationEnabled, c.AggregationMaxSizeBytes, c.AggregationMaxCount = w.aggregate, w.maxSize, int64(w.maxCount)
	c.MaxConnections, c.MaxOutstandingRecords = w.connections, w.outstanding
	c.RecordMaxBufferedTime, c.RecordTTL = w.buffered, w.ttl
	p, err := New(context.Background(), c)
	if err != nil {
		return err.Error()
	}
	results := make([][]Result, w.records)
	accepted := make([]bool, w.records)
	var putters sync.WaitGroup
	next := make(chan int)
	for range 3 {
		putters.Go(func() {
			for i := range next {
				name := fmt.Sprintf("%06d|", i)
				data := name + strings.Repeat("x", max(0, w.size-len(name)))
				err := p.Put(context.Background(), Record{Stream: "s", PartitionKey: fmt.Sprint("key", i%w.keys), Data: []byte(data)}, func(r Result) {
					mu.Lock()
					results[i] = append(results[i], r)
					mu.Unlock()
					if w.panics && i%5 == 0 {
						panic("ordered")
					}
				})
				accepted[i] = err == nil
				if err != nil && !errors.Is(err, ErrClosed) {
					complain("Put: %v", err)
				}
			}
		})
	}
	for i := range w.records {
		next <- i
		if w.splits > 0 && i%(w.records/w.splits+1) == w.records/w.splits/2 {
			for _, s := range f.shards {
				if !s.closed {
					f.split(s.id)
					break
				}
			}
		}
		p.gate.mu.Lock()
		if p.gate.records > max(1, w.outstanding) {
			complain("%d records outstanding, at most %d may be", p.gate.records, w.outstanding)
		}
		p.gate.mu.Unlock()
		if i%50 == 49 {
			time.Sleep(30 * time.Millisecond)
		}
	}
	close(next)
	if w.flush {
		putters.Wait()
		if err := p.Flush(context.Background()); err != nil {
			complain("Flush: %v", err)
		}
		mu.Lock()
		for i := range results {
			if accepted[i] && len(results[i]) != 1 && problem == "" {
				problem = fmt.Sprintf("after Flush record %d has %d results", i, len(results[i]))
			}
		}
		mu.Unlock()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Hour)
	if w.closeEarly {
		ctx, cancel = context.WithTimeout(context.Background(), 50*time.Millisecond)
	}
	defer cancel()
	left, err := p.Close(ctx)
	putters.Wait()
	synctest.Wait()
	if !w.closeEarly && (err != nil || left != 0) {
		complain("Close: %d left, %v", left, err)
	}
	if f.most > w.connections {
		complain("%d requests at a time", f.most)
	}
	stored := map[string]int{}
	for _, r := range f.userRecords(t) {
		name, _, _ := strings.Cut(string(r.Data), "|")
		stored[name]++
		var i int
		if _, err := fmt.Sscanf(name, "%d", &i); err != nil || r.PartitionKey != fmt.Sprint("key", i%w.keys) || len(r.Data) != max(w.size, 7) {
			complain("stored record %q of key %q is not one that was put", r.Data, r.PartitionKey)
		}
	}
	closed := 0
	for i := range results {
		name := fmt.Sprintf("%06d", i)
		n := len(results[i])
		switch {
		case !accepted[i] && n != 0:
			complain("record %s was refused and has %d results", name, n)
		case accepted[i] && n != 1:
			complain("record %s has %d results", name, n)
		case !accepted[i]:
		case results[i][0].Err == nil:
			r := results[i][0]
			if stored[name] == 0 || r.SequenceNumber == "" || !r.Attempts[len(r.Attempts)-1].Success {
				complain("record %s is said to be stored %d times: %+v", name, stored[name], r)
			}
		default:
			var e *RecordError
			if !errors.As(results[i][0].Err, &e) || e.Code == "" || len(e.Attempts) == 0 {
				complain("record %s failed with %#v", name, results[i][0].Err)
			}
			if errors.Is(results[i][0].Err, ErrClosed) {
				closed++
			}
			if e != nil && (stored[name] > 0 && !e.MayBeStored || stored[name] == 0 && e.MayBeStored && !w.closeEarly) {
				complain("record %s failed, stored %d times, may be stored: %v", name, stored[name], e.MayBeStored)
			}
		}
	}
	extra := 0
	for _, n := range stored {
		extra += n - 1
	}
	// What Close cuts off is doubtful too, and never stored here.
	if _, total := p.Duplicates(); int(total) != len(copies) || extra > len(copies) || extra < len(copies) && !w.closeEarly {
		complain("%d copies beyond the first, %d told, %d counted", extra, len(copies), total)
	}
	if closed != left {
		complain("%d failed as closed, Close says %d", closed, left)
	}
	if records, bytes, waiting := p.gate.outstanding(); records != 0 || bytes != 0 || waiting != 0 {
		complain("still outstanding: %d records, %d bytes, %d waiting", records, bytes, waiting)
	}
	return problem
}

// notSent is how an attempt fails that cannot have stored anything.
var notSent = &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

// mute is a fake of which some answers are lost, though what they answer is stored.
type mute struct {
	*fakeKinesis
	lose func() bool
}

func (m *mute) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, o ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	out, err := m.fakeKinesis.PutRecords(ctx, in, o...)
	if err == nil && m.lose() && !slices.ContainsFunc(out.Records, func(r types.PutRecordsResultEntry) bool { return r.ErrorCode != nil }) {
		return nil, errBroken
	}
	return out, err
}

// What goes in comes out once, whatever the service does.
func TestEveryRecordHasOneResult(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		var problem string
		synctest.Test(t, func(t *testing.T) { problem = w.run(t) })
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}
