package service

import (
	"strings"
	"testing"
)

func TestJoltModify(t *testing.T) {
	for _, c := range []struct{ name, operation, spec, input, want, wantErr string }{
		{name: "values", operation: "modify-overwrite-beta", spec: `{"a":1,"b":{"c":"t"},"d":[],"e":null,"f":{}}`, input: `{"a":0,"b":{}}`, want: `{"a":1,"b":{"c":"t"},"d":[],"e":null,"f":{}}`},
		{name: "default", operation: "modify-default-beta", spec: `{"a":1,"b":1,"c":1}`, input: `{"a":0,"b":null}`, want: `{"a":0,"b":1,"c":1}`},
		{name: "define", operation: "modify-define-beta", spec: `{"a":1,"b":1,"c":1}`, input: `{"a":0,"b":null}`, want: `{"a":0,"b":null,"c":1}`},
		{name: "mode of a key", operation: "modify-default-beta", spec: `{"+a":1,"_b":1,"~c":1}`, input: `{"a":0,"b":null,"c":null}`, want: `{"a":1,"b":null,"c":1}`},
		{name: "only what is there", operation: "modify-overwrite-beta", spec: `{"a?":1,"b?":{"c":1},"d":{"e":1}}`, input: `{"a":0}`, want: `{"a":1,"d":{"e":1}}`},
		{name: "patterns, after names", operation: "modify-overwrite-beta", spec: `{"*":"=toUpper","a":"x"}`, input: `{"b":"y","n":1}`, want: `{"b":"Y","n":1,"a":"X"}`},
		{name: "elements", operation: "modify-overwrite-beta", spec: `{"l":{"[0]":"a","[3]":"d"}}`, input: `{"l":[1,2]}`, want: `{"l":["a",2,null,"d"]}`},
		{name: "define elements", operation: "modify-define-beta", spec: `{"l":{"[0]":"a","[2]":"c","*":"z"}}`, input: `{"l":[null]}`, want: `{"l":[null,"z","c"]}`},
		{name: "every element", operation: "modify-overwrite-beta", spec: `{"l":{"*":{"sum":"=intSum(@(1,a),@(1,b))"}}}`, input: `{"l":[{"a":1,"b":2},{"a":3,"b":4}]}`, want: `{"l":[{"a":1,"b":2,"sum":3},{"a":3,"b":4,"sum":7}]}`},
		{name: "new array", operation: "modify-overwrite-beta", spec: `{"l":{"[1]":"x"}}`, input: `{}`, want: `{"l":[null,"x"]}`},
		{name: "another kind", operation: "modify-overwrite-beta", spec: `{"a":{"b":1},"c":{"[0]":1},"d":{"*":1}}`, input: `{"a":"t","c":{},"d":5}`, want: `{"a":"t","c":{},"d":5}`},
		{name: "array as document", operation: "modify-overwrite-beta", spec: `{"[1]":"x"}`, input: `["a"]`, want: `["a","x"]`},
		{name: "first with a value", operation: "modify-overwrite-beta", spec: `{"a":["^ctx","=notNull(@(1,b))","@(1,c)","last"],"d":["=noop","last"]}`, input: `{"b":null,"c":7}`, want: `{"b":null,"c":7,"a":7,"d":"last"}`},
		{name: "value of the input", operation: "modify-overwrite-beta", spec: `{"o":{"id":"@(2,id)"}}`, input: `{"id":12345678901234567890,"o":{}}`, want: `{"id":12345678901234567890,"o":{"id":12345678901234567890}}`},
		{name: "too far up", operation: "modify-overwrite-beta", spec: `{"a":"@(9,b)"}`, input: `{}`, wantErr: "a reference leads 9 levels up"},
	} {
		transformCase{name: c.name, xml: joltOne(c.operation, c.spec), payload: c.input, want: c.want, wantErr: c.wantErr}.run(t)
	}
}

func TestJoltFunctions(t *testing.T) {
	const input = `{"s":"Ab","e":"","n":-2.50,"i":7,"l":[3,"1",2.5,null,"x"],"t":["b","a"],"z":null,"o":{"k":1,"n":null}}`
	for call, want := range map[string]string{
		"=toLower(@(1,s))": `"ab"`, "=toUpper(@(1,t))": `["B","A"]`, "=trim(' x ')": `"x"`, "=toLower(@(1,i))": "",
		"=concat(@(1,s),'-',@(1,i),@(1,z))": `"Ab-7"`, "=concat('(', ',')": `"(,"`, "=concat(@(1,s))": "",
		"=join(',',@(1,t))": `"b,a"`, "=join('-',@(1,s),@(1,e),@(1,i))": `"Ab-7"`, "=join(1,@(1,t))": "",
		"=split(',','a,b,,')": `["a","b"]`, "=split('[;,]',@(1,t))": `[["b"],["a"]]`, "=split('(','a')": "",
		"=substring('hallo',1,3)": `"al"`, "=substring('hallo',3,9)": "", "=substring('hallo',1)": "",
		"=leftPad(@(1,s),5,'0')": `"000Ab"`, "=rightPad(@(1,s),5,'0')": `"Ab000"`, "=leftPad(@(1,s),501,'0')": "", "=leftPad(@(1,s),1,'0')": `"Ab"`,
		"=min(@(1,l))": `1`, "=max(@(1,l))": `3`, "=max(@(1,i),@(1,n))": `7`, "=min(@(1,s))": "", "=max(@(1,i))": `7`,
		"=abs(@(1,n))": `2.50`, "=avg(@(1,l))": `2.1666666666666665`, "=avg(@(1,t))": "",
		"=intSum(@(1,l))": `6`, "=doubleSum(@(1,l))": `6.5`, "=longSum(1,2)": `3`, "=intSubtract(9,4)": `5`, "=doubleSubtract(1.5,1)": `0.5`, "=intSubtract(9)": "",
		"=divide(1,4)": `0.25`, "=divide(4,2)": `2.0`, "=divide(1,0)": "", "=divideAndRound(2,1,3)": `0.33`, "=divideAndRound(1,1,4)": `0.3`, "=divideAndRound(1,1,0)": "",
		"=toInteger(@(1,n))": `-2`, "=toInteger('12345678901234567890')": `12345678901234567890`, "=toInteger(@(1,s))": "", "=toLong('3.9')": `3`,
		"=toDouble(@(1,i))": `7.0`, "=toDouble('1.10')": `1.10`, "=toInteger('1e999999999')": "",
		"=toBoolean('TRUE')": `true`, "=toBoolean('no')": "", "=toString(@(1,n))": `"-2.50"`, "=toString(@(1,o))": `"{\"k\":1,\"n\":null}"`,
		"=size(@(1,l))": `5`, "=size(@(1,s))": `2`, "=size(@(1,o))": `2`, "=size(@(1,i))": "", "=size(1,2)": `2`,
		"=squashNulls(@(1,l))": `[3,"1",2.5,"x"]`, "=squashNulls(@(1,o))": `{"k":1}`,
		"=squashDuplicates(1,1.0,2)": `[1,2]`, "=isPresent(@(1,z))": `null`, "=isPresent(@(1,none))": "", "=notNull(@(1,z))": "", "=isNull(@(1,z))": `null`,
		"=firstElement(@(1,t))": `"b"`, "=lastElement(@(1,t))": `"a"`, "=elementAt(1,@(1,t))": `"a"`, "=elementAt(9,@(1,t))": "",
		"=toList(@(1,i))": `[7]`, "=toList(@(1,t))": `["b","a"]`, "=sort(@(1,t))": `["a","b"]`, "=sort(3,1.5,2)": `[1.5,2,3]`, "=sort(@(1,l))": "", "=sort(@(1,i))": `7`,
		"=concat(true,false)": `"truefalse"`, "=firstElement(,1)": `null`, "=notNull": "",
	} {
		t.Run(call, func(t *testing.T) {
			got, _ := apply(t, joltOne("modify-overwrite-beta", `{"r":"`+call+`"}`), input)
			if want != "" {
				want = strings.TrimSuffix(input, "}") + `,"r":` + want + "}"
			} else {
				want = input
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
	transformCase{name: "recursively", xml: joltOne("modify-overwrite-beta", `{"*":"=recursivelySquashNulls"}`), payload: `{"a":{"b":[null,{"c":null}]},"d":null}`, want: `{"a":{"b":[{}]},"d":null}`}.run(t)
}

func TestJoltModifyRefusesSpecificationsThatMakeNoSense(t *testing.T) {
	for spec, want := range map[string]string{
		`{"a":"=shout"}`:            `key "a": "shout" is no function of Jolt`,
		`{"a":"=trim(x"}`:           `key "a": a function has no ) at its end`,
		`{"a":"@("}`:                `key "a": "@(" names no value`,
		`{"a":{"[0]":1,"b":2}}`:     `key "a" has indices and names in one object`,
		`{"a":{"[x]":1}}`:           `key "[x]" is no index of an array`,
		`{"a":{"[99999999]":1}}`:    `key "[99999999]" is no index of an array`,
		`{"&1":1}`:                  `key "&1" is neither a name, an index nor a pattern with *`,
		`{"a":"=join(@(1,b[]),c)"}`: `names no value`,
	} {
		if _, problems := decodeWith(t, joltOne("modify-overwrite-beta", spec), sharedParts{}); len(problems) != 1 || !strings.Contains(problems[0], want) {
			t.Errorf("%s: got %v\nwant %s", spec, problems, want)
		}
	}
}
