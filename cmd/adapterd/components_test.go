package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestComponentsAreListedAndShown(t *testing.T) {
	code, out, _ := command(t, "components")
	if code != exitDone || !strings.Contains(out, "fs-consumer") || !strings.Contains(out, "aws-kinesis-stream-producer") {
		t.Errorf("exit %d\n%s", code, out)
	}
	for _, name := range []string{"fs-consumer", "com.adaptris.core.fs.FsConsumer"} {
		code, out, _ = command(t, "components", name)
		if code != exitDone || !strings.Contains(out, "<base-directory-url>") || !strings.Contains(out, "(required)") || !strings.Contains(out, "(default .wip)") {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
	}
	code, out, _ = command(t, "components", "fs-consumer", "--json")
	var d component.Description
	if err := json.Unmarshal([]byte(out), &d); err != nil || code != exitDone || d.Alias != "fs-consumer" || len(d.Fields) < 10 {
		t.Errorf("exit %d, %v, %+v", code, err, d)
	}
	if code, _, errOut := command(t, "components", "fs-consumr"); code != exitFailed || !strings.Contains(errOut, "did you mean fs-consumer?") {
		t.Errorf("exit %d, %s", code, errOut)
	}
	if code, _, errOut := command(t, "components", "jms-topic-consumer"); code != exitFailed || !strings.Contains(errOut, "known to Interlok, not supported here") {
		t.Errorf("exit %d, %s", code, errOut)
	}
}

func TestComponentsAsJSONAreAllThatAreListed(t *testing.T) {
	code, out, errOut := command(t, "components", "--json")
	var all []component.Description
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v, %s", code, err, errOut)
	}
	_, listed, _ := command(t, "components")
	lines := strings.Split(strings.TrimSpace(listed), "\n")
	if len(lines) != len(all) || len(all) < 40 {
		t.Errorf("%d listed, %d in JSON", len(lines), len(all))
	}
	for i, d := range all {
		if fields := strings.Fields(lines[i]); fields[0] != d.Alias || fields[1] != string(d.Kind) {
			t.Errorf("line %q, but in JSON %s", lines[i], d.Alias)
		}
	}
}

func TestComponentsUnknownToEverybody(t *testing.T) {
	for _, args := range [][]string{{"components", "no-such-thing-at-all"}, {"components", "com.example.Nothing", "--json"}} {
		code, out, errOut := command(t, args...)
		if code != exitFailed || out != "" || errOut != "adapterd: there is no component \""+args[1]+"\"\n" {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errOut)
		}
	}
}

// Every component that documents may name must be described, and its Java class be Interlok's.
func TestComponentsHaveDocumentationAndInterloksClass(t *testing.T) {
	for _, d := range component.Descriptions() {
		if d.Doc == "" {
			t.Errorf("%s has no description", d.Alias)
		}
		for _, f := range d.Fields {
			if f.Doc == "" {
				t.Errorf("<%s> of %s has no description", f.Element, d.Alias)
			}
		}
		if known, ok := component.Catalog(d.Alias); ok && known.Class != d.Class {
			t.Errorf("%s is %s here, %s in Interlok", d.Alias, d.Class, known.Class)
		}
	}
}
