package sim

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// number reads a setting from the environment.
func number(t *testing.T, name string, fallback uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: %v", name, text, err)
	}
	return n
}

// inWorld runs a world and returns what came of it. A world that comes to a standstill ends the test program: then its seed is said first.
func inWorld(t *testing.T, w *world, l lie) (o *outcome) {
	t.Helper()
	defer func() {
		if v := recover(); v != nil {
			fmt.Fprintf(os.Stderr, "world %d came to a standstill; %s\n%v\n", w.Seed, w.replay(), w)
			panic(v)
		}
	}()
	synctest.Test(t, func(*testing.T) { o = live(w, l) })
	return o
}

func TestSimulation(t *testing.T) {
	t.Parallel()
	from, seeds := number(t, "SIM_FROM", 1), number(t, "SIM_SEEDS", 200)
	if only := number(t, "SIM_SEED", 0); only > 0 {
		from, seeds = only, 1
	}
	for seed := from; seed < from+seeds; seed++ {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			w := draw(seed)
			o := inWorld(t, w, truthful)
			problems := check(o)
			for _, problem := range problems {
				t.Error(problem)
			}
			if len(problems) > 0 || testing.Verbose() && seeds == 1 {
				t.Logf("%d records, %d Kinesis records held\nreplay: %s\nworld: %v", len(o.puts), len(o.m.held), w.replay(), w)
			}
		})
	}
}
