package plan

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Text writes the plan for people.
func (p *Plan) Text(w io.Writer) error {
	var t textWriter
	l := p.Load
	t.line("%s user records/s of %s with a key of %s, at the peak %s/s", number(l.RecordsPerSecond), count(l.SizeBytes, "byte"), count(l.KeyBytes, "byte"), number(p.Peak.UserRecords))
	t.line("%s, %s, RecordMaxBufferedTime %v, requests of %v", count(l.Streams, "stream"), count(l.Producers, "producer"), p.Config.RecordMaxBufferedTime, l.RequestTime)
	t.shards(p)
	t.seconds(p)
	t.producer(p)
	t.buffering(p)
	t.month(p)
	for i, n := range p.Notes {
		if i == 0 {
			t.line("\nNOTES")
		}
		t.line("- %s.", n)
	}
	_, err := io.WriteString(w, t.b.String())
	return err
}

type textWriter struct{ b strings.Builder }

func (t *textWriter) line(format string, args ...any) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// table writes rows in columns: names to the left, figures to the right.
func (t *textWriter) table(title string, rows [][]string) {
	t.line("\n%s", title)
	first := 0
	for _, row := range rows {
		first = max(first, len([]rune(row[0])))
	}
	var figures strings.Builder
	w := tabwriter.NewWriter(&figures, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row[1:], "\t")+"\t")
	}
	_ = w.Flush() // into memory
	for i, line := range strings.Split(strings.TrimRight(figures.String(), "\n"), "\n") {
		t.line("%-*s%s", first, rows[i][0], line)
	}
}

func (t *textWriter) shards(p *Plan) {
	s := p.Shards
	t.line("\nSHARDS")
	what := "needed"
	switch {
	case p.Load.Shards > 0:
		what = "given"
	case p.Load.OnDemand:
		what = "expected of the service"
	}
	t.line("%s in each stream %s%s", count(s.PerStream, "shard"), what, totalOf(s.Total, p.Load.Streams))
	reason := fmt.Sprintf("with %s %% headroom", number(p.Load.HeadroomPercent))
	switch {
	case s.LimitedByProducers:
		reason = fmt.Sprintf("at %s %% of a shard, which RateLimit allows", number(s.UsablePercent))
	case p.Load.OnDemand:
		reason = fmt.Sprintf("at %s %% of a shard", number(s.UsablePercent))
	}
	t.line("for the bytes %s, for the Kinesis records %s, %s", grouped(strconv.Itoa(s.ForBytes)), grouped(strconv.Itoa(s.ForRecords)), reason)
	t.line("at the peak each takes %s of its 1 MiB/s and %s of its 1,000 records/s", percent(p.Peak.ShardBytesPercent), percent(p.Peak.ShardRecordsPercent))
	t.line("without aggregation %s; one partition key may have %s %% of a stream's records", grouped(strconv.Itoa(p.Plain.ShardsPerStream)), number(s.HottestKeyPercent))
}

func totalOf(total, streams int) string {
	if streams == 1 {
		return ""
	}
	return fmt.Sprintf(", %s in all", number(float64(total)))
}

func (t *textWriter) seconds(p *Plan) {
	row := func(name string, figure func(Flow) string) []string {
		return []string{name, figure(p.Average), figure(p.Peak), figure(p.Plain.Average)}
	}
	t.table("A SECOND", [][]string{
		{"", "average", "peak", "average, not aggregated"},
		row("user records per Kinesis record", func(f Flow) string { return number(f.UserRecordsPerKinesisRecord) }),
		row("bytes of a Kinesis record", func(f Flow) string { return number(f.KinesisRecordBytes) }),
		row("Kinesis records", func(f Flow) string { return number(f.KinesisRecords) }),
		row("bytes, with partition keys", func(f Flow) string { return bytes(f.Bytes) }),
		row("PUT payload units", func(f Flow) string { return number(f.Units) }),
		row("PutRecords requests, about", func(f Flow) string { return number(f.Requests) }),
	})
	if p.Packing.PerKinesisRecord > 1 {
		t.line("A full aggregated record has %s and costs %s.", count(p.Packing.PerKinesisRecord, "user record"), count(p.Packing.UnitsFull, "unit"))
	}
}

func (t *textWriter) producer(p *Plan) {
	r := p.Producer
	t.line("\nEACH PRODUCER AT THE PEAK")
	t.line("connections   about %d in use, MaxConnections is %d; all of them carry up to %s/s", r.Connections, r.MaxConnections, bytes(r.ConnectionBytes))
	t.line("memory        %s records of %s outstanding, of %s and %s", number(r.OutstandingRecords), bytes(r.OutstandingBytes),
		number(float64(p.Config.MaxOutstandingRecords)), bytes(float64(p.Config.MaxOutstandingBytes)))
	t.line("an outage     is held for %s at the average before consumers wait", length(r.HoldsOut))
	t.line("a shard gets  up to %s Kinesis records and %s a second from it (RateLimit %d %%)", number(r.ShardRecordsPerSecond), bytes(r.ShardBytesPerSecond),
		p.Config.RateLimitPercent)
}

func (t *textWriter) buffering(p *Plan) {
	rows := [][]string{{"", "per Kinesis record", "Kinesis records/s", "units/s", "requests/s"}}
	for _, b := range p.Buffering {
		name := wait(b.RecordMaxBufferedTime)
		if b.Planned {
			name += " (planned)"
		}
		rows = append(rows, []string{name, number(b.UserRecordsPerKinesisRecord), number(b.KinesisRecords), number(b.Units), number(b.Requests)})
	}
	t.table("RECORDMAXBUFFEREDTIME, AT THE AVERAGE", rows)
}

func wait(d time.Duration) string {
	if d > 1<<62 {
		return "without end"
	}
	return fmt.Sprintf("%s ms", number(float64(d)/float64(time.Millisecond)))
}

func (t *textWriter) month(p *Plan) {
	m := p.Month
	t.line("\nA MONTH OF %d HOURS AT THE AVERAGE", monthHours)
	t.line("%s million PUT payload units of provisioned streams, without aggregation %s million: %s %% saved", number(m.Units/million), number(m.UnitsAlone/million), number(m.SavedPercent))
	t.bill("PROVISIONED", m, m.Provisioned, m.ProvisionedPlain)
	t.bill("ON-DEMAND", m, m.OnDemand, m.OnDemandPlain)
	switch {
	case len(m.MissingPrices) > 0:
		t.line("\nNo sum without these prices: %s.", strings.Join(m.MissingPrices, ", "))
	case m.Provisioned.Cost == nil:
		t.line("\nNo costs: prices differ by region and change, so none are built in. Give those of yours with --price FILE.")
	default:
		t.line("\nReading from the streams is not in it.")
	}
}

// itemNames are what people call what is billed.
var itemNames = map[string]string{
	priceShardHour: "shard hours", pricePutUnits: "million PUT payload units", priceExtendedShardHour: "shard hours of extended retention",
	priceStreamHour: "stream hours", priceGBIn: "GB in, records rounded up to 1 KB", priceExtendedGBMonth: "GB-months of extended retention",
	priceLongTermGBMonth: "GB-months of long-term retention",
}

func (t *textWriter) bill(title string, m Month, planned, plain Bill) {
	rows := [][]string{{"", "as planned", "not aggregated"}}
	for i, item := range planned.Items {
		rows = append(rows, []string{itemNames[item.Name], m.item(item), m.item(plain.Items[i])})
	}
	if planned.Cost != nil && plain.Cost != nil {
		rows = append(rows, []string{"together", money(*planned.Cost, m.Currency), money(*plain.Cost, m.Currency)})
	}
	t.table(title, rows)
}

func (m Month) item(i Item) string {
	if i.Cost == nil {
		return number(i.Quantity)
	}
	return number(i.Quantity) + " = " + money(*i.Cost, m.Currency)
}

func money(amount float64, currency string) string {
	return strings.TrimSpace(grouped(strconv.FormatFloat(amount, 'f', 2, 64)) + " " + currency)
}

// number is a figure to the digits that matter to people.
func number(v float64) string {
	switch {
	case v >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case v >= 100 || v == math.Trunc(v):
		return grouped(strconv.FormatFloat(v, 'f', 0, 64))
	case v >= 0.001:
		// Three digits, not more than three of them behind the point.
		digits := max(0, min(3, 2-int(math.Floor(math.Log10(v)))))
		text := strconv.FormatFloat(v, 'f', digits, 64)
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		return text
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

// leastPercent is what percents are told from.
const leastPercent = 0.01

func percent(v float64) string {
	if v < leastPercent {
		return "under 0.01 %"
	}
	return number(v) + " %"
}

// grouped puts commas between thousands.
func grouped(text string) string {
	whole, rest, _ := strings.Cut(text, ".")
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 && whole[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if rest != "" {
		b.WriteString("." + rest)
	}
	return b.String()
}

// bytes is a size in units that people read.
func bytes(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if v >= u.size {
			return number(v/u.size) + " " + u.name
		}
	}
	return number(v) + " B"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%s %ss", grouped(strconv.Itoa(n)), what)
}
