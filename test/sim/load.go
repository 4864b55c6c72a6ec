package sim

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// put is a user record that a producer was asked to store, and what it said.
type put struct {
	id, producer  int
	stream        string
	key, explicit string
	hash          kpl.HashKey
	counter       int // of the records of its key, in the order in which they were put
	size          int
	poison        bool
	accepted      bool
	acceptedAt    time.Time
	abandoned     bool // PutSync has returned before the result was there
	results       []kpl.Result
	endedAt       time.Time // when the first result came
}

// poisonMark begins the data of a record that the service refuses.
const poisonMark = '!'

func isPoison(data []byte) bool { return len(data) > 0 && data[0] == poisonMark }

// data begins with the record's number and its counter, and goes on with bytes that tell of a mix-up.
func (p *put) data() []byte {
	var b bytes.Buffer
	if p.poison {
		b.WriteByte(poisonMark)
	}
	fmt.Fprintf(&b, "%d %d|", p.id, p.counter)
	for i := b.Len(); i < p.size; i++ {
		b.WriteByte(byte('a' + (p.id+i)%26))
	}
	return b.Bytes()
}

// idOf is the number of the record that has that data.
func idOf(data []byte) (int, error) {
	head, _, ok := strings.Cut(strings.TrimPrefix(string(data), string(poisonMark)), "|")
	if !ok {
		return 0, fmt.Errorf("data %.20q has no number", data)
	}
	id, _, _ := strings.Cut(head, " ")
	return strconv.Atoi(id)
}

// lineKey is what has one order: the records of one partition key that lie at one hash key.
type lineKey struct {
	stream, key string
	hash        kpl.HashKey
}

func (p *put) line() lineKey { return lineKey{p.stream, p.key, p.hash} }

// key is a partition key that one caller uses.
type key struct {
	name, stream, explicit string
	counter                int
}

// keysOf are the partition keys of one caller of one producer.
func (w *world) keysOf(producer, putter int, r *rand.Rand) (keys []*key) {
	for i := putter; i < max(w.Keys, w.Putters); i += w.Putters {
		k := &key{name: fmt.Sprintf("p%d-key%d", producer, i), stream: w.Streams[i%len(w.Streams)].Name}
		if w.Explicit == explicitKey && r.IntN(2) == 0 {
			k.explicit = randomHashKey(r)
		}
		keys = append(keys, k)
	}
	return keys
}

// next draws a record. Its number is given later.
func (w *world) next(producer int, k *key, r *rand.Rand) *put {
	p := &put{producer: producer, stream: k.stream, key: k.name, explicit: k.explicit, size: w.Bytes, counter: k.counter}
	k.counter++
	if w.Explicit == explicitRecord && r.IntN(2) == 0 {
		p.explicit = randomHashKey(r)
	}
	p.hash = kpl.HashKeyOf(p.key)
	if p.explicit != "" {
		var err error
		if p.hash, err = kpl.ParseHashKey(p.explicit); err != nil {
			panic(err)
		}
	}
	p.poison = r.IntN(1000) < w.Faults.Poison
	if r.IntN(1000) < w.LargePerThousand {
		p.size = 30_000 + r.IntN(60_000)
	}
	return p
}

// randomHashKey is written as callers may write it.
func randomHashKey(r *rand.Rand) string {
	n := new(big.Int).SetUint64(r.Uint64())
	n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(r.Uint64()))
	return one(r, "", "", "00", "+") + n.String()
}

// config is that of all producers of the world.
func (w *world) config() kpl.Config {
	c := kpl.DefaultConfig()
	c.Region, c.MetricsLevel = "us-east-1", kpl.MetricsNone
	c.AggregationEnabled, c.AggregationMaxSizeBytes, c.AggregationMaxCount = w.Aggregate, w.AggregateBytes, w.AggregateCount
	c.CollectionMaxCount, c.MaxConnections = w.CollectCount, w.Connections
	c.RecordMaxBufferedTime, c.RecordTTL, c.RequestTimeout = w.Buffered, w.TTL, w.Timeout
	c.RateLimitPercent, c.StrictOrder, c.FailIfThrottled = w.RatePercent, w.Strict, w.FailIfThrottled
	c.MaxOutstandingRecords, c.MaxOutstandingBytes = w.OutstandingRecords, w.OutstandingBytes
	if w.AutoByDefault {
		c.RecordDistributionStrategyDefault = "AUTO"
	}
	return c
}
