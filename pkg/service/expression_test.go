package service

import (
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/expr"
)

var testSources = expr.Sources{Env: func(name string) (string, bool) { return "40", name == "LIMIT" }}

func TestExpressionCondition(t *testing.T) {
	pairs := []string{"num", "42", "dec", "1.50", "name", "o'Brien \"x\"", "flag", "true", "off", "no", "empty", "", "evil", `1 == 1 || "`, "null", "null", "spaced", " 7 ", "big", "9007199254740993",
		"neg", "-3", "list", "a,b", "word", "banana"}
	for _, c := range []struct {
		algorithm string
		want      bool
		fails     string
	}{
		{`%message{num} > 40`, true, ""},
		{`%message{num} > %env{LIMIT}`, true, ""},
		{`%message{num} @gt 40 @and %message{num} @lt 43 @or false`, true, ""},
		{`%message{num} @gteq 42 && %message{num} @lteq 42`, true, ""},
		{`%message{num} >= 43 || %message{num} <= 41`, false, ""},
		{`%message{num} == 42.0`, true, ""},
		{`%message{num} != 42`, false, ""},
		{`"%message{num}" == 42`, false, ""},
		{`"%message{num}" == "42"`, true, ""},
		{`%message{num} % 2 == 0`, true, ""},
		{`%message{num}%5==2`, true, ""},
		{`%message{spaced} * 2 == 14`, true, ""},
		{`%message{big} > 9007199254740992`, true, ""},
		{`%message{neg} == -3 && -%message{neg} == 3 && 0-3 == +%message{neg}`, true, ""},
		{`7 / 2 == 3 && 7.0 / 2 == 3.5 && 7 % 4 == 3 && -7 / 2 == -3 && 7.5 % 2 == 1.5`, true, ""},
		{`1 + 2 * 3 == 7 && (1 + 2) * 3 == 9 && 10 - 2 - 3 == 5 && 1.5 + 1 - 0.5 * 2 == 1.5`, true, ""},
		{`"a" + 1 + "b" == 'a1b'`, true, ""},
		{`%message{dec} + "" == "1.5"`, true, ""},
		{`%message{flag}`, true, ""},
		{`!%message{flag}`, false, ""},
		{`"%message{off}"`, false, ""},
		{`%message{flag} == true`, true, ""},
		{`%message{flag} ? 1 > 0 : 1/0 > 1`, true, ""},
		{`false ? false : true ? true : false`, true, ""},
		{`false && 1/0 == 1`, false, ""},
		{`true || 1/0 == 1`, true, ""},
		{`%message{null} == null && "" != null && null == null`, true, ""},
		{`%message{empty} == ""`, true, ""},
		{`"%message{name}".equals("o'Brien \"x\"")`, true, ""},
		{`"%message{name}".contains('\'')`, true, ""},
		{`"a\tb\\".length() == 4 && "€𝄞".length() == 3`, true, ""},
		{`" Ab ".trim().toLowerCase().equals("ab") && "ab".toUpperCase() == "AB"`, true, ""},
		{`"order-1".startsWith("order-") && "order-1".endsWith("1") && !"".startsWith("x") && "".isEmpty()`, true, ""},
		{`"AB".equalsIgnoreCase("ab") && "order-1".matches("order-\\d") && !"order-12".matches("order-\\d")`, true, ""},
		{`%payload{jsonpath:$.n} == 1.10`, true, ""},
		{`"%payload{jsonpath:$['id']}" == "abc"`, true, ""},
		{`%payload{jsonpath:$.dup[?(@.k=='2')].v} == 20`, true, ""},
		{`%message{list}.contains("b")`, true, ""},
		{`"100%" == '100' + "%"`, true, ""},
		{`"%foo{x}" == "%foo" + "{x}"`, true, ""},
		// Data never becomes operators, calls or quotes.
		{`%message{evil} == 2`, false, ""},
		{`"%message{evil}" == "x"`, false, ""},
		{`"%message{evil}".equals("1 == 1 || \"")`, true, ""},

		{`%message{evil}`, false, "neither true nor false"},
		{`%message{nope} == 1`, false, "Could not resolve [nope]"},
		{`"x%message{nope}" == 1`, false, "Could not resolve [nope]"},
		{`%message{num}`, false, "it gives 42, which is neither true nor false; compare it"},
		{`"%message{word}"`, false, `it gives "banana"`},
		{`null`, false, "it gives null"},
		{`"a" < "b"`, false, "can not be ordered"},
		{`%message{word} > 1`, false, `"banana" and 1 can not be ordered`},
		{`1 / 0 == 1`, false, "division by 0"},
		{`1 % 0 == 1`, false, "division by 0"},
		{`"a" * 2 == 1`, false, "both must be numbers"},
		{`-"a" == 1`, false, "both must be numbers"},
		{`!5`, false, "neither true nor false"},
		{`null.isEmpty()`, false, "isEmpty is called on or with null"},
		{`"a".matches("(")`, false, "no regular expression"},
		{`5 && true`, false, "neither true nor false"},
	} {
		t.Run(c.algorithm, func(t *testing.T) {
			s := decode[*IfElse](t, branch(`<condition class="expression"><algorithm><![CDATA[`+c.algorithm+`]]></algorithm></condition>`))
			holds, err := s.Condition.Evaluate(t.Context(), newMessage(`{"id":"abc","n":1.10,"dup":[{"k":"1","v":10},{"k":"2","v":20}]}`, pairs...))
			if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
				t.Fatalf("error is %v; want %q", err, c.fails)
			}
			if holds != c.want {
				t.Errorf("holds: %v", holds)
			}
		})
	}
}

func TestExpressionFaults(t *testing.T) {
	for _, c := range []struct{ algorithm, want string }{
		{``, "the end at character 1: a value is expected there"},
		{`1 +`, "the end at character 4: a value"},
		{`1 2`, "2 at character 3: an operator or the end"},
		{`abc == 1`, "abc at character 1: a value, with text in quotes, is expected there"},
		{`(1 == 1`, "the end at character 8: ) is expected"},
		{`1 == 1)`, ") at character 7: an operator or the end"},
		{`true ? 1`, ": is expected"},
		{`"abc`, "the quote at character 1 is not closed"},
		{`1 = 1`, `"=" at character 3 means nothing`},
		{`a; b`, "a at character 1"},
		{`System.exit(0)`, "System at character 1"},
		{`"a".getClass()`, "one of contains, endsWith"},
		{`"a".equals()`, "a value is expected"},
		{`"a".length`, "( is expected"},
		{`%message{} == 1`, "%message{} == 1 at character 1 is no expression"},
		{`%foo{x} == 1`, "is no expression"},
		{`%env{NOPE} == 1`, "the environment has no variable NOPE"},
		{`%payload{jsonpath:$[} == 1`, "%payload{jsonpath:$[}"},
		{`1.2.3 == 1`, "1.2.3 at character 1 is no number"},
		{strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200), "nested more than"},
		{strings.Repeat("!", 200) + "true", "nested more than"},
		{strings.Repeat(" ", 9000), "8192 are allowed"},
	} {
		if _, _, err := compileAlgorithm(c.algorithm, testSources); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s: error is %v; want %q", c.algorithm, err, c.want)
		}
	}
}

func TestExpressionWarnsWhereInterlokDiffers(t *testing.T) {
	_, problems := decodeWith(t, branch(`<condition class="expression"><algorithm>%message{jsonPath:$.n} == 1</algorithm></condition>`), sharedParts{})
	if len(problems) != 1 || !strings.Contains(problems[0], "warning: <algorithm> of expression Interlok takes %message{jsonPath:$.n} for a metadata key") {
		t.Errorf("problems are %q", problems)
	}
}

func FuzzAlgorithm(f *testing.F) {
	f.Add(`%message{num} > 40 && "%message{k}".equals('x') ? -1.5 == 2 : !(true)`, "42")
	f.Add(`%payload{jsonpath:$['a}']} % 2 @gteq 7 / 0`, `" || true`)
	f.Fuzz(func(t *testing.T, algorithm, value string) {
		e, _, err := compileAlgorithm(algorithm, testSources)
		if err != nil {
			return
		}
		// What a value is must not matter to whether an algorithm can be read, and none may panic.
		v, err := e(newMessage(`{"a":1}`, "num", value, "k", value))
		if err == nil {
			_, _ = v.truth()
		}
	})
}
