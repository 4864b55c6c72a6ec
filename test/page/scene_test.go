package page

import (
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// base is when the scenes play.
var base = time.Date(2026, 11, 24, 14, 3, 12, 0, time.UTC)

// calm is an adapter where all is well, some seconds after base.
func calm(second int) adapter.Status {
	wave := func(period, phase float64) float64 { return math.Sin(float64(second)/period + phase) }
	orders := 9_300 + 900*wave(41, 0) + 350*wave(7.3, 1)
	invoices := 2_150 + 260*wave(67, 2) + 90*wave(5.1, 0)
	audit := 310 + 40*wave(29, 1)
	ran := int64(second + 9_000)
	// Latencies are since the start, so quantiles hardly move; what is taken now is in the means of two moments.
	took := func(base float64) func(int) float64 {
		return func(s int) float64 {
			return base * (1 + 0.18*math.Sin(float64(s)/53) + 0.07*math.Sin(float64(s)/6.1+2))
		}
	}
	counts := func(perSecond float64, inFlight int64) workflow.Counts {
		n := int64(perSecond) * ran
		return workflow.Counts{Consumed: n + inFlight, Delivered: n, InFlight: inFlight}
	}
	flow := func(id, class, consumer string, perSecond, p50, p99, mean float64) adapter.WorkflowStatus {
		w := adapter.WorkflowStatus{
			ID: id, Class: class, Consumer: consumer, Producer: "aws-kinesis-stream-producer", State: adapter.StateStarted, MessagesPerSecond: perSecond,
			Counts: counts(math.Round(perSecond/100)*100, int64(perSecond/14)), BufferedBytes: int64(perSecond * 61),
		}
		w.Latency, w.LatencySum = latencies(second, p50, p99, took(mean))
		return w
	}
	channels := []adapter.ChannelStatus{
		{ID: "orders", AutoStart: true, ConsumeConnection: "null-connection", ProduceConnection: "kinesis", Workflows: []adapter.WorkflowStatus{flow("orders-to-kinesis", "pooling-workflow", "amazon-sqs-consumer", orders, 41, 126, 52)}},
		{ID: "invoices", AutoStart: true, ConsumeConnection: "null-connection", ProduceConnection: "kinesis", Workflows: []adapter.WorkflowStatus{
			flow("invoices", "standard-workflow", "fs-consumer", invoices*0.8, 38, 109, 46), flow("credit-notes", "standard-workflow", "fs-consumer", invoices*0.2, 36, 101, 44),
		}},
		{ID: "audit", AutoStart: true, ConsumeConnection: "jetty", ProduceConnection: "kinesis", Workflows: []adapter.WorkflowStatus{flow("audit-trail", "standard-workflow", "jetty-message-consumer", audit, 33, 74, 39)}},
	}
	st := adapter.Status{
		Version: "1.0.0", Document: "/etc/adapterd/adapter.xml", State: adapter.StateStarted, Now: base.Add(time.Duration(second) * time.Second), StartedAt: base.Add(-150 * time.Minute),
		Ready: true, NotReady: []string{}, Channels: channels, HotShards: []adapter.HotShard{},
	}
	for i := range channels {
		channels[i].State = adapter.StateStarted
		for _, w := range channels[i].Workflows {
			channels[i].Counts.Add(w.Counts)
		}
		st.Counts.Add(channels[i].Counts)
	}
	outstanding := int64((orders + 1.7*invoices + audit) * 41)
	st.Connections = []adapter.ConnectionStatus{
		{ID: "kinesis", Class: "aws-kinesis-kpl-inline-connection", State: adapter.StateStarted, UsedBy: []string{"orders", "invoices", "audit"}, Producer: &kpl.Stats{
			OutstandingRecords: outstanding / 880, OutstandingBytes: outstanding, MaxOutstandingRecords: 200_000, MaxOutstandingBytes: 64 << 20, RequestsInFlight: 5, MaxConnections: 24,
			PossibleDuplicates: 3, Uptime: time.Duration(ran) * time.Second,
			Streams: []kpl.StreamStats{
				stream("audit-trail", audit, ran, []float64{0.52, 0.48}, latency(33, 74)),
				stream("orders", orders+1.7*invoices, ran, []float64{0.26, 0.24, 0.25, 0.25}, latency(40, 118)),
			},
		}},
		{ID: "jetty", Class: "jetty-http-connection", State: adapter.StateStarted, UsedBy: []string{"audit"}},
	}
	return st
}

func latency(p50, p99 float64) kpl.Latency {
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	return kpl.Latency{Count: 100_000, Mean: ms(p50 * 1.1), P50: ms(p50), P99: ms(p99), Max: ms(p99 * 3)}
}

// latencies are those up to a second, with their sum, where each second has 100 messages that took as many ms as mean says.
func latencies(second int, p50, p99 float64, mean func(int) float64) (kpl.Latency, time.Duration) {
	l := latency(p50, p99)
	sum := float64(l.Mean) * float64(l.Count)
	for s := -599; s <= second; s++ {
		sum += 100 * mean(s) * float64(time.Millisecond)
	}
	l.Count += 100 * int64(second+600)
	l.Mean = time.Duration(sum / float64(l.Count))
	return l, time.Duration(sum)
}

// stream is one whose shards have equal ranges of the hash keys and these shares of its records.
func stream(name string, perSecond float64, seconds int64, shares []float64, l kpl.Latency) kpl.StreamStats {
	total := int64(math.Round(perSecond/100)*100) * seconds
	s := kpl.StreamStats{
		Stream: name, Aggregating: true, Outstanding: int64(perSecond / 14), Buffered: int64(perSecond / 28), InFlight: int64(perSecond / 30), RecordsPerSecond: perSecond, BytesPerSecond: perSecond * 870,
		Totals:  kpl.Totals{Stored: total, StoredBytes: total * 870, KinesisRecords: total / 38, Requests: total / 900},
		Latency: l, RequestTime: latency(11, 28), OpenShards: len(shares), ShardMapAge: 312 * time.Second,
	}
	step := new(big.Int).Div(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(int64(len(shares))))
	for i, share := range shares {
		start := new(big.Int).Mul(step, big.NewInt(int64(i)))
		end := new(big.Int).Sub(new(big.Int).Add(start, step), big.NewInt(1))
		s.Shards = append(s.Shards, kpl.ShardStats{
			ShardID: fmt.Sprintf("shardId-%012d", i), StartingHashKey: start.String(), EndingHashKey: end.String(), Buffered: int64(perSecond * share / 28), InFlight: int64(perSecond * share / 30),
			ShardTotals: kpl.ShardTotals{Stored: int64(float64(total) * share), StoredBytes: int64(float64(total) * share * 870)}, RecordsPerSecond: perSecond * share, BytesPerSecond: perSecond * share * 870, RatePercent: 150,
		})
	}
	return s
}

// troubled is the calm adapter after a channel has failed and a shard has become hot.
func troubled(second int) adapter.Status {
	st := calm(second)
	st.State, st.Ready, st.NotReady = adapter.StateFailed, false, []string{"channel audit is failed: can not listen on :8080: address already in use"}
	audit := &st.Channels[2]
	audit.State, audit.Error = adapter.StateFailed, "can not listen on :8080: address already in use"
	w := &audit.Workflows[0]
	w.State, w.MessagesPerSecond, w.BufferedBytes, w.Counts.InFlight, w.Latency, w.LatencySum = adapter.StateStopped, 0, 0, 0, kpl.Latency{}, 0
	audit.Counts.InFlight = 0
	st.Connections[1].State = adapter.StateFailed
	since := int64(max(0, second+240))
	orders := &st.Channels[0]
	orders.Counts.Handled, orders.Workflows[0].Counts.Handled = since/9, since/9
	st.Counts.Handled = since / 9
	p := st.Connections[0].Producer
	p.Streams = p.Streams[1:]
	s := &p.Streams[0]
	hot := stream("orders", s.RecordsPerSecond*0.86, int64(second+9_000), []float64{0.14, 0.13, 0.60, 0.13}, latency(52, 940))
	hot.Throttled, hot.Retries, hot.Failed = 31*since, 31*since, since/9
	hot.ErrorsByCode = map[string]int64{"ProvisionedThroughputExceededException": 31 * since, "Expired": since / 9}
	hot.Shards[2].Throttled, hot.Shards[2].Failed, hot.Shards[2].RatePercent = 31*since, since/9, 81
	hot.Shards[2].Buffered *= 11
	*s = hot
	slow := &st.Channels[0].Workflows[0]
	slow.Latency, slow.LatencySum = latencies(second, 46, 210+float64(since)*2.3, func(s int) float64 {
		if s < -240 {
			return 52
		}
		return 760 + 90*math.Sin(float64(s)/17) - 700*math.Exp(-float64(s+240)/25)
	})
	p.OutstandingBytes, p.OutstandingRecords, p.BlockedPuts = 58<<20, 168_400, 6
	st.HotShards = []adapter.HotShard{{
		Connection: "kinesis", Stream: "orders", ShardID: "shardId-000000000002",
		Reason: "it gets 60 % of the records with 25 % of the hash keys, and throttled 31 records/s; choose a partition key with more values, or split the shard",
	}}
	return st
}

// landed is a state with where its records landed, and the hottest keys.
func landed(st adapter.Status) adapter.Status {
	for _, c := range st.Connections {
		if c.Producer == nil {
			continue
		}
		for _, s := range c.Producer.Streams {
			for i := range s.Shards {
				shard := &s.Shards[i]
				shard.Landed = shard.Stored
				if shard.Throttled > 0 {
					shard.Landed -= shard.Stored / 50
					shard.HotKeys = []kpl.HotKey{{Key: "customer-4711", Share: 0.71}, {Key: "customer-0815", Share: 0.06}, {Key: "customer-1337", Share: 0.02}}
				}
			}
		}
	}
	return st
}

// minutes are states of the last ten, calm until the last four of them if there is trouble.
func minutes(trouble bool) []adapter.Status {
	var out []adapter.Status
	for second := -599; second <= 0; second++ {
		st := calm(second)
		if trouble && second > -240 {
			st = troubled(second)
		}
		out = append(out, landed(st))
	}
	return out
}

func failures() []adapter.Failure {
	out := []adapter.Failure{{
		At: base.Add(-171 * time.Second), Channel: "invoices", Workflow: "credit-notes", Message: "5f0c1e9a-7d0b-4a43-9a55-0f6f1b2f7c11",
		Reason: "json-transform-service: the payload is no JSON: invalid character '<' after top-level value at byte 812", Remedy: "the file stays with its suffix .wip: correct it and give it its name back",
	}}
	for i := range 26 {
		out = append(out, adapter.Failure{
			At: base.Add(-time.Duration(4+9*i) * time.Second), Channel: "orders", Workflow: "orders-to-kinesis", Message: fmt.Sprintf("9b1d7c52-0000-4e1a-8000-%012d", 480-i),
			Reason: "the record expired after 30 s: ProvisionedThroughputExceededException, rate exceeded for shard shardId-000000000002",
			Remedy: "the shard gets more than it takes: choose a partition key with more values, split the shard, or raise RecordTtl for a short peak",
			Stream: "orders", ShardID: "shardId-000000000002", ErrorCode: "Expired", Attempts: 14, Handled: true,
		})
	}
	return newestFirst(out)
}

func newestFirst(all []adapter.Failure) []adapter.Failure {
	late := all[1:]
	for i, f := range late {
		if f.At.Before(all[0].At) {
			return append(append(append([]adapter.Failure{}, late[:i]...), all[0]), late[i:]...)
		}
	}
	return append(append([]adapter.Failure{}, late...), all[0])
}

// failedFile is what /api/failed says of a message that was kept.
type failedFile struct {
	Dir       int       `json:"dir"`
	Directory string    `json:"directory"`
	Name      string    `json:"name"`
	At        time.Time `json:"at"`
	Bytes     int64     `json:"bytes"`
	Channel   string    `json:"channel,omitempty"`
	Workflow  string    `json:"workflow,omitempty"`
	Message   string    `json:"message,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Attempts  int       `json:"attempts,omitempty"`
}

func failedFiles() []failedFile {
	var out []failedFile
	for i := range 3 {
		out = append(out, failedFile{
			Directory: "/var/lib/adapterd/failed", Name: fmt.Sprintf("order-%06d.json", 48_812-i), At: base.Add(-time.Duration(4+9*i) * time.Second), Bytes: 842 + int64(i)*17, Channel: "orders",
			Workflow: "orders-to-kinesis", Reason: "the record expired after 30 s: ProvisionedThroughputExceededException", Attempts: 14,
		})
	}
	return out
}
