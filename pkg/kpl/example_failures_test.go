package kpl_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// A failed record says why and what to do. Who is to act can be told from the error: a Remedy is for a person, all else may be put again.
func ExampleRecordError() {
	ctx := context.Background()
	server, cfg := local(ctx)
	defer func() { _ = server.Close(ctx) }()
	cfg.FailIfThrottled = true
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	put := func(stream string) {
		_, err := p.PutSync(ctx, kpl.Record{Stream: stream, PartitionKey: "alice", Data: []byte("an order")})
		var failed *kpl.RecordError
		switch {
		case !errors.As(err, &failed):
			fmt.Println(err)
		case failed.Remedy != "":
			fmt.Printf("%s after %d attempt: %s\n", failed.Code, len(failed.Attempts), failed.Remedy)
		case failed.MayBeStored:
			fmt.Printf("%s: to put it again may make a duplicate\n", failed.Code)
		default:
			fmt.Printf("%s: put it again later\n", failed.Code)
		}
	}
	put("")
	put("no-such-stream")

	denied := inject(server, kinesislocal.Fault{Operations: []string{"PutRecords"}, Code: "AccessDeniedException", Message: "no"})
	put("orders")
	denied.Remove()

	inject(server, throttle)
	put("orders")
	if left, err := p.Close(ctx); err != nil {
		log.Fatal(left, err)
	}
	// Output:
	// stream name cannot be empty: give the record a stream name or a stream ARN
	// ResourceNotFoundException after 1 attempt: create the stream, or correct its name, the region or the endpoint
	// AccessDeniedException after 1 attempt: allow kinesis:PutRecords and kinesis:ListShards on the stream to these credentials
	// ProvisionedThroughputExceededException: put it again later
}

// The connection breaks after a record was stored and before the answer came. The record is sent again, and is an entry of the ledger.
func ExampleProducer_Duplicates() {
	ctx := context.Background()
	server, cfg := local(ctx)
	defer func() { _ = server.Close(ctx) }()
	cfg.OnDuplicate = func(d kpl.Duplicate) { // at once; Duplicates has the newest ones
		fmt.Println("perhaps twice:", d.Stream, d.PartitionKey, d.Cause)
	}
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	inject(server, kinesislocal.Fault{Operations: []string{"PutRecords"}, Cut: kinesislocal.CutAfter, Count: 1})
	r, err := p.PutSync(ctx, kpl.Record{Stream: "orders", PartitionKey: "alice", Data: []byte("an order")})
	fmt.Println(len(r.Attempts), "attempts", err)

	entries, total := p.Duplicates()
	for _, d := range entries {
		fmt.Println("first copy in", d.ShardID, "by hash key", d.HashKey, "request known:", d.RequestID != "")
	}
	fmt.Println(total, "entry,", len(server.Records("orders")), "records stored")
	if left, err := p.Close(ctx); err != nil {
		log.Fatal(left, err)
	}
	// Output:
	// perhaps twice: orders alice ConnectionReset
	// 2 attempts <nil>
	// first copy in shardId-000000000000 by hash key 132283552702735894323332391932430538300 request known: true
	// 1 entry, 2 records stored
}
