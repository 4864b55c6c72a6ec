package kinesislocal

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// faultBook holds the faults in force.
type faultBook struct {
	mu     sync.Mutex // guards what follows; taken after Server.mu
	active []*Injection
	random *rand.Rand
}

func (b *faultBook) reset(seed uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range b.active {
		i.removed = true
	}
	b.active = nil
	b.random = rand.New(rand.NewPCG(seed, 0x6b696e65736973))
}

func (b *faultBook) add(f Fault) *Injection {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := &Injection{fault: f, book: b}
	b.active = append(b.active, i)
	return i
}

// draw returns a number below n.
func (b *faultBook) draw(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.random.IntN(n)
}

// strikes says whether the next candidate is befallen. The caller holds book.mu.
func (i *Injection) strikes() bool {
	f := &i.fault
	if i.removed || (f.Count > 0 && i.hits == f.Count) {
		return false
	}
	i.seen++
	if i.seen <= f.Skip {
		return false
	}
	if f.Probability > 0 && f.Probability < 1 && i.book.random.Float64() >= f.Probability {
		return false
	}
	i.hits++
	return true
}

// effects are what the faults do to one request.
type effects struct {
	latency, answerLatency time.Duration
	reshards               []*Reshard
	cut                    Cut
	refusal                *apiError
	answer                 Answer

	records []*Injection // faults of records, to be asked for each
}

// befall decides what happens to a request. It is asked once per request.
func (b *faultBook) befall(operation, stream string) (e effects) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range b.active {
		f := &i.fault
		if len(f.Operations) > 0 && !slices.Contains(f.Operations, operation) {
			continue
		}
		if f.Stream != "" && f.Stream != stream {
			continue
		}
		if f.ofRecords() {
			e.records = append(e.records, i)
			continue
		}
		if !i.strikes() {
			continue
		}
		e.latency += f.Latency
		e.answerLatency += f.AnswerLatency
		if f.Reshard != nil {
			e.reshards = append(e.reshards, f.Reshard)
		}
		if e.cut == CutNever {
			e.cut = f.Cut
		}
		if e.refusal == nil {
			e.refusal = f.refusal()
		}
		if e.answer == AnswerWhole {
			e.answer = f.Answer
		}
	}
	return e
}

func (f *Fault) refusal() *apiError {
	if f.Status == 0 && f.Code == "" {
		return nil
	}
	err := &apiError{status: f.Status, code: f.Code, message: f.Message}
	if f.Code == "" {
		err.noBody, err.message = true, f.Body
	}
	if err.status == 0 {
		switch f.Code {
		case "InternalFailure":
			err.status = http.StatusInternalServerError
		case "ServiceUnavailable":
			err.status = http.StatusServiceUnavailable
		default:
			err.status = http.StatusBadRequest
		}
	}
	return err
}

// befallRecord returns the fault that befalls a record of a shard, or nil.
func (b *faultBook) befallRecord(candidates []*Injection, shard string) *Fault {
	if len(candidates) == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, i := range candidates {
		if (i.fault.Shard == "" || i.fault.Shard == shard) && i.strikes() {
			return &i.fault
		}
	}
	return nil
}
