package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/plan"
)

func TestPlanPrintsATableForPeople(t *testing.T) {
	code, out, errOut := command(t, "plan", "--records-per-second", "5000", "--size", "400", "--burst", "3")
	if code != exitDone || errOut != "" {
		t.Fatalf("exit %d, %s", code, errOut)
	}
	golden(t, ".", "plan.golden", out)
	// docs/capacity.md shows this one.
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "capacity.md"))
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for line := range strings.Lines(out) {
		shown.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
	}
	if !strings.Contains(string(page), shown.String()) {
		t.Errorf("docs/capacity.md shows something else than\n%s", shown.String())
	}
}

func TestPlanPrintsJSONForMachines(t *testing.T) {
	var p plan.Plan
	code, out, errOut := command(t, "plan", "--records-per-second", "5000", "--size", "400", "--buffer", "500ms", "--kpl", "MaxConnections=48", "--json")
	if code != exitDone || errOut != "" {
		t.Fatalf("exit %d, %s", code, errOut)
	}
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	if p.Shards.PerStream != 3 || p.Config.MaxConnections != 48 || p.Config.RecordMaxBufferedTime.Milliseconds() != 500 || p.Load.SizeBytes != 400 || p.Month.Provisioned.Cost != nil {
		t.Errorf("%+v", p)
	}
}

func TestPlanTakesPricesFromAFile(t *testing.T) {
	prices := "currency=XTS\nshard-hour=1\nmillion-put-units=0\non-demand-stream-hour=2\non-demand-gb-in=0\n"
	path := write(t, filepath.Join(t.TempDir(), "prices.properties"), prices)
	flags := []string{"plan", "--records-per-second", "5000", "--size", "400", "--price"}
	for name, run := range map[string]func() (int, string, string){
		"file":           func() (int, string, string) { return command(t, append(flags, path)...) },
		"standard input": func() (int, string, string) { return commandWith(t, prices, append(flags, "-")...) },
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := run()
			if code != exitDone || !strings.Contains(out, "2,190.00 XTS") || !strings.Contains(out, "1,460.00 XTS") || !strings.Contains(out, "Reading from the streams is not in it.") {
				t.Errorf("exit %d\n%s%s", code, out, errOut)
			}
		})
	}
	for _, c := range []struct{ name, in, want string }{
		{"misspelt", "shard-huor=1", `standard input:1:1: there is no price "shard-huor"; did you mean shard-hour?`},
		{"none", "", "standard input has no price"},
		{"too large", strings.Repeat("#", mostPriceFile+1), "standard input is larger than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, _, errOut := commandWith(t, c.in, append(flags, "-")...); code != exitFailed || !strings.Contains(errOut, c.want) {
				t.Errorf("exit %d, %s", code, errOut)
			}
		})
	}
	if code, _, errOut := command(t, append(flags, filepath.Join(t.TempDir(), "none"))...); code != exitFailed || !strings.Contains(errOut, "the prices can not be read") {
		t.Errorf("exit %d, %s", code, errOut)
	}
}

func TestPlanWarnsOfSettingsWithoutEffect(t *testing.T) {
	code, _, errOut := command(t, "plan", "--records-per-second", "5", "--size", "4", "--kpl", "maxConnections=48", "--kpl", "AggregationEnabled=false")
	if code != exitDone || !strings.Contains(errOut, "warning: --kpl: ") || !strings.Contains(errOut, "MaxConnections") {
		t.Errorf("exit %d, %s", code, errOut)
	}
}

func TestPlanRefusesWrongUsage(t *testing.T) {
	load := []string{"plan", "--records-per-second", "5000", "--size", "400"}
	for _, c := range []struct {
		name, want string
		args       []string
	}{
		{"no rate", "--records-per-second is missing", []string{"plan", "--size", "400"}},
		{"no size", "--size is missing", []string{"plan", "--records-per-second", "5000"}},
		{"argument", "want no argument, got 1 argument", append(load, "orders")},
		{"no load", "records per second are 0", []string{"plan", "--records-per-second", "0", "--size", "1"}},
		{"nonsense", `invalid argument "NaNa"`, []string{"plan", "--records-per-second", "NaNa", "--size", "1"}},
		{"retention", "the retention is 1h0m0s", append(load, "--retention", "1h")},
		{"setting out of range", "RateLimit", append(load, "--kpl", "RateLimit=0")},
		{"setting without a value", "--kpl takes KEY=VALUE", append(load, "--kpl", "RateLimit")},
		{"setting twice", "--buffer and --kpl RecordMaxBufferedTime say the same", append(load, "--buffer", "1s", "--kpl", "RecordMaxBufferedTime=5")},
		{"parts of milliseconds", "--buffer is 1.5ms; it takes whole milliseconds", append(load, "--buffer", "1500us")},
		{"negative wait", "--buffer is -1s", append(load, "--buffer", "-1s")},
	} {
		t.Run(c.name, func(t *testing.T) {
			if code, _, errOut := command(t, c.args...); code != exitUsage || !strings.Contains(errOut, c.want) {
				t.Errorf("exit %d, %s", code, errOut)
			}
		})
	}
}
