package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// What a message brings leads to no file outside the folder that the document names.
func TestFilesOfMessagesStayBelowTheirFolder(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"out/deep", "cfg"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"secret": "1", "out/in": "2", "out/..x": "3", "cfg/c": "4"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	refused := "for this message"
	places := map[string]func(location string) string{
		"read-file-service": func(l string) string {
			return `<read-file-service><file-path>` + l + `</file-path></read-file-service>`
		},
		"file-data-input-parameter": func(l string) string {
			return `<json-jq-transform><query-source class="file-data-input-parameter"><url>` + l + `</url></query-source></json-jq-transform>`
		},
		"file-input-message-wrapper": func(l string) string {
			return `<json-jq-transform><query-source class="file-input-message-wrapper"><url>` + l + `</url></query-source></json-jq-transform>`
		},
		"file-data-output-parameter": func(l string) string {
			return `<json-transform-service><mapping-spec class="constant-data-input-parameter"><value>[{"operation":"sort"}]</value></mapping-spec>
				<target-json class="file-data-output-parameter"><url>` + l + `</url></target-json></json-transform-service>`
		},
	}
	for name, c := range map[string]struct{ location, n, want string }{
		"below":                    {dir + "/out/%message{n}", "in", ""},
		"in a folder below":        {dir + "/%message{n}", "out/in", ""},
		"no parent":                {dir + "/out/%message{n}", "..x", ""},
		"the document's parent":    {dir + "/out/../cfg/%message{n}", "c", ""},
		"an encoded parent of its": {"file://" + dir + "/out/%2e%2e/cfg/%message{n}", "c", ""},
		"the whole location":       {"%message{n}", dir + "/out/../secret", ""},
		"all of it constant":       {dir + "/out/../secret", "", ""},
		"above":                    {dir + "/out/%message{n}", "../secret", refused},
		"above by URL":             {"file://" + dir + "/out/%message{n}", "../secret", refused},
		"above by an encoded URL":  {"file://" + dir + "/out/%message{n}", "%2e%2e%2Fsecret", refused},
		"no URL, nothing encoded":  {dir + "/out/%message{n}", "%2e%2e%2Fsecret", "/out/%2e%2e%2Fsecret cannot be"},
		"above and on":             {dir + "/out/%message{n}", "deep/../../secret", refused},
		"above by half":            {dir + "/out/.%message{n}", "./secret", refused},
		"above by nothing":         {dir + "/out/deep/..%message{n}/in", "", refused},
		"above, then the document": {dir + "/out/%message{n}/secret", "..", refused},
		"above twice":              {dir + "/out/../cfg/%message{n}", "../secret", refused},
		"above from two":           {"%message{id}%message{n}", "/../secret", refused},
		"above by backslashes":     {dir + "/out/%message{n}", `..\secret`, refused},
	} {
		for place, xml := range places {
			t.Run(name+" "+place, func(t *testing.T) {
				s := decode[component.Service](t, xml(c.location))
				err := component.Apply(t.Context(), s, newMessage(`{"a":1}`, "n", c.n, "id", dir+"/out"))
				switch {
				case c.want == "" && err != nil:
					t.Error(err)
				case c.want != "" && place == "file-data-output-parameter" && c.want != refused: // it may make that file
					if err := os.Remove(filepath.Join(dir, "out", c.n)); err != nil {
						t.Error(err)
					}
				case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
					t.Errorf("error: %v", err)
				}
			})
		}
	}
}

// What the environment brings is the same for every message, and so the document's.
func TestFilesMayBeginAboveByTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"out", "cfg"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"secret", "cfg/c"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	node, problems := document.Parse("test.xml", strings.NewReader(`<read-file-service><file-path>`+dir+`/out/%env{UP}/%message{n}</file-path></read-file-service>`), document.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := component.NewDecoder(document.Environment{Variables: map[string]string{"UP": "../cfg"}})
	s, _ := component.Decode[component.Service](d, node, "")
	m := newMessage("", "n", "c")
	if err := component.Apply(t.Context(), s, m); err != nil || string(m.Payload()) != "cfg/c" {
		t.Errorf("%q, %v", m.Payload(), err)
	}
	if err := component.Apply(t.Context(), s, newMessage("", "n", "../secret")); err == nil || !strings.Contains(err.Error(), `".." may stand only before`) {
		t.Errorf("error: %v", err)
	}
}
