package kpl

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestPutRecordsIsEncodedAsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := &kinesis.PutRecordsInput{}
		if rapid.Bool().Draw(t, "by name") {
			in.StreamName = aws.String(rapid.String().Draw(t, "name"))
		} else {
			in.StreamARN = aws.String("arn:aws:kinesis:eu-west-1:123456789012:stream/s")
		}
		for range rapid.IntRange(0, 5).Draw(t, "records") {
			e := types.PutRecordsRequestEntry{Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data"), PartitionKey: aws.String(rapid.String().Draw(t, "key"))}
			if rapid.Bool().Draw(t, "hash") {
				e.ExplicitHashKey = aws.String("340282366920938463463374607431768211455")
			}
			in.Records = append(in.Records, e)
		}
		body := newRequestBody(in, rapid.SampledFrom([]*bodyMemory{nil, {}}).Draw(t, "memory")).reader()
		text := readBy(t, body, rapid.IntRange(1, 40).Draw(t, "room"))
		if left := body.Len(); left != 0 {
			t.Fatalf("%d bytes are left after %d", left, len(text))
		}
		var got kinesis.PutRecordsInput
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if diff := cmp.Diff(in, &got, cmpopts.IgnoreUnexported(kinesis.PutRecordsInput{}, types.PutRecordsRequestEntry{}), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}
