package kinesislocal

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What a position is used for. An iterator is no token and the other way round.
const (
	iteratorKind = "iterator"
	shardsKind   = "shards"
	streamsKind  = "streams"
	metricsKind  = "metrics"
)

// position is what a shard iterator or a ListShards token means. Both are
// opaque to clients, and are not secret here: they are its fields in base64.
type position struct {
	stream string
	serial int64 // of the stream, so that a new stream of the same name refuses it
	shard  int   // iterators: the shard; tokens: the last shard listed
	after  uint64
	filter string // tokens: the shard filter of the first request
	issued time.Time
}

func (p position) encode(kind string) string {
	fields := []string{
		kind, p.stream, strconv.FormatInt(p.serial, 10), strconv.Itoa(p.shard),
		strconv.FormatUint(p.after, 10), strconv.FormatInt(p.issued.UnixNano(), 10), p.filter,
	}
	return base64.StdEncoding.EncodeToString([]byte("kinesislocal/" + strings.Join(fields, "/")))
}

// readPosition reads what encode wrote.
func (s *Server) readPosition(text, kind string) (position, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return position{}, err
	}
	fields := strings.SplitN(string(raw), "/", 8)
	if len(fields) != 8 || fields[0] != "kinesislocal" || fields[1] != kind {
		return position{}, fmt.Errorf("it is none of %s", kind)
	}
	p := position{stream: fields[2], filter: fields[7]}
	var errs [4]error
	var issued int64
	p.serial, errs[0] = strconv.ParseInt(fields[3], 10, 64)
	p.shard, errs[1] = strconv.Atoi(fields[4])
	p.after, errs[2] = strconv.ParseUint(fields[5], 10, 64)
	issued, errs[3] = strconv.ParseInt(fields[6], 10, 64)
	for _, err := range errs {
		if err != nil {
			return position{}, err
		}
	}
	p.issued = time.Unix(0, issued)
	return p, nil
}

// amzTime is how the service writes times in its messages.
func amzTime(t time.Time) string { return t.UTC().Format("Mon Jan 02 15:04:05 UTC 2006") }
