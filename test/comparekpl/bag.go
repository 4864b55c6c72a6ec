package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// userRecord is what a consumer gets.
type userRecord struct{ key, data string }

// bag counts the user records of each shard.
type bag map[string]map[userRecord]int

func (b bag) add(shard string, u userRecord) {
	if b[shard] == nil {
		b[shard] = map[userRecord]int{}
	}
	b[shard][u]++
}

// readBag reads the JSON lines of a reader.
func readBag(r io.Reader) (bag, error) {
	b := bag{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var row struct {
			Shard, PartitionKey string
			Data                []byte
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("a reader printed %.80q: %w", lines.Text(), err)
		}
		b.add(row.Shard, userRecord{row.PartitionKey, string(row.Data)})
	}
	return b, lines.Err()
}

// difference is how many records one has and the other has not.
func (b bag) difference(o bag) int {
	return b.lacks(o) + o.lacks(b)
}

// lacks is how many records of o are not in b.
func (b bag) lacks(o bag) int {
	n := 0
	for shard, users := range o {
		for u, count := range users {
			n += max(0, count-b[shard][u])
		}
	}
	return n
}

// withoutShards puts all records under the shard "".
func (b bag) withoutShards() bag {
	all := bag{}
	for _, users := range b {
		for u, n := range users {
			if all[""] == nil {
				all[""] = map[userRecord]int{}
			}
			all[""][u] += n
		}
	}
	return all
}

func total(users map[userRecord]int) int {
	n := 0
	for _, c := range users {
		n += c
	}
	return n
}
