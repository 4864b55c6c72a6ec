package kinesislocal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

func awsConfig(s *Server) aws.Config {
	return aws.Config{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String("http://kinesis.test"),
		Credentials:      credentials.NewStaticCredentialsProvider("AKIDTEST", "secret", "token"),
		RetryMaxAttempts: 1,
		HTTPClient:       &http.Client{Transport: s.Transport()},
	}
}

func kinesisClient(s *Server) *kinesis.Client { return kinesis.NewFromConfig(awsConfig(s)) }

func must[T any](t testing.TB) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func iterator(t testing.TB, c *kinesis.Client, in *kinesis.GetShardIteratorInput) *string {
	t.Helper()
	return must[*kinesis.GetShardIteratorOutput](t)(c.GetShardIterator(t.Context(), in)).ShardIterator
}

// dataOf reads one page and joins its data.
func dataOf(t testing.TB, c *kinesis.Client, iterator *string) string {
	t.Helper()
	out := must[*kinesis.GetRecordsOutput](t)(c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: iterator}))
	var parts []string
	for _, r := range out.Records {
		parts = append(parts, string(r.Data))
	}
	return fmt.Sprint(parts)
}

func TestSDKPutsAndGetsByEveryIterator(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Now: clock.Now})
	c := kinesisClient(s)
	ctx := t.Context()
	must[*kinesis.CreateStreamOutput](t)(c.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(1)}))

	var sequences []string
	var arrivals []time.Time
	for i := range 4 {
		clock.advance(time.Second)
		arrivals = append(arrivals, clock.now)
		out := must[*kinesis.PutRecordOutput](t)(c.PutRecord(ctx, &kinesis.PutRecordInput{
			StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte{byte('a' + i)},
		}))
		if *out.ShardId != "shardId-000000000000" || out.EncryptionType != types.EncryptionTypeNone {
			t.Errorf("put answered %s %s", *out.ShardId, out.EncryptionType)
		}
		sequences = append(sequences, *out.SequenceNumber)
	}
	if !slices.IsSorted(sequences) {
		t.Errorf("sequence numbers %v do not grow", sequences)
	}
	latest := iterator(t, c, &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: aws.String("shardId-000000000000"), ShardIteratorType: types.ShardIteratorTypeLatest})
	for _, tt := range []struct {
		kind     types.ShardIteratorType
		sequence *string
		at       *time.Time
		want     string
	}{
		{types.ShardIteratorTypeTrimHorizon, nil, nil, "[a b c d]"},
		{types.ShardIteratorTypeLatest, nil, nil, "[]"},
		{types.ShardIteratorTypeAtSequenceNumber, &sequences[1], nil, "[b c d]"},
		{types.ShardIteratorTypeAfterSequenceNumber, &sequences[1], nil, "[c d]"},
		{types.ShardIteratorTypeAtTimestamp, nil, &arrivals[2], "[c d]"},
		{types.ShardIteratorTypeAtTimestamp, nil, aws.Time(arrivals[2].Add(time.Millisecond)), "[d]"},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			it := iterator(t, c, &kinesis.GetShardIteratorInput{
				StreamName: aws.String("s"), ShardId: aws.String("shardId-000000000000"),
				ShardIteratorType: tt.kind, StartingSequenceNumber: tt.sequence, Timestamp: tt.at,
			})
			if got := dataOf(t, c, it); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	must[*kinesis.PutRecordOutput](t)(c.PutRecord(ctx, &kinesis.PutRecordInput{StreamARN: aws.String(s.streamARN("s")), PartitionKey: aws.String("k"), Data: []byte("e")}))
	if got := dataOf(t, c, latest); got != "[e]" {
		t.Errorf("an iterator at LATEST sees %s of what came later", got)
	}

	page := must[*kinesis.GetRecordsOutput](t)(c.GetRecords(ctx, &kinesis.GetRecordsInput{
		ShardIterator: iterator(t, c, &kinesis.GetShardIteratorInput{StreamName: aws.String("s"), ShardId: aws.String("shardId-000000000000"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon}),
		Limit:         aws.Int32(3),
	}))
	if len(page.Records) != 3 || *page.MillisBehindLatest != 0 && *page.MillisBehindLatest != clock.now.Sub(arrivals[3]).Milliseconds() {
		t.Errorf("page of %d records, %d ms behind", len(page.Records), *page.MillisBehindLatest)
	}
	if got := page.Records[0]; !got.ApproximateArrivalTimestamp.Equal(arrivals[0].Truncate(time.Millisecond)) || *got.PartitionKey != "k" || *got.SequenceNumber != sequences[0] {
		t.Errorf("first record %v %s %s", got.ApproximateArrivalTimestamp, *got.PartitionKey, *got.SequenceNumber)
	}
	if got := dataOf(t, c, page.NextShardIterator); got != "[d e]" {
		t.Errorf("second page %s", got)
	}
}

func TestSDKPutRecordsPlacesByHashKey(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 2}})
	c := kinesisClient(s)
	out := must[*kinesis.PutRecordsOutput](t)(c.PutRecords(t.Context(), &kinesis.PutRecordsInput{StreamName: aws.String("s"), Records: []types.PutRecordsRequestEntry{
		{Data: []byte("low"), PartitionKey: aws.String("x"), ExplicitHashKey: aws.String("0")},
		{Data: []byte("last of low"), PartitionKey: aws.String("x"), ExplicitHashKey: aws.String("170141183460469231731687303715884105727")},
		{Data: []byte("first of high"), PartitionKey: aws.String("x"), ExplicitHashKey: aws.String("170141183460469231731687303715884105728")},
		{Data: []byte("high"), PartitionKey: aws.String("x"), ExplicitHashKey: aws.String("340282366920938463463374607431768211455")},
		// The MD5 of "a" begins with 0x0c, that of "d" with 0x82.
		{Data: []byte{}, PartitionKey: aws.String("a")},
		{Data: []byte("three"), PartitionKey: aws.String("d")},
	}}))
	var got []string
	for _, r := range out.Records {
		got = append(got, (*r.ShardId)[len(*r.ShardId)-1:])
	}
	if want := []string{"0", "0", "1", "1", "0", "1"}; *out.FailedRecordCount != 0 || !slices.Equal(got, want) {
		t.Errorf("shards %v, want %v; %d failed", got, want, *out.FailedRecordCount)
	}
	list := s.Records("s")
	if len(list) != 6 || list[1].ExplicitHashKey != "170141183460469231731687303715884105727" || string(list[5].Data) != "three" || list[4].ShardID != "shardId-000000000000" {
		t.Errorf("records %+v", list)
	}
}

func shardIDs(shards []types.Shard) string {
	var out []string
	for _, sh := range shards {
		out = append(out, (*sh.ShardId)[len(*sh.ShardId)-1:])
	}
	return fmt.Sprint(out)
}

func TestSDKReshardsAndListsShards(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Now: clock.Now})
	c := kinesisClient(s)
	ctx := t.Context()
	name := aws.String("s")
	must[*kinesis.CreateStreamOutput](t)(c.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: name, ShardCount: aws.Int32(2), Tags: map[string]string{"a": "b"}}))
	clock.advance(time.Minute)
	put := func(data, key string) {
		t.Helper()
		must[*kinesis.PutRecordOutput](t)(c.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, Data: []byte(data), PartitionKey: aws.String("k"), ExplicitHashKey: aws.String(key)}))
	}
	put("before", "5")
	afterCreation := clock.now
	clock.advance(time.Minute)
	must[*kinesis.SplitShardOutput](t)(c.SplitShard(ctx, &kinesis.SplitShardInput{StreamName: name, ShardToSplit: aws.String("shardId-000000000000"), NewStartingHashKey: aws.String("1000")}))
	put("after", "5")
	clock.advance(time.Minute)
	must[*kinesis.MergeShardsOutput](t)(c.MergeShards(ctx, &kinesis.MergeShardsInput{StreamName: name, ShardToMerge: aws.String("shardId-000000000003"), AdjacentShardToMerge: aws.String("shardId-000000000001")}))

	list := func(in *kinesis.ListShardsInput) []types.Shard {
		t.Helper()
		return must[*kinesis.ListShardsOutput](t)(c.ListShards(ctx, in)).Shards
	}
	for _, tt := range []struct {
		name string
		in   kinesis.ListShardsInput
		want string
	}{
		{"all", kinesis.ListShardsInput{}, "[0 1 2 3 4]"},
		{"after a shard", kinesis.ListShardsInput{ExclusiveStartShardId: aws.String("shardId-000000000002")}, "[3 4]"},
		{"AFTER_SHARD_ID", kinesis.ListShardsInput{ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAfterShardId, ShardId: aws.String("shardId-000000000003")}}, "[4]"},
		{"AT_LATEST", kinesis.ListShardsInput{ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}}, "[2 4]"},
		{"AT_TRIM_HORIZON", kinesis.ListShardsInput{ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtTrimHorizon}}, "[0 1]"},
		{"FROM_TRIM_HORIZON", kinesis.ListShardsInput{ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeFromTrimHorizon}}, "[0 1 2 3 4]"},
		{"AT_TIMESTAMP", kinesis.ListShardsInput{ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtTimestamp, Timestamp: aws.Time(afterCreation.Add(time.Minute + time.Second))}}, "[1 2 3]"},
		{"FROM_TIMESTAMP", kinesis.ListShardsInput{ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeFromTimestamp, Timestamp: aws.Time(afterCreation.Add(time.Minute + time.Second))}}, "[1 2 3 4]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.in.StreamName = name
			if got := shardIDs(list(&tt.in)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			// In pages of one it must be the same.
			tt.in.MaxResults = aws.Int32(1)
			var all []types.Shard
			for in := &tt.in; in != nil; {
				out := must[*kinesis.ListShardsOutput](t)(c.ListShards(ctx, in))
				all = append(all, out.Shards...)
				in = nil
				if out.NextToken != nil {
					in = &kinesis.ListShardsInput{NextToken: out.NextToken, MaxResults: aws.Int32(1)}
				}
			}
			if got := shardIDs(all); got != tt.want {
				t.Errorf("in pages got %s, want %s", got, tt.want)
			}
		})
	}
	merged := list(&kinesis.ListShardsInput{StreamName: name})[4]
	if *merged.ParentShardId != "shardId-000000000003" || *merged.AdjacentParentShardId != "shardId-000000000001" ||
		*merged.HashKeyRange.StartingHashKey != "1000" || *merged.HashKeyRange.EndingHashKey != maxHashKey.String() {
		t.Errorf("merged shard %+v", merged)
	}

	it := iterator(t, c, &kinesis.GetShardIteratorInput{StreamName: name, ShardId: aws.String("shardId-000000000000"), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
	end := must[*kinesis.GetRecordsOutput](t)(c.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: it}))
	if len(end.Records) != 1 || end.NextShardIterator != nil || len(end.ChildShards) != 2 || *end.ChildShards[0].ShardId != "shardId-000000000002" || end.ChildShards[1].ParentShards[0] != "shardId-000000000000" {
		t.Errorf("the end of a closed shard: %+v", end)
	}

	up := must[*kinesis.UpdateShardCountOutput](t)(c.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: name, TargetShardCount: aws.Int32(4), ScalingType: types.ScalingTypeUniformScaling}))
	if *up.CurrentShardCount != 2 || *up.TargetShardCount != 4 || *up.StreamName != "s" {
		t.Errorf("update: %+v", up)
	}
	if open := list(&kinesis.ListShardsInput{StreamName: name, ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}}); len(open) != 4 {
		t.Errorf("%d open shards", len(open))
	}

	summary := must[*kinesis.DescribeStreamSummaryOutput](t)(c.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: name})).StreamDescriptionSummary
	if *summary.OpenShardCount != 4 || summary.StreamStatus != types.StreamStatusActive || *summary.StreamARN != s.streamARN("s") || *summary.RetentionPeriodHours != 24 || *summary.MaxRecordSizeInKiB != 1024 {
		t.Errorf("summary %+v", summary)
	}
	described := 0
	in := &kinesis.DescribeStreamInput{StreamName: name, Limit: aws.Int32(3)}
	for {
		d := must[*kinesis.DescribeStreamOutput](t)(c.DescribeStream(ctx, in)).StreamDescription
		described += len(d.Shards)
		if !*d.HasMoreShards {
			break
		}
		in.ExclusiveStartShardId = d.Shards[len(d.Shards)-1].ShardId
	}
	if want := len(s.Shards("s")); described != want {
		t.Errorf("described %d shards of %d", described, want)
	}
	limits := must[*kinesis.DescribeLimitsOutput](t)(c.DescribeLimits(ctx, &kinesis.DescribeLimitsInput{}))
	if *limits.OpenShardCount != 4 || *limits.ShardLimit != DefaultShardQuota {
		t.Errorf("limits %+v", limits)
	}
}

func TestSDKListsAndDeletesStreams(t *testing.T) {
	s := newServer(t, Options{})
	c := kinesisClient(s)
	ctx := t.Context()
	var want []string
	for i := range 5 {
		name := fmt.Sprint("s", i)
		want = append(want, name)
		if err := s.CreateStream(name, 1); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for p := kinesis.NewListStreamsPaginator(c, &kinesis.ListStreamsInput{Limit: aws.Int32(2)}); p.HasMorePages(); {
		page := must[*kinesis.ListStreamsOutput](t)(p.NextPage(ctx))
		got = append(got, page.StreamNames...)
		if len(page.StreamSummaries) != len(page.StreamNames) || *page.StreamSummaries[0].StreamARN != s.streamARN(page.StreamNames[0]) {
			t.Errorf("summaries %+v", page.StreamSummaries)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	must[*kinesis.DeleteStreamOutput](t)(c.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("s3")}))
	_, err := c.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: aws.String("s3")})
	var notFound *types.ResourceNotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("second delete: %v", err)
	}
	if got := s.Streams(); len(got) != 4 {
		t.Errorf("streams %v", got)
	}
}

func TestSDKTagsAndModes(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 1}})
	c := kinesisClient(s)
	ctx := t.Context()
	name, arn := aws.String("s"), aws.String(s.streamARN("s"))
	must[*kinesis.AddTagsToStreamOutput](t)(c.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: name, Tags: map[string]string{"a": "1", "b": "2", "c": ""}}))
	must[*kinesis.RemoveTagsFromStreamOutput](t)(c.RemoveTagsFromStream(ctx, &kinesis.RemoveTagsFromStreamInput{StreamName: name, TagKeys: []string{"b"}}))
	tags := must[*kinesis.ListTagsForStreamOutput](t)(c.ListTagsForStream(ctx, &kinesis.ListTagsForStreamInput{StreamName: name}))
	if len(tags.Tags) != 2 || *tags.Tags[0].Value != "1" || *tags.Tags[1].Key != "c" || *tags.HasMoreTags {
		t.Errorf("tags %+v", tags)
	}

	must[*kinesis.UpdateMaxRecordSizeOutput](t)(c.UpdateMaxRecordSize(ctx, &kinesis.UpdateMaxRecordSizeInput{StreamARN: arn, MaxRecordSizeInKiB: aws.Int32(2048)}))
	must[*kinesis.PutRecordOutput](t)(c.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, PartitionKey: aws.String("k"), Data: bytes.Repeat([]byte{1}, 2*oneMiB-1)}))

	must[*kinesis.UpdateStreamModeOutput](t)(c.UpdateStreamMode(ctx, &kinesis.UpdateStreamModeInput{StreamARN: arn, StreamModeDetails: &types.StreamModeDetails{StreamMode: types.StreamModeOnDemand}}))
	if err := s.Reshard("s", Reshard{ShardCount: 3}); err != nil {
		t.Fatal(err)
	}
	must[*kinesis.UpdateStreamRecordDistributionStrategyOutput](t)(c.UpdateStreamRecordDistributionStrategy(ctx, &kinesis.UpdateStreamRecordDistributionStrategyInput{StreamARN: arn, RecordDistributionStrategy: types.RecordDistributionStrategyAuto}))
	shards := map[string]int{}
	for range 6 {
		out := must[*kinesis.PutRecordOutput](t)(c.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: name, PartitionKey: aws.String("k"), Data: []byte("x")}))
		shards[*out.ShardId]++
	}
	if len(shards) != 3 {
		t.Errorf("AUTO spreads one key over %v", shards)
	}
}

func TestSDKDescribesErrorsAsItsOwn(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 1}, EnforceLimits: true, Limits: Limits{RecordsPerSecond: 1}})
	c := kinesisClient(s)
	in := &kinesis.PutRecordInput{StreamName: aws.String("s"), PartitionKey: aws.String("k"), Data: []byte("x")}
	must[*kinesis.PutRecordOutput](t)(c.PutRecord(context.Background(), in))
	_, err := c.PutRecord(t.Context(), in)
	var throttled *types.ProvisionedThroughputExceededException
	if !errors.As(err, &throttled) || throttled.ErrorMessage() != "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000." {
		t.Errorf("got %v", err)
	}
}
