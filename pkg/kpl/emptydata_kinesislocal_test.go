package kpl_test

import (
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// The service stores records without data, and so must the producer, at the first attempt.
func TestUserRecordWithoutDataIsStored(t *testing.T) {
	for name, aggregated := range map[string]bool{"aggregated": true, "plain": false} {
		t.Run(name, func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
			c := localConfig(server)
			c.AggregationEnabled, c.MetricsLevel, c.RecordTTL = aggregated, kpl.MetricsNone, time.Second
			p, err := kpl.New(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := p.PutSync(t.Context(), kpl.Record{Stream: "s", PartitionKey: "k"}); err != nil || len(r.Attempts) != 1 {
				t.Errorf("%+v, %v", r, err)
			}
			if _, err := p.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if n := len(server.Records("s")); n != 1 {
				t.Errorf("%d stored", n)
			}
		})
	}
}
