package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
)

func schemaService(schema, more string) string {
	return `<json-schema-service><schema-url class="constant-data-input-parameter"><value><![CDATA[` + schema + `]]></value></schema-url>` + more + `</json-schema-service>`
}

const orderSchema = `{"type":"object","properties":{"id":{"type":"string","minLength":2},"n":{"type":"integer","minimum":1},"m":{"format":"email"}},"required":["id"]}`

func TestJSONSchema(t *testing.T) {
	const anyKind = `<deserializer class="jackson-json-deserializer"/>`
	const into = `<on-validation-exception class="json-schema-validation-exception-into-message"/>`
	for _, c := range []transformCase{
		{name: "complies", xml: schemaService(orderSchema, ""), payload: `{"id":"ab","n":12345678901234567890}`, want: `{"id":"ab","n":12345678901234567890}`},
		{name: "one violation", xml: schemaService(orderSchema, ""), payload: `{"id":"ab","n":0}`, wantErr: "json-schema-service: the payload does not comply with the schema: #/n: minimum: got 0, want 1"},
		{name: "several violations", xml: schemaService(orderSchema, ""), payload: `{"n":1.5}`, wantErr: "#: missing property 'id'"},
		{name: "format", xml: schemaService(orderSchema, ""), payload: `{"id":"ab","m":"x"}`, wantErr: "#/m: "},
		{name: "no JSON", xml: schemaService(orderSchema, ""), payload: `{bad`, wantErr: "json-schema-service: the payload is "},
		{name: "neither object nor array", xml: schemaService(`{"type":"number"}`, ""), payload: `1`, wantErr: "the payload is JSON, but neither an object nor an array"},
		{name: "any kind", xml: schemaService(`{"type":"number"}`, anyKind), payload: `1.0`, want: `1.0`},
		{name: "draft 4 without $schema", xml: schemaService(`{"properties":{"n":{"minimum":1,"exclusiveMinimum":true}}}`, ""), payload: `{"n":1}`, wantErr: "#/n: "},
		{name: "draft 7", xml: schemaService(`{"$schema":"http://json-schema.org/draft-07/schema#","properties":{"n":{"exclusiveMinimum":1}}}`, ""), payload: `{"n":1}`, wantErr: "#/n: "},
		{name: "reference inside", xml: schemaService(`{"definitions":{"s":{"type":"string"}},"properties":{"a/b":{"$ref":"#/definitions/s"}}}`, ""), payload: `{"a/b":1}`, wantErr: "#/a~1b: got number, want string"},
		{name: "number that takes too much", xml: schemaService(orderSchema, ""), payload: `{"id":"ab","n":1e999999999}`, wantErr: "the payload has the number 1e999999999"},
		{name: "ignored", xml: schemaService(orderSchema, `<on-validation-exception class="json-schema-validation-exception-ignore"/>`), payload: `{"n":0}`, want: `{"n":0}`},
		{name: "into the message", xml: schemaService(orderSchema, into), payload: `{"n":1.10}`,
			want: `{"original":{"n":1.10},"schema-violations":["#: 2 schema violations found","#: missing property 'id'","#/n: got number, want integer"]}`},
		{name: "one into the message", xml: schemaService(orderSchema, into), payload: `{"id":1}`, want: `{"original":{"id":1},"schema-violations":["#/id: got number, want string"]}`},
		{name: "schema of the message", xml: `<json-schema-service><schema-url class="metadata-data-input-parameter"><metadata-key>s</metadata-key></schema-url></json-schema-service>`,
			payload: `{"a":1}`, metadata: []string{"s", `{"maxProperties":0}`}, wantErr: "#: maxProperties"},
		{name: "bad schema of the message", xml: `<json-schema-service><schema-url class="metadata-data-input-parameter"><metadata-key>s</metadata-key></schema-url></json-schema-service>`,
			payload: `{"a":1}`, metadata: []string{"s", `{"type":"nope"}`}, wantErr: "json-schema-service: the schema cannot be used: "},
		{name: "no schema", xml: `<json-schema-service><schema-url class="metadata-data-input-parameter"><metadata-key>s</metadata-key></schema-url></json-schema-service>`, payload: `{}`, wantErr: "json-schema-service: <schema-url>: "},
	} {
		c.run(t)
	}
}

func TestJSONSchemaChangesThePayloadAndFailsIfItIsTold(t *testing.T) {
	m := newMessage(`{"id":1}`)
	err := component.Apply(t.Context(), decode[component.Service](t, schemaService(orderSchema, `<on-validation-exception class="json-schema-validation-exception-into-message"><throw-exception>true</throw-exception></on-validation-exception>`)), m)
	if err == nil || !strings.HasPrefix(string(m.Payload()), `{"original":`) {
		t.Errorf("%v with %s", err, m.Payload())
	}
}

func TestJSONSchemaKeepsViolationsAsObjects(t *testing.T) {
	for _, fails := range []bool{true, false} {
		m := newMessage(`{"id":1}`)
		err := component.Apply(t.Context(), decode[component.Service](t, schemaService(orderSchema, fmt.Sprintf(
			`<on-validation-exception class="json-schema-validation-exception-as-object-metadata"><throw-exception>%v</throw-exception></on-validation-exception>`, fails))), m)
		var v *JSONViolations
		if fails != errors.As(err, &v) {
			t.Errorf("throw-exception %v: %v", fails, err)
		}
		object, _ := m.Object("ObjectMetadataExceptionHandler")
		if v, ok := object.(*JSONViolations); !ok || len(v.All) != 1 {
			t.Errorf("kept %v", object)
		}
	}
}

func TestJSONSchemaReadsReferencesToFilesOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "id.json"), []byte(`{"type":"string"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	refers := func(to string) string { return `{"properties":{"id":{"$ref":"` + to + `"}}}` }
	scope := `<json-schema-loader class="advanced-json-schema-loader"><resolution-scope>file://` + dir + `/</resolution-scope></json-schema-loader>`
	transformCase{name: "relative", xml: schemaService(refers("id.json"), scope), payload: `{"id":1}`, wantErr: "#/id: got number, want string"}.run(t)
	transformCase{name: "whole", xml: schemaService(refers("file://"+dir+"/id.json"), ""), payload: `{"id":1}`, wantErr: "#/id: got number, want string"}.run(t)
	transformCase{name: "schema of the message", xml: `<json-schema-service><schema-url class="metadata-data-input-parameter"><metadata-key>s</metadata-key></schema-url></json-schema-service>`,
		payload: `{"id":1}`, metadata: []string{"s", refers("file://" + dir + "/id.json")}, wantErr: "only files are read, and none for a schema that comes with the message"}.run(t)
	input := func(class, inside string) string {
		return `<json-schema-service><schema-url class="` + class + `">` + inside + `</schema-url></json-schema-service>`
	}
	const refused, read = "only files are read, and none for a schema that comes with the message", "#/id: got number, want string"
	whole := refers("file://" + dir + "/id.json")
	file := filepath.Join(dir, "schema.json")
	if err := os.WriteFile(file, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []transformCase{
		{name: "schema of the message by an expression", xml: input("constant-data-input-parameter", `<value>%message{s}</value>`), payload: `{"id":1}`, metadata: []string{"s", whole}, wantErr: refused},
		{name: "place of a reference by an expression", xml: schemaService(refers("file://"+dir+"/%message{s}"), ""), payload: `{"id":1}`, metadata: []string{"s", "id.json"}, wantErr: refused},
		{name: "schema in the payload", xml: input("json-path-data-input-parameter", `<path>$.s</path>`), payload: `{"id":1,"s":` + whole + `}`, wantErr: refused},
		{name: "schema is the payload", xml: input("string-payload-data-input-parameter", ""), payload: whole, wantErr: refused},
		{name: "schema of a file", xml: input("file-data-input-parameter", `<url>`+file+`</url>`), payload: `{"id":1}`, wantErr: read},
		{name: "schema of a file by another name", xml: input("file-input-message-wrapper", `<url>`+file+`</url>`), payload: `{"id":1}`, wantErr: read},
	} {
		c.run(t)
	}
	for name, c := range map[string]struct{ xml, want string }{
		"server":        {schemaService(refers("http://127.0.0.1:1/id.json"), ""), "only files are read"},
		"no scope":      {schemaService(refers("id.json"), ""), "only files are read"},
		"missing file":  {schemaService(refers("other.json"), scope), "the schema cannot be used: "},
		"class path":    {schemaService(orderSchema, `<json-schema-loader class="advanced-json-schema-loader"><class-path-aware-client>true</class-path-aware-client></json-schema-loader>`), "there is no Java class path here"},
		"no JSON":       {schemaService("{", ""), "<schema-url> of json-schema-service the schema is not JSON"},
		"lookahead":     {schemaService(`{"pattern":"(?=a)"}`, ""), "the schema cannot be used: "},
		"absurd number": {schemaService(`{"minimum":1e999999999}`, ""), "the schema has the number"},
	} {
		if _, problems := decodeWith(t, c.xml, sharedParts{}); !strings.Contains(strings.Join(problems, "\n"), c.want) {
			t.Errorf("%s: got %v\nwant %s", name, problems, c.want)
		}
	}
}
