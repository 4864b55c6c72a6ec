package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/web"
)

// statusServer answers with the status that stands in the path, and what it was asked.
func statusServer(t testing.TB) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain; charset=ISO-8859-1")
		var status int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Content-Type"), body)
	}))
	t.Cleanup(s.Close)
	return s
}

// applyHTTP decodes a service, applies it to m, and lets its connections go.
func applyHTTP(t testing.TB, xml string, m *message.Message) error {
	t.Helper()
	s := decode[component.Service](t, xml)
	defer func() {
		if err := component.Stop(context.Background(), s); err != nil {
			t.Error(err)
		}
	}()
	return s.Apply(t.Context(), m)
}

func TestHTTPRequestService(t *testing.T) {
	s := statusServer(t)
	for name, c := range map[string]struct {
		path, more string
		want, err  string
	}{
		"post":           {"200", "", "POST text/plain data", ""},
		"put json":       {"201", "<method>put</method><content-type>application/%message{kind}</content-type>", "PUT application/json data", ""},
		"get":            {"200", "<method>%message{method}</method>", "GET text/plain ", ""},
		"fails":          {"404", "", "", "http-request-service: POST " + s.URL + "/404 was answered 404 Not Found, not 2xx"},
		"no such method": {"200", "<method>%message{kind}</method>", "", `<method> of http-request-service: "json" is no HTTP method`},
		"unresolved":     {"200", "<content-type>%message{none}</content-type>", "", "<content-type> of http-request-service"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMessage("data", "kind", "json", "method", "Get")
			err := applyHTTP(t, `<http-request-service><url>`+s.URL+`/`+c.path+`</url>`+c.more+`</http-request-service>`, m)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || string(m.Payload()) != "data" {
					t.Errorf("error: %v, payload %s", err, m.Payload())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if status, _ := m.Metadata("adphttpresponse"); string(m.Payload()) != c.want || status != c.path || m.Encoding() != "ISO-8859-1" {
				t.Errorf("%q %s %s", m.Payload(), status, m.Encoding())
			}
		})
	}
}

func TestBranchingHTTPRequestService(t *testing.T) {
	s := statusServer(t)
	set := func(id string) string {
		return `<add-metadata-service><unique-id>` + id + `</unique-id><metadata-element><key>went</key><value>` + id + `</value></metadata-element></add-metadata-service>`
	}
	collection := func(defaultID string) string {
		return `<branching-service-collection><first-service-id>ask</first-service-id><services>
			<branching-http-request-service><unique-id>ask</unique-id><url>` + s.URL + `/%message{status}</url>` + defaultID + `
				<http-status-exact-match><status-code>404</status-code><service-id>missing</service-id></http-status-exact-match>
				<http-status-range-match><lower>400</lower><upper>499</upper><service-id>refused</service-id></http-status-range-match>
			</branching-http-request-service>` + set("missing") + set("refused") + set("other") + `</services></branching-service-collection>`
	}
	for status, want := range map[string]string{"404": "missing", "409": "refused", "200": "other", "500": "other"} {
		m := newMessage("data", "status", status)
		if err := applyHTTP(t, collection("<default-service-id>other</default-service-id>"), m); err != nil {
			t.Fatal(err)
		}
		if went, _ := m.Metadata("went"); went != want || string(m.Payload()) != "POST text/plain data" {
			t.Errorf("%s went to %s with %s", status, went, m.Payload())
		}
	}
	m := newMessage("data", "status", "200")
	if err := applyHTTP(t, collection(""), m); err != nil {
		t.Fatal(err)
	}
	if went, ok := m.Metadata("went"); ok {
		t.Errorf("went to %s", went)
	}
}

// asker is a producer that gets an answer.
type asker struct{}

func (a *asker) Produce(context.Context, *message.Message) error { return errors.New("not asked") }

func (a *asker) Request(ctx context.Context, m *message.Message) error {
	switch string(m.Payload()) {
	case "slow":
		<-ctx.Done()
		return context.Cause(ctx)
	case "bad":
		return errors.New("bad question")
	}
	m.SetPayload([]byte("answer"))
	return nil
}

func init() { component.Register[asker]("test-asker", "", component.KindProducer, "") }

func TestStandaloneRequestor(t *testing.T) {
	const xml = `<standalone-requestor><producer class="test-asker"/><reply-timeout><unit>MILLISECONDS</unit><interval>5</interval></reply-timeout></standalone-requestor>`
	for payload, want := range map[string]string{"good": "answer", "bad": "standalone-requestor: bad question", "slow": "no answer came within the <reply-timeout> of " + (5 * time.Millisecond).String()} {
		m := newMessage(payload)
		got := ""
		if err := decode[component.Service](t, xml).Apply(t.Context(), m); err != nil {
			got = err.Error()
		} else {
			got = string(m.Payload())
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s", payload, got)
		}
	}
	_, problems := decodeWith(t, `<standalone-requestor><producer class="test-later-producer"/></standalone-requestor>`, sharedParts{})
	if got := strings.Join(problems, "\n"); !strings.Contains(got, "is test-later-producer, which gets no answer") {
		t.Errorf("problems: %s", got)
	}
}

func TestJettyResponseServices(t *testing.T) {
	for name, c := range map[string]struct {
		more, want, err string
	}{
		"default":    {"", "500 map[Content-Type:[text/plain]] data", ""},
		"all":        {`<http-status>%message{s}</http-status><content-type>a/b</content-type><response-header-provider class="jetty-metadata-response-headers"><filter class="regex-metadata-filter"><include-pattern>^X-</include-pattern></filter></response-header-provider>`, "201 map[Content-Type:[a/b] X-A:[a]] data", ""},
		"no number":  {`<http-status>%message{X-A}</http-status>`, "", `<http-status> of jetty-response-service: "a" is no status`},
		"unresolved": {`<content-type>%message{none}</content-type>`, "", "<content-type> of jetty-response-service"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMessage("data", "s", "201", "X-A", "a")
			s := decode[component.Service](t, `<jetty-response-service>`+c.more+`</jetty-response-service>`)
			if err := s.Apply(t.Context(), m); err != nil {
				t.Errorf("without a request: %v", err)
			}
			r := web.NewResponse(m)
			err := s.Apply(t.Context(), m)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error: %v", err)
				}
				return
			}
			a := r.Answer()
			if diff := cmp.Diff(c.want, fmt.Sprintf("%d %v %s", a.Status, a.Header, a.Body)); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if err := decode[component.Service](t, `<jetty-commit-response/>`).Apply(t.Context(), m); err != nil {
				t.Error(err)
			}
			<-r.Committed()
		})
	}
	_, problems := decodeWith(t, `<jetty-response-service><http-status>OK_200</http-status></jetty-response-service>`, sharedParts{})
	if got := strings.Join(problems, "\n"); !strings.Contains(got, `"OK_200" is no status; give a number such as 200`) {
		t.Errorf("problems: %s", got)
	}
	if err := decode[component.Service](t, `<jetty-commit-response/>`).Apply(t.Context(), newMessage("")); err != nil {
		t.Error(err)
	}
}

func TestHTTPRequestServicesRefuse(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"no url":     {`<http-request-service/>`, "has no <url>"},
		"method":     {`<http-request-service><url>http://x</url><method>CONNECT</method></http-request-service>`, `<method> of http-request-service "CONNECT" is no HTTP method`},
		"misplaced":  {`<branching-http-request-service><url>http://x</url></branching-http-request-service>`, "does not stand in a branching-service-collection"},
		"no match":   {`<branching-http-request-service><url>http://x</url><http-status-range-match><lower>5</lower><upper>4</upper></http-status-range-match></branching-http-request-service>`, "no status would ever match"},
		"bad status": {`<branching-http-request-service><url>http://x</url><http-status-exact-match><status-code>4</status-code></http-status-exact-match></branching-http-request-service>`, "<status-code> of http-status-exact-match"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decodeWith(t, c.xml, sharedParts{})
			if got := strings.Join(problems, "\n"); !strings.Contains(got, c.want) {
				t.Errorf("problems: %s", got)
			}
		})
	}
}
