package kinesislocal

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
)

// A dry run is checked like a request that is meant, and stores nothing.
func TestDryRunIsValidatedAndStoresNothing(t *testing.T) {
	s := NewTest(t, Options{Streams: map[string]int{"events": 1}})
	client := kinesisClient(s)
	for name, c := range map[string]struct {
		stream, key string
		fault       string
		want        string
	}{
		"would do":       {"events", "k", "", "DryRunOperationException"},
		"no such stream": {"other", "k", "", "ResourceNotFoundException"},
		"no key":         {"events", "", "", "ValidationException"},
		"denied":         {"events", "k", "AccessDeniedException", "AccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.fault != "" {
				injected, err := s.Inject(Fault{Operations: []string{"PutRecords", "PutRecord"}, Code: c.fault})
				if err != nil {
					t.Fatal(err)
				}
				defer injected.Remove()
			}
			_, many := client.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: &c.stream, DryRun: aws.Bool(true),
				Records: []types.PutRecordsRequestEntry{{Data: []byte("x"), PartitionKey: &c.key}}})
			_, one := client.PutRecord(t.Context(), &kinesis.PutRecordInput{StreamName: &c.stream, DryRun: aws.Bool(true), Data: []byte("x"), PartitionKey: &c.key})
			for _, err := range []error{many, one} {
				var api smithy.APIError
				if !errors.As(err, &api) || api.ErrorCode() != c.want {
					t.Errorf("got %v, want %s", err, c.want)
				}
			}
		})
	}
	if n := len(s.Records("events")); n != 0 {
		t.Errorf("%d records were stored", n)
	}
}
