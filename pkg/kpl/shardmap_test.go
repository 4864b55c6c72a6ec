package kpl

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

type hashVectors struct {
	Ranges map[string][]struct {
		ShardID string `json:"shard_id"`
		Start   string `json:"starting_hash_key"`
		End     string `json:"ending_hash_key"`
	} `json:"ranges"`
	Cases []struct {
		PartitionKey string         `json:"partition_key"`
		HashKey      string         `json:"hash_key"`
		ShardOf      map[string]int `json:"shard_of"`
	} `json:"cases"`
	Explicit []struct {
		HashKey string         `json:"explicit_hash_key"`
		ShardOf map[string]int `json:"shard_of"`
	} `json:"explicit_cases"`
}

// C64
func TestPredictionIsThatOfTheKPL(t *testing.T) {
	var v hashVectors
	readVectors(t, "testdata/hash.json", &v)
	if len(v.Cases) == 0 || len(v.Explicit) == 0 || len(v.Ranges) == 0 {
		t.Fatal("no cases")
	}
	for n, ranges := range v.Ranges {
		var shards []shardRange
		for _, r := range ranges {
			shard, err := rangeOf(types.Shard{ShardId: &r.ShardID, HashKeyRange: &types.HashKeyRange{StartingHashKey: &r.Start, EndingHashKey: &r.End}})
			if err != nil {
				t.Fatal(err)
			}
			shards = append(shards, shard)
		}
		slices.Reverse(shards)
		m := newShardMap(shards, nil, 0)
		check := func(what string, h HashKey, want int) {
			t.Helper()
			i, ok := m.find(h)
			if !ok || m.open[i].id != fmt.Sprintf("shardId-%012d", want) {
				t.Errorf("%s of %s shards: place %d, want shard %d", what, n, i, want)
			}
		}
		for _, c := range v.Cases {
			h := HashKeyOf(c.PartitionKey)
			if h.String() != c.HashKey {
				t.Errorf("hash key of %q is %s, want %s", c.PartitionKey, h, c.HashKey)
			}
			check(c.PartitionKey, h, c.ShardOf[n])
		}
		for _, c := range v.Explicit {
			h, err := ParseHashKey(c.HashKey)
			if err != nil {
				t.Fatal(err)
			}
			check(c.HashKey, h, c.ShardOf[n])
		}
	}
	if _, ok := newShardMap(nil, nil, 0).find(HashKey{}); ok {
		t.Error("a map without shards predicts")
	}
}

// C60, C61
func TestShardMapIsAskedOnceAndPageByPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1500)
		f.pageSize = 1000
		b := start(t, testConfig(f))
		for i := range 3000 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")})
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if f.listCount() != 2 {
			t.Fatalf("%d ListShards, want two pages", f.listCount())
		}
		first, second := f.lists[0].in, f.lists[1].in
		if aws.ToString(first.StreamName) != "s" || aws.ToInt32(first.MaxResults) != 1000 || first.ShardFilter.Type != types.ShardFilterTypeAtLatest || first.NextToken != nil {
			t.Errorf("first request %+v", first)
		}
		if second.StreamName != nil || aws.ToInt32(second.MaxResults) != 1000 || second.ShardFilter != nil || aws.ToString(second.NextToken) != "1000" {
			t.Errorf("second request %+v", second)
		}
		st := b.Stats().Streams[0]
		if st.OpenShards != 1500 || st.WrongShard != 0 || st.Stored != 3000 || st.KinesisRecords > 1500 {
			t.Errorf("%d shards, %d wrong, %d stored in %d", st.OpenShards, st.WrongShard, st.Stored, st.KinesisRecords)
		}
		b.close()
	})
}

// C62, C63
func TestShardMapIsTriedAgainFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(3)
		f.pageSize = 2
		f.beforeList = func(n int, in *kinesis.ListShardsInput) error {
			if n < 3 || n == 4 {
				return apiError("LimitExceededException", "slow down")
			}
			return nil
		}
		b := start(t, testConfig(f))
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		b.put("b", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(time.Minute)
		synctest.Wait()
		var at []time.Duration
		for _, l := range f.lists {
			at = append(at, l.at)
		}
		want := []time.Duration{0, time.Second, 2500 * time.Millisecond, 4750 * time.Millisecond, 4750 * time.Millisecond, 5750 * time.Millisecond, 5750 * time.Millisecond}
		if !slices.Equal(at, want) {
			t.Errorf("ListShards at %v, want %v", at, want)
		}
		if f.lists[5].in.NextToken != nil || f.lists[6].in.NextToken == nil {
			t.Error("after a failed page the list does not begin anew")
		}
		// Without a map they left at their deadline, as plain records.
		if times, sizes := f.times(), f.sizes(); len(times) != 1 || times[0] != 100*time.Millisecond || sizes[0] != 2 {
			t.Errorf("requests %v at %v", sizes, times)
		}
		if st := b.Stats().Streams[0]; st.ShardMapError != "" || st.OpenShards != 3 {
			t.Errorf("%+v", st)
		}
		b.close()
	})
}

// C38
func TestFirstRecordsWaitForTheMap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.listLatency = 30 * time.Millisecond
		b := start(t, testConfig(f))
		for i := range 10 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		}
		time.Sleep(time.Second)
		if times, sizes := f.times(), f.sizes(); len(times) != 1 || times[0] != 100*time.Millisecond || sizes[0] != 1 {
			t.Errorf("requests %v at %v, want one aggregate", sizes, times)
		}
		b.close()
	})
}

func TestListShardsErrors(t *testing.T) {
	f := newFake(1)
	f.shards[0].closed = true
	b := start(t, testConfig(f))
	defer b.close()
	if _, err := b.listShards("s", false, func() {}); !errors.Is(err, errNoShards) {
		t.Errorf("no open shard: %v", err)
	}
	for name, s := range map[string]types.Shard{
		"no id":     {HashKeyRange: &types.HashKeyRange{StartingHashKey: aws.String("0"), EndingHashKey: aws.String("1")}},
		"no range":  {ShardId: aws.String("x")},
		"bad start": {ShardId: aws.String("x"), HashKeyRange: &types.HashKeyRange{StartingHashKey: aws.String("a"), EndingHashKey: aws.String("1")}},
		"bad end":   {ShardId: aws.String("x"), HashKeyRange: &types.HashKeyRange{StartingHashKey: aws.String("0")}},
	} {
		if _, err := rangeOf(s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
