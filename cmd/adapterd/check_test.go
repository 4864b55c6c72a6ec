package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckTellsEveryErrorWithItsPlace(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a.xml"), `<channel>
<workflow><consumer class="fs-consumr"/>
<producer class="aws-kinesis-stream-producer"><stream> </stream></producer></workflow>
<bogus/></channel>`)
	code, out, _ := command(t, "check", path)
	if code != exitFailed {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{
		path + `:2:21: error: "fs-consumr" is no component that Interlok or this program knows; did you mean fs-consumer?`,
		path + ":3:47: error: <stream> of aws-kinesis-stream-producer is blank",
		path + ":3:1: error: aws-kinesis-stream-producer has no <partition-key>",
		path + ":4:1: error: <bogus> is no element of channel",
		path + " does not run: 4 errors, 0 warnings",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// The JSON of check is read by other programs: its form is kept.
func TestCheckPrintsJSON(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // so that paths are the same everywhere
	for name, document := range map[string]string{
		"errors": `<channel><unique-id>c</unique-id>
<workflow><consumer class="fs-consumr"/>
<producer class="aws-kinesis-stream-producer"><stream> </stream></producer></workflow>
<bogus/></channel>`,
		"warnings": `<produce-connection class="aws-kinesis-kpl-inline-connection">
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair>
<key-value-pair><key>CollectionMaxCount</key><value>1000</value></key-value-pair></config></produce-connection>`,
		"good":     "<channel><workflow/></channel>",
		"no-xml":   "<channel><workflow></channel>",
		"no-input": "",
	} {
		t.Run(name, func(t *testing.T) {
			write(t, name+".xml", document)
			code, out, errOut := command(t, "check", name+".xml", "--json")
			if !json.Valid([]byte(out)) || errOut != "" {
				t.Errorf("printed\n%s%s", out, errOut)
			}
			if wantFailed := name != "warnings" && name != "good"; wantFailed != (code == exitFailed) {
				t.Errorf("exit %d", code)
			}
			golden(t, here, "check-"+name+".json", out)
		})
	}
}

func TestCheckTakesBootstrapProperties(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "adapter.xml", "<channel><unique-id>${name}</unique-id>\n<workflow/></channel>")
	write(t, "variables.properties", "name=x\n")
	write(t, "bootstrap.properties", "adapterConfigUrl=file://localhost/./adapter.xml\npreProcessors=variableSubstitution\nvariable-substitution.properties.url=file://localhost/./variables.properties\n")
	if code, out, _ := command(t, "check", "bootstrap.properties"); code != exitDone {
		t.Errorf("exit %d\n%s", code, out)
	}
	write(t, "variables.properties", "nome=x\n")
	if code, out, _ := command(t, "check", "bootstrap.properties"); code != exitFailed || !strings.Contains(out, "adapter.xml:1:21: error: ") || !strings.Contains(out, "bootstrap.properties does not run: 1 error") {
		t.Errorf("an undefined variable: exit %d\n%s", code, out)
	}
	write(t, "bootstrap.properties", "preProcessors=variableSubstitution\n")
	if code, out, _ := command(t, "check", "bootstrap.properties"); code != exitFailed || !strings.Contains(out, "adapterConfigUrl is missing") {
		t.Errorf("no document: exit %d\n%s", code, out)
	}
}

func TestCheckTellsWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no document":       {[]string{filepath.Join(dir, "none.xml")}, "none.xml: error: "},
		"a directory":       {[]string{dir}, "error: "},
		"no variables file": {[]string{write(t, filepath.Join(dir, "a.xml"), "<channel><workflow/></channel>"), "--variables", filepath.Join(dir, "none.properties")}, "none.properties: error: the variables cannot be read"},
	} {
		code, out, errOut := command(t, append([]string{"check"}, c.args...)...)
		if code != exitFailed || !strings.Contains(out, c.want) || errOut != "" {
			t.Errorf("%s: exit %d\n%s%s", name, code, out, errOut)
		}
	}
}

func TestCheckLetsALaterVariableOverrideAnEarlierOne(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.xml"), `<channel><workflow><producer class="${class}"/></workflow></channel>`)
	first, second := write(t, filepath.Join(dir, "1.properties"), "class=first\n"), write(t, filepath.Join(dir, "2.properties"), "class=second\n")
	for want, args := range map[string][]string{
		"first": {"--variables", second, "--variables", first}, "second": {"--variables", first, "--variables", second},
		"third": {"--set", "class=third", "--variables", first}, "fourth": {"--set", "class=third", "--set", "class=fourth"},
	} {
		if code, out, _ := command(t, append([]string{"check", path}, args...)...); code != exitFailed || !strings.Contains(out, `"`+want+`" is no component`) {
			t.Errorf("%v: exit %d\n%s", args, code, out)
		}
	}
}

func TestCheckTakesVariables(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "a.xml"), `<channel><unique-id>${id}</unique-id><workflow><producer class="null-message-producer"/></workflow></channel>`)
	file := write(t, filepath.Join(dir, "v.properties"), "id=x\n")
	if code, out, _ := command(t, "check", path); code != exitFailed || !strings.Contains(out, "a.xml:1:21: error:") {
		t.Errorf("undefined: exit %d\n%s", code, out)
	}
	if code, out, _ := command(t, "check", path, "--variables", file); code != exitDone {
		t.Errorf("--variables: exit %d\n%s", code, out)
	}
	if code, out, _ := command(t, "check", path, "--set", "id=y"); code != exitDone {
		t.Errorf("--set: exit %d\n%s", code, out)
	}
	if code, out, errOut := command(t, "check", path, "--set", "hunter2"); code != exitUsage || strings.Contains(out+errOut, "hunter2") {
		t.Errorf("--set without a name: exit %d\n%s%s", code, out, errOut)
	}
}

func TestEveryExampleChecks(t *testing.T) {
	t.Chdir("../..") // where a newcomer is
	examples, err := filepath.Glob("configs/example*.xml")
	if err != nil || len(examples) < 6 {
		t.Fatal(examples, err)
	}
	variables := map[string]bool{"configs/example2.xml": true}
	warnings := map[string]int{"configs/example5.xml": 1} // CollectionMaxCount
	for _, path := range examples {
		name := filepath.ToSlash(path)
		args := []string{"check", path}
		if variables[name] {
			args = append(args, "--variables", "configs/variables.properties")
		}
		code, out, errOut := command(t, args...)
		if code != exitDone || !strings.HasSuffix(strings.TrimSpace(out), " runs: 0 errors, "+count(warnings[name], "warning")) {
			t.Errorf("%s: exit %d\n%s%s", path, code, out, errOut)
		}
	}
}

func TestCheckTakesAPartOfADocument(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a.xml"), `<produce-connection class="aws-kinesis-kpl-inline-connection"><config><key-value-pair><key>Region</key><value>mars</value></key-value-pair></config></produce-connection>`)
	code, out, _ := command(t, "check", path)
	if code != exitFailed || !strings.Contains(out, "Region") {
		t.Errorf("exit %d\n%s", code, out)
	}
}
