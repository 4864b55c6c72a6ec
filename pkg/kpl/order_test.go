package kpl

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// Without StrictOrder the order of a key is that of the puts as long as nothing is sent again and one request is under way at a time, also
// when the stream is resharded: what waited for the old shard comes before what is put for the new ones.
func TestOrderHoldsWithoutRetriesAcrossSplits(t *testing.T) {
	for _, rate := range []int64{1, 150} { // 1: much waits in the lanes for the rate when the map changes
		t.Run(fmt.Sprintf("RateLimit=%d", rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(2)
				f.latency, f.listLatency = 7*time.Millisecond, 20*time.Millisecond
				c := testConfig(f)
				c.AggregationEnabled, c.MaxConnections, c.RateLimitPercent, c.RecordTTL = false, 1, rate, forever
				b := start(t, c)
				n := 0
				for i := range 4 {
					for range 400 {
						for k := range 5 {
							name := fmt.Sprintf("%d:%d", k, n+1)
							b.put(name, Record{Stream: "s", PartitionKey: fmt.Sprint("key", k), Data: []byte(name)})
						}
						n++
						time.Sleep(3 * time.Millisecond)
					}
					f.split(fmt.Sprintf("shardId-%012d", i))
				}
				b.close()
				if held := firstCopies(t, f); held != 5*n {
					t.Errorf("%d records stored, want %d", held, 5*n)
				}
			})
		})
	}
}

// While the shards cannot be listed what is in a hurry leaves without a map, but not before what was put before it.
func TestAHurriedRecordDoesNotOvertakeWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.beforeList = func(int, *kinesis.ListShardsInput) error { return apiError("InternalFailure", "ordered") }
		c := testConfig(f)
		c.MaxConnections, c.RecordMaxBufferedTime = 1, time.Minute
		b := start(t, c)
		for i := range 5 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: fmt.Appendf(nil, "k:%d", i+1)})
		}
		if _, err := b.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("k:6")}); err != nil {
			t.Fatal(err)
		}
		b.close()
		if held := firstCopies(t, f); held != 6 {
			t.Errorf("%d records stored, want 6", held)
		}
	})
}
