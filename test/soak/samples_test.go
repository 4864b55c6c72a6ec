package soak

import (
	"runtime/metrics"
	"slices"
	"testing"
)

// sample is the process at one time. The endpoint and the ledger are in the same process; both are bounded.
type sample struct {
	liveBytes  uint64 // what the last garbage collection found in use
	goroutines uint64
}

func takeSample() sample {
	read := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/sched/goroutines:goroutines"}}
	metrics.Read(read)
	return sample{read[0].Value.Uint64(), read[1].Value.Uint64()}
}

// requireFlat compares the second quarter of a run with its last.
func requireFlat(t *testing.T, samples []sample, memory bool) {
	t.Helper()
	quarter := len(samples) / 4
	if quarter == 0 {
		t.Fatalf("%d samples are too few to judge", len(samples))
	}
	early, late := middle(samples[quarter:2*quarter]), middle(samples[3*quarter:])
	t.Logf("live memory %d KiB, then %d KiB; goroutines %d, then %d", early.liveBytes>>10, late.liveBytes>>10, early.goroutines, late.goroutines)
	if memory && late.liveBytes > early.liveBytes+early.liveBytes/4+4<<20 {
		t.Errorf("live memory grew from %d KiB to %d KiB", early.liveBytes>>10, late.liveBytes>>10)
	}
	// Two dozen connections have about a hundred goroutines at both ends, and are not all in use all the time.
	if late.goroutines > early.goroutines+early.goroutines/4+100 {
		t.Errorf("goroutines grew from %d to %d", early.goroutines, late.goroutines)
	}
}

// middle is the median of each.
func middle(samples []sample) sample {
	pick := func(value func(sample) uint64) uint64 {
		var all []uint64
		for _, s := range samples {
			all = append(all, value(s))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return sample{pick(func(s sample) uint64 { return s.liveBytes }), pick(func(s sample) uint64 { return s.goroutines })}
}
