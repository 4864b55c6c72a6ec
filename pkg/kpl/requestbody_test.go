package kpl

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

type fataler interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// readBy reads everything with room for so many bytes each time.
func readBy(t fataler, from io.Reader, room int) []byte {
	var out []byte
	p := make([]byte, room)
	for {
		n, err := from.Read(p)
		out = append(out, p[:n]...)
		switch {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatal(err)
		case n == 0:
			t.Fatalf("nothing is read after %d bytes, and it is not the end", len(out))
		}
	}
}

// largeRequest is about as large as requests become under load: 20 records of 50 KiB.
func largeRequest() *kinesis.PutRecordsInput {
	in := &kinesis.PutRecordsInput{StreamName: aws.String("readings")}
	for i := range 20 {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{
			Data: bytes.Repeat([]byte{byte(i), 0xFF, 'x'}, 50<<10/3), PartitionKey: aws.String("a"), ExplicitHashKey: aws.String("340282366920938463463374607431768211455"),
		})
	}
	return in
}

// bodies runs a test of a body that has memory, and of one that has none.
func bodies(t *testing.T, test func(t *testing.T, in *kinesis.PutRecordsInput, body *requestBody)) {
	for name, memory := range map[string]*bodyMemory{"written once": {}, "written anew": nil} {
		t.Run(name, func(t *testing.T) {
			in := largeRequest()
			body := newRequestBody(in, memory)
			if (body.text != nil) != (memory != nil) {
				t.Fatal("it is not")
			}
			test(t, in, body)
			body.end()
			body.end()
			if memory != nil && memory.held.Load() != 0 {
				t.Errorf("%d bytes are not given back", memory.held.Load())
			}
		})
	}
}

func TestARequestBodyCanBeReadAgain(t *testing.T) {
	bodies(t, func(t *testing.T, _ *kinesis.PutRecordsInput, body *requestBody) {
		r := body.reader()
		first := readBy(t, r, 32<<10)
		if int64(len(first)) != body.length {
			t.Errorf("%d bytes, of which %d were announced", len(first), body.length)
		}
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, readBy(t, r, 1000)) || !bytes.Equal(first, readBy(t, body.reader(), 7)) {
			t.Error("another time the body is another one")
		}
		if _, err := r.Seek(1, io.SeekStart); err == nil {
			t.Error("it seeks to the middle")
		}
	})
}

func TestARequestBodyThatIsOverReadsNoRecords(t *testing.T) {
	bodies(t, func(t *testing.T, in *kinesis.PutRecordsInput, body *requestBody) {
		complete, begun := body.reader(), body.reader()
		readBy(t, io.LimitReader(complete, body.length), 32<<10)
		if _, err := begun.Read(make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		body.end()
		in.Records = nil
		if n, err := begun.Read(make([]byte, 100)); n != 0 || !errors.Is(err, errRequestOver) {
			t.Errorf("%d bytes, %v", n, err)
		}
		// The transport looks for more than was announced; an error there would end a good connection.
		if n, err := complete.Read(make([]byte, 100)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %d bytes, %v", n, err)
		}
	})
}

func TestBodiesHoldNoMoreMemoryThanTheyMay(t *testing.T) {
	in, memory := largeRequest(), new(bodyMemory)
	var all []*requestBody
	written := 0
	for range 24 { // MaxConnections
		b := newRequestBody(in, memory)
		all = append(all, b)
		if b.text != nil {
			written++
		}
	}
	if held := memory.held.Load(); held > heldBodyBytes || held < heldBodyBytes/2 || held != int64(written)*all[0].length {
		t.Errorf("%d bodies hold %d bytes", written, held)
	}
	for _, b := range all {
		b.end()
	}
	if again := newRequestBody(in, memory); again.text == nil {
		t.Error("what was given back is not there")
	}
}

// TestARequestBodyTakesNoMemory is about what is in flight: as many bodies as there are connections.
func TestARequestBodyTakesNoMemory(t *testing.T) {
	in, p := largeRequest(), make([]byte, 32<<10)
	if n := testing.AllocsPerRun(10, func() {
		r := newRequestBody(in, nil).reader()
		for err := error(nil); err == nil; {
			_, err = r.Read(p)
		}
	}); n > 6 {
		t.Errorf("%v allocations for a body, of 3 small things", n)
	}
}

// BenchmarkRequestBody: what does it cost to encode a request of 1 MB once?
func BenchmarkRequestBody(b *testing.B) {
	in, p := largeRequest(), make([]byte, 32<<10)
	b.SetBytes(int64(putRecordsBytes(in)))
	b.ReportAllocs()
	for b.Loop() {
		r := newRequestBody(in, nil).reader()
		for err := error(nil); err == nil; {
			_, err = r.Read(p)
		}
	}
}
