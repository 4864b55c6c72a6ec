package kplotel_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/kplotel"
)

// The reader would be a PeriodicReader with an OTLP exporter.
func ExampleRegister() {
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
	cfg.MetricsLevel = kpl.MetricsNone // nothing goes to CloudWatch
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	unregister, err := kplotel.Register(p, provider.Meter("shop"))
	if err != nil {
		log.Fatal(err)
	}

	if _, err := p.PutSync(ctx, kpl.Record{Stream: "orders", PartitionKey: "alice", Data: []byte("an order")}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.Close(ctx); err != nil {
		log.Fatal(err)
	}
	var data metricdata.ResourceMetrics
	if err := reader.Collect(ctx, &data); err != nil {
		log.Fatal(err)
	}
	for _, m := range data.ScopeMetrics[0].Metrics {
		if m.Name != "kpl.user_records.put" {
			continue
		}
		for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
			stream, _ := point.Attributes.Value(kplotel.StreamKey)
			shard, _ := point.Attributes.Value(kplotel.ShardKey)
			fmt.Println(m.Name, stream.AsString(), shard.AsString(), point.Value)
		}
	}
	if err := unregister(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// kpl.user_records.put orders shardId-000000000000 1
}
