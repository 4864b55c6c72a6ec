package integration

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// statistics are what CloudWatch keeps of one metric.
type statistics struct {
	Unit                               string
	Sum, SampleCount, Minimum, Maximum float64
}

// metricKey names a metric: all streams and shards, one stream, or one shard.
type metricKey struct{ name, stream, shard string }

func TestMetricsInCloudWatchAddUpToWhatWasPut(t *testing.T) {
	e := localStack(t)
	s := newStream(t, e, 3)
	cfg := e.config(t)
	cfg.MetricsLevel = kpl.MetricsDetailed
	cfg.MetricsGranularity = kpl.GranularityShard
	cfg.MetricsNamespace = "it-" + rand.Text()[:12]
	cfg.MetricsUploadDelay = time.Second         // several uploads, and what Close adds
	cfg.RecordMaxBufferedTime = 10 * time.Second // the first records wait for the shard map, so that every one counts at its shard
	const n = 5_000
	p, err := kpl.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	results := &claims{}
	records := someRecords(mathrand.New(mathrand.NewPCG(3, 3)), s.name, n)
	results.putAll(t, p, records[:n/2])
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-time.After(2 * cfg.MetricsUploadDelay) // one upload at least in the middle
	results.putAll(t, p, records[n/2:])
	closeProducer(t, p)
	all := results.get(t, n)
	got := metricsIn(t, e, cfg.MetricsNamespace)

	// What was put, in all and by shard.
	userRecords, userBytes := map[string]float64{}, map[string]float64{}
	for _, c := range all {
		for _, shard := range []string{"", c.result.ShardID} {
			userRecords[shard]++
			userBytes[shard] += float64(len(c.record.Data))
		}
	}
	// What is stored.
	kinesisRecords, kinesisBytes := map[string]float64{}, map[string]float64{}
	for _, r := range s.stored(t) {
		for _, shard := range []string{"", r.shard} {
			kinesisRecords[shard]++
			kinesisBytes[shard] += float64(len(r.data))
		}
	}

	want := func(name, shard string, pick func(statistics) float64, value float64, what string) {
		t.Helper()
		keys := []metricKey{{name, s.name, shard}}
		if shard == "" {
			keys = append(keys, metricKey{name: name})
		}
		for _, k := range keys {
			st, found := got[k]
			if !found {
				t.Errorf("%+v is not in CloudWatch", k)
			} else if pick(st) != value {
				t.Errorf("%+v: %s %v, want %v", k, what, pick(st), value)
			}
		}
	}
	sum := func(s statistics) float64 { return s.Sum }
	count := func(s statistics) float64 { return s.SampleCount }
	for shard := range userRecords {
		want("UserRecordsPut", shard, sum, userRecords[shard], "sum")
		want("UserRecordsPut", shard, count, userRecords[shard], "sample count")
		want("UserRecordsDataPut", shard, sum, userBytes[shard], "sum")
		want("RetriesPerRecord", shard, sum, 0, "sum")
		want("KinesisRecordsPut", shard, sum, kinesisRecords[shard], "sum")
		want("KinesisRecordsDataPut", shard, sum, kinesisBytes[shard], "sum")
		want("UserRecordsPerKinesisRecord", shard, sum, userRecords[shard], "sum")
		want("UserRecordsPerKinesisRecord", shard, count, kinesisRecords[shard], "sample count")
		want("AllErrors", shard, sum, 0, "sum")
		want("BufferingTime", shard, count, userRecords[shard], "sample count")
	}
	want("UserRecordsReceived", "", sum, n, "sum")
	want("UserRecordsPerPutRecordsRequest", "", sum, n, "sum")
	want("KinesisRecordsPerPutRecordsRequest", "", sum, kinesisRecords[""], "sum")
	if st := got[metricKey{name: "RequestTime"}]; st.Unit != "Milliseconds" || st.Minimum <= 0 || st.Maximum < st.Minimum {
		t.Errorf("RequestTime %+v", st)
	}
	if st := got[metricKey{name: "UserRecordsDataPut"}]; st.Unit != "Bytes" {
		t.Errorf("UserRecordsDataPut in %q, want Bytes", st.Unit)
	}
	for k := range got {
		if k.name == "ErrorsByCode" {
			t.Errorf("%+v, but nothing failed", k)
		}
	}
	t.Logf("%d metrics, %v user records, %v Kinesis records", len(got), userRecords[""], kinesisRecords[""])
}

// metricsIn reads a namespace of LocalStack's CloudWatch with boto3, or with --stream NAME what it has of one stream. LocalStack adds up all metrics that have at least the dimensions
// asked for, where CloudWatch takes those that have just them: a stream's sums contain those of its shards, and are taken off here.
func metricsIn(t *testing.T, e endpoint, namespace string, only ...string) map[metricKey]statistics {
	t.Helper()
	found := map[metricKey]statistics{}
	lines := bufio.NewScanner(bytes.NewReader(python(t, "metrics.py", append([]string{"--endpoint", e.url, "--region", region, "--namespace", namespace}, only...)...)))
	for lines.Scan() {
		var row struct {
			Name       string
			Dimensions map[string]string
			statistics
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatalf("metrics.py printed %q: %v", lines.Text(), err)
		}
		found[metricKey{row.Name, row.Dimensions["StreamName"], row.Dimensions["ShardId"]}] = row.statistics
	}
	if len(found) == 0 {
		t.Fatalf("no metric in namespace %s", namespace)
	}
	for k, st := range found {
		if k.shard != "" {
			whole := metricKey{name: k.name, stream: k.stream}
			if of, ok := found[whole]; ok {
				of.Sum, of.SampleCount = of.Sum-st.Sum, of.SampleCount-st.SampleCount
				found[whole] = of
			}
		}
	}
	return found
}
