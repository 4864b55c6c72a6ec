package kpl_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// Three records leave in one aggregated record.
func ExampleProducer() {
	ctx := context.Background()
	server, err := kinesislocal.Listen(ctx, "127.0.0.1:0", kinesislocal.Options{Streams: map[string]int{"orders": 1}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = server.Close(ctx) }()

	cfg := kpl.DefaultConfig()
	cfg.Region = "us-east-1"
	cfg.KinesisEndpoint = server.URL()
	cfg.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
	cfg.MetricsLevel = kpl.MetricsNone
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range []string{"alice", "bob", "carol"} {
		err := p.Put(ctx, kpl.Record{Stream: "orders", PartitionKey: key, Data: []byte("an order of " + key)}, func(r kpl.Result) {
			var failed *kpl.RecordError
			if errors.As(r.Err, &failed) {
				log.Println(failed, failed.Remedy)
			}
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	if left, err := p.Close(ctx); err != nil {
		log.Fatal(left, err)
	}

	for _, r := range server.Records("orders") {
		users, aggregated, err := aggregation.Decode(r.Data)
		fmt.Println(r.ShardID, r.PartitionKey, aggregated, err)
		for _, u := range users {
			fmt.Printf("  %s: %s\n", u.PartitionKey, u.Data)
		}
	}
	// Output:
	// shardId-000000000000 a true <nil>
	//   alice: an order of alice
	//   bob: an order of bob
	//   carol: an order of carol
}

// PutSync waits for the result of one record.
func ExampleProducer_PutSync() {
	ctx := context.Background()
	server, err := kinesislocal.Listen(ctx, "127.0.0.1:0", kinesislocal.Options{Streams: map[string]int{"orders": 1}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = server.Close(ctx) }()

	cfg := kpl.DefaultConfig()
	cfg.Region = "us-east-1"
	cfg.KinesisEndpoint = server.URL()
	cfg.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
	cfg.MetricsLevel = kpl.MetricsNone
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	r, err := p.PutSync(ctx, kpl.Record{Stream: "orders", PartitionKey: "alice", Data: []byte("an order")})
	fmt.Println(r.ShardID, len(r.Attempts), err)

	var failed *kpl.RecordError
	_, err = p.PutSync(ctx, kpl.Record{Stream: "ordres", PartitionKey: "alice", Data: []byte("an order")})
	if errors.As(err, &failed) {
		fmt.Println(failed.Code)
		fmt.Println(failed.Remedy)
	}
	_, _ = p.Close(ctx)
	// Output:
	// shardId-000000000000 1 <nil>
	// ResourceNotFoundException
	// create the stream, or correct its name, the region or the endpoint
}
