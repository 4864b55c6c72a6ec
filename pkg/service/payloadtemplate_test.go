package service

import (
	"strings"
	"testing"
)

func TestPayloadFromTemplate(t *testing.T) {
	token := func(key, pattern string) string {
		return `<metadata-tokens><key-value-pair><key>` + key + `</key><value>` + pattern + `</value></key-value-pair></metadata-tokens>`
	}
	const raw = `<quote-replacement>false</quote-replacement>`
	for _, c := range []struct{ name, inside, want, fails string }{
		{"expressions", `<template><![CDATA[{"k":"%message{k}","was":%payload{jsonpath:$.n},"size":%message{%size}}]]></template>`, `{"k":"v","was":1.10,"size":10}`, ""},
		{"lines and blanks as they stand", "<template>\n  a\n %message{k} </template>", "\n  a\n v ", ""},
		{"no template", ``, "", ""},
		{"old payload", `<template>[%message{%payload}]</template>`, `[{"n":1.10}]`, ""},
		{"missing", `<template>%message{nope}</template>`, "", "Could not resolve [nope]"},
		{"token", `<template>a @@ b @@</template>` + token("k", "@@"), "a v b v", ""},
		{"token as a pattern", `<template>a1b22</template>` + token("k", `\d+`), "avbv", ""},
		{"token without metadata", `<template>a @@</template>` + token("nope", "@@"), "a @@", ""},
		{"value is quoted", `<template>a @@</template>` + token("odd", "@@"), `a $1\x`, ""},
		{"value with groups", `<template>a-b</template>` + token("swap", `(a)-(b)`) + raw, "b-a$", ""},
		{"value with a named group", `<template>a-b</template>` + token("named", `(?P&lt;x&gt;a)-b`) + raw, "[a]", ""},
		{"group number as long as groups exist", `<template>a</template>` + token("twelve", `(a)`) + raw, "a2", ""},
		{"group that took no part", `<template>b</template>` + token("swap", `(a)?(b)`) + raw, "b-$", ""},
		{"no such group", `<template>a</template>` + token("bad", `a`) + raw, "", "has no group for the $ at character 1"},
		{"half an escape", `<template>a</template>` + token("half", `a`) + raw, "", `it ends with \`},
		{"tokens bring in no expressions", `<template>@@</template>` + token("evil", "@@"), "%message{k}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[*PayloadFromTemplate](t, `<payload-from-template>`+c.inside+`</payload-from-template>`)
			m := newMessage(`{"n":1.10}`, "k", "v", "odd", `$1\x`, "swap", `$2-$1\$`, "named", "[${x}]", "twelve", "$12", "bad", "$9", "half", `x\`, "evil", "%message{k}")
			err := s.Apply(t.Context(), m)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) || string(m.Payload()) != `{"n":1.10}` {
					t.Errorf("error is %v, payload %s; want %q and the old payload", err, m.Payload(), c.fails)
				}
				return
			}
			if err != nil || string(m.Payload()) != c.want {
				t.Errorf("payload is %q, error %v; want %q", m.Payload(), err, c.want)
			}
		})
	}
}

func TestPayloadFromTemplateKeepsTheCharacterSet(t *testing.T) {
	s := decode[*PayloadFromTemplate](t, `<payload-from-template><template>é€ %message{%payload}</template></payload-from-template>`)
	m := newMessage("\xe4")
	m.SetEncoding("ISO-8859-1")
	if err := s.Apply(t.Context(), m); err != nil || string(m.Payload()) != "\xe9? \xe4" || m.Encoding() != "ISO-8859-1" {
		t.Errorf("payload is %q, error %v", m.Payload(), err)
	}
}
