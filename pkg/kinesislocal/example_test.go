package kinesislocal_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func ExampleServer() {
	ctx := context.Background()
	server, err := kinesislocal.Listen(ctx, "127.0.0.1:0", kinesislocal.Options{Streams: map[string]int{"orders": 2}})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close(ctx)

	// The first request is throttled; the client tries again.
	_, err = server.Inject(kinesislocal.Fault{
		Operations: []string{"PutRecord"},
		Code:       "ProvisionedThroughputExceededException",
		Count:      1,
	})
	if err != nil {
		log.Fatal(err)
	}

	client := kinesis.New(kinesis.Options{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(server.URL()),
		Credentials:  credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
	_, err = client.PutRecord(ctx, &kinesis.PutRecordInput{
		StreamName: aws.String("orders"), PartitionKey: aws.String("customer-1"), Data: []byte("one apple"),
	})
	if err != nil {
		log.Fatal(err)
	}

	records, err := server.WaitRecords(ctx, "orders", 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s in %s after %d requests\n", records[0].Data, records[0].ShardID, len(server.Requests()))
	// Output: one apple in shardId-000000000001 after 2 requests
}
