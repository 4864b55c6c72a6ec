package aggregation

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

type vector struct {
	Name        string `json:"name"`
	UserRecords []struct {
		PartitionKey    string `json:"partition_key"`
		ExplicitHashKey string `json:"explicit_hash_key"`
		DataHex         string `json:"data_hex"`
	} `json:"user_records"`
	KinesisRecord struct {
		DataHex string `json:"data_hex"`
	} `json:"kinesis_record"`
	Aggregated bool `json:"aggregated"`
	Size       int  `json:"size"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/aggregation.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	return file.Cases
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shortest is the decimal form in which the producer hands explicit hash keys over.
func shortest(key string) string {
	number, ok := new(big.Int).SetString(strings.TrimSpace(key), 10)
	if !ok {
		return ""
	}
	return number.String()
}

func TestBuilderWritesTheBytesOfTheKPL(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			var b Builder
			var want []Record
			for _, r := range v.UserRecords {
				data := unhex(t, r.DataHex)
				predicted := b.SizeWith(r.PartitionKey, shortest(r.ExplicitHashKey), len(data))
				b.Append(r.PartitionKey, shortest(r.ExplicitHashKey), data)
				if predicted != b.Size() {
					t.Fatalf("SizeWith said %d, Size says %d", predicted, b.Size())
				}
				want = append(want, Record{r.PartitionKey, shortest(r.ExplicitHashKey), data})
			}
			got := b.Finish()
			if hex.EncodeToString(got) != v.KinesisRecord.DataHex {
				t.Errorf("bytes\n got %x\nwant %s", got, v.KinesisRecord.DataHex)
			}
			if b.Size() != v.Size {
				t.Errorf("size %d, want %d", b.Size(), v.Size)
			}
			records, ok, err := Decode(got)
			// A single record leaves as it is, also one whose data is an aggregated record itself: readers unpack it.
			if err != nil || (v.Aggregated && !ok) {
				t.Fatalf("Decode: %v, %v; aggregated should be %v", ok, err, v.Aggregated)
			}
			if v.Aggregated {
				if diff := cmp.Diff(want, records, cmpopts.EquateEmpty()); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestBuilderIsReadyAgainAfterReset(t *testing.T) {
	var used, fresh Builder
	for range 3 {
		used.Reset()
		for i := range 2000 {
			used.Append(fmt.Sprint("first life ", i), "", []byte("x"))
		}
		used.Finish()
	}
	used.Reset()
	for _, b := range []*Builder{&used, &fresh} {
		b.Append("k1", "7", []byte("a"))
		b.Append("k2", "", nil)
		b.Append("k1", "7", []byte("b"))
	}
	if !bytes.Equal(used.Finish(), fresh.Finish()) {
		t.Errorf("a used builder writes %x, a fresh one %x", used.Finish(), fresh.Finish())
	}
}

func TestWhatGoesInComesOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b Builder
		var want []Record
		var offsets []int
		key := rapid.OneOf(rapid.SampledFrom([]string{"a", "b", "key"}), rapid.StringN(1, 256, -1))
		for range rapid.IntRange(2, 300).Draw(t, "records") {
			r := Record{key.Draw(t, "key"), rapid.SampledFrom([]string{"", "", "0", "340282366920938463463374607431768211455"}).Draw(t, "hash"),
				rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "data")}
			predicted := b.SizeWith(r.PartitionKey, r.ExplicitHashKey, len(r.Data))
			offsets = append(offsets, b.Append(r.PartitionKey, r.ExplicitHashKey, r.Data))
			if predicted != b.Size() {
				t.Fatalf("SizeWith said %d, Size says %d", predicted, b.Size())
			}
			want = append(want, r)
		}
		size := b.Size()
		got := b.Finish()
		if size != len(got) || b.Size() != size {
			t.Fatalf("Size %d before, %d after Finish; %d bytes", size, b.Size(), len(got))
		}
		records, ok, err := Decode(got)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if diff := cmp.Diff(want, records, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		for i, r := range want {
			if !bytes.Equal(b.Data(offsets[i], len(r.Data)), r.Data) {
				t.Fatalf("record %d is not where Append said", i)
			}
		}
	})
}

func TestDecodeTellsPlainRecords(t *testing.T) {
	var b Builder
	b.Append("k", "", []byte("one"))
	b.Append("k", "", []byte("two"))
	good := bytes.Clone(b.Finish())
	broken := bytes.Clone(good)
	broken[len(broken)-1] ^= 1
	cases := map[string][]byte{
		"empty": nil, "text": []byte("hello"), "magic alone": []byte(magic), "magic and digest only": append([]byte(magic), make([]byte, digestBytes)...),
		"digest that does not fit": broken, "cut": good[:len(good)-1],
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			if records, ok, err := Decode(data); ok || err != nil || records != nil {
				t.Errorf("got %v, %v, %v; want a plain record", records, ok, err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.KinesisRecord.DataHex))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		records, ok, err := Decode(data)
		if !ok || err != nil {
			return
		}
		var b Builder
		for _, r := range records {
			b.Append(r.PartitionKey, r.ExplicitHashKey, r.Data)
		}
		if len(records) < 2 {
			return
		}
		again, ok, err := Decode(b.Finish())
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		if diff := cmp.Diff(records, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkBuilder200ByteRecords(b *testing.B) {
	keys := make([]string, 10000)
	for i := range keys {
		keys[i] = fmt.Sprintf("device-%08x", i*7919)
	}
	data := make([]byte, 200)
	var builder Builder
	b.ReportAllocs()
	b.SetBytes(200)
	for i := 0; b.Loop(); i++ {
		key := keys[i%len(keys)]
		if builder.SizeWith(key, "", len(data)) > 51200 {
			builder.Finish()
			builder.Reset()
		}
		builder.Append(key, "", data)
	}
}

func TestAppendWithinKeepsTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(64, 2000).Draw(t, "limit")
		var b Builder
		for range rapid.IntRange(1, 100).Draw(t, "records") {
			key := rapid.SampledFrom([]string{"a", "b", "a longer key"}).Draw(t, "key")
			data := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "data")
			want, size, n := b.SizeWith(key, "", len(data)), b.Size(), b.Len()
			if _, ok := b.AppendWithin(limit, key, "", data); ok != (want <= limit) {
				t.Fatalf("%v for a size of %d and a limit of %d", ok, want, limit)
			} else if ok && (b.Size() != want || b.Len() != n+1) || !ok && (b.Size() != size || b.Len() != n) {
				t.Fatalf("%v: size %d after %d, %d records after %d", ok, b.Size(), size, b.Len(), n)
			}
		}
	})
}

// TestBuilderKeepsNoMoreMemoryThanItsRecordsTake is about backlogs: thousands of full aggregates may wait for a slow service.
func TestBuilderKeepsNoMoreMemoryThanItsRecordsTake(t *testing.T) {
	const most = 51200
	var b Builder
	data := make([]byte, 200)
	for i := 0; ; i++ {
		if _, ok := b.AppendWithin(most, strconv.Itoa(i), "", data); !ok {
			break
		}
	}
	if got := b.MemoryBytes(); got > most+most/3 {
		t.Errorf("an aggregate of %d bytes has %d bytes of memory", b.Size(), got)
	}
	before := b.MemoryBytes()
	b.Finish()
	if got := b.MemoryBytes(); got != before {
		t.Errorf("the end makes %d bytes of %d", got, before)
	}
}

// BenchmarkFillFresh: what does it cost to fill an aggregate with 200-byte records in a builder that has no memory yet?
func BenchmarkFillFresh(b *testing.B) {
	data := make([]byte, 200)
	keys := make([]string, 500)
	for i := range keys {
		keys[i] = "device-" + strconv.Itoa(i)
	}
	b.ReportAllocs()
	for b.Loop() {
		var a Builder
		for i := 0; ; i++ {
			if _, ok := a.AppendWithin(51200, keys[i], "", data); !ok {
				break
			}
		}
		a.Finish()
	}
}
