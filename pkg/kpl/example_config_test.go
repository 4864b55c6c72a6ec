package kpl_test

import (
	"context"
	"fmt"
	"log"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// With StrictOrder a record that has to be sent again holds back what comes after it to its shard.
func ExampleConfig_strictOrder() {
	ctx := context.Background()
	server, cfg := local(ctx)
	defer func() { _ = server.Close(ctx) }()
	cfg.StrictOrder = true
	cfg.AggregationMaxCount = 20 // several Kinesis records, for the example's sake
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	// The second and the third record that arrive are refused, and one answer is lost.
	inject(server, kinesislocal.Fault{RecordCode: "InternalFailure", Skip: 1, Count: 2})
	inject(server, kinesislocal.Fault{Operations: []string{"PutRecords"}, Cut: kinesislocal.CutBefore, Skip: 3, Count: 1})
	for i := range 100 {
		r := kpl.Record{Stream: "orders", PartitionKey: "alice", Data: []byte(strconv.Itoa(i))}
		if err := p.Put(ctx, r, nil); err != nil {
			log.Fatal(err)
		}
	}
	if left, err := p.Close(ctx); err != nil {
		log.Fatal(left, err)
	}

	next, ordered := 0, true
	for _, r := range server.Records("orders") {
		users, aggregated, err := aggregation.Decode(r.Data)
		if err != nil {
			log.Fatal(err)
		}
		if !aggregated {
			users = []aggregation.Record{{Data: r.Data}}
		}
		for _, u := range users {
			ordered = ordered && string(u.Data) == strconv.Itoa(next)
			next++
		}
	}
	fmt.Println(next, "records, in order:", ordered)
	// Output:
	// 100 records, in order: true
}

// A properties file of the KPL. What is only odd is a warning.
func ExampleParseProperties() {
	const file = `# from the Java program
Region = eu-west-1
RecordMaxBufferedTime = 250
CollectionMaxCount = 1000
recordTtl = 60000
ThreadingModel = POOLED
`
	cfg, warnings, err := kpl.ParseProperties("kpl.properties", strings.NewReader(file))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(cfg.Region, cfg.RecordMaxBufferedTime, cfg.CollectionMaxCount, cfg.RecordTTL)
	for _, w := range warnings {
		fmt.Println(w)
	}
	// Output:
	// eu-west-1 250ms 500 30s
	// kpl.properties:4:22: CollectionMaxCount=1000 is above the limit of 500 records in one request; 500 is used
	// kpl.properties:5:1: Property recordTtl ignored as there is no corresponding set method in KinesisProducerConfiguration; did you mean RecordTtl?
	// kpl.properties:6:1: ThreadingModel has no effect here: there is no native daemon, and credentials come from the connection
}

// All that is wrong is told at once, with its place.
func ExampleParseProperties_errors() {
	const file = `AggregationEnabled = yes
MaxConnections = 500
MaxUserRecordSize = 1048576;
`
	_, _, err := kpl.ParseProperties("kpl.properties", strings.NewReader(file))
	fmt.Println(err)
	// Output:
	// kpl.properties:1:22: AggregationEnabled: "yes" is neither true nor false (the KPL would silently take it for false); write true or false
	// kpl.properties:2:18: MaxConnections: maxConnections must be between 1 and 256, got 500; give a number in that range
	// kpl.properties:3:21: MaxUserRecordSize: "1048576;" is not a whole number: the ; at its end is the trouble; write 1048576
}
