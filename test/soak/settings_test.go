package soak

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// settings are how long and how hard.
type settings struct {
	duration time.Duration
	rate     int           // user records a second
	reshard  time.Duration // between two changes of the shards
	show     time.Duration // between two lines of figures
}

func fromEnvironment(t *testing.T) settings {
	t.Helper()
	number := func(name string, fallback int) int {
		text := os.Getenv(name)
		if text == "" {
			return fallback
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s is %q; give a positive whole number", name, text)
		}
		return n
	}
	s := settings{duration: time.Duration(number("SOAK_SECONDS", 10)) * time.Second, rate: number("SOAK_RATE", 4000)}
	s.reshard = min(time.Minute, s.duration/5)
	s.show = max(time.Second, s.duration/60)
	return s
}

// capacity is how many records a run can put.
func (s settings) capacity() int { return s.rate * int(s.duration/time.Second) }

// judgesMemory says whether the run is long enough for memory to have settled.
func (s settings) judgesMemory() bool { return s.duration >= time.Minute }

// faults are all in force from the start to the end.
func faults() map[string]kinesislocal.Fault {
	put := []string{"PutRecords"}
	return map[string]kinesislocal.Fault{
		"requests answered 500":             {Operations: put, Code: "InternalFailure", Probability: 0.05},
		"records throttled":                 {Operations: put, RecordCode: "ProvisionedThroughputExceededException", Probability: 0.05},
		"connections cut after storing":     {Operations: put, Cut: kinesislocal.CutAfter, Probability: 0.01},
		"requests 50 ms late":               {Operations: put, Latency: 50 * time.Millisecond, Probability: 0.02},
		"ListShards answered LimitExceeded": {Operations: []string{"ListShards"}, Code: "LimitExceededException", Probability: 0.2},
	}
}
