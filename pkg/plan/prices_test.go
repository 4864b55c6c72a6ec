package plan

import (
	"math"
	"strings"
	"testing"
)

func TestPriceFilesAreReadStrictly(t *testing.T) {
	_, err := ParsePrices("prices", []byte("shard-hour=one\nshard-huor=1\nmillion-put-units=-1\non-demand-gb-in=NaN\nshard-hour=2\n"))
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{
		`prices:1:12: the price shard-hour is "one"`, `prices:2:1: there is no price "shard-huor"; did you mean shard-hour?`, `prices:3:19: the price million-put-units is "-1"`,
		`prices:4:17: the price on-demand-gb-in is "NaN"`, "prices:5:1: the price shard-hour is given twice",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
	if _, err := ParsePrices("prices", []byte("# nothing\ncurrency=XTS\n")); err == nil || !strings.Contains(err.Error(), "prices has no price") {
		t.Error(err)
	}
	p, err := ParsePrices("prices", []byte("! of ours\ncurrency: XTS\nshard-hour 0.25 \nmillion-put-units=0\n"))
	if err != nil || p.Currency != "XTS" || p.of[priceShardHour] != 0.25 || len(p.of) != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

// Whatever a price file holds, what is taken is a finite number that is not negative.
func FuzzParsePrices(f *testing.F) {
	for _, seed := range []string{
		"shard-hour=0.25\nmillion-put-units = 0.5\n", "currency=XTS\nshard-hour:1e-3", "shard-hour=1e999", "shard-hour=0x1p-2\\\n", "\\u0073hard-hour=1", "=\n", "shard-hour",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePrices("prices", data)
		if (p == nil) == (err == nil) {
			t.Fatalf("%v and %v", p, err)
		}
		if p == nil {
			return
		}
		for name, price := range p.of {
			if !(price >= 0) || math.IsInf(price, 0) {
				t.Errorf("%s is %v", name, price)
			}
		}
	})
}
