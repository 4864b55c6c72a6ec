package kpl

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func observed(level zapcore.Level) (*notices, *observer.ObservedLogs) {
	core, logs := observer.New(level)
	return &notices{log: zap.New(core)}, logs
}

func noticed(logs *observer.ObservedLogs) []string {
	var out []string
	for _, e := range logs.All() {
		text := e.Message
		for _, key := range []string{"stream", "shard", "code", "user_records", "repeated"} {
			if v, ok := e.ContextMap()[key]; ok {
				text += fmt.Sprintf(" %s=%v", key, v)
			}
		}
		out = append(out, text)
	}
	return out
}

func TestThrottlingIsSummed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, logs := observed(zap.InfoLevel)
		for range 603 {
			n.throttled("orders", "shardId-000000000003", codeThrottled, 2)
		}
		n.throttled("orders", "", codeThrottled, 5)
		time.Sleep(noticePause)
		synctest.Wait()
		n.throttled("orders", "shardId-000000000003", codeThrottled, 2)
		n.throttled("orders", "shardId-000000000003", codeThrottled, 2)
		time.Sleep(4 * time.Second)
		n.close()
		want := []string{
			"throttled on shardId-000000000003 of orders; the records are sent again until they expire stream=orders shard=shardId-000000000003 " +
				"code=ProvisionedThroughputExceededException user_records=2",
			"throttled on orders; the records are sent again until they expire stream=orders code=ProvisionedThroughputExceededException user_records=5",
			"throttled 1,204 records on shardId-000000000003 of orders in the last 10s stream=orders shard=shardId-000000000003 " +
				"code=ProvisionedThroughputExceededException user_records=1204 repeated=602",
			"throttled 4 records on shardId-000000000003 of orders in the last 4s stream=orders shard=shardId-000000000003 " +
				"code=ProvisionedThroughputExceededException user_records=4 repeated=2",
		}
		if diff := cmp.Diff(want, noticed(logs)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatIsThrottledInManyShardsIsSaidOfSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, logs := observed(zap.InfoLevel)
		for range 2 {
			for i := range 100 {
				n.throttled("orders", fmt.Sprint("shardId-", i), codeThrottled, 1)
			}
		}
		if got := logs.Len(); got != maxShardNotices+1 {
			t.Errorf("%d lines at once, want %d", got, maxShardNotices+1)
		}
		n.close()
		got := noticed(logs)
		if last := got[len(got)-1]; !strings.HasPrefix(last, "throttled 167 records on other shards of orders in the last 1s stream=orders code=") {
			t.Error(last)
		}
		if n := records(logs); n != 200 {
			t.Errorf("%d records accounted for, want 200", n)
		}
	})
}

func TestNoticesLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, logs := observed(zap.InfoLevel)
		var busy sync.WaitGroup
		for g := range 4 {
			busy.Go(func() {
				for i := range 3 * maxNotices {
					n.note(zap.ErrorLevel, noticeKey{kind: "refused", stream: fmt.Sprint((i + g) % (2 * maxNotices))}, 1, func(string) words { return words{text: "refused"} })
					if i%500 == 0 {
						time.Sleep(noticePause / 4)
					}
				}
			})
		}
		busy.Wait()
		if kept := len(n.said); kept > maxNotices {
			t.Errorf("%d notices kept", kept)
		}
		n.close()
		n.close()
		n.throttled("orders", "", codeThrottled, 1) // after the end nobody would write a sum
		n.throttled("orders", "", codeThrottled, 1)
		if n, want := records(logs), 4*3*maxNotices+2; n != want {
			t.Errorf("%d records accounted for, want %d", n, want)
		}
	})
}

func TestNothingIsNotedThatNobodyReads(t *testing.T) {
	n, _ := observed(zap.ErrorLevel)
	n.note(zap.WarnLevel, noticeKey{kind: "k"}, 1, func(string) words { t.Error("words were made"); return words{} })
	if n.said != nil {
		t.Error("it was remembered")
	}
	n.close()
}

// records are those that lines tell of.
func records(logs *observer.ObservedLogs) (n int) {
	for _, e := range logs.All() {
		if v, ok := e.ContextMap()["user_records"]; ok {
			n += int(v.(int64))
		}
	}
	return n
}

// A producer whose stream throttles says so in few lines, and says the last when it closes.
func TestAProducerSumsThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.InfoLevel)
		f := newFake(2)
		until := time.Now().Add(3 * time.Second)
		f.refuse = func(types.PutRecordsRequestEntry, string) string {
			if time.Now().Before(until) {
				return codeThrottled
			}
			return ""
		}
		c := testConfig(f)
		c.Logger = zap.New(core)
		b := start(t, c)
		for i := range 40 {
			b.put(fmt.Sprint(i), Record{Stream: "orders", PartitionKey: fmt.Sprint(i), Data: []byte("x")})
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		throttled := b.Stats().Streams[0].Throttled
		b.close()
		lines := logs.Filter(func(e observer.LoggedEntry) bool { return strings.HasPrefix(e.Message, "throttled ") })
		if n := lines.Len(); n == 0 || n > 6 {
			t.Errorf("said of throttling: %q", noticed(lines))
		}
		if told := records(lines); throttled < 80 || int64(told) != throttled {
			t.Errorf("told of %d records, %d were throttled", told, throttled)
		}
	})
}
