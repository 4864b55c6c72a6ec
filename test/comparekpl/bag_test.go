package main

import (
	"strings"
	"testing"
)

func TestDifferenceCountsRecordsShardsAndRepeats(t *testing.T) {
	a := `{"shard":"s0","partitionKey":"k","data":"YQ=="}` + "\n"
	cases := []struct {
		name, x, y string
		want       int
	}{
		{"equal", a, a, 0},
		{"missing", a, "", 1},
		{"twice", a, a + a, 1},
		{"another shard", a, strings.Replace(a, "s0", "s1", 1), 2},
		{"another key", a, strings.Replace(a, `"k"`, `"l"`, 1), 2},
		{"other data", a, strings.Replace(a, "YQ==", "Yg==", 1), 2},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x, err := readBag(strings.NewReader(c.x))
			if err != nil {
				t.Fatal(err)
			}
			y, err := readBag(strings.NewReader(c.y))
			if err != nil {
				t.Fatal(err)
			}
			if got := x.difference(y); got != c.want {
				t.Errorf("difference %d, want %d", got, c.want)
			}
			if got := y.difference(x); got != c.want {
				t.Errorf("difference the other way %d, want %d", got, c.want)
			}
		})
	}
}
