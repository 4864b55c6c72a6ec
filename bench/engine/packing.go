package main

import (
	"crypto/md5" //nolint:gosec // the format's checksum, and what Kinesis hashes partition keys with
	"encoding/binary"
	"math/big"
	"math/bits"
)

// The limits of the KPL's defaults.
const (
	aggregateBytes = 51200
	requestBytes   = 5 << 20
	requestRecords = 500
)

// aggregate is one in the making, written without pkg/kpl: a yardstick does not shrink with what it measures.
type aggregate struct {
	indexes        map[string]int
	table, records []byte
	hashKey        string
}

// entry is a Kinesis record.
type entry struct {
	data    []byte
	hashKey string
}

// packer packs records into aggregates by shard, and those into requests.
type packer struct {
	aggregates []aggregate
	request    []entry
	bytes      int
	// out takes a request that is full.
	out func([]entry)
}

func newPacker(shards int, out func([]entry)) *packer {
	p := &packer{aggregates: make([]aggregate, shards), out: out}
	for i := range p.aggregates {
		p.aggregates[i].indexes = make(map[string]int)
	}
	return p
}

func (p *packer) add(key string, data []byte) {
	hash := md5.Sum([]byte(key)) //nolint:gosec // see above
	shard, _ := bits.Mul64(binary.BigEndian.Uint64(hash[:8]), uint64(len(p.aggregates)))
	a := &p.aggregates[shard]
	if len(a.records) > 0 && len(a.table)+len(a.records)+len(key)+len(data)+40 > aggregateBytes {
		p.finish(a)
	}
	if len(a.records) == 0 {
		a.hashKey = new(big.Int).SetBytes(hash[:]).String()
	}
	index, known := a.indexes[key]
	if !known {
		index = len(a.indexes)
		a.indexes[key] = index
		a.table = append(a.table, 0x0a)
		a.table = binary.AppendUvarint(a.table, uint64(len(key)))
		a.table = append(a.table, key...)
	}
	a.records = append(a.records, 0x1a)
	a.records = binary.AppendUvarint(a.records, uint64(2+uvarintBytes(index)+uvarintBytes(len(data))+len(data)))
	a.records = append(a.records, 0x08)
	a.records = binary.AppendUvarint(a.records, uint64(index))
	a.records = append(a.records, 0x1a)
	a.records = binary.AppendUvarint(a.records, uint64(len(data)))
	a.records = append(a.records, data...)
}

func (p *packer) finish(a *aggregate) {
	b := make([]byte, 0, 4+len(a.table)+len(a.records)+md5.Size)
	b = append(b, 0xf3, 0x89, 0x9a, 0xc2)
	b = append(b, a.table...)
	b = append(b, a.records...)
	sum := md5.Sum(b[4:]) //nolint:gosec // see above
	b = append(b, sum[:]...)
	if p.bytes+len(b) > requestBytes || len(p.request) == requestRecords {
		p.send()
	}
	p.request = append(p.request, entry{b, a.hashKey})
	p.bytes += len(b)
	clear(a.indexes)
	a.table, a.records = a.table[:0], a.records[:0]
	// As far as requests of 1 MiB the larger is the faster; beyond, it only waits.
	if p.bytes > 1<<20 {
		p.send()
	}
}

func (p *packer) send() {
	if len(p.request) > 0 {
		p.out(p.request)
	}
	p.request, p.bytes = nil, 0
}

// rest sends what has gathered.
func (p *packer) rest() {
	for i := range p.aggregates {
		if len(p.aggregates[i].records) > 0 {
			p.finish(&p.aggregates[i])
		}
	}
	p.send()
}

func uvarintBytes(n int) int { return (bits.Len64(uint64(n)|1) + 6) / 7 }
