package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
)

const (
	// readBuffer takes the head of a request; bodies go past it.
	readBuffer = 16 << 10
	// maxBody is above what PutRecords may have: 10 MiB in base64.
	maxBody = 32 << 20
)

// request is what matters of a head.
type request struct {
	target string // X-Amz-Target; empty for CloudWatch's Query and CBOR protocols
	smithy string // Smithy-Protocol
	length int
	expect bool
}

// serve answers the requests of one connection in turn. It reads HTTP by itself, with one buffer for all bodies: a server of the standard
// library would cost as much as what is measured.
func (s *sink) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReaderSize(c, readBuffer)
	var body, answer, out []byte
	for {
		q, ok := readHead(r)
		if !ok {
			return
		}
		if q.expect {
			if _, err := io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return
			}
		}
		if cap(body) < q.length {
			body = make([]byte, q.length)
		}
		body = body[:q.length]
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		var status string
		status, answer = s.answer(q, body, answer[:0])
		out = append(out[:0], "HTTP/1.1 "...)
		out = append(out, status...)
		out = append(out, "\r\nx-amzn-RequestId: 0\r\nContent-Type: "...)
		out = append(out, q.contentType()...)
		out = append(out, "\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(answer)), 10)
		out = append(out, "\r\n\r\n"...)
		out = append(out, answer...)
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

// readHead reads up to the empty line. ok is false at the end of the connection and for what this does not speak, such as chunks.
func readHead(r *bufio.Reader) (q request, ok bool) {
	if _, err := r.ReadSlice('\n'); err != nil {
		return q, false
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return q, false
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return q, q.length >= 0 && q.length <= maxBody
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if q.length, err = strconv.Atoi(string(value)); err != nil {
				return q, false
			}
		case bytes.EqualFold(name, []byte("x-amz-target")):
			q.target = string(value[bytes.LastIndexByte(value, '.')+1:])
		case bytes.EqualFold(name, []byte("smithy-protocol")):
			q.smithy = string(value)
		case bytes.EqualFold(name, []byte("expect")):
			q.expect = true
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			return q, false
		}
	}
}

func (q request) contentType() string {
	switch {
	case q.target != "":
		return "application/x-amz-json-1.1"
	case q.smithy != "":
		return "application/cbor\r\nSmithy-Protocol: " + q.smithy
	}
	return "text/xml"
}

func (s *sink) answer(q request, body, out []byte) (status string, answer []byte) {
	switch {
	case q.target == "PutRecords":
		answer, n, ok := s.appendResults(out, body)
		if !ok {
			return "400 Bad Request", append(out, `{"__type":"SerializationException","message":"the sink does not understand this PutRecords"}`...)
		}
		s.requests.Add(1)
		s.records.Add(int64(n))
		s.bodySize.Add(int64(len(body)))
		return "200 OK", answer
	case q.target == "ListShards":
		return "200 OK", append(out, s.shards.listed...)
	case q.target == "DescribeStreamSummary":
		out = append(out, `{"StreamDescriptionSummary":{"StreamName":"bench","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/bench","StreamStatus":"ACTIVE","RetentionPeriodHours":24,"StreamCreationTimestamp":1.6E9,"EnhancedMonitoring":[{"ShardLevelMetrics":[]}],"OpenShardCount":`...)
		return "200 OK", append(strconv.AppendInt(out, int64(len(s.shards.ids)), 10), `}}`...)
	case q.target != "":
		return "400 Bad Request", append(out, `{"__type":"UnknownOperationException","message":"the sink knows PutRecords, ListShards and DescribeStreamSummary"}`...)
	case strings.Contains(q.smithy, "cbor"):
		return "200 OK", append(out, 0xa0) // an empty map
	}
	return "200 OK", append(out, `<PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></PutMetricDataResponse>`...)
}
