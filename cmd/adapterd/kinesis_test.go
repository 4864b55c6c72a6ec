package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func TestKinesisServesUntilItIsStopped(t *testing.T) {
	b := start(t, "kinesis", "127.0.0.1:0", "--stream", "s:3", "--create-streams=false")
	at := regexp.MustCompile(`http://[^ ]+`)
	await(t, "the endpoint", func() bool { return at.MatchString(b.out.String()) })
	endpoint := at.FindString(b.out.String())
	code, _, errOut := command(t, "tail", "other", "--endpoint", endpoint)
	if code != exitFailed || !strings.Contains(errOut, "ResourceNotFoundException") {
		t.Errorf("a stream that nobody made: exit %d, %s", code, errOut)
	}
	if code, out, errOut := command(t, "tail", "s", "--endpoint", endpoint, "--follow=false"); code != exitDone || out != "" {
		t.Errorf("exit %d, %s%s", code, out, errOut)
	}
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d, %s", code, b.err.String())
	}
}

func TestKinesisSaysWhyItDidNotStart(t *testing.T) {
	taken := kinesislocal.NewTest(t, kinesislocal.Options{})
	code, out, errOut := command(t, "kinesis", taken.Addr())
	if code != exitFailed || out != "" || !strings.Contains(errOut, "address already in use") {
		t.Errorf("exit %d, %s%s", code, out, errOut)
	}
}

func TestKinesisHoldsItsLimitsOnTLS(t *testing.T) {
	b := start(t, "kinesis", "127.0.0.1:0", "--limits", "--shards", "1")
	at := regexp.MustCompile(`https://[^ ;]+`)
	await(t, "the endpoint", func() bool { return at.MatchString(b.out.String()) })
	endpoint := at.FindString(b.out.String())
	client, err := (&tailFlags{endpoint: endpoint, insecure: true}).client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries := make([]types.PutRecordsRequestEntry, 500)
	for i := range entries {
		entries[i] = types.PutRecordsRequestEntry{PartitionKey: aws.String("k"), Data: make([]byte, 4<<10)}
	}
	answer, err := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("made-on-first-use"), Records: entries})
	if err != nil {
		t.Fatal(err)
	}
	if failed := aws.ToInt32(answer.FailedRecordCount); failed == 0 || failed == 500 {
		t.Errorf("%d of 500 records of 4 KiB were refused", failed)
	}
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d, %s", code, b.err.String())
	}
}
