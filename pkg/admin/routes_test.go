package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/workflow"
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

func TestEveryRouteIsDescribedAndTheReverse(t *testing.T) {
	d := theDescription(t)
	if d.OpenAPI != "3.1.0" {
		t.Errorf("openapi is %s", d.OpenAPI)
	}
	routes := make(map[string]map[string]needs)
	for _, r := range listen(t, nil).table() {
		path := strings.ReplaceAll(strings.TrimSuffix(r.path, "{$}"), "...}", "}")
		routes[path] = make(map[string]needs)
		if r.get != nil {
			routes[path]["get"] = r.needs
		}
		if r.post != nil {
			routes[path]["post"] = r.needs
		}
	}
	ids := make(map[string]bool)
	for path, methods := range routes {
		for method, n := range methods {
			op, ok := d.Paths[path][method]
			if !ok {
				t.Errorf("%s %s is not described", method, path)
				continue
			}
			if open := op.Security != nil && len(*op.Security) == 0; open != (n != needsAll) {
				t.Errorf("%s %s: described as open: %v", method, path, open)
			}
			if ids[op.ID] || op.ID == "" {
				t.Errorf("operationId %q is there twice", op.ID)
			}
			ids[op.ID] = true
			var named []string
			for _, p := range op.Parameters {
				if p.In == "path" {
					named = append(named, "{"+p.Name+"}")
				}
			}
			for _, p := range named {
				if !strings.Contains(path, p) {
					t.Errorf("%s %s has no %s", method, path, p)
				}
			}
			if strings.Count(path, "{") != len(named) {
				t.Errorf("%s %s: parameters %v", method, path, named)
			}
		}
	}
	for path, methods := range d.Paths {
		for method := range methods {
			if _, ok := routes[path][method]; !ok {
				t.Errorf("%s %s is described, but there is none", method, path)
			}
		}
	}
}

// Every schema can be compiled, and every reference leads somewhere.
func TestDescriptionIsWhole(t *testing.T) {
	d := theDescription(t)
	s := newSchemas(t)
	for name := range d.Components.Schemas {
		if _, err := s.compiler.Compile("openapi.json#/components/schemas/" + name); err != nil {
			t.Error(err)
		}
	}
	var tree any
	if err := json.Unmarshal(description, &tree); err != nil {
		t.Fatal(err)
	}
	used := make(map[string]bool)
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if to, ok := v["$ref"].(string); ok {
				used[to] = true
				at := any(tree)
				for _, token := range strings.Split(strings.TrimPrefix(to, "#/"), "/") {
					next, ok := at.(map[string]any)
					if !ok || next[token] == nil {
						t.Errorf("%s leads nowhere", to)
						return
					}
					at = next[token]
				}
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(tree)
	for _, kind := range []string{"schemas", "responses", "parameters"} {
		for name := range tree.(map[string]any)["components"].(map[string]any)[kind].(map[string]any) {
			if !used["#/components/"+kind+"/"+name] {
				t.Errorf("nothing uses %s %s", kind, name)
			}
		}
	}
}

// What a Go type has in JSON is what the schema of its name has.
func TestEveryFieldIsDescribed(t *testing.T) {
	schemas := theDescription(t).Components.Schemas
	for name, of := range map[string]any{
		"Status": adapter.Status{}, "Channel": adapter.ChannelStatus{}, "Workflow": adapter.WorkflowStatus{}, "Connection": adapter.ConnectionStatus{}, "HotShard": adapter.HotShard{},
		"Reload": adapter.ReloadStatus{}, "Failure": adapter.Failure{}, "Counts": workflow.Counts{}, "Latency": kpl.Latency{}, "Producer": kpl.Stats{}, "StreamState": kpl.StreamStats{},
		"Stream": Stream{}, "Shard": kpl.ShardStats{}, "HotKey": kpl.HotKey{}, "Health": Health{}, "Error": ErrorAnswer{}, "Problem": Problem{}, "ReloadRefused": ReloadRefused{}, "Flushed": Flushed{}, "LogLevel": Level{},
		"FailedMessage": FailedMessage{}, "FailedDetail": FailedDetail{}, "FailedDone": FailedDone{},
	} {
		schema, _ := schemas[name].(map[string]any)
		properties, _ := schema["properties"].(map[string]any)
		listed, _ := schema["required"].([]any)
		described, required := slices.Sorted(maps.Keys(properties)), make(map[string]bool)
		for _, r := range listed {
			required[r.(string)] = true
		}
		var has []string
		for _, f := range reflect.VisibleFields(reflect.TypeOf(of)) {
			tag, ok := f.Tag.Lookup("json")
			if !ok || tag == "-" || f.Anonymous {
				continue
			}
			field, optional := strings.CutSuffix(tag, ",omitempty")
			has = append(has, field)
			if required[field] == optional {
				t.Errorf("%s of %s: required is %v, but it may be left out: %v", field, name, required[field], optional)
			}
		}
		slices.Sort(has)
		if !slices.Equal(has, described) {
			t.Errorf("%s has %q, and is described with %q", name, has, described)
		}
		delete(schemas, name)
	}
	for name := range schemas {
		t.Errorf("%s is described, but belongs to no type", name)
	}
}

// asked are requests for all paths, those that fail as well.
func asked() []struct{ path, method, at, body string } {
	return []struct{ path, method, at, body string }{
		{"/", "get", "/", ""}, {"/static/{path}", "get", "/static/none", ""}, {"/openapi.json", "get", "/openapi.json", ""},
		{"/livez", "get", "/livez", ""}, {"/readyz", "get", "/readyz", ""}, {"/metrics", "get", "/metrics", ""},
		{"/workflow-health-check", "get", "/workflow-health-check", ""}, {"/workflow-health-check/alive", "get", "/workflow-health-check/alive", ""},
		{"/workflow-health-check/ready", "get", "/workflow-health-check/ready", ""},
		{"/api/status", "get", "/api/status", ""}, {"/api/channels", "get", "/api/channels", ""}, {"/api/streams", "get", "/api/streams", ""}, {"/api/failures", "get", "/api/failures", ""},
		{"/api/channels/{id}", "get", "/api/channels/orders", ""}, {"/api/channels/{id}", "get", "/api/channels/a%2Fb%20%C3%BC", ""}, {"/api/channels/{id}", "get", "/api/channels/none", ""},
		{"/api/channels/{id}/{action}", "post", "/api/channels/orders/stop", ""}, {"/api/channels/{id}/{action}", "post", "/api/channels/none/stop", ""},
		{"/api/channels/{id}/{action}", "post", "/api/channels/orders/explode", ""}, {"/api/channels/{id}/{action}", "post", "/api/channels/orders/stop", "{\"x\":1}"},
		{"/api/flush", "post", "/api/flush", ""}, {"/api/flush", "post", "/api/flush", strings.Repeat(" ", mostBodyBytes+1)},
		{"/api/reload", "post", "/api/reload", ""}, {"/reload", "post", "/reload", "{}"},
		{"/api/log-level", "get", "/api/log-level", ""}, {"/api/log-level", "post", "/api/log-level", `{"level":"debug"}`}, {"/api/log-level", "post", "/api/log-level", `{"level":"loud"}`},
		{"/api/log-level", "post", "/api/log-level", strings.Repeat("x", mostBodyBytes+1)}, {"/api/log-level", "post", "/api/log-level", ""},
		{"/api/failed", "get", "/api/failed", ""}, {"/api/failed/{dir}/{name}", "get", "/api/failed/0/one.json", ""}, {"/api/failed/{dir}/{name}", "get", "/api/failed/1/one.json", ""},
		{"/api/failed/{dir}/{name}/{action}", "post", "/api/failed/0/one.json/retry", ""}, {"/api/failed/{dir}/{name}/{action}", "post", "/api/failed/0/busy/drop", ""},
		{"/api/failed/{dir}/{name}/{action}", "post", "/api/failed/0/one.json/eat", ""},
	}
}

func TestAnswersAreAsDescribed(t *testing.T) {
	d, s := theDescription(t), newSchemas(t)
	empty := &fake{}
	for _, c := range []struct {
		name   string
		server func(t *testing.T) *Server
	}{
		{"busy", func(t *testing.T) *Server { return withAdapter(t, busy(), nil) }},
		{"nothing in it", func(t *testing.T) *Server {
			empty.st.State = "starting"
			return withAdapter(t, empty, func(o *Options) { o.LogLevel, o.Failed = nil, nil })
		}},
		{"not there yet", func(t *testing.T) *Server { return listen(t, nil) }},
		{"with a token, which is missing", func(t *testing.T) *Server {
			return withAdapter(t, busy(), func(o *Options) { o.Token = token })
		}},
		{"stopping", func(t *testing.T) *Server {
			server := withAdapter(t, busy(), nil)
			server.Stopping(t.Context())
			return server
		}},
		{"everything fails", func(t *testing.T) *Server {
			f := busy()
			f.fails = net.ErrClosed
			return withAdapter(t, f, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server, covered := c.server(t), make(map[string]bool)
			for _, q := range asked() {
				got := ask(t, server, strings.ToUpper(q.method), q.at, q.body)
				s.answered(t, d, q.path, q.method, got)
				covered[q.method+" "+q.path] = true
				if strings.Contains(got.text, ":null") {
					t.Errorf("%s has null: %s", q.at, got.text)
				}
				if strings.Contains(got.text, "of-the-customer") {
					t.Errorf("%s has a secret: %s", q.at, got.text)
				}
			}
			for path, methods := range d.Paths {
				for method := range methods {
					if path != "/api/events" && !covered[method+" "+path] {
						t.Errorf("%s %s was not asked for", method, path)
					}
				}
			}
		})
	}
}

// HEAD is GET without a body, OPTIONS tells what there is, and everything else is refused.
func TestMethods(t *testing.T) {
	s := withAdapter(t, busy(), nil)
	d := theDescription(t)
	fill := strings.NewReplacer("{path}", "none", "{id}", "orders", "{action}", "stop", "{dir}", "0", "{name}", "one.json")
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		var allow []string
		for method := range d.Paths[path] {
			allow = append(allow, strings.ToUpper(method))
			if method == "get" {
				allow = append(allow, "HEAD")
			}
		}
		allow = append(allow, "OPTIONS")
		slices.Sort(allow)
		want := strings.Join(allow, ", ")
		at := fill.Replace(path)
		if got := ask(t, s, "OPTIONS", at, ""); got.StatusCode != 204 || got.Header.Get("Allow") != want || got.text != "" {
			t.Errorf("OPTIONS %s: %d, Allow %q, want %q", at, got.StatusCode, got.Header.Get("Allow"), want)
		}
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "BREW"} {
			if slices.Contains(allow, method) {
				continue
			}
			got := ask(t, s, method, at, "")
			got.wants(t, 405, `{"error":"`)
			if got.Header.Get("Allow") != want {
				t.Errorf("%s %s: Allow %q, want %q", method, at, got.Header.Get("Allow"), want)
			}
		}
		if slices.Contains(allow, "HEAD") && path != "/api/events" {
			head, get := ask(t, s, "HEAD", at, ""), ask(t, s, "GET", at, "")
			if head.StatusCode != get.StatusCode || head.text != "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
				t.Errorf("HEAD %s: %d %q %q; GET: %d %q", at, head.StatusCode, head.text, head.Header.Get("Content-Type"), get.StatusCode, get.Header.Get("Content-Type"))
			}
		}
	}
}

func TestEveryAnswerHasTheHeadersThatProtectIt(t *testing.T) {
	s := withAdapter(t, busy(), func(o *Options) { o.Token = token })
	for _, path := range []string{"/", "/livez", "/api/status", "/api/none", "/openapi.json", "/static/none"} {
		for _, headers := range [][]string{nil, {"Authorization: Bearer " + token}, {"Host: evil.example"}, {"Sec-Fetch-Site: cross-site"}} {
			h := ask(t, s, "GET", path, "", headers...).Header
			policy := h.Get("Content-Security-Policy")
			if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: Content-Security-Policy %q", path, policy)
			}
			for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"} {
				if h.Get(name) != want {
					t.Errorf("%s: %s is %q", path, name, h.Get(name))
				}
			}
			if cache := h.Get("Cache-Control"); cache != "no-store" && (strings.HasPrefix(path, "/api") || cache != "no-cache") {
				t.Errorf("%s: Cache-Control %q", path, cache)
			}
		}
	}
}

func TestPageFilesAreKeptByTheirTag(t *testing.T) {
	s := listen(t, nil)
	first := ask(t, s, "GET", "/", "")
	first.wants(t, 200, "<!doctype html>")
	if kind := first.Header.Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("content type %q", kind)
	}
	tag := first.Header.Get("ETag")
	for _, c := range []struct {
		name, tags string
		want       int
	}{{"the same", tag, 304}, {"weak", "W/" + tag, 304}, {"among others", `"x", ` + tag, 304}, {"any", "*", 304}, {"another", `"x"`, 200}} {
		t.Run(c.name, func(t *testing.T) { ask(t, s, "GET", "/", "", "If-None-Match: "+c.tags).wants(t, c.want, "") })
	}
	for name := range s.page {
		if at, ok := strings.CutPrefix(name, "static/"); ok {
			got := ask(t, s, "GET", "/static/"+at, "")
			if got.StatusCode != 200 || got.Header.Get("Content-Type") == "" {
				t.Errorf("%s: %d", name, got.StatusCode)
			}
		}
	}
	for _, path := range []string{"/static/", "/static/../page.go", "/static/%2e%2e/page.go", "/static/%2e%2e%2findex.html", "/index.html", "/page.go"} {
		if got := ask(t, s, "GET", path, ""); got.StatusCode != 404 {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}

// A client that sends slowly, too much or nonsense gets no further than its own connection.
func TestBadConnections(t *testing.T) {
	s := withAdapter(t, busy(), nil)
	address := strings.TrimPrefix(s.URL(), "http://")
	for _, c := range []struct{ name, text, want string }{
		{"large headers", "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 2*mostHeaderBytes) + "\r\n\r\n", "431"},
		{"no host", "GET /livez HTTP/1.0\r\n\r\n", "421"},
		{"two hosts", "GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", "400"},
		{"no HTTP", "hello\r\n\r\n", "400"},
		{"a whole URL of another host", "GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", "421"},
		{"a tunnel", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n", "421"},
		{"an endless body", "POST /api/flush HTTP/1.1\r\nHost: localhost\r\nX-Adapterd: 1\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", 3*mostBodyBytes), "413"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			if _, err := io.WriteString(conn, c.text); err != nil {
				t.Logf("written in part: %v", err)
			}
			answer := make([]byte, 12)
			if _, err := io.ReadFull(conn, answer); err != nil || !strings.HasSuffix(string(answer), c.want) {
				t.Errorf("%q, %v; want %s", answer, err, c.want)
			}
		})
	}
}

var _ http.Handler = (*Server)(nil)
