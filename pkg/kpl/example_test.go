package kpl_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// local starts an endpoint in memory with a stream "orders" of one shard, and returns it with a configuration that leads to it. The
// examples use it where ExampleProducer spells out what it does.
func local(ctx context.Context) (*kinesislocal.Server, kpl.Config) {
	server, err := kinesislocal.Listen(ctx, "127.0.0.1:0", kinesislocal.Options{Streams: map[string]int{"orders": 1}})
	if err != nil {
		log.Fatal(err)
	}
	cfg := kpl.DefaultConfig()
	cfg.Region = "us-east-1"
	cfg.KinesisEndpoint = server.URL()
	cfg.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
	cfg.MetricsLevel = kpl.MetricsNone
	return server, cfg
}

// inject makes something go wrong in the endpoint.
func inject(server *kinesislocal.Server, f kinesislocal.Fault) *kinesislocal.Injection {
	i, err := server.Inject(f)
	if err != nil {
		log.Fatal(err)
	}
	return i
}

// throttle refuses every record until it is removed.
var throttle = kinesislocal.Fault{RecordCode: "ProvisionedThroughputExceededException"}

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
	cfg.RecordMaxBufferedTime = time.Minute // Close hurries them
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	for _, key := range []string{"alice", "bob", "carol"} {
		err := p.Put(ctx, kpl.Record{Stream: "orders", PartitionKey: key, Data: []byte("an order of " + key)}, func(r kpl.Result) {
			if r.Err != nil {
				log.Println(r.Err)
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

// Put returns as soon as the record is taken; the callback learns what became of it.
func ExampleProducer_Put() {
	ctx := context.Background()
	server, cfg := local(ctx)
	defer func() { _ = server.Close(ctx) }()
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	var stored, failed atomic.Int64
	for i := range 1000 {
		r := kpl.Record{Stream: "orders", PartitionKey: fmt.Sprintf("customer-%d", i%50), Data: fmt.Appendf(nil, "order %d", i)}
		err := p.Put(ctx, r, func(r kpl.Result) {
			if r.Err != nil {
				failed.Add(1) // from any goroutine of the producer
				log.Println(r.Err)
				return
			}
			stored.Add(1)
		})
		if err != nil {
			log.Fatal(err) // not taken; the callback is not called
		}
	}
	if err := p.Flush(ctx); err != nil { // every callback has returned
		log.Fatal(err)
	}
	fmt.Println(stored.Load(), "stored,", failed.Load(), "failed")
	if left, err := p.Close(ctx); err != nil {
		log.Fatal(left, err)
	}
	// Output:
	// 1000 stored, 0 failed
}

// PutSync waits for the result of one record.
func ExampleProducer_PutSync() {
	ctx := context.Background()
	server, cfg := local(ctx)
	defer func() { _ = server.Close(ctx) }()
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	r, err := p.PutSync(ctx, kpl.Record{Stream: "orders", PartitionKey: "alice", Data: []byte("an order")})
	fmt.Println(r.ShardID, r.SequenceNumber == server.Records("orders")[0].SequenceNumber, err)

	_, err = p.PutSync(ctx, kpl.Record{Stream: "ordres", PartitionKey: "alice", Data: []byte("an order")})
	var failed *kpl.RecordError
	if errors.As(err, &failed) {
		fmt.Println(failed.Code)
		fmt.Println(failed.Remedy)
	}
	if left, err := p.Close(ctx); err != nil {
		log.Fatal(left, err)
	}
	// Output:
	// shardId-000000000000 true <nil>
	// ResourceNotFoundException
	// create the stream, or correct its name, the region or the endpoint
}

// Put blocks while too much is outstanding, as long as its context allows. Here a shard takes nothing for a while.
func ExampleProducer_Put_backPressure() {
	ctx := context.Background()
	server, cfg := local(ctx)
	defer func() { _ = server.Close(ctx) }()
	cfg.MaxOutstandingRecords = 2
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	busy := inject(server, throttle)
	put := func(ctx context.Context, what string) {
		fmt.Println(what, p.Put(ctx, kpl.Record{Stream: "orders", PartitionKey: "alice", Data: []byte(what)}, nil))
	}
	put(ctx, "first")
	put(ctx, "second")
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	put(short, "third") // there is no room, and the context ends
	busy.Remove()
	put(ctx, "third") // waits until the others have their result
	if left, err := p.Close(ctx); err != nil {
		log.Fatal(left, err)
	}
	// Output:
	// first <nil>
	// second <nil>
	// third context deadline exceeded
	// third <nil>
}

// Flush waits for the results of what was put before. Close does so too, gives up what has none when its context ends, and says how much
// that was.
func ExampleProducer_Close() {
	ctx := context.Background()
	server, cfg := local(ctx)
	defer func() { _ = server.Close(ctx) }()
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	order := kpl.Record{Stream: "orders", PartitionKey: "alice", Data: []byte("an order")}
	if err := p.Put(ctx, order, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println("flush:", p.Flush(ctx))

	inject(server, throttle)
	err = p.Put(ctx, order, func(r kpl.Result) { fmt.Println("given up:", errors.Is(r.Err, kpl.ErrClosed)) })
	if err != nil {
		log.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	left, err := p.Close(short)
	fmt.Println("left:", left, errors.Is(err, context.DeadlineExceeded))
	fmt.Println("put:", p.Put(ctx, order, nil))
	// Output:
	// flush: <nil>
	// given up: true
	// left: 1 true
	// put: the producer is closed
}

// Stats is for a status page and for tests; Metrics has everything under the names of the KPL's CloudWatch metrics, uploaded or not.
func ExampleProducer_Stats() {
	ctx := context.Background()
	server, cfg := local(ctx)
	defer func() { _ = server.Close(ctx) }()
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	for i := range 300 {
		r := kpl.Record{Stream: "orders", PartitionKey: fmt.Sprintf("customer-%d", i), Data: []byte("an order")}
		if err := p.Put(ctx, r, nil); err != nil {
			log.Fatal(err)
		}
	}
	if err := p.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	st := p.Stats()
	orders := st.Streams[0]
	fmt.Println(orders.Stream, orders.Stored, "stored in", orders.OpenShards, "shard,", st.OutstandingRecords, "outstanding")
	fmt.Println("latency of", orders.Latency.Count, "known:", orders.Latency.P99 > 0)
	for _, m := range p.Metrics() {
		// Without dimensions: of all streams together.
		if len(m.Dimensions) == 0 && (m.Name == "UserRecordsPut" || m.Name == "UserRecordsDataPut") {
			fmt.Println(m.Name, m.Sum, m.Unit)
		}
	}
	if left, err := p.Close(ctx); err != nil {
		log.Fatal(left, err)
	}
	// Output:
	// orders 300 stored in 1 shard, 0 outstanding
	// latency of 300 known: true
	// UserRecordsDataPut 2400 Bytes
	// UserRecordsPut 300 Count
}
