package main

import (
	"errors"
	"testing"
)

func TestErrorsSteerNoTerminal(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "a: <b> \"ä\"", "a: <b> \"ä\""},
		{"lines", "a\n\tb", "a\n\tb"},
		{"escape", "in/a\x1b[2Jb\u009bc", `in/a\x1b[2Jb\u009bc`},
		{"direction", "a\u202eb", `a\u202eb`},
		{"no UTF-8", "a\xffb", "a\uFFFDb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := harmless(errors.New(c.text)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
