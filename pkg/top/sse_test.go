package top

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestEventsAreReadAsTheStandardHasThem(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"one", "event: status\ndata: {}\n\n", []string{"status={}"}},
		{"two", "event: a\ndata: 1\n\ndata: 2\n\n", []string{"a=1", "=2"}},
		{"carriage returns", "event: a\r\ndata: 1\r\n\r\n", []string{"a=1"}},
		{"data in lines", "data: 1\ndata:2\n\n", []string{"=1\n2"}},
		{"comments and fields that nobody knows", ": hello\nretry: 2000\nid: 7\ndata: 1\n\n", []string{"=1"}},
		{"no data is no event", "retry: 2000\n\nevent: a\n\ndata: 1\n\n", []string{"=1"}},
		{"the last one is not whole", "data: 1\n\ndata: 2\n", []string{"=1"}},
		{"a line that is longer than a buffer", "data: " + strings.Repeat("x", 9000) + "\n\n", []string{"=" + strings.Repeat("x", 9000)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			err := readEvents(strings.NewReader(c.in), func(e event) error {
				got = append(got, e.name+"="+string(e.data))
				return nil
			})
			if err == nil || !slices.Equal(got, c.want) {
				t.Errorf("got %q, %v; want %q and an end", got, err, c.want)
			}
		})
	}
}

// endless is a stream without a line's end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestAnEndlessEventIsRefused(t *testing.T) {
	if err := readEvents(endless{}, func(event) error { return nil }); !errors.Is(err, errLongEvent) {
		t.Errorf("got %v", err)
	}
}

func FuzzReadEvents(f *testing.F) {
	f.Add([]byte("event: status\ndata: {}\n\n"))
	f.Add([]byte(":\r\n\r\ndata\n\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		total := 0
		err := readEvents(bytes.NewReader(in), func(e event) error {
			total += len(e.name) + len(e.data)
			return nil
		})
		if err == nil || total > len(in) {
			t.Errorf("%d bytes of events from %d, %v", total, len(in), err)
		}
	})
}
