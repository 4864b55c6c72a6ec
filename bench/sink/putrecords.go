package main

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// appendResults appends the answer to a PutRecords body, or says by ok=false that it is not one.
func (s *sink) appendResults(out, body []byte) (answer []byte, records int, ok bool) {
	out = append(out, `{"EncryptionType":"NONE","FailedRecordCount":0,"Records":[`...)
	number := 1_000_000_000_000_000 + s.records.Load()
	records, ok = readRecords(body, func(h hashKey) {
		if out[len(out)-1] == '}' {
			out = append(out, ',')
		}
		out = append(out, `{"SequenceNumber":"4954364829373928490`...)
		out = strconv.AppendInt(out, number, 10)
		out = append(out, `","ShardId":"`...)
		out = append(out, s.shards.ids[s.shards.of(h)]...)
		out = append(out, `"}`...)
		number++
	})
	return append(out, `]}`...), records, ok && records > 0
}

// readRecords tells the hash key of each record of a PutRecords body. It passes over data by looking for the quote behind it.
func readRecords(body []byte, tell func(hashKey)) (records int, ok bool) {
	r := reader{rest: body}
	r.members(func(name []byte) {
		if string(name) != "Records" {
			r.text()
			return
		}
		r.list(func() {
			tell(r.record())
			records++
		})
	})
	return records, !r.bad && len(r.rest) == 0
}

// reader reads as much of JSON as PutRecords is made of: objects and lists of strings, with or without blanks between. After
// something else it is bad, and reads nothing more.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) blanks() {
	for len(r.rest) > 0 && (r.rest[0] == ' ' || r.rest[0] == '\t' || r.rest[0] == '\n' || r.rest[0] == '\r') {
		r.rest = r.rest[1:]
	}
}

// next drops blanks and says whether c comes then, which it takes.
func (r *reader) next(c byte) bool {
	r.blanks()
	if r.bad || len(r.rest) == 0 || r.rest[0] != c {
		return false
	}
	r.rest = r.rest[1:]
	return true
}

func (r *reader) must(c byte) {
	if !r.next(c) {
		r.bad = true
	}
}

// sequence reads elements by read, from the opening to the closing bracket and what blanks there are behind.
func (r *reader) sequence(opening, closing byte, read func()) {
	r.must(opening)
	if !r.bad && !r.next(closing) {
		for read(); !r.bad && !r.next(closing); read() {
			r.must(',')
		}
	}
	r.blanks()
}

func (r *reader) list(read func()) { r.sequence('[', ']', read) }

func (r *reader) members(read func(name []byte)) {
	r.sequence('{', '}', func() {
		name := r.text()
		r.must(':')
		if !r.bad {
			read(name)
		}
	})
}

func (r *reader) record() (h hashKey) {
	explicit, keyed := false, false
	r.members(func(name []byte) {
		value := r.text()
		switch string(name) {
		case "ExplicitHashKey":
			if h, explicit = parseHashKey(value); !explicit {
				r.bad = true
			}
		case "PartitionKey":
			if keyed = true; !explicit {
				h = hashOf(unescaped(value))
			}
		}
	})
	if !keyed {
		r.bad = true
	}
	return h
}

// text reads a string; what is escaped in it stays so.
func (r *reader) text() []byte {
	r.must('"')
	for from := 0; !r.bad; {
		end := bytes.IndexByte(r.rest[from:], '"')
		if end < 0 {
			break
		}
		end += from
		slashes := 0
		for slashes < end && r.rest[end-1-slashes] == '\\' {
			slashes++
		}
		if from = end + 1; slashes%2 == 0 {
			value := r.rest[:end]
			r.rest = r.rest[end+1:]
			return value
		}
	}
	r.bad = true
	return nil
}

func unescaped(value []byte) []byte {
	if bytes.IndexByte(value, '\\') < 0 {
		return value
	}
	var text string
	if err := json.Unmarshal(append(append([]byte{'"'}, value...), '"'), &text); err != nil {
		return value
	}
	return []byte(text)
}
