package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// kinesisRecord is a record as the service stores it.
type kinesisRecord struct {
	shard, sequenceNumber, partitionKey string
	data                                []byte
}

// userRecord is a record as its producer gave it, and where it was found. Two are the same if all is the same.
type userRecord struct {
	shard, sequenceNumber, partitionKey, data string
}

// bag counts user records.
type bag map[userRecord]int

// decoded takes Kinesis records apart with the reader of this project.
func decoded(t *testing.T, stored []kinesisRecord) bag {
	t.Helper()
	found := bag{}
	for _, r := range stored {
		users, aggregated, err := aggregation.Decode(r.data)
		if err != nil {
			t.Fatalf("record %s of %s: %v", r.sequenceNumber, r.shard, err)
		}
		if !aggregated {
			users = []aggregation.Record{{PartitionKey: r.partitionKey, Data: r.data}}
		}
		for _, u := range users {
			found[userRecord{r.shard, r.sequenceNumber, u.PartitionKey, string(u.Data)}]++
		}
	}
	return found
}

// readByPython reads the stream with boto3 and takes its records apart with aws-kinesis-agg.
func (s *stream) readByPython(t *testing.T) bag {
	t.Helper()
	found := bag{}
	lines := bufio.NewScanner(bytes.NewReader(python(t, "deaggregate.py", "--endpoint", s.url, "--region", region, "--stream", s.name)))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var row struct {
			Shard, SequenceNumber, PartitionKey string
			Data                                []byte
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("deaggregate.py printed %q: %v", lines.Text(), err)
		}
		found[userRecord{row.Shard, row.SequenceNumber, row.PartitionKey, string(row.Data)}]++
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

// python runs a script of scripts/python and returns what it printed. A word on its standard error is a failure: the reader
// of aggregated records says there what it could not read, and ends well all the same.
func python(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), needed(t, "ADAPTERD_PYTHON"), append([]string{filepath.Join("..", "..", "scripts", "python", script)}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONIOENCODING=utf-8")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		t.Fatalf("%s: %v\n%s", script, err, &complaints)
	}
	return out.Bytes()
}

// missing says what want has more of than got.
func missing(want, got bag) []string {
	var lacks []string
	for u, n := range want {
		if d := n - got[u]; d > 0 {
			lacks = append(lacks, fmt.Sprintf("%d of %s %s key %.40q, %d bytes %.24q", d, u.shard, u.sequenceNumber, u.partitionKey, len(u.data), u.data))
		}
	}
	slices.Sort(lacks)
	return lacks
}

// requireSame fails unless both hold the same user records, equally often, in the same shards under the same sequence numbers.
func requireSame(t *testing.T, what string, want, got bag) {
	t.Helper()
	lacks, extra := missing(want, got), missing(got, want)
	for _, l := range lacks[:min(5, len(lacks))] {
		t.Errorf("%s: missing %s", what, l)
	}
	for _, l := range extra[:min(5, len(extra))] {
		t.Errorf("%s: not expected %s", what, l)
	}
	if len(lacks)+len(extra) > 0 {
		t.Fatalf("%s: %d missing, %d not expected, of %d", what, len(lacks), len(extra), len(want))
	}
}

// total is the number of user records.
func (b bag) total() int {
	n := 0
	for c := range maps.Values(b) {
		n += c
	}
	return n
}

// hashed is the hash key that decides on a record's shard.
func hashed(t *testing.T, r kpl.Record) kpl.HashKey {
	t.Helper()
	if r.ExplicitHashKey != "" {
		return hashKey(t, r.ExplicitHashKey)
	}
	return kpl.HashKeyOf(r.PartitionKey)
}

var hashKeySpace = new(big.Int).Lsh(big.NewInt(1), 128)

func middleOf(first, last string) string {
	a, _ := new(big.Int).SetString(first, 10)
	b, _ := new(big.Int).SetString(last, 10)
	a.Add(a, b)
	return a.Rsh(a, 1).String()
}

// someRecords makes n records with keys of every kind and size, most of them small; one in five has an explicit hash key.
// No two are equal.
func someRecords(random *rand.Rand, stream string, n int) []kpl.Record {
	alphabet := []rune("abcdefghijklmnopqrstuvwxyz0123456789-_./ äßéñ漢字🙂")
	records := make([]kpl.Record, n)
	for i := range records {
		key := make([]rune, 1+random.IntN(12))
		if i%997 == 0 {
			key = make([]rune, 256)
		}
		for k := range key {
			key[k] = alphabet[random.IntN(len(alphabet))]
			if len(key) == 256 && key[k] > 0xFFFF {
				key[k] = 'x' // these servers count such a character twice, and would find the key too long
			}
		}
		size := random.IntN(400)
		switch {
		case i%1999 == 7:
			size = 60_000 // larger than an aggregate may be
		case i%89 == 3:
			size = 5_000
		case i%13 == 1:
			size = 0
		}
		r := kpl.Record{Stream: stream, PartitionKey: string(key), Data: fmt.Appendf(make([]byte, 0, size+12), "%d ", i)}
		for len(r.Data) < size {
			r.Data = append(r.Data, byte(random.Uint32()))
		}
		if i%4001 == 11 {
			r.PartitionKey, r.Data = fmt.Sprintf("empty-%d", i), []byte{}
		}
		if i%5 == 2 {
			r.ExplicitHashKey = randomHashKey(random)
		}
		records[i] = r
	}
	return records
}

func randomHashKey(random *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	h := new(big.Int).SetBytes(b[:])
	return h.Mod(h, hashKeySpace).String()
}
