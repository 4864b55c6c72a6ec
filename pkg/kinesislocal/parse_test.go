package kinesislocal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/smithy-go/encoding/cbor"
	"pgregory.net/rapid"
)

// jsonPut is PutRecords as encoding/json reads it.
type jsonPut struct {
	StreamName, StreamARN string
	DryRun                bool
	Records               []struct {
		Data                          *[]byte
		PartitionKey, ExplicitHashKey *string
	}
}

func TestScannerReadsWhatEncodersWrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z"\\/\n<>&é]{0,20}`))
		var want jsonPut
		want.StreamName = text.Draw(t, "name")
		for range rapid.IntRange(0, 5).Draw(t, "n") {
			data := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "data")
			key, hash := text.Draw(t, "key"), text.Draw(t, "hash")
			want.Records = append(want.Records, struct {
				Data                          *[]byte
				PartitionKey, ExplicitHashKey *string
			}{&data, &key, &hash})
		}
		body, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "indented") {
			var b bytes.Buffer
			if err := json.Indent(&b, body, "\t", "\t"); err != nil {
				t.Fatal(err)
			}
			body = b.Bytes()
		}
		got, failure := scanPutRecords(body)
		if failure != nil {
			t.Fatalf("%s: %s", body, failure.message)
		}
		// What is put must not change when the body's memory is used again.
		clear(body)
		if got.streamName != want.StreamName || len(got.records) != len(want.Records) {
			t.Fatalf("got %+v", got)
		}
		for i, e := range got.records {
			w := want.Records[i]
			if !bytes.Equal(e.data, *w.Data) || e.partitionKey != *w.PartitionKey || e.explicitHashKey != *w.ExplicitHashKey || !e.hasData || !e.hasPartitionKey || !e.hasExplicitHashKey {
				t.Fatalf("record %d: got %+v", i, e)
			}
		}
	})
}

func TestScannerReadsUnusualJSON(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		data, key  string
		bad        bool
	}{
		{"members nobody knows", `{"X":[1,{"Y":null}],"Records":[{"Z":-1.5e3,"Data":"YQ==","PartitionKey":"k","W":"\"]"}],"V":true}`, "a", "k", false},
		{"escaped slash in data", `{"Records":[{"Data":"\/\/\/\/","PartitionKey":"k"}]}`, "\xff\xff\xff", "k", false},
		{"escaped unicode in a name", `{"Records":[{"D\u0061ta":"YQ==","PartitionKey":"\u00e9\ud83d\ude00"}]}`, "a", "é😀", false},
		{"line breaks in data", `{"Records":[{"Data":"YW\nJj","PartitionKey":"k"}]}`, "abc", "k", false},
		{"null members", `{"StreamName":null,"Records":[{"Data":"YQ==","PartitionKey":"k","ExplicitHashKey":null}]}`, "a", "k", false},
		{"the last of two", `{"Records":[{"Data":"Yg==","PartitionKey":"x"}],"Records":[{"Data":"YQ==","PartitionKey":"k"}]}`, "a", "k", false},
		{"trailing comma", `{"Records":[{"Data":"YQ==","PartitionKey":"k",}]}`, "", "", true},
		{"two objects", `{"Records":[{"Data":"YQ==","PartitionKey":"k"}]}{}`, "", "", true},
		{"control character", "{\"Records\":[{\"Data\":\"YQ==\",\"PartitionKey\":\"k\x01\"}]}", "", "", true},
		{"number for data", `{"Records":[{"Data":7,"PartitionKey":"k"}]}`, "", "", true},
		{"nesting", `{"X":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, "", "", true},
		{"nothing", ``, "", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, failure := scanPutRecords([]byte(tt.body))
			if tt.bad {
				if failure == nil || failure.code != "SerializationException" {
					t.Fatalf("got %+v, %v", got, failure)
				}
				return
			}
			if failure != nil {
				t.Fatal(failure.message)
			}
			if len(got.records) != 1 || string(got.records[0].data) != tt.data || got.records[0].partitionKey != tt.key {
				t.Errorf("got %+v", got.records)
			}
		})
	}
}

// FuzzScanner holds the scanner against encoding/json: what the scanner takes
// encoding/json takes too, and both read the same.
func FuzzScanner(f *testing.F) {
	f.Add([]byte(`{"StreamName":"s","Records":[{"Data":"YQ==","PartitionKey":"k","ExplicitHashKey":"0"},{}]}`))
	f.Add([]byte(`{"StreamName":null,"DryRun":true,"Records":null,"X":[{"a":1e9},"\u00e9\/"]}`))
	f.Add([]byte("{\"Records\":[\n\t{\"Data\":\"\\/\\/8=\",\"PartitionKey\":\"\\ud83d\"}]}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, failure := scanPutRecords(bytes.Clone(body))
		if failure != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("the scanner takes %q, which is no JSON", body)
		}
		// encoding/json takes names in any case and merges repeated members; the
		// scanner does not, so only plain bodies compare.
		var want jsonPut
		if err := json.Unmarshal(body, &want); err != nil || repeats(body) {
			return
		}
		if got.streamName != want.StreamName || got.dryRun != want.DryRun || len(got.records) != len(want.Records) {
			t.Fatalf("%q is read as %+v, want %+v", body, got, want)
		}
		for i, e := range got.records {
			w := want.Records[i]
			if e.hasData != (w.Data != nil) || e.hasData && !bytes.Equal(e.data, *w.Data) || e.hasPartitionKey != (w.PartitionKey != nil) || e.hasPartitionKey && e.partitionKey != *w.PartitionKey {
				t.Fatalf("record %d of %q is read as %+v", i, body, e)
			}
		}
	})
}

// repeats says whether a body may name a member twice or in another case.
func repeats(body []byte) bool {
	lower := strings.ToLower(string(body))
	if strings.Contains(lower, `\u`) || strings.ContainsAny(lower, "ſK") {
		return true
	}
	records := max(1, strings.Count(lower, "{")-1)
	for _, name := range []string{"StreamName", "StreamARN", "DryRun", "Records"} {
		if strings.Count(lower, strings.ToLower(name)) > 1 || strings.Count(lower, strings.ToLower(name)) != strings.Count(string(body), name) {
			return true
		}
	}
	for _, name := range []string{"Data", "PartitionKey", "ExplicitHashKey"} {
		if n := strings.Count(lower, strings.ToLower(name)); n > 1 && records > 1 || n > records || n != strings.Count(string(body), name) {
			return true
		}
	}
	return false
}

// FuzzCBOR gives any bytes to the CBOR operations: nothing may panic, and
// whatever is refused is refused with a code.
func FuzzCBOR(f *testing.F) {
	f.Add(cbor.Encode(cbor.Map{"StreamName": cbor.String("s"), "Records": cbor.List{cbor.Map{"Data": cbor.Slice("a"), "PartitionKey": cbor.String("k")}}}))
	f.Add(cbor.Encode(cbor.Map{"StreamName": cbor.String("s"), "Timestamp": &cbor.Tag{ID: 1, Value: cbor.Float64(1.5)}, "Limit": cbor.NegInt(3)}))
	f.Add([]byte{0xbf, 0x67, 'R', 'e', 'c', 'o', 'r', 'd', 's', 0x9f, 0xa0, 0xf6, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, millis := range []bool{true, false} {
			in, failure := decodeCBOR(body, millis)
			if failure != nil {
				if failure.code != "SerializationException" {
					t.Fatalf("code %s", failure.code)
				}
				continue
			}
			_ = putRequestOf(in)
			_, _ = in.time("Timestamp")
			_, _ = in.int("Limit")
			_ = in.numbers("Values")
			if failure := in.failure(); failure != nil && failure.code != "SerializationException" {
				t.Fatalf("code %s", failure.code)
			}
		}
	})
}

// FuzzQuery gives any form to the query protocol.
func FuzzQuery(f *testing.F) {
	f.Add("Action=PutMetricData&Version=2010-08-01&Namespace=N&MetricData.member.1.MetricName=m&MetricData.member.1.Value=1")
	f.Add("A.member.1=1&A.member.3=2&B.C=&B=")
	f.Fuzz(func(t *testing.T, body string) {
		form, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		in, err := parseQuery(form)
		if err != nil {
			return
		}
		_ = in.objects("MetricData")
		_, _ = in.object("A")
		_ = in.strings("Statistics")
	})
}

// FuzzPosition gives any text as an iterator or token.
func FuzzPosition(f *testing.F) {
	f.Add(position{stream: "s", serial: 1, shard: 2, after: 3, filter: "AT_LATEST//0"}.encode(shardsKind))
	f.Add(base64.StdEncoding.EncodeToString([]byte("kinesislocal/iterator/s/1/-1/3/4/")))
	s, err := New(Options{Streams: map[string]int{"s": 2}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for operation, member := range map[string]string{"GetRecords": "ShardIterator", "ListShards": "NextToken", "ListStreams": "NextToken"} {
			if a := ask(t, s, operation, `{"`+member+`":`+string(quoted)+`}`); a.status != 200 && a.status != 400 {
				t.Fatalf("%s %q: %d %s", operation, text, a.status, a.raw)
			}
		}
	})
}
