package kpl

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMetricValuesAddUpToTheMetricsOfAllStreams(t *testing.T) {
	m := newMetrics(DefaultConfig(), time.Now)
	recordedRun(m)
	m.kinesisRecord("T", shardZero, false, 4, 1, "InternalFailure")
	m.kinesisRecord("T", "", true, 4, 1, codeWrongShard)
	m.request("T", time.Millisecond, 2, 2, "Timeout")
	m.interval() // an upload takes nothing away from what is counted since the start
	recordedRun(m)
	m.recordReceived("T")
	want := map[string][2]float64{}
	for _, p := range m.snapshot() {
		if len(p.Dimensions) == 0 {
			want[p.Name+" "+p.Unit] = [2]float64{p.SampleCount, p.Sum}
		}
	}
	got := map[string][2]float64{}
	for _, v := range m.values() {
		if v.Stream == "" || (v.ErrorCode != "") != (v.Name == "ErrorsByCode") || v.Count == 0 || v.Min > v.Max {
			t.Errorf("%+v", v)
		}
		sum := got[v.Name+" "+v.Unit]
		got[v.Name+" "+v.Unit] = [2]float64{sum[0] + float64(v.Count), sum[1] + v.Sum}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sample count and sum (-of all streams +added up):\n%s", diff)
	}
	if len(got) < int(metricCount)-1 {
		t.Errorf("only %d metrics", len(got))
	}
}

func TestMetricValuesTellPlacesApart(t *testing.T) {
	m := newMetrics(DefaultConfig(), time.Now)
	m.kinesisRecord("S", "", true, 5, 2, "")
	m.kinesisRecord("S", "1", false, 7, 2, "X")
	m.kinesisRecord("S", "1", false, 7, 2, "a\xff")
	m.kinesisRecord("S", "1", false, 7, 2, "a\xfe")
	m.request("S", 1500*time.Microsecond, 3, 6, "")
	m.kinesisRecord("gone", "1", false, 7, 2, "Y")
	m.forget("gone")
	var got []string
	for _, v := range m.values() {
		switch v.Name {
		case "KinesisRecordsPut", "KinesisRecordsDataPut", "ErrorsByCode", "RequestTime":
			got = append(got, fmt.Sprintf("%s %s %q %q %q n=%d sum=%v min=%v max=%v", v.Name, v.Unit, v.Stream, v.ShardID, v.ErrorCode, v.Count, v.Sum, v.Min, v.Max))
		}
	}
	want := []string{
		`ErrorsByCode Count "S" "1" "X" n=1 sum=1 min=1 max=1`,
		`ErrorsByCode Count "S" "1" "a?" n=2 sum=2 min=1 max=1`,
		`KinesisRecordsDataPut Bytes "S" "" "" n=1 sum=5 min=5 max=5`,
		`KinesisRecordsPut Count "S" "" "" n=1 sum=1 min=1 max=1`,
		`KinesisRecordsPut Count "S" "1" "" n=3 sum=0 min=0 max=0`,
		`RequestTime Milliseconds "S" "" "" n=1 sum=1.5 min=1.5 max=1.5`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if (*metrics)(nil).values() != nil {
		t.Error("nil metrics have values")
	}
}
