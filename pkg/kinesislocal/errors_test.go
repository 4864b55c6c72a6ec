package kinesislocal

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	oneMiB  = 1 << 20
	account = DefaultAccount
)

func base64Of(n int) string {
	return strings.Repeat("AAAA", n/3) + []string{"", "AA==", "AAA="}[n%3]
}

func TestRequestsAreRefusedInTheWordsOfTheService(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Streams: map[string]int{"s": 2, "one": 1}, Now: clock.Now, ShardQuota: 12})
	mustAsk(t, s, "CreateStream", `{"StreamName":"demand","StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`)
	mustAsk(t, s, "CreateStream", `{"StreamName":"split","ShardCount":1}`)
	mustAsk(t, s, "SplitShard", `{"StreamName":"split","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"1000"}`)
	sequence := mustAsk(t, s, "PutRecord", `{"StreamName":"s","Data":"AAAA","PartitionKey":"a"}`)["SequenceNumber"].(string)
	foreign := mustAsk(t, s, "PutRecord", `{"StreamName":"one","Data":"AAAA","PartitionKey":"a"}`)["SequenceNumber"].(string)
	iterator := mustAsk(t, s, "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"LATEST"}`)["ShardIterator"].(string)
	token := mustAsk(t, s, "ListShards", `{"StreamName":"s","MaxResults":1}`)["NextToken"].(string)
	created := clock.now
	clock.advance(5*time.Minute + time.Second)

	record := func(members string) string { return `{"StreamName":"s","Records":[{` + members + `}]}` }
	many := `{"StreamName":"s","Records":[` + strings.Repeat(`{"Data":"AA==","PartitionKey":"k"},`, 500) + `{"Data":"AA==","PartitionKey":"k"}]}`
	big := `{"Data":"` + base64Of(oneMiB-1) + `","PartitionKey":"k"}`
	tooMuch := `{"StreamName":"s","Records":[` + strings.Repeat(big+",", 10) + big + `]}`
	const (
		validation = "ValidationException"
		argument   = "InvalidArgumentException"
		one        = "1 validation error detected: "
		two        = "2 validation errors detected: "
		noS        = "Stream none under account " + account + " not found."
	)
	tests := []struct {
		name, operation, body, code, message string
	}{
		{"unknown operation", "PutRecordz", `{}`, "UnknownOperationException", "Operation PutRecordz is not known here."},
		{"body that is no JSON", "PutRecord", `{"StreamName`, "SerializationException", ""},
		{"body that is no JSON, of PutRecords", "PutRecords", `{"StreamName`, "SerializationException", "the body ends at byte 12; want the end of the string"},
		{"member of a wrong type", "PutRecord", `{"StreamName":7}`, "SerializationException", "member StreamName can not be read: want a string, got json.Number"},
		{"data that is no base64", "PutRecords", record(`"Data":"A","PartitionKey":"k"`), "SerializationException", ""},

		{"no stream", "PutRecord", `{"Data":"AA==","PartitionKey":"k"}`, argument, "Either StreamName or StreamARN should be provided."},
		{"unknown stream", "PutRecord", `{"StreamName":"none","Data":"AA==","PartitionKey":"k"}`, "ResourceNotFoundException", noS},
		{"unknown stream by ARN", "DescribeStream", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/none"}`, "ResourceNotFoundException", noS},
		{"stream of another account", "DescribeStream", `{"StreamARN":"arn:aws:kinesis:us-east-1:111111111111:stream/s"}`, "ResourceNotFoundException", "Stream s under account 111111111111 not found."},
		{"malformed ARN", "DescribeStream", `{"StreamARN":"s"}`, validation, one + `Value 's' at 'streamARN' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`},
		{"name and ARN of two streams", "DescribeStream", `{"StreamName":"one","StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s"}`, argument, "StreamName one and StreamARN arn:aws:kinesis:us-east-1:000000000000:stream/s are not of the same stream."},
		{"stream name with a blank", "DescribeStream", `{"StreamName":"a b"}`, validation, one + "Value 'a b' at 'streamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"},
		{"stream name too long", "DescribeStream", `{"StreamName":"` + strings.Repeat("n", 129) + `"}`, validation, one + "Value '" + strings.Repeat("n", 129) + "' at 'streamName' failed to satisfy constraint: Member must have length less than or equal to 128"},

		{"record without members", "PutRecords", record(``), validation, two + "Value null at 'records.1.member.partitionKey' failed to satisfy constraint: Member must not be null; Value null at 'records.1.member.data' failed to satisfy constraint: Member must not be null"},
		{"empty partition key", "PutRecord", `{"StreamName":"s","Data":"AA==","PartitionKey":""}`, validation, one + "Value '' at 'partitionKey' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"long partition key", "PutRecords", record(`"Data":"AA==","PartitionKey":"` + strings.Repeat("é", 257) + `"`), validation, one + "Value '" + strings.Repeat("é", 257) + "' at 'records.1.member.partitionKey' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"explicit hash key that is no number", "PutRecords", record(`"Data":"AA==","PartitionKey":"k","ExplicitHashKey":"007"`), validation, one + `Value '007' at 'records.1.member.explicitHashKey' failed to satisfy constraint: Member must satisfy regular expression pattern: 0|([1-9]\d{0,38})`},
		{"explicit hash key of 2^128", "PutRecords", record(`"Data":"AA==","PartitionKey":"k","ExplicitHashKey":"340282366920938463463374607431768211456"`), argument, "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was 340282366920938463463374607431768211456"},
		{"no records", "PutRecords", `{"StreamName":"s","Records":[]}`, validation, one + "Value '[]' at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"records missing", "PutRecords", `{"StreamName":"s"}`, validation, one + "Value null at 'records' failed to satisfy constraint: Member must not be null"},
		{"501 records", "PutRecords", many, validation, one + "Value '[501 PutRecordsRequestEntry]' at 'records' failed to satisfy constraint: Member must have length less than or equal to 500"},
		{"data over 1 MiB", "PutRecord", `{"StreamName":"s","Data":"` + base64Of(oneMiB+1) + `","PartitionKey":"k"}`, validation, one + "Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'data' failed to satisfy constraint: Member must have length less than or equal to 1048576"},
		{"data and key over 1 MiB", "PutRecords", record(`"Data":"` + base64Of(oneMiB) + `","PartitionKey":"k"`), argument, "Data and partition key of a record have 1048577 bytes together, which is more than the 1048576 bytes that stream s allows."},
		{"request over 10 MiB", "PutRecords", tooMuch, argument, "Records size exceeds 10 MB limit"},
		{"ordering after a foreign sequence number", "PutRecord", `{"StreamName":"s","Data":"AA==","PartitionKey":"k","SequenceNumberForOrdering":"` + foreign + `"}`, argument, "ExclusiveMinimumSequenceNumber " + foreign + " used in PutRecord on stream s under account " + account + " is invalid."},
		{"dry run", "PutRecords", `{"StreamName":"s","DryRun":true,"Records":[{"Data":"AA==","PartitionKey":"k"}]}`, "DryRunOperationException", "Request would have succeeded, but DryRun is set."},
		{"dry run of one", "PutRecord", `{"StreamName":"s","DryRun":true,"Data":"AA==","PartitionKey":"k"}`, "DryRunOperationException", "Request would have succeeded, but DryRun is set."},

		{"stream exists", "CreateStream", `{"StreamName":"s","ShardCount":1}`, "ResourceInUseException", "Stream s under account " + account + " already exists."},
		{"no shards", "CreateStream", `{"StreamName":"n","ShardCount":0}`, validation, one + "Value '0' at 'shardCount' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"provisioned without count", "CreateStream", `{"StreamName":"n"}`, validation, "ShardCount must be specified when StreamMode is PROVISIONED."},
		{"on demand with count", "CreateStream", `{"StreamName":"n","ShardCount":1,"StreamModeDetails":{"StreamMode":"ON_DEMAND"}}`, validation, "ShardCount must not be specified when StreamMode is ON_DEMAND."},
		{"unknown mode", "CreateStream", `{"StreamName":"n","StreamModeDetails":{"StreamMode":"X"}}`, validation, one + "Value 'X' at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]"},
		{"over the quota", "CreateStream", `{"StreamName":"n","ShardCount":4}`, "LimitExceededException", "This request would exceed the shard limit for the account 000000000000 in us-east-1. Current shard count for the account: 9. Limit: 12. Number of additional shards that would have resulted from this request: 4. Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to request higher limits."},
		{"delete of none", "DeleteStream", `{"StreamName":"none"}`, "ResourceNotFoundException", noS},

		{"iterator of an unknown shard", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000009","ShardIteratorType":"LATEST"}`, "ResourceNotFoundException", "Shard shardId-000000000009 in stream s under account " + account + " does not exist"},
		{"unknown iterator type", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"FIRST"}`, validation, one + "Value 'FIRST' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"},
		{"sequence number missing", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_SEQUENCE_NUMBER"}`, argument, "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified AT_SEQUENCE_NUMBER and no StartingSequenceNumber."},
		{"sequence number too many", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"LATEST","StartingSequenceNumber":"` + sequence + `"}`, argument, "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified LATEST and also a StartingSequenceNumber."},
		{"sequence number of another stream", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"` + foreign + `"}`, argument, "StartingSequenceNumber " + foreign + " used in GetShardIterator on shard shardId-000000000000 in stream s under account " + account + " is invalid because it did not come from this stream."},
		{"sequence number that is none", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_SEQUENCE_NUMBER","StartingSequenceNumber":"7"}`, argument, "StartingSequenceNumber 7 used in GetShardIterator on shard shardId-000000000000 in stream s under account " + account + " is invalid."},
		{"timestamp missing", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP"}`, argument, "Must specify timestampInMillis with ShardIteratorType AT_TIMESTAMP and with no other. Request specified AT_TIMESTAMP."},
		{"timestamp in the future", "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"AT_TIMESTAMP","Timestamp":4000000000}`, argument, fmt.Sprintf("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: 4000000000000, currentTimestampInMillis: %d", clock.now.UnixMilli())},
		{"iterator that is none", "GetRecords", `{"ShardIterator":"AAAA"}`, argument, "Invalid ShardIterator."},
		{"iterator that is old", "GetRecords", `{"ShardIterator":"` + iterator + `"}`, "ExpiredIteratorException", "Iterator expired. The iterator was created at time " + amzTime(created) + " while right now it is " + amzTime(clock.now) + " which is further in the future than the tolerated delay of 300000 milliseconds."},
		{"limit of 0", "GetRecords", `{"ShardIterator":"AAAA","Limit":0}`, validation, one + "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"limit of 10001", "GetRecords", `{"ShardIterator":"AAAA","Limit":10001}`, validation, one + "Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},

		{"neither token nor stream", "ListShards", `{}`, argument, "Either NextToken or StreamName should be provided."},
		{"token and stream", "ListShards", `{"StreamName":"s","NextToken":"` + token + `"}`, argument, "NextToken and StreamName cannot be provided together."},
		{"token and filter", "ListShards", `{"ShardFilter":{"Type":"AT_LATEST"},"NextToken":"` + token + `"}`, argument, "NextToken and ShardFilter cannot be provided together."},
		{"token that is none", "ListShards", `{"NextToken":"AAAA"}`, argument, "NextToken AAAA is invalid."},
		{"token that is old", "ListShards", `{"NextToken":"` + token + `"}`, "ExpiredNextTokenException", "NextToken expired. It was created at time " + amzTime(created) + " while right now it is " + amzTime(clock.now) + " which is further in the future than the tolerated delay of 300000 milliseconds."},
		{"unknown filter", "ListShards", `{"StreamName":"s","ShardFilter":{"Type":"OPEN"}}`, validation, one + "Value 'OPEN' at 'shardFilter.type' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SHARD_ID, AT_TRIM_HORIZON, FROM_TRIM_HORIZON, AT_LATEST, AT_TIMESTAMP, FROM_TIMESTAMP]"},
		{"filter without its shard", "ListShards", `{"StreamName":"s","ShardFilter":{"Type":"AFTER_SHARD_ID"}}`, argument, "ShardId must be specified in a ShardFilter of type AFTER_SHARD_ID and in no other; the type is AFTER_SHARD_ID."},
		{"filter without its time", "ListShards", `{"StreamName":"s","ShardFilter":{"Type":"AT_TIMESTAMP"}}`, argument, "Timestamp must be specified in a ShardFilter of type AT_TIMESTAMP or FROM_TIMESTAMP and in no other; the type is AT_TIMESTAMP."},
		{"another creation time", "ListShards", `{"StreamName":"s","StreamCreationTimestamp":1}`, "ResourceNotFoundException", "Stream s under account " + account + " not found."},
		{"after something that is no shard", "ListShards", `{"StreamName":"s","ExclusiveStartShardId":"x"}`, "ResourceNotFoundException", "Could not find shard x in stream s under account " + account + "."},

		{"split of none", "SplitShard", `{"StreamName":"s","ShardToSplit":"shardId-000000000009","NewStartingHashKey":"1"}`, "ResourceNotFoundException", "Could not find shard shardId-000000000009 in stream s under account " + account + "."},
		{"split of a closed shard", "SplitShard", `{"StreamName":"split","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"9"}`, "ResourceInUseException", "Shard shardId-000000000000 in stream split under account " + account + " has already been merged or split, and thus is not eligible for merging or splitting."},
		{"split outside", "SplitShard", `{"StreamName":"split","ShardToSplit":"shardId-000000000001","NewStartingHashKey":"1000"}`, argument, "NewStartingHashKey 1000 used in SplitShard() on shard shardId-000000000001 in stream split under account " + account + " is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey 999."},
		{"split at the start", "SplitShard", `{"StreamName":"split","ShardToSplit":"shardId-000000000001","NewStartingHashKey":"1"}`, argument, "NewStartingHashKey 1 used in SplitShard() on shard shardId-000000000001 in stream split under account " + account + " is not both greater than one plus the shard's StartingHashKey 0 and less than the shard's EndingHashKey 999."},
		{"split of an on-demand stream", "SplitShard", `{"StreamName":"demand","ShardToSplit":"shardId-000000000000","NewStartingHashKey":"9"}`, validation, "Request is invalid. Stream demand under account " + account + " is in On-Demand mode."},
		{"merge with itself", "MergeShards", `{"StreamName":"s","ShardToMerge":"shardId-000000000000","AdjacentShardToMerge":"shardId-000000000000"}`, argument, "Shards shardId-000000000000 and shardId-000000000000 in stream s under account " + account + " are not an adjacent pair of shards eligible for merging"},
		{"merge of the ends", "MergeShards", `{"StreamName":"demand4","ShardToMerge":"shardId-000000000000","AdjacentShardToMerge":"shardId-000000000000"}`, "ResourceNotFoundException", "Stream demand4 under account " + account + " not found."},
		{"over double", "UpdateShardCount", `{"StreamName":"s","TargetShardCount":5,"ScalingType":"UNIFORM_SCALING"}`, "LimitExceededException", "UpdateShardCount cannot scale up over double your current open shard count. Current open shard count: 2, Target shard count: 5"},
		{"over the account", "UpdateShardCount", `{"StreamName":"s","TargetShardCount":13,"ScalingType":"UNIFORM_SCALING"}`, "LimitExceededException", "Target shard count or number of open shards cannot be greater than 12. Current open shard count: 2, Target shard count: 13"},
		{"unknown scaling", "UpdateShardCount", `{"StreamName":"s","TargetShardCount":2,"ScalingType":"X"}`, validation, one + "Value 'X' at 'scalingType' failed to satisfy constraint: Member must satisfy enum value set: [UNIFORM_SCALING]"},
		{"record size out of range", "UpdateMaxRecordSize", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","MaxRecordSizeInKiB":10241}`, validation, one + "Value '10241' at 'maxRecordSizeInKiB' failed to satisfy constraint: Member must have value less than or equal to 10240"},
		{"distribution of a provisioned stream", "UpdateStreamRecordDistributionStrategy", `{"StreamARN":"arn:aws:kinesis:us-east-1:000000000000:stream/s","RecordDistributionStrategy":"AUTO"}`, validation, "RecordDistributionStrategy AUTO is only supported for streams in ON_DEMAND mode."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := ask(t, s, tt.operation, tt.body)
			if a.status != http.StatusBadRequest || a.code() != tt.code || tt.message != "" && a.message() != tt.message {
				t.Errorf("got %d %s %q\nwant 400 %s %q", a.status, a.code(), a.message(), tt.code, tt.message)
			}
			if got := a.header.Get("X-Amzn-Errortype"); got != tt.code {
				t.Errorf("error type header %q", got)
			}
		})
	}
	if n := len(s.Records("")); n != 2 {
		t.Errorf("%d records are stored; refused requests must store none", n)
	}
}

func TestStreamsThatChangeRefuseFurtherChanges(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Now: clock.Now, ProvisioningDelay: time.Second})
	status := func() string {
		d := mustAsk(t, s, "DescribeStreamSummary", `{"StreamName":"s"}`)["StreamDescriptionSummary"].(map[string]any)
		return d["StreamStatus"].(string)
	}
	mustAsk(t, s, "CreateStream", `{"StreamName":"s","ShardCount":2}`)
	if got := status(); got != statusCreating {
		t.Errorf("status %s", got)
	}
	put := `{"StreamName":"s","Data":"AA==","PartitionKey":"k"}`
	if a := ask(t, s, "PutRecord", put); a.code() != "ResourceNotFoundException" {
		t.Errorf("put while CREATING: %s", a.raw)
	}
	merge := `{"StreamName":"s","ShardToMerge":"shardId-000000000000","AdjacentShardToMerge":"shardId-000000000001"}`
	if a := ask(t, s, "MergeShards", merge); a.message() != "Stream s under account 000000000000 not ACTIVE, instead in state CREATING" {
		t.Errorf("merge while CREATING: %s", a.raw)
	}
	clock.advance(time.Second)
	mustAsk(t, s, "MergeShards", merge)
	if got := status(); got != statusUpdating {
		t.Errorf("status %s", got)
	}
	mustAsk(t, s, "PutRecord", put)
	if a := ask(t, s, "UpdateShardCount", `{"StreamName":"s","TargetShardCount":2,"ScalingType":"UNIFORM_SCALING"}`); a.code() != "ResourceInUseException" {
		t.Errorf("update while UPDATING: %s", a.raw)
	}
	clock.advance(time.Second)
	mustAsk(t, s, "DeleteStream", `{"StreamName":"s"}`)
	if got := status(); got != statusDeleting {
		t.Errorf("status %s", got)
	}
	clock.advance(time.Second)
	if a := ask(t, s, "DescribeStreamSummary", `{"StreamName":"s"}`); a.code() != "ResourceNotFoundException" {
		t.Errorf("after deletion: %s", a.raw)
	}
	if s.held != 0 {
		t.Errorf("%d bytes are held", s.held)
	}
}
