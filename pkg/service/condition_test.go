package service

import (
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
)

// branch is an if-then-otherwise that says in metadata which way it went.
func branch(condition string) string {
	return `<if-then-otherwise>` + condition + `<then><service class="add-metadata-service"><metadata-element><key>out</key><value>then</value></metadata-element></service></then>
		<otherwise><service class="add-metadata-service"><metadata-element><key>out</key><value>otherwise</value></metadata-element></service></otherwise></if-then-otherwise>`
}

func TestConditions(t *testing.T) {
	metadata := func(key, operator string) string {
		return `<condition class="metadata"><metadata-key>` + key + `</metadata-key><operator class=` + operator + `</operator></condition>`
	}
	inner := func(key, operator string) string {
		return strings.NewReplacer(`<condition class="metadata">`, `<metadata>`, `</condition>`, `</metadata>`).Replace(metadata(key, operator))
	}
	const yes, no = `"not-null">`, `"is-null">`
	group := func(class, inside string) string {
		return `<condition class="` + class + `">` + inside + `</condition>`
	}
	failing := inner("k", `"equals"><value>%message{nope}</value>`)
	for _, c := range []struct {
		name, condition string
		want            bool
		fails           string
	}{
		{"equals", metadata("k", `"equals"><value>v</value>`), true, ""},
		{"equals not", metadata("k", `"equals"><value>V</value>`), false, ""},
		{"equals an expression", metadata("k", `"equals"><value>%message{same}</value>`), true, ""},
		{"equals: the value is data", metadata("evil", `"equals"><value>v</value>`), false, ""},
		{"equals: missing value", metadata("nope", `"equals"><value/>`), false, ""},
		{"equals: empty", metadata("empty", `"equals"><value></value>`), true, ""},
		{"equals: unresolved", metadata("k", `"equals"><value>%message{nope}</value>`), false, "Could not resolve [nope]"},
		{"not-equals", metadata("k", `"not-equals"><value>x</value>`), true, ""},
		{"not-equals: equal", metadata("k", `"not-equals"><value>v</value>`), false, ""},
		{"not-equals: missing value", metadata("nope", `"not-equals"><value>x</value>`), true, ""},
		{"not-equals: unresolved", metadata("k", `"not-equals"><value>%message{nope}</value>`), false, "Could not resolve [nope]"},
		{"is-null: missing", metadata("nope", `"is-null">`), true, ""},
		{"is-null: empty", metadata("empty", `"is-null">`), true, ""},
		{"is-null: there", metadata("k", `"is-null">`), false, ""},
		{"not-null: missing", metadata("nope", `"not-null">`), false, ""},
		{"not-null: empty", metadata("empty", `"not-null">`), true, ""},
		{"is-empty: missing", metadata("nope", `"is-empty">`), true, ""},
		{"is-empty: empty", metadata("empty", `"is-empty">`), true, ""},
		{"is-empty: blank", metadata("blank", `"is-empty">`), false, ""},
		{"is-empty: blank, ignored", metadata("blank", `"is-empty"><ignore-whitespace>true</ignore-whitespace>`), true, ""},
		{"not-empty: missing", metadata("nope", `"not-empty">`), false, ""},
		{"not-empty: there", metadata("k", `"not-empty">`), true, ""},
		{"not-empty: blank", metadata("blank", `"not-empty">`), true, ""},
		{"not-empty: blank, ignored", metadata("blank", `"not-empty"><ignore-whitespace>true</ignore-whitespace>`), false, ""},
		{"is-in", metadata("k", `"is-in"><value>u</value><value>v</value>`), true, ""},
		{"is-in: not", metadata("k", `"is-in"><value>u</value>`), false, ""},
		{"is-in: missing", metadata("nope", `"is-in"><value></value>`), false, ""},
		{"not-in", metadata("k", `"not-in"><value>u</value>`), true, ""},
		{"not-in: in", metadata("k", `"not-in"><value>v</value>`), false, ""},
		{"not-in: missing", metadata("nope", `"not-in"><value>v</value>`), true, ""},
		{"matches", metadata("long", `"matches"><value>[a-z]+\d</value>`), true, ""},
		{"matches the whole value only", metadata("long", `"matches"><value>[a-z]+</value>`), false, ""},
		{"matches alternatives as a whole", metadata("long", `"matches"><value>a|abc1</value>`), true, ""},
		{"matches: missing", metadata("nope", `"matches"><value>.*</value>`), false, ""},
		{"matches an expression", metadata("k", `"matches"><value>%message{pattern}</value>`), true, ""},
		{"matches a bad expression", metadata("k", `"matches"><value>%message{bad}</value>`), false, "no regular expression"},
		{"matches: unresolved", metadata("k", `"matches"><value>%message{nope}</value>`), false, "Could not resolve"},

		{"payload", group("payload", `<operator class="equals"><value>ping</value></operator>`), true, ""},
		{"payload fails", group("payload", `<operator class="equals"><value>%message{nope}</value></operator>`), false, "payload: "},
		{"and", group("and", inner("k", yes)+inner("long", yes)), true, ""},
		{"and: one does not", group("and", inner("k", yes)+inner("k", no)+failing), false, ""},
		{"and: none", group("and", ""), false, ""},
		{"and fails", group("and", inner("k", yes)+failing), false, "Could not resolve"},
		{"or", group("or", inner("k", no)+inner("k", yes)+failing), true, ""},
		{"or: none holds", group("or", inner("k", no)), false, ""},
		{"or: none", group("or", ""), false, ""},
		{"or fails", group("or", failing+inner("k", yes)), false, "Could not resolve"},
		{"not", group("not", metadata("k", no)), true, ""},
		{"not fails", group("not", metadata("k", `"equals"><value>%message{nope}</value>`)), false, "Could not resolve"},
		{"never", `<condition class="never"/>`, false, ""},
		{"nested", group("and", `<or>`+inner("k", no)+`<not><condition class="never"/></not></or>`+inner("k", yes)), true, ""},
		{"by class name", `<condition class="com.adaptris.core.services.conditional.conditions.ConditionNever"/>`, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[*IfElse](t, branch(c.condition))
			m := newMessage("ping", "k", "v", "same", "v", "evil", "%message{k}", "empty", "", "blank", " \t", "long", "abc1", "pattern", "[uvw]", "bad", "[")
			err := s.Apply(t.Context(), m)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), "if-then-otherwise: <condition>: ") || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error is %v; want %q", err, c.fails)
				}
				return
			}
			want := "otherwise"
			if c.want {
				want = "then"
			}
			if out, _ := m.Metadata("out"); err != nil || out != want {
				t.Errorf("went %q, error %v; want %q", out, err, want)
			}
		})
	}
}

func TestIfWithoutOtherwiseGoesOn(t *testing.T) {
	s := decode[*IfElse](t, `<if-then-otherwise><condition class="never"/><then><service class="throw-exception-service"><exception-generator class="configured-exception"/></service></then></if-then-otherwise>`)
	if err := s.Apply(t.Context(), newMessage("")); err != nil {
		t.Error(err)
	}
}

func TestConditionsLogWhenAsked(t *testing.T) {
	s := decode[*IfElse](t, branch(`<condition class="not"><additional-logging>true</additional-logging><condition class="metadata"><additional-logging>true</additional-logging>
		<metadata-key>k</metadata-key><operator class="is-null"/></condition></condition>`))
	core, logged := observer.New(zapcore.DebugLevel - 1)
	if err := s.Apply(component.WithLogger(t.Context(), zap.New(core)), newMessage("", "k", "v")); err != nil {
		t.Fatal(err)
	}
	if logged.Len() != 2 || logged.All()[0].ContextMap()["condition"] != "metadata k" || logged.All()[0].ContextMap()["holds"] != false || logged.All()[1].ContextMap()["holds"] != true {
		t.Errorf("logged %v", logged.All())
	}
}
