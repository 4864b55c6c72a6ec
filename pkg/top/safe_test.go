package top

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCleanTextSteersNoTerminal(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", "orders", "orders"},
		{"letters of the world", "заказы 注文 ü", "заказы 注文 ü"},
		{"escape sequence", "a\x1b[2Jb", `a\x1b[2Jb`},
		{"title", "\x1b]0;owned\a", `\x1b]0;owned\a`},
		{"control sequence in one byte", "a\x9b31mb", `a\x9b31mb`},
		{"the same as UTF-8", "a\u009b31mb", `a\u009b31mb`},
		{"lines", "a\r\nb\tc", "a  b c"},
		{"writing turned around", "a\u202eb", `a\u202eb`},
		{"not to be seen", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"beyond the first plane", "\U000e0041", `\U000e0041`},
		{"no UTF-8", "\xff\xfe", `\xff\xfe`},
		{"low byte", "\x00", `\x00`},
		{"a heap of marks", "e" + strings.Repeat("\u0301", 50), "e\u0301\u0301\u0301"},
		{"long", strings.Repeat("x", mostText+1), strings.Repeat("x", mostText) + "…"},
		{"long, cut in a letter", strings.Repeat("x", mostText-1) + "üü", strings.Repeat("x", mostText-1) + "…"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := clean(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func harmless(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"orders", "\x1b[31m", "\u202e", "\xc3", "e\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := clean(s); !harmless(got) || len(got) > 12*mostText {
			t.Errorf("%q becomes %q", s, got)
		}
	})
}

func FuzzCleanJSONIsTheSameJSON(f *testing.F) {
	for _, s := range []string{`{"a":"` + "\u009b\u202e\U000e0041\x7f" + `"}`, `["ü","\u001b"]`, "{\n\"a\": 1}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) || !utf8.Valid(text) {
			t.Skip()
		}
		var before, after any
		if json.Unmarshal(text, &before) != nil {
			t.Skip() // a number that is too large
		}
		got := cleanJSON(text)
		if err := json.Unmarshal(got, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Errorf("%q becomes %q: %v", text, got, err)
		}
		if !harmless(strings.Map(func(r rune) rune {
			if r == '\n' || r == '\t' || r == '\r' {
				return ' '
			}
			return r
		}, string(got))) {
			t.Errorf("%q becomes %q", text, got)
		}
	})
}
