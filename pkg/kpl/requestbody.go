package kpl

import (
	"encoding/base64"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// heldBodyBytes bounds what the bodies of requests in flight may take besides the records that they are made of: enough for a fast service,
// which has few in flight. With more, or a slow one, it would be a third more than all data outstanding.
const heldBodyBytes = 8 << 20

// requestBody is a PutRecords request as JSON. It is read twice, for its signature and to be sent. If there is memory for it it is written
// once, else anew each time, straight from the Kinesis records.
type requestBody struct {
	in     *kinesis.PutRecordsInput
	length int64
	memory *bodyMemory // of text; nil without

	// mu is held while the records or text are read, and guards what is below. The transport may go on reading for a while after the answer is
	// there, and both have other owners by then.
	mu   sync.Mutex
	over bool
	text []byte // nil if it is written anew each time
}

// bodyMemory is the memory of all bodies of a producer that have some. The zero value is ready; it is safe for concurrent use.
type bodyMemory struct {
	held atomic.Int64 // bytes; at most heldBodyBytes
	free sync.Pool    // of *[]byte
}

func (m *bodyMemory) take(n int64) []byte {
	if m.held.Add(n) > heldBodyBytes {
		m.held.Add(-n)
		return nil
	}
	if b, ok := m.free.Get().(*[]byte); ok && int64(cap(*b)) >= n {
		return (*b)[:n]
	}
	return make([]byte, n)
}

func (m *bodyMemory) give(b []byte) {
	m.held.Add(-int64(len(b)))
	m.free.Put(&b)
}

// newRequestBody makes the body of a request; memory may be nil.
func newRequestBody(in *kinesis.PutRecordsInput, memory *bodyMemory) *requestBody {
	b := &requestBody{in: in, length: int64(putRecordsBytes(in))}
	if memory == nil {
		return b
	}
	if text := memory.take(b.length); text != nil {
		_, _ = b.reader().Read(text) // all of it, and nothing can fail
		b.memory, b.text = memory, text
	}
	return b
}

// end makes every reader fail that has not come to its end. Afterwards neither records nor memory are read any more.
func (b *requestBody) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.text != nil {
		b.memory.give(b.text)
	}
	b.over, b.in, b.text = true, nil, nil
}

func (b *requestBody) reader() *bodyReader { return &bodyReader{body: b} }

var errRequestOver = errors.New("the request is over")

// bodyReader reads a requestBody from its beginning. It can be closed, and seeks as far as the SDK needs it: to the beginning.
type bodyReader struct {
	body *requestBody
	at   int64
	// next is the record that comes after text and data; one more than there are for the end of the body.
	next int
	// text is what comes first, data what comes after it in base64.
	text, data []byte
	// scratch is text's memory.
	scratch []byte
}

// Len is how many bytes are left.
func (r *bodyReader) Len() int { return int(r.body.length - r.at) }

// Close does nothing.
func (r *bodyReader) Close() error { return nil }

// Seek goes to the beginning, or says where it is.
func (r *bodyReader) Seek(offset int64, whence int) (int64, error) {
	switch {
	case whence == io.SeekCurrent && offset == 0:
	case whence == io.SeekStart && offset == 0:
		*r = bodyReader{body: r.body, scratch: r.scratch}
	default:
		return 0, errors.New("the body of a PutRecords request can be read from its beginning only, not from " + strconv.FormatInt(offset, 10))
	}
	return r.at, nil
}

// Read implements io.Reader.
func (r *bodyReader) Read(p []byte) (n int, err error) {
	if r.at == r.body.length { // also after the request is over: the transport looks once more for an end that it has had
		return 0, io.EOF
	}
	r.body.mu.Lock()
	defer r.body.mu.Unlock()
	if r.body.over {
		return 0, errRequestOver
	}
	if r.body.text != nil {
		n = copy(p, r.body.text[r.at:])
		r.at += int64(n)
		return n, nil
	}
	for n < len(p) && r.at+int64(n) < r.body.length {
		switch whole := (len(p) - n) / 4 * 3; {
		case len(r.text) > 0:
			m := copy(p[n:], r.text)
			n, r.text = n+m, r.text[m:]
		case len(r.data) > whole && whole > 0:
			base64.StdEncoding.Encode(p[n:], r.data[:whole])
			n, r.data = n+whole/3*4, r.data[whole:]
		case len(r.data) > 0 && whole > 0:
			base64.StdEncoding.Encode(p[n:], r.data)
			n, r.data = n+base64.StdEncoding.EncodedLen(len(r.data)), nil
		case len(r.data) > 0: // there is no room for four letters, and two halves of them are one text
			m := min(3, len(r.data))
			r.text = base64.StdEncoding.AppendEncode(r.scratch[:0], r.data[:m])
			r.scratch, r.data = r.text, r.data[m:]
		default:
			r.advance()
		}
	}
	r.at += int64(n)
	return n, nil
}

// advance goes on to the next record, or to what comes after the last.
func (r *bodyReader) advance() {
	in, text := r.body.in, r.scratch[:0]
	if r.next == 0 {
		text = append(text, bodyBegin...)
	} else {
		e := &in.Records[r.next-1]
		text = appendMember(append(text, '"'), "ExplicitHashKey", e.ExplicitHashKey)
		text = append(appendMember(text, "PartitionKey", e.PartitionKey), '}')
	}
	if r.next < len(in.Records) {
		if r.next > 0 {
			text = append(text, ',')
		}
		text, r.data = append(text, dataBegin...), in.Records[r.next].Data
	} else {
		text = appendMember(append(text, ']'), "StreamName", in.StreamName)
		text = append(appendMember(text, "StreamARN", in.StreamARN), '}')
	}
	r.next++
	r.text, r.scratch = text, text
}

const (
	bodyBegin = `{"Records":[`
	dataBegin = `{"Data":"`
)

// putRecordsBytes is how long the request's body is.
func putRecordsBytes(in *kinesis.PutRecordsInput) int {
	n := len(bodyBegin) + len("]}") + memberBytes("StreamName", in.StreamName) + memberBytes("StreamARN", in.StreamARN) + max(0, len(in.Records)-1)
	for i := range in.Records {
		e := &in.Records[i]
		n += len(dataBegin) + base64.StdEncoding.EncodedLen(len(e.Data)) + len(`"}`) +
			memberBytes("ExplicitHashKey", e.ExplicitHashKey) + memberBytes("PartitionKey", e.PartitionKey)
	}
	return n
}

// memberBytes is how much appendMember appends.
func memberBytes(name string, value *string) int {
	if value == nil {
		return 0
	}
	n := len(`,"":""`) + len(name) + len(*value)
	for i := range len(*value) {
		switch c := (*value)[i]; {
		case c == '"' || c == '\\':
			n++
		case c < ' ' || c == 0x7f:
			n += len(`\u0000`) - 1
		}
	}
	return n
}
