package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
)

// stream is where all goes. The sink has every stream there is.
const stream = "bench"

// work makes records: the same for every way, from the same seed.
type work struct {
	keys    []string
	payload []byte
}

func newWork(s settings) work {
	random := rand.New(rand.NewPCG(42, 42)) //nolint:gosec // data that shall not compress, and shall be the same each time
	w := work{keys: make([]string, s.keys), payload: make([]byte, s.size)}
	for i := range w.keys {
		w.keys[i] = fmt.Sprintf("device-%08x", random.Uint32())
	}
	for i := range w.payload {
		w.payload[i] = byte(random.Uint32())
	}
	return w
}

// record is the n-th. The data are valid until the next call.
func (w *work) record(n int) (partitionKey string, data []byte) {
	binary.BigEndian.PutUint64(w.payload, uint64(n))
	return w.keys[n%len(w.keys)], w.payload
}

// tick is how finely a rate is kept: what is due within it is put at once. Sleeping for each record would cost more than putting it.
const tick = time.Millisecond

// pace waits until record n is due, with those of its tick. It may be a tick late, never early.
type pace struct {
	began time.Time
	rate  int
}

func (p pace) wait(n int) {
	if p.rate == 0 {
		return
	}
	due := time.Duration(float64(n) / float64(p.rate) * float64(time.Second))
	due = (due + tick - 1) / tick * tick
	// Nothing but time is waited for here.
	if left := due - time.Since(p.began); left > 0 {
		time.Sleep(left)
	}
}
