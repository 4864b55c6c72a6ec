package kinesislocal

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsjson"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
)

// cloudWatchClients are clients in each protocol; the first speaks the SDK's own.
func cloudWatchClients(s *Server) map[string]*cloudwatch.Client {
	cfg := awsConfig(s)
	return map[string]*cloudwatch.Client{
		"rpc-v2-cbor": cloudwatch.NewFromConfig(cfg),
		"query": cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
			o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		}),
		"json": cloudwatch.NewFromConfig(cfg, func(o *cloudwatch.Options) {
			o.Protocol = awsjson.New10(schemas.GraniteServiceVersion20100801)
		}),
	}
}

func dimensions(pairs ...string) (out []types.Dimension) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Dimension{Name: &pairs[i], Value: &pairs[i+1]})
	}
	return out
}

func TestCloudWatchSpeaksEveryProtocol(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Now: clock.Now})
	minute := clock.now.Truncate(time.Minute)
	for protocol, c := range cloudWatchClients(s) {
		t.Run(protocol, func(t *testing.T) {
			s.Reset()
			ctx := t.Context()
			datum := types.MetricDatum{MetricName: aws.String("Sent"), Dimensions: dimensions("Stream", "a b&c"), Unit: types.StandardUnitCount, Timestamp: aws.Time(minute.Add(time.Second))}
			single, values, set, later := datum, datum, datum, datum
			single.Value = aws.Float64(1.5)
			values.Values, values.Counts = []float64{2, 8}, []float64{3, 1}
			set.StatisticValues = &types.StatisticSet{SampleCount: aws.Float64(2), Sum: aws.Float64(20), Minimum: aws.Float64(-4), Maximum: aws.Float64(24)}
			later.Value, later.Timestamp, later.StorageResolution = aws.Float64(7), aws.Time(minute.Add(61*time.Second)), aws.Int32(1)
			plain := types.MetricDatum{MetricName: aws.String("Time"), Value: aws.Float64(3), Unit: types.StandardUnitMilliseconds}
			must[*cloudwatch.PutMetricDataOutput](t)(c.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{
				Namespace: aws.String("Test"), MetricData: []types.MetricDatum{single, values, set, later, plain},
			}))

			got := s.Metrics()
			if len(got) != 5 {
				t.Fatalf("%d data", len(got))
			}
			if d := got[1]; d.SampleCount != 4 || d.Sum != 14 || d.Minimum != 2 || d.Maximum != 8 || d.Unit != "Count" ||
				!maps.Equal(d.Dimensions, map[string]string{"Stream": "a b&c"}) || !d.Timestamp.Equal(minute.Add(time.Second)) {
				t.Errorf("values: %+v", d)
			}
			if d := got[2]; d.SampleCount != 2 || d.Sum != 20 || d.Minimum != -4 || d.Maximum != 24 || d.Values != nil {
				t.Errorf("set: %+v", d)
			}
			if d := got[3]; d.Resolution != 1 || d.Sum != 7 {
				t.Errorf("later: %+v", d)
			}
			if d := got[4]; !d.Timestamp.Equal(clock.now) || d.Unit != "Milliseconds" || len(d.Dimensions) != 0 {
				t.Errorf("plain: %+v", d)
			}
			if r := s.Requests()[0]; r.Service != serviceCloudWatch || r.Protocol != protocol || r.Records != 5 {
				t.Errorf("request %+v", r)
			}

			stats := must[*cloudwatch.GetMetricStatisticsOutput](t)(c.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
				Namespace: aws.String("Test"), MetricName: aws.String("Sent"), Dimensions: dimensions("Stream", "a b&c"),
				StartTime: aws.Time(minute.Add(-time.Minute)), EndTime: aws.Time(minute.Add(2 * time.Minute)), Period: aws.Int32(60),
				Statistics: []types.Statistic{types.StatisticSampleCount, types.StatisticSum, types.StatisticMinimum, types.StatisticMaximum, types.StatisticAverage},
			}))
			if len(stats.Datapoints) != 2 || *stats.Label != "Sent" {
				t.Fatalf("statistics %+v", stats)
			}
			p := stats.Datapoints[0]
			if *p.SampleCount != 7 || *p.Sum != 35.5 || *p.Minimum != -4 || *p.Maximum != 24 || math.Abs(*p.Average-35.5/7) > 1e-9 || !p.Timestamp.Equal(minute) || p.Unit != types.StandardUnitCount {
				t.Errorf("first datapoint: %v %v %v %v %v %v", *p.SampleCount, *p.Sum, *p.Minimum, *p.Maximum, *p.Average, p.Timestamp)
			}
			p = must[*cloudwatch.GetMetricStatisticsOutput](t)(c.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
				Namespace: aws.String("Test"), MetricName: aws.String("Sent"), Dimensions: dimensions("Stream", "a b&c"),
				StartTime: aws.Time(minute.Add(time.Minute)), EndTime: aws.Time(minute.Add(2 * time.Minute)), Period: aws.Int32(60),
				ExtendedStatistics: []string{"p99.9"}, Unit: types.StandardUnitCount,
			})).Datapoints[0]
			if p.ExtendedStatistics["p99.9"] != 7 || p.Sum != nil {
				t.Errorf("percentile datapoint %+v", p)
			}

			list := must[*cloudwatch.ListMetricsOutput](t)(c.ListMetrics(ctx, &cloudwatch.ListMetricsInput{Namespace: aws.String("Test"), Dimensions: []types.DimensionFilter{{Name: aws.String("Stream")}}}))
			if len(list.Metrics) != 1 || *list.Metrics[0].MetricName != "Sent" || *list.Metrics[0].Dimensions[0].Value != "a b&c" {
				t.Errorf("metrics %+v", list.Metrics)
			}
			if n := len(must[*cloudwatch.ListMetricsOutput](t)(c.ListMetrics(ctx, &cloudwatch.ListMetricsInput{})).Metrics); n != 2 {
				t.Errorf("%d metrics", n)
			}
		})
	}
}

func TestListMetricsPages(t *testing.T) {
	s := newServer(t, Options{})
	c := cloudWatchClients(s)["query"]
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("Test")}
	for i := range 900 {
		in.MetricData = append(in.MetricData, types.MetricDatum{MetricName: aws.String(fmt.Sprint("m", i)), Value: aws.Float64(1)})
	}
	must[*cloudwatch.PutMetricDataOutput](t)(c.PutMetricData(t.Context(), in))
	seen := map[string]bool{}
	for p := cloudwatch.NewListMetricsPaginator(c, &cloudwatch.ListMetricsInput{}); p.HasMorePages(); {
		for _, m := range must[*cloudwatch.ListMetricsOutput](t)(p.NextPage(t.Context())).Metrics {
			seen[*m.MetricName] = true
		}
	}
	if len(seen) != 900 {
		t.Errorf("saw %d metrics of 900", len(seen))
	}
}

func TestCloudWatchRefusesWhatTheServiceRefuses(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Now: clock.Now})
	good := types.MetricDatum{MetricName: aws.String("m"), Value: aws.Float64(1)}
	with := func(change func(d *types.MetricDatum)) *cloudwatch.PutMetricDataInput {
		d := good
		change(&d)
		return &cloudwatch.PutMetricDataInput{Namespace: aws.String("Test"), MetricData: []types.MetricDatum{d}}
	}
	const (
		wrong       = "*types.InvalidParameterValueException"
		combination = "*types.InvalidParameterCombinationException"
		missing     = "*types.MissingRequiredParameterException"
	)
	tests := []struct {
		name          string
		in            *cloudwatch.PutMetricDataInput
		kind, message string
	}{
		{"namespace of AWS", &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Kinesis"), MetricData: []types.MetricDatum{good}}, wrong, "The value AWS/ for parameter Namespace is invalid."},
		{"no data", &cloudwatch.PutMetricDataInput{Namespace: aws.String("Test"), MetricData: []types.MetricDatum{}}, missing, "The parameter MetricData is required."},
		{"1001 data", &cloudwatch.PutMetricDataInput{Namespace: aws.String("Test"), MetricData: make1001(good)}, wrong, "The collection MetricData must not have a size greater than 1000."},
		{"infinite minimum", with(func(d *types.MetricDatum) {
			d.Value = nil
			d.StatisticValues = &types.StatisticSet{SampleCount: aws.Float64(0), Sum: aws.Float64(0), Minimum: aws.Float64(math.MaxFloat64), Maximum: aws.Float64(-math.MaxFloat64)}
		}), wrong, "The value 1.7976931348623157e+308 for parameter MetricData.member.1.StatisticValues.Minimum is invalid."},
		{"value and set", with(func(d *types.MetricDatum) {
			d.StatisticValues = &types.StatisticSet{SampleCount: aws.Float64(1), Sum: aws.Float64(1), Minimum: aws.Float64(1), Maximum: aws.Float64(1)}
		}), combination, "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually exclusive and you have specified both."},
		{"nothing measured", with(func(d *types.MetricDatum) { d.Value = nil }), missing, "At least one of the parameters MetricData.member.1.Value, MetricData.member.1.Values and MetricData.member.1.StatisticValues must be specified."},
		{"blank dimension", with(func(d *types.MetricDatum) { d.Dimensions = dimensions("ErrorCode", " ") }), missing, "The parameter MetricData.member.1.Dimensions.member.1.Value is required."},
		{"future", with(func(d *types.MetricDatum) { d.Timestamp = aws.Time(clock.now.Add(3 * time.Hour)) }), wrong, "The parameter MetricData.member.1.Timestamp must specify a time no more than two hours in the future."},
		{"past", with(func(d *types.MetricDatum) { d.Timestamp = aws.Time(clock.now.Add(-15 * 24 * time.Hour)) }), wrong, "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks."},
		{"unit", with(func(d *types.MetricDatum) { d.Unit = "Furlongs" }), wrong, "The parameter MetricData.member.1.Unit must be a value in the set [ " + strings.Join(metricUnits, ", ") + " ]."},
		{"counts", with(func(d *types.MetricDatum) { d.Value, d.Values, d.Counts = nil, []float64{1, 2}, []float64{1} }), wrong, "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must have the same size."},
	}
	for protocol, c := range cloudWatchClients(s) {
		for _, tt := range tests {
			if tt.name == "no data" && protocol == "query" {
				continue // it is the same there as no member at all
			}
			t.Run(protocol+"/"+tt.name, func(t *testing.T) {
				_, err := c.PutMetricData(t.Context(), tt.in)
				var api smithy.APIError
				if !errors.As(err, &api) {
					t.Fatalf("got %v", err)
				}
				if got := fmt.Sprintf("%T", api); got != tt.kind || api.ErrorMessage() != tt.message {
					t.Errorf("got %s %q\nwant %s %q", got, api.ErrorMessage(), tt.kind, tt.message)
				}
			})
		}
	}
	if n := len(s.Metrics()); n != 0 {
		t.Errorf("%d data are kept of refused requests", n)
	}
}

func make1001(d types.MetricDatum) []types.MetricDatum {
	list := make([]types.MetricDatum, 1001)
	for i := range list {
		list[i] = d
	}
	return list
}

func TestQueryProtocolIsParsedStrictly(t *testing.T) {
	s := newServer(t, Options{})
	for _, tt := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"unknown action", "Action=Nothing&Version=2010-08-01", 400, "<Code>InvalidAction</Code>"},
		{"unknown version", "Action=PutMetricData&Version=1999-01-01", 400, "<Code>InvalidAction</Code>"},
		{"value and structure", "Action=PutMetricData&Version=2010-08-01&A=1&A.B=2", 400, "<Code>MalformedQueryString</Code>"},
		{"bad escape", "Action=%zz", 400, "<Code>MalformedQueryString</Code>"},
		{"good", "Action=GetCallerIdentity&Version=2011-06-15", 200, "<Arn>arn:aws:iam::000000000000:user/local</Arn>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
			a := serve(t, s, r)
			if a.status != tt.status || !strings.Contains(string(a.raw), tt.want) {
				t.Errorf("got %d %s, want %d %s", a.status, a.raw, tt.status, tt.want)
			}
		})
	}
}
