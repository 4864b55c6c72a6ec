package admin

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// described is what openapi.json says.
type described struct {
	OpenAPI    string                          `json:"openapi"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Responses map[string]response `json:"responses"`
		Schemas   map[string]any      `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name, In string
		Schema   struct{ Enum []string }
	} `json:"parameters"`
	Security  *[]any              `json:"security"`
	Responses map[string]response `json:"responses"`
}

type response struct {
	Ref     string                     `json:"$ref"`
	Content map[string]json.RawMessage `json:"content"`
}

func theDescription(t *testing.T) described {
	t.Helper()
	var d described
	if err := json.Unmarshal(description, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// schemas are those of openapi.json, and in them nothing may be that they do not tell.
type schemas struct {
	compiler *jsonschema.Compiler
}

func newSchemas(t *testing.T) *schemas {
	t.Helper()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(description))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range tree.(map[string]any)["components"].(map[string]any)["schemas"].(map[string]any) {
		if v := v.(map[string]any); v["properties"] != nil {
			v["additionalProperties"] = false
		}
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("openapi.json", tree); err != nil {
		t.Fatal(err)
	}
	return &schemas{c}
}

// check checks a JSON text against the schema at a pointer into openapi.json.
func (s *schemas) check(t *testing.T, pointer, text string) {
	t.Helper()
	schema, err := s.compiler.Compile("openapi.json#" + pointer)
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// escaped is a token of a JSON pointer in a URL.
func escaped(s string) string {
	return url.PathEscape(strings.NewReplacer("~", "~0", "/", "~1").Replace(s))
}

// answered checks an answer against what the description has for it.
func (s *schemas) answered(t *testing.T, d described, path, method string, got reply) {
	t.Helper()
	op, ok := d.Paths[path][method]
	if !ok {
		t.Fatalf("%s %s is not described", method, path)
	}
	status := strconv.Itoa(got.StatusCode)
	r, ok := op.Responses[status]
	if !ok {
		t.Errorf("%s %s: the answer %s is not described: %s", method, path, status, got.text)
		return
	}
	pointer := "/paths/" + escaped(path) + "/" + method + "/responses/" + status
	if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
		if r, ok = d.Components.Responses[name]; !ok {
			t.Fatalf("there is no response %s", name)
		}
		pointer = "/components/responses/" + name
	}
	kind, _, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if err != nil && len(r.Content) > 0 {
		t.Errorf("%s %s: %v", method, path, err)
	}
	if _, ok := r.Content[kind]; !ok && len(r.Content) > 0 {
		t.Errorf("%s %s: content type %s is not described for %s", method, path, kind, status)
		return
	}
	if kind == "application/json" && !strings.HasPrefix(path, "/static/") {
		s.check(t, pointer+"/content/"+escaped(kind)+"/schema", got.text)
	}
}
