package kpl_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// order and publish are the program under test.
type order struct {
	Customer string `json:"customer"`
	Item     string `json:"item"`
}

func publish(ctx context.Context, p *kpl.Producer, o order) error {
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = p.PutSync(ctx, kpl.Record{Stream: "orders", PartitionKey: o.Customer, Data: data})
	return err
}

// A program that uses kpl is tested against package kinesislocal: no network, no container, and things go wrong to order. In a test
// kinesislocal.NewTest(t, …) starts the server and ends it.
func Example_testing() {
	ctx := context.Background()
	server, err := kinesislocal.Listen(ctx, "127.0.0.1:0", kinesislocal.Options{Streams: map[string]int{"orders": 2}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = server.Close(ctx) }()

	cfg := kpl.DefaultConfig()
	cfg.Region, cfg.KinesisEndpoint = "us-east-1", server.URL()
	cfg.Credentials = credentials.NewStaticCredentialsProvider("any", "any", "")
	cfg.MetricsLevel = kpl.MetricsNone
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _, _ = p.Close(ctx) }()

	// The service fails once; the program must not notice.
	fault, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Count: 1, Status: 503})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("published:", publish(ctx, p, order{"alice", "soup"}), "after failures:", fault.Hits())

	records, err := server.WaitRecords(ctx, "orders", 1) // aggregation.Decode takes aggregated ones apart
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range records {
		fmt.Printf("%s of %s: %s\n", r.ShardID, r.PartitionKey, r.Data)
	}
	// Output:
	// published: <nil> after failures: 1
	// shardId-000000000000 of alice: {"customer":"alice","item":"soup"}
}
