package kplprometheus_test

import (
	"context"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/kplprometheus"
)

// A registry that promhttp.HandlerFor would serve.
func ExampleNewCollector() {
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
	registry := prometheus.NewRegistry()
	prometheus.WrapRegistererWith(prometheus.Labels{"producer": "shop"}, registry).MustRegister(kplprometheus.NewCollector(p))

	if _, err := p.PutSync(ctx, kpl.Record{Stream: "orders", PartitionKey: "alice", Data: []byte("an order")}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.Close(ctx); err != nil {
		log.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "kpl_user_records_put_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, label := range m.GetLabel() {
				fmt.Printf("%s=%s ", label.GetName(), label.GetValue())
			}
			fmt.Println(m.GetCounter().GetValue())
		}
	}
	// Output:
	// producer=shop shard=shardId-000000000000 stream=orders 1
}
