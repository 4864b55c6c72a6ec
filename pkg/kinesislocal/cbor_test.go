package kinesislocal

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// askCBOR sends a CBOR 1.1 request to Kinesis and decodes its answer.
func askCBOR(t testing.TB, s *Server, operation string, members cbor.Map) (int, cbor.Map) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(cbor.Encode(members)))
	r.Header.Set("Content-Type", "application/x-amz-cbor-1.1")
	r.Header.Set("X-Amz-Target", kinesisTarget+"."+operation)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if got := w.Header().Get("Content-Type"); got != "application/x-amz-cbor-1.1" {
		t.Errorf("content type %q", got)
	}
	v, err := cbor.Decode(w.Body.Bytes())
	if err != nil {
		t.Fatalf("%s: %v: %s", operation, err, hex.Dump(w.Body.Bytes()))
	}
	return w.Code, v.(cbor.Map)
}

func mustCBOR(t testing.TB, s *Server, operation string, members cbor.Map) cbor.Map {
	t.Helper()
	status, answer := askCBOR(t, s, operation, members)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %v", operation, status, answer)
	}
	return answer
}

func TestKinesisSpeaksCBOR(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Now: clock.Now})
	name := cbor.String("s")
	mustCBOR(t, s, "CreateStream", cbor.Map{"StreamName": name, "ShardCount": cbor.Uint(1)})
	put := mustCBOR(t, s, "PutRecords", cbor.Map{"StreamName": name, "Records": cbor.List{
		cbor.Map{"Data": cbor.Slice("one"), "PartitionKey": cbor.String("k")},
		cbor.Map{"Data": cbor.Slice{0, 0xff}, "PartitionKey": cbor.String("é"), "ExplicitHashKey": cbor.String("7")},
	}})
	if put["FailedRecordCount"] != cbor.Uint(0) || len(put["Records"].(cbor.List)) != 2 {
		t.Errorf("put answered %v", put)
	}
	at := clock.now
	clock.advance(time.Minute)
	mustCBOR(t, s, "PutRecord", cbor.Map{"StreamName": name, "Data": cbor.Slice("three"), "PartitionKey": cbor.String("k")})

	// The Java SDK writes timestamps as tagged milliseconds.
	it := mustCBOR(t, s, "GetShardIterator", cbor.Map{
		"StreamName": name, "ShardId": cbor.String("shardId-000000000000"), "ShardIteratorType": cbor.String("AT_TIMESTAMP"),
		"Timestamp": &cbor.Tag{ID: 1, Value: cbor.Uint(at.UnixMilli())},
	})
	got := mustCBOR(t, s, "GetRecords", cbor.Map{"ShardIterator": it["ShardIterator"], "Limit": cbor.Uint(2)})
	list := got["Records"].(cbor.List)
	second := list[1].(cbor.Map)
	if len(list) != 2 || !bytes.Equal(second["Data"].(cbor.Slice), []byte{0, 0xff}) || second["PartitionKey"] != cbor.String("é") {
		t.Errorf("records %v", list)
	}
	if tag := second["ApproximateArrivalTimestamp"].(*cbor.Tag); tag.ID != 1 || tag.Value != cbor.Uint(at.UnixMilli()) {
		t.Errorf("arrival %v, want tag 1 of %d", tag, at.UnixMilli())
	}
	if got["MillisBehindLatest"] != cbor.Uint(0) {
		t.Errorf("behind %v", got["MillisBehindLatest"])
	}
	if r := s.Records("s"); len(r) != 3 || !bytes.Equal(r[1].Data, []byte{0, 0xff}) {
		t.Errorf("stored %v", r)
	}
	if r := s.Requests(); r[0].Protocol != "cbor" {
		t.Errorf("protocol %q", r[0].Protocol)
	}

	status, answer := askCBOR(t, s, "DescribeStream", cbor.Map{"StreamName": cbor.String("none")})
	if status != http.StatusBadRequest || answer["__type"] != cbor.String("ResourceNotFoundException") || answer["message"] != cbor.String("Stream none under account 000000000000 not found.") {
		t.Errorf("%d %v", status, answer)
	}
}

// TestEncoderWritesWhatDecodersRead writes every kind of value in each format
// and reads it with a decoder that is not ours.
func TestEncoderWritesWhatDecodersRead(t *testing.T) {
	at := time.UnixMilli(1700000000123)
	write := func(f format) []byte {
		e := &encoder{format: f}
		e.key("Answer")
		if f != formatXML {
			e.buf = nil
		}
		e.object()
		e.key("Text")
		e.str("a \"<é>\" \x01")
		e.key("List")
		e.list()
		for _, n := range []int64{0, -1, 23, 24, 255, 256, 65535, 65536, 1 << 32, -1 << 40} {
			e.int(n)
		}
		e.endList()
		e.key("Float")
		e.float(-1.5e300)
		e.key("True")
		e.bool(true)
		e.key("False")
		e.bool(false)
		e.key("Blob")
		e.blob([]byte{0, 1, 0xff})
		e.key("Time")
		e.time(at)
		e.key("Empty")
		e.object()
		e.endObject()
		e.endObject()
		return e.buf
	}
	for _, tt := range []struct {
		name   string
		format format
		decode func([]byte) (input, *apiError)
	}{
		{"JSON", formatJSON, decodeJSON},
		{"CBOR 1.1", formatCBOR11, func(b []byte) (input, *apiError) { return decodeCBOR(b, true) }},
		{"RPC v2 CBOR", formatRPCv2CBOR, func(b []byte) (input, *apiError) { return decodeCBOR(b, false) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, failure := tt.decode(write(tt.format))
			if failure != nil {
				t.Fatalf("%s\n%s", failure.message, hex.Dump(write(tt.format)))
			}
			f, _ := in.number("Float")
			when, _ := in.time("Time")
			if in.str("Text") != "a \"<é>\" \x01" || f != -1.5e300 || !in.bool("True") || in.bool("False") ||
				!bytes.Equal(in.blob("Blob"), []byte{0, 1, 0xff}) || !when.Equal(at) || !in.has("Empty") {
				t.Errorf("members %v", in.members)
			}
			for i, want := range []float64{0, -1, 23, 24, 255, 256, 65535, 65536, 1 << 32, -1 << 40} {
				if got := in.numbers("List")[i]; got != want {
					t.Errorf("number %d is %v, want %v", i, got, want)
				}
			}
			if in.failure() != nil {
				t.Error(in.failure().message)
			}
		})
	}
	want := "<Answer><Text>a &#34;&lt;é&gt;&#34; �</Text><List><member>0</member>"
	if got := write(formatXML); !bytes.HasPrefix(got, []byte(want)) || !bytes.HasSuffix(got, []byte("<Blob>AAH/</Blob><Time>2023-11-14T22:13:20.123Z</Time><Empty></Empty></Answer>")) {
		t.Errorf("XML %s", got)
	}
}
