package admin

import (
	"encoding/json"
	"maps"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin/history"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/workflow"
)

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
		"FailedMessage": FailedMessage{}, "FailedDetail": FailedDetail{}, "FailedDone": FailedDone{}, "Sample": history.Sample{}, "History": history.History{},
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
		{"/api/status", "get", "/api/status", ""}, {"/api/history", "get", "/api/history", ""}, {"/api/channels", "get", "/api/channels", ""}, {"/api/streams", "get", "/api/streams", ""}, {"/api/failures", "get", "/api/failures", ""},
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
