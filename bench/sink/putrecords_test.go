package main

import (
	"crypto/md5"
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

const (
	compact = `{"Records":[{"Data":"AAAA","ExplicitHashKey":"0","PartitionKey":"a"},{"Data":"AA==","PartitionKey":"\u00e4\""}],"StreamName":"s"}`
	// As the KPL writes it.
	spaced = "{\n\t\"StreamName\":\t\"s\",\n\t\"Records\":\t[{\n\t\t\t\"Data\":\t\"A\\/A=\",\n\t\t\t\"PartitionKey\":\t\"a\",\n\t\t\t\"ExplicitHashKey\":\t\"340282366920938463463374607431768211455\"\n\t\t}]\n}\n"
)

func TestAnswersTellTheShardOfEachRecord(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		shards []string
	}{
		"compact":       {compact, []string{"shardId-000000000000", shardOf("ä\"")}},
		"with blanks":   {spaced, []string{"shardId-000000000003"}},
		"explicit last": {`{"Records":[{"PartitionKey":"a","ExplicitHashKey":"85070591730234615865843651857942052864","Data":""}]}`, []string{"shardId-000000000001"}},
		"just below":    {`{"Records":[{"PartitionKey":"a","ExplicitHashKey":"85070591730234615865843651857942052863","Data":""}]}`, []string{"shardId-000000000000"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{shards: evenShards(4)}
			status, body := s.answer(request{target: "PutRecords"}, []byte(c.body), nil)
			var answer struct {
				Records           []struct{ ShardID, SequenceNumber string }
				FailedRecordCount int
			}
			if err := json.Unmarshal(body, &answer); err != nil || status != "200 OK" {
				t.Fatalf("%s %s %v", status, body, err)
			}
			var got []string
			seen := map[string]bool{}
			for _, r := range answer.Records {
				got = append(got, r.ShardID)
				seen[r.SequenceNumber] = true
			}
			if strings.Join(got, " ") != strings.Join(c.shards, " ") || len(seen) != len(got) {
				t.Errorf("shards %v, want %v; %d sequence numbers", got, c.shards, len(seen))
			}
			if n := s.records.Load(); n != int64(len(c.shards)) || s.requests.Load() != 1 {
				t.Errorf("counted %d records, %d requests", n, s.requests.Load())
			}
		})
	}
}

func shardOf(key string) string {
	sum := md5.Sum([]byte(key))
	return "shardId-00000000000" + string('0'+sum[0]>>6)
}

func TestWhatIsNoPutRecordsIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"nothing": "", "no records": `{"Records":[]}`, "no list": `{"StreamName":"s"}`, "cut": compact[:len(compact)-3], "no key": `{"Records":[{"Data":""}]}`,
		"hash key too large": `{"Records":[{"PartitionKey":"a","ExplicitHashKey":"340282366920938463463374607431768211456"}]}`, "more behind": compact + "x",
		"no comma": `{"Records":[{"PartitionKey":"a"}{"PartitionKey":"a"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := &sink{shards: evenShards(1)}
			if status, answer := s.answer(request{target: "PutRecords"}, []byte(body), nil); status != "400 Bad Request" || s.records.Load() != 0 {
				t.Errorf("%s %s, %d records", status, answer, s.records.Load())
			}
		})
	}
}

// What this takes for a PutRecords request, encoding/json takes for the same one.
func FuzzReadRecords(f *testing.F) {
	f.Add([]byte(compact))
	f.Add([]byte(spaced))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, ok := readRecords(body, func(hashKey) {})
		if !ok || !json.Valid(body) {
			return
		}
		var all map[string]json.RawMessage
		var records []json.RawMessage
		if err := json.Unmarshal(body, &all); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if strings.Count(string(body), `"Records"`) != 1 || all["Records"] == nil {
			return
		}
		if err := json.Unmarshal(all["Records"], &records); err != nil || len(records) != n {
			t.Errorf("%q: %d records, want %d (%v)", body, n, len(records), err)
		}
	})
}

func TestHashKeysHave128Bits(t *testing.T) {
	for _, text := range []string{"0", "1", "18446744073709551615", "18446744073709551616", "340282366920938463463374607431768211455"} {
		want, _ := new(big.Int).SetString(text, 10)
		h, ok := parseHashKey([]byte(text))
		got := new(big.Int).SetUint64(h.high)
		got.Lsh(got, 64).Or(got, new(big.Int).SetUint64(h.low))
		if !ok || got.Cmp(want) != 0 {
			t.Errorf("%s read as %s, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "-1", "1x", "340282366920938463463374607431768211456", "3402823669209384634633746074317682114550"} {
		if _, ok := parseHashKey([]byte(text)); ok {
			t.Errorf("%q taken", text)
		}
	}
}
