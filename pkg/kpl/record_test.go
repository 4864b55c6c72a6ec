package kpl

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
)

// C20 to C23
func TestPutChecksTheRecord(t *testing.T) {
	many := strings.Repeat("x", 256)
	cases := map[string]struct {
		record Record
		err    string // empty: accepted
		key    string // explicit hash key that is sent
	}{
		"blanks around the stream":      {Record{Stream: " s ", PartitionKey: "k", ExplicitHashKey: "1"}, "", "1"},
		"no stream":                     {Record{PartitionKey: "k"}, "stream name cannot be empty", ""},
		"blank stream":                  {Record{Stream: " \t", PartitionKey: "k"}, "stream name cannot be empty", ""},
		"stream not UTF-8":              {Record{Stream: "s\xff", PartitionKey: "k"}, "not valid UTF-8", ""},
		"no partition key":              {Record{Stream: "s"}, "at most 256 characters, got 0", ""},
		"256 characters":                {Record{Stream: "s", PartitionKey: many, ExplicitHashKey: "1"}, "", "1"},
		"257 characters":                {Record{Stream: "s", PartitionKey: many + "x"}, "got 257", ""},
		"256 characters of three bytes": {Record{Stream: "s", PartitionKey: strings.Repeat("€", 256), ExplicitHashKey: "1"}, "", "1"},
		"257 characters of four bytes":  {Record{Stream: "s", PartitionKey: strings.Repeat("😀", 257)}, "got 257", ""},
		"not UTF-8":                     {Record{Stream: "s", PartitionKey: "a\xff"}, "not valid UTF-8", ""},
		"hash key 0":                    {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "0"}, "", "0"},
		"hash key 007":                  {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "007"}, "", "7"},
		"hash key with blanks and sign": {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: " +7 "}, "", "7"},
		"largest hash key": {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "340282366920938463463374607431768211455"},
			"", "340282366920938463463374607431768211455"},
		"hash key -0":       {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "-0"}, "", "0"},
		"hash key -1":       {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "-1"}, "greater or equal to zero", ""},
		"hash key 2^128":    {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "340282366920938463463374607431768211456"}, "less than or equal to (2^128 - 1)", ""},
		"hash key 10^40":    {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "1" + strings.Repeat("0", 40)}, "less than or equal to (2^128 - 1)", ""},
		"hash key x":        {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "x"}, "must be an integer", ""},
		"hash key 1.0":      {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "1.0"}, "must be an integer", ""},
		"hash key blank":    {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: " "}, "must be an integer", ""},
		"hash key 1_0":      {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "1_0"}, "must be an integer", ""},
		"data at the limit": {Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "1", Data: make([]byte, 64)}, "", "1"},
		"data above it":     {Record{Stream: "s", PartitionKey: "k", Data: make([]byte, 65)}, "equal to 64 bytes in size (MaxUserRecordSize), got 65 bytes", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				cfg := testConfig(f)
				cfg.MaxUserRecordSizeBytes = 64
				b := start(t, cfg)
				called := 0
				err := b.Put(context.Background(), c.record, func(Result) { called++ })
				b.close()
				if c.err != "" {
					if err == nil || !strings.Contains(err.Error(), c.err) || strings.ToLower(err.Error()[:1]) != err.Error()[:1] {
						t.Errorf("got %v, want an error with %q", err, c.err)
					}
					if called != 0 || len(f.sizes()) != 0 {
						t.Errorf("%d results, requests %v for a record that was refused", called, f.sizes())
					}
					return
				}
				if err != nil || called != 1 {
					t.Fatalf("got %v, %d results", err, called)
				}
				r := f.request(0)
				if r.stream != strings.TrimSpace(c.record.Stream) || *r.entries[0].ExplicitHashKey != c.key || len(r.entries[0].Data) != len(c.record.Data) {
					t.Errorf("sent %q, %q, %d bytes", r.stream, *r.entries[0].ExplicitHashKey, len(r.entries[0].Data))
				}
			})
		})
	}
}

func TestStreamARNGoesOutAsARNAlone(t *testing.T) {
	name, arn := streamName("arn:aws:kinesis:eu-west-1:123456789012:stream/s").parts()
	if name != nil || *arn != "arn:aws:kinesis:eu-west-1:123456789012:stream/s" {
		t.Error(name, arn)
	}
	if name, arn = streamName("s").parts(); *name != "s" || arn != nil {
		t.Error(name, arn)
	}
}

func FuzzParseHashKey(f *testing.F) {
	for _, s := range []string{"0", "007", " +7 ", "-1", "340282366920938463463374607431768211456", "x", "", "-", "1_0", "٣"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, text, err := parseHashKey(s)
		if err != nil {
			return
		}
		if h.String() != text {
			t.Errorf("%q: key %s, text %q", s, h, text)
		}
		if again, err := ParseHashKey(h.String()); err != nil || again != h {
			t.Errorf("%q: %s reads as %s, %v", s, h, again, err)
		}
	})
}
