package main

// benchCase is one kind of load.
type benchCase struct {
	name    string
	size    int // bytes of a user record
	shards  int
	putters int
	rate    int // user records a second; 0: as fast as it goes
	// whole runs all of adapterd on a job of bench/adapter; its ways are jobs.
	whole bool
	// records for a run of some seconds: of the ways in Go, and of the KPL, which is slower by far.
	records, kplRecords int
	ways                []string
}

var (
	peers = []string{"kpl", "yardstick", "bare", "engine"}
	// paced have no yardstick: it knows no deadlines.
	paced = []string{"kpl", "pacing", "engine"}
)

// seconds is how long a flow at a rate is. A JVM takes about that long to get warm, so that less would flatter us.
const seconds = 10

var cases = []benchCase{
	{name: "50B", size: 50, shards: 4, records: 5_000_000, kplRecords: 400_000, ways: peers},
	{name: "200B", size: 200, shards: 4, records: 2_500_000, kplRecords: 400_000, ways: append([]string{"ready"}, peers...)},
	{name: "1KiB", size: 1 << 10, shards: 4, records: 600_000, kplRecords: 200_000, ways: peers},
	{name: "10KiB", size: 10 << 10, shards: 4, records: 80_000, kplRecords: 40_000, ways: peers},
	{name: "200B-64", size: 200, shards: 64, records: 2_500_000, kplRecords: 200_000, ways: peers},
	{name: "200B-1000", size: 200, shards: 1000, records: 2_500_000, kplRecords: 200_000, ways: peers},
	{name: "200B-putters16", size: 200, shards: 4, putters: 16, records: 2_500_000, ways: []string{"engine"}},
	{name: "rate200", size: 200, shards: 4, rate: 200, ways: paced},
	{name: "rate2000", size: 200, shards: 4, rate: 2000, ways: paced},
	{name: "rate10000", size: 200, shards: 4, rate: 10_000, ways: paced},
	{name: "rate100000", size: 200, shards: 4, rate: 100_000, ways: []string{"pacing", "engine"}},
	{name: "adapter-lines", size: 215, shards: 4, whole: true, records: 1_000_000, ways: []string{"lines"}},
	{name: "adapter-http", size: 215, shards: 4, whole: true, records: 1_000_000, ways: []string{"echo", "http"}},
	{name: "adapter-start", size: 215, shards: 4, whole: true, records: 1_000_000, ways: []string{"start"}},
}

func names() []string {
	var out []string
	for _, c := range cases {
		out = append(out, c.name)
	}
	return out
}

// count is how many records a run has.
func (c benchCase) count(way string, scale float64) int {
	n := c.records
	switch {
	case c.whole: // its start would be too much of a shorter run
		scale = 1
	case c.rate > 0:
		n, scale = c.rate*seconds, min(1, scale)
	case way == "kpl":
		n = c.kplRecords
	}
	return max(1, int(float64(n)*scale))
}
