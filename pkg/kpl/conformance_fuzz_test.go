package kpl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever a configuration says, it is read into one that is valid, or refused with a reason for each thing that is wrong.
func FuzzConfigValue(f *testing.F) {
	for i := range configKeys {
		k := &configKeys[i]
		for _, v := range []string{k.shown(k.fallback), "", " x ", fmt.Sprint(k.min - 1), fmt.Sprint(uint64(k.max) + 1)} {
			f.Add(k.name, v)
		}
	}
	f.Add("recordTtl", "1")
	f.Add("KinesisEndpoint", "http://[::1]:4566")
	f.Add("ProxyHost", "https://user@proxy:1")
	f.Add("AdditionalMetricsDimensions", "Host=web=1,Zone=a@stream")
	f.Fuzz(func(t *testing.T, key, value string) {
		c, warnings, err := ParsePairs([]KeyValue{{Key: key, Value: value, Pos: "a.xml:1:2"}})
		for _, w := range warnings {
			if w.Text == "" || w.Pos != "a.xml:1:2" {
				t.Errorf("warning %+v", w)
			}
		}
		if err != nil {
			var all ConfigErrors
			if !errors.As(err, &all) || len(all) != 1 || all[0].Key != key || all[0].Problem == "" || all[0].Pos != "a.xml:1:2" {
				t.Errorf("error %v", err)
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("read, but not valid: %v", err)
		}
	})
}

// answering answers every PutRecords with the same, and describes a stream of two shards.
type answering struct {
	status          int
	errorType, body string
}

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	status, header, body := 200, http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, ""
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
	case "ListShards":
		const half = "170141183460469231731687303715884105728"
		body = `{"Shards":[{"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"170141183460469231731687303715884105727"},` +
			`"SequenceNumberRange":{"StartingSequenceNumber":"1"}},{"ShardId":"shardId-000000000001","HashKeyRange":{"StartingHashKey":"` + half +
			`","EndingHashKey":"` + highest + `"},"SequenceNumberRange":{"StartingSequenceNumber":"1"}}]}`
	case "PutRecords":
		status, body = a.status, a.body
		if a.errorType != "" {
			header["X-Amzn-Errortype"] = []string{a.errorType}
		}
	default:
		status, body = 400, `{"__type":"AccessDeniedException","message":"no"}`
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body)), Request: r,
	}, nil
}

// Whatever the service answers, through the real client: every record has one result in time, a stored one says where, and nothing panics.
func FuzzPutRecordsAnswer(f *testing.F) {
	for _, a := range []answering{
		{200, "", `{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"shardId-000000000000"},` +
			`{"SequenceNumber":"2","ShardId":"shardId-000000000001"}]}`},
		{200, "", `{"FailedRecordCount":1,"Records":[{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"m"},` +
			`{"SequenceNumber":"2","ShardId":"shardId-000000000007"}]}`},
		{200, "", `{"Records":[{"SequenceNumber":"","ShardId":""},{}]}`}, {200, "", `{"Records":[null,null]}`}, {200, "", `{"Records":null}`}, {200, "", `[]`},
		{200, "", ""}, {200, "", `{"Records":[{"SequenceNumber":1,"ShardId":{}}`}, {204, "", ""}, {302, "", "elsewhere"},
		{400, "", `{"__type":"com.amazonaws.kinesis#ResourceNotFoundException","message":"m"}`}, {400, "ValidationException:http://x/", `{"Message":"m"}`},
		{400, "", `{"__type":"ExpiredTokenException"}`}, {413, "", "<html>"}, {429, "", ""}, {500, "InternalFailure", ""}, {503, "", "\xff\xfe\x00"},
	} {
		f.Add(a.status, a.errorType, []byte(a.body))
	}
	f.Fuzz(func(t *testing.T, status int, errorType string, body []byte) {
		synctest.Test(t, func(t *testing.T) {
			c := testConfig(nil)
			c.RecordTTL, c.RecordMaxBufferedTime = 500*time.Millisecond, 20*time.Millisecond
			status := 200 + int(uint(status-200)%400) // those below never reach a client as an answer
			c.API = onTransport(c, answering{status: status, errorType: errorType, body: string(body)})
			b := start(t, c)
			names := []string{"a", "b", "c", "d"}
			for i, name := range names { // an aggregate of two, or four plain ones
				b.putOne(name, []string{lowest, highest}[i/2], i)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if left, err := b.Close(ctx); left != 0 || err != nil {
				t.Errorf("Close: %d left, %v", left, err)
			}
			for _, name := range names {
				r := b.result(name)
				if r.Err == nil {
					if r.SequenceNumber == "" || !r.Attempts[len(r.Attempts)-1].Success {
						t.Errorf("said to be stored: %+v", r)
					}
					continue
				}
				e := failure(t, r)
				if e.Code == "" || len(e.Attempts) == 0 {
					t.Errorf("failed without a reason: %+v", e)
				}
				if status >= 300 && e.MayBeStored != (status >= 500) { // the service refused it, or failed in the midst
					t.Errorf("status %d: %v", status, e)
				}
				for _, a := range e.Attempts {
					if a.ErrorCode == codePanic || !a.Success && a.ErrorCode == "" {
						t.Errorf("attempt %+v", a)
					}
				}
			}
		})
	})
}
