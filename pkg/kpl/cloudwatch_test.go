package kpl

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const putAnswer = `<PutMetricDataResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></PutMetricDataResponse>`

func TestCloudWatchUploadOnTheWire(t *testing.T) {
	var mu sync.Mutex
	var forms []url.Values
	var agents []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		forms, agents = append(forms, form), append(agents, r.Header.Get("User-Agent"))
		mu.Unlock()
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, putAnswer)
	}))
	defer server.Close()
	c := clientConfig(t, "")
	c.CloudWatchEndpoint = server.URL
	c.MetricsNamespace = "My/Space"
	at := time.Date(2026, 11, 24, 1, 2, 3, 999, time.UTC)
	m := newMetrics(c, func() time.Time { return at })
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.request("S", 1500*time.Microsecond, 3, 7, "")
	if err := m.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(forms) != 1 {
		t.Fatalf("%d requests", len(forms))
	}
	want := map[string]string{
		"Action": "PutMetricData", "Version": "2010-08-01", "Namespace": "My/Space",
		"MetricData.member.2.MetricName": "RequestTime", "MetricData.member.2.Unit": "Milliseconds", "MetricData.member.2.Timestamp": "2026-11-24T01:02:03Z",
		"MetricData.member.2.StatisticValues.SampleCount": "1", "MetricData.member.2.StatisticValues.Sum": "1.5",
		"MetricData.member.2.StatisticValues.Minimum": "1.5", "MetricData.member.2.StatisticValues.Maximum": "1.5",
		"MetricData.member.6.MetricName": "UserRecordsPerPutRecordsRequest", "MetricData.member.6.Dimensions.member.1.Name": "StreamName",
		"MetricData.member.6.Dimensions.member.1.Value": "S", "MetricData.member.6.StatisticValues.Sum": "7",
	}
	for key, v := range want {
		if got := forms[0].Get(key); got != v {
			t.Errorf("%s = %q, want %q", key, got, v)
		}
	}
	if !strings.Contains(agents[0], userAgent) {
		t.Errorf("user agent %q", agents[0])
	}
}

func TestCloudWatchRequestsStayBelowTheSizeLimit(t *testing.T) {
	largest, total := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		largest = max(largest, len(body))
		total += strings.Count(string(body), ".MetricName=")
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, putAnswer)
	}))
	defer server.Close()
	c := clientConfig(t, "")
	c.CloudWatchEndpoint = server.URL
	long := strings.Repeat("%", 1000)
	c.AdditionalDimensions = []Dimension{{"Host", long, GranularityGlobal}, {"Zone", "zone", GranularityStream}, {"Rack", "rack", GranularityShard}}
	m := newMetrics(c, time.Now)
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		m.kinesisRecord("S", strings.Repeat("x", i), true, 1<<60, 1, "")
	}
	if err := m.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if largest > 1_000_000 || largest < 500_000 {
		t.Errorf("largest request has %d bytes", largest)
	}
	if want := 4 * (4 + 2*299); total != want { // 4 metrics; none, Host, StreamName, Zone; ShardId and Rack for each but the first
		t.Errorf("%d data, want %d", total, want)
	}
}

func TestCloudWatchClientIsMadeForNobodyWhenOnlyKinesisIsGiven(t *testing.T) {
	c := clientConfig(t, "")
	c.API = &boundedAPI{}
	m := newMetrics(c, time.Now)
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m.stop != nil {
		t.Error("an uploader runs")
	}
	if err := m.close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloudWatchWithoutRegionIsAnError(t *testing.T) {
	c := clientConfig(t, "")
	c.Region = ""
	checkError(t, "start", newMetrics(c, time.Now).start(t.Context()), "metrics: find the AWS region")
}
