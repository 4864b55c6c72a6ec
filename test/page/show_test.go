package page

import (
	"strings"
	"testing"
)

func TestShowsWhatTheAdapterSays(t *testing.T) {
	a := newAPI(t, minutes(true)...)
	a.failures, a.failed = failures(), failedFiles()
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.wait("failures and the failed messages", `document.querySelectorAll("#failure-list > li").length === 2 && document.querySelectorAll("#failed-list li").length === 3`)
	b.plotted()

	b.has("#verdict", "2 of 3 channels run; audit failed", "records/s", "27 messages failed in the last 10 min")
	b.has("#points", "Channel audit: can not listen on :8080", "6 puts wait for room in connection kinesis", "Hot shard shardId-000000000002 of orders")
	if n := strings.Count(b.text("#points"), "address already in use"); n != 1 {
		t.Errorf("why audit failed is said %d times on top", n)
	}
	b.has(".top", "adapter.xml", "1.0.0", "up 2 h 30 min", "live", "Flush", "Reload", "Log level")
	b.has("#channels", "orders-to-kinesis", "amazon-sqs-consumer → aws-kinesis-stream-producer", "started", "failed", "credit-notes")
	b.has("#streams", "4 open shards", "shardId-000000000002", "60 % range 25 %", "Landed", "customer-4711 71 %", "Hot: it gets 60 %", "ProvisionedThroughputExceededException 7,440")
	if marked := b.text(`#streams td[data-label="Landed"][data-mark="warn"]`); !strings.Contains(marked, "61,916,400") {
		t.Errorf("where two in a hundred have gone elsewhere, %q is marked", marked)
	}
	b.has("#connections", "168,400 of 200,000", "58.0 MiB of 64.0 MiB", "5 of 24", "orders, invoices, audit")
	b.has("#failures", "× 26 since 13:59:23", "taken by an error handler", "14 attempts", "left with its source", "choose a partition key with more values", "the payload is no JSON")
	b.has("#failed", "order-048812.json", "842 B", "/var/lib/adapterd/failed")
	if n := tell[int](b, `document.querySelectorAll("#failure-list > li").length`); n != 2 {
		t.Errorf("failures that say the same are %d entries, not 2", n)
	}
	if title := tell[string](b, "document.title"); title != "✗ 2/3 channels · adapterd" {
		t.Errorf("the title is %q", title)
	}

	// What was shown goes on living when the next state comes.
	tell[bool](b, `(window.kept = document.querySelector("#channel-table tbody"), true)`)
	a.publish("status", calm(1))
	b.wait("the next state", `document.querySelector("#verdict-head").textContent === "All 3 channels run"`)
	if !tell[bool](b, `window.kept.isConnected && window.kept === document.querySelector("#channel-table tbody")`) {
		t.Error("the row of a channel was made anew for a new state")
	}
	if level := tell[string](b, `document.querySelector("#verdict").dataset.level`); level != "bad" {
		t.Errorf("a message that nobody took makes the verdict %q", level)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.hosts) != 1 || !b.hosts[strings.TrimPrefix(a.URL, "http://")] {
		t.Errorf("the page asks %v, not its own server alone", b.hosts)
	}
}

func TestFailuresAreShownAsTheyHappen(t *testing.T) {
	a := newAPI(t, calm(0))
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.wait("the verdict", `document.querySelector("#verdict-rest").textContent.includes("nothing failed in the last 10\u00a0min")`)
	b.has("#failures", "Nothing has failed since the start.")
	b.wait("the list of failures", `document.querySelector("#live").textContent === "live"`)
	f := failures()[0]
	a.publish("failure", f)
	b.wait("the failure", `document.querySelectorAll("#failure-list > li").length === 1`)
	a.publish("failure", f)
	f.Message = "another"
	a.publish("failure", f)
	b.wait("the count", `document.querySelector("#failure-list .times").textContent.startsWith("× 2")`)
	b.wait("the verdict", `document.querySelector("#verdict-rest").textContent.includes("2 messages failed in the last 10\u00a0min, all taken by error handlers")`)
}

// Shards of large streams are many: those that have something to say are shown, the others when they are asked for.
func TestBusiestShardsOfALargeStreamAreShownFirst(t *testing.T) {
	st := calm(0)
	shares := make([]float64, 200)
	for i := range shares {
		shares[i] = 0.9 / 200
	}
	shares[150] += 0.1
	st.Connections[0].Producer.Streams = st.Connections[0].Producer.Streams[:1]
	st.Connections[0].Producer.Streams[0] = stream("large", 100_000, 1000, shares, latency(40, 90))
	a := newAPI(t, st)
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	const rows = `document.querySelectorAll("#streams tbody").length`
	b.wait("the shards", rows+" === 16")
	b.has("#streams table", "shardId-000000000150")
	b.click("#streams article > button")
	b.wait("all shards", rows+" === 200")
}
