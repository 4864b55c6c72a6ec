package kinesislocal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"unicode/utf8"
)

// putRequest is a PutRecords request.
type putRequest struct {
	streamName, streamARN string
	hasRecords            bool
	records               []putEntry
	dryRun                bool
}

// putEntry is one record of a request.
type putEntry struct {
	data                                         []byte
	partitionKey, explicitHashKey                string
	hasData, hasPartitionKey, hasExplicitHashKey bool
}

// scanPutRecords reads the JSON body of PutRecords in one pass, because the
// rate at which this package takes records hangs on it. What it returns does
// not refer to body: the data of all records is in one block, the keys in
// another.
func scanPutRecords(body []byte) (*putRequest, *apiError) {
	s := scanner{body: body}
	req := &putRequest{}
	err := s.object(func(name []byte) *apiError {
		switch string(name) {
		case "StreamName":
			return s.optional(func() (err *apiError) { req.streamName, err = s.text(); return })
		case "StreamARN":
			return s.optional(func() (err *apiError) { req.streamARN, err = s.text(); return })
		case "DryRun":
			return s.optional(func() (err *apiError) { req.dryRun, err = s.boolean(); return })
		case "Records":
			return s.optional(func() *apiError {
				req.hasRecords, req.records = true, nil
				return s.array(func() *apiError { return s.entry(req) })
			})
		}
		return s.skip(0)
	})
	if err != nil {
		return nil, err
	}
	if s.space(); s.at != len(body) {
		return nil, s.malformed("the end")
	}
	return req, s.resolve(req.records)
}

// scanner walks a JSON text. It is lenient nowhere that encoding/json is
// strict, but in invalid UTF-8, which is replaced just the same.
type scanner struct {
	body []byte
	at   int

	keys  []byte
	spans []entrySpans
	size  int
}

// span is a part of the body, or of scanner.keys.
type span struct{ from, to int }

type entrySpans struct{ data, partitionKey, explicitHashKey span }

const maxJSONDepth = 64

func (s *scanner) malformed(want string) *apiError {
	if s.at >= len(s.body) {
		return serializationError("the body ends at byte %d; want %s", s.at, want)
	}
	return serializationError("the body has %q at byte %d; want %s", s.body[s.at], s.at, want)
}

func (s *scanner) space() {
	for s.at < len(s.body) {
		switch s.body[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

// take moves beyond c, if it is next.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.at < len(s.body) && s.body[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) literal(word string) bool {
	s.space()
	if bytes.HasPrefix(s.body[s.at:], []byte(word)) {
		s.at += len(word)
		return true
	}
	return false
}

// optional reads a value that may be null, which is as good as none.
func (s *scanner) optional(read func() *apiError) *apiError {
	if s.literal("null") {
		return nil
	}
	return read()
}

func (s *scanner) boolean() (bool, *apiError) {
	if s.literal("true") {
		return true, nil
	}
	if s.literal("false") {
		return false, nil
	}
	return false, s.malformed("true or false")
}

// object reads an object; member reads each value.
func (s *scanner) object(member func(name []byte) *apiError) *apiError {
	if !s.take('{') {
		return s.malformed("an object")
	}
	if s.take('}') {
		return nil
	}
	for {
		name, err := s.raw()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return s.malformed("a colon")
		}
		if err := member(name); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.malformed("a comma or the end of the object")
		}
	}
}

func (s *scanner) array(element func() *apiError) *apiError {
	if !s.take('[') {
		return s.malformed("a list")
	}
	if s.take(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.malformed("a comma or the end of the list")
		}
	}
}

// raw reads a string: a part of the body when it is plain, else a decoded copy.
func (s *scanner) raw() ([]byte, *apiError) {
	s.space()
	if s.at >= len(s.body) || s.body[s.at] != '"' {
		return nil, s.malformed("a string")
	}
	start := s.at
	s.at++
	rest := s.body[s.at:]
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		s.at = len(s.body)
		return nil, s.malformed("the end of the string")
	}
	if plain(rest[:n]) {
		s.at += n + 1
		return rest[:n], nil
	}
	for s.at < len(s.body) {
		switch c := s.body[s.at]; {
		case c == '"':
			s.at++
			var decoded string
			if err := json.Unmarshal(s.body[start:s.at], &decoded); err != nil {
				return nil, serializationError("the string at byte %d is no JSON: %v", start, err)
			}
			return []byte(decoded), nil
		case c == '\\':
			s.at++
		case c < 0x20:
			return nil, s.malformed("no control character in a string")
		}
		s.at++
	}
	s.at = len(s.body)
	return nil, s.malformed("the end of the string")
}

// plain says whether a string means what it reads: no escapes, no control
// characters, valid UTF-8.
func plain(b []byte) bool {
	ascii := true
	for _, c := range b {
		if c < 0x20 || c == '\\' {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return ascii || utf8.Valid(b)
}

func (s *scanner) text() (string, *apiError) {
	b, err := s.raw()
	return string(b), err
}

// keep reads a string and copies it to keys.
func (s *scanner) keep() (span, *apiError) {
	b, err := s.raw()
	from := len(s.keys)
	s.keys = append(s.keys, b...)
	return span{from, len(s.keys)}, err
}

// blob reads a base64 string and returns where it is in the body. A base64
// string has no escapes, except that a slash may be written \/; then it is
// rewritten in place.
func (s *scanner) blob() (span, *apiError) {
	s.space()
	if s.at >= len(s.body) || s.body[s.at] != '"' {
		return span{}, s.malformed("a base64 string")
	}
	from := s.at + 1
	n := bytes.IndexByte(s.body[from:], '"')
	if n < 0 {
		s.at = len(s.body)
		return span{}, s.malformed("the end of the string")
	}
	part := s.body[from : from+n]
	if bytes.IndexByte(part, '\\') < 0 {
		s.at = from + n + 1
		s.size += base64.StdEncoding.DecodedLen(n)
		return span{from, from + n}, nil
	}
	decoded, err := s.raw()
	if err != nil {
		return span{}, err
	}
	n = copy(s.body[from:], decoded)
	s.size += base64.StdEncoding.DecodedLen(n)
	return span{from, from + n}, nil
}

func (s *scanner) entry(req *putRequest) *apiError {
	var e putEntry
	var at entrySpans
	err := s.object(func(name []byte) *apiError {
		var err *apiError
		switch string(name) {
		case "Data":
			if s.literal("null") {
				return nil
			}
			e.hasData = true
			at.data, err = s.blob()
		case "PartitionKey":
			if s.literal("null") {
				return nil
			}
			e.hasPartitionKey = true
			at.partitionKey, err = s.keep()
		case "ExplicitHashKey":
			if s.literal("null") {
				return nil
			}
			e.hasExplicitHashKey = true
			at.explicitHashKey, err = s.keep()
		default:
			err = s.skip(0)
		}
		return err
	})
	if err != nil {
		return err
	}
	if req.records == nil {
		req.records = make([]putEntry, 0, maxRecordsPerRequest)
		s.spans = make([]entrySpans, 0, maxRecordsPerRequest)
	}
	req.records = append(req.records, e)
	s.spans = append(s.spans, at)
	return nil
}

// resolve fills the entries from their spans.
func (s *scanner) resolve(records []putEntry) *apiError {
	keys := string(s.keys)
	block := make([]byte, s.size)
	used := 0
	for i := range records {
		e, at := &records[i], &s.spans[i]
		e.partitionKey = keys[at.partitionKey.from:at.partitionKey.to]
		e.explicitHashKey = keys[at.explicitHashKey.from:at.explicitHashKey.to]
		if !e.hasData {
			continue
		}
		n, err := base64.StdEncoding.Decode(block[used:], s.body[at.data.from:at.data.to])
		if err != nil {
			return serializationError("the data of record %d is no base64: %v", i, err)
		}
		e.data = block[used : used+n : used+n]
		used += n
	}
	return nil
}

// skip moves beyond a value of any kind.
func (s *scanner) skip(depth int) *apiError {
	if depth > maxJSONDepth {
		return serializationError("the body nests deeper than %d", maxJSONDepth)
	}
	s.space()
	if s.at >= len(s.body) {
		return s.malformed("a value")
	}
	switch s.body[s.at] {
	case '{':
		return s.object(func([]byte) *apiError { return s.skip(depth + 1) })
	case '[':
		return s.array(func() *apiError { return s.skip(depth + 1) })
	case '"':
		_, err := s.raw()
		return err
	}
	from := s.at
	for s.at < len(s.body) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(s.body[s.at])) {
		s.at++
	}
	if !json.Valid(s.body[from:s.at]) {
		s.at = from
		return s.malformed("a value")
	}
	return nil
}
