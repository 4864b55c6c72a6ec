package producer

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/web"
)

// upper is a body that is not the payload.
type upper struct{}

func (*upper) ReadBytes(m *message.Message) ([]byte, error) {
	if len(m.Payload()) == 0 {
		return nil, fmt.Errorf("nothing to send")
	}
	return []byte(strings.ToUpper(string(m.Payload()))), nil
}

func init() { component.Register[upper]("test-upper", "", component.KindPart, "") }

func httpProducer(t testing.TB, url, more string) *HTTP {
	t.Helper()
	p := mustDecode[component.Producer](t, `<producer class="standard-http-producer"><url>`+url+`</url>`+more+`</producer>`).(*HTTP)
	t.Cleanup(func() { _ = component.Stop(t.Context(), p) })
	return p
}

func TestHTTPProducer(t *testing.T) {
	var asked string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = fmt.Sprintf("%s %s %s", r.Method, r.Header.Get("Content-Type"), body)
		w.Header().Set("Content-Type", "text/plain; charset=ISO-8859-1")
		if r.URL.Path == "/fails" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, "answer")
	}))
	defer s.Close()
	method := func(name string) string {
		return `<method-provider class="http-configured-request-method"><method>` + name + `</method></method-provider>`
	}
	for name, c := range map[string]struct {
		path, more, payload string
		asked, answer, err  string
	}{
		"post":              {"/", "", "data", "POST text/plain data", "answer", ""},
		"get sends no body": {"/", method("GET"), "data", "GET text/plain ", "answer", ""},
		"always":            {"/", method("DELETE") + `<always-send-payload>true</always-send-payload>`, "data", "DELETE text/plain data", "answer", ""},
		"never with trace":  {"/", method("TRACE") + `<always-send-payload>true</always-send-payload>`, "data", "TRACE text/plain ", "answer", ""},
		"content type":      {"/", `<content-type-provider class="http-raw-content-type-provider"><content-type>a/b</content-type></content-type-provider>`, "", "POST a/b ", "answer", ""},
		"other body":        {"/", `<request-body class="test-upper"/>`, "data", "POST text/plain DATA", "answer", ""},
		"bad body":          {"/", `<request-body class="test-upper"/>`, "", "", "", "<request-body> of standard-http-producer: nothing to send"},
		"fails":             {"/fails", "", "data", "POST text/plain data", "", "was answered 503 Service Unavailable, not 2xx"},
		"status ignored":    {"/fails", "<ignore-server-response-code>true</ignore-server-response-code>", "data", "POST text/plain data", "answer", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := httpProducer(t, s.URL+c.path, c.more)
			for _, request := range []bool{false, true} {
				asked = ""
				m := message.New([]byte(c.payload))
				var err error
				if request {
					err = p.Request(t.Context(), m)
				} else {
					err = p.Produce(t.Context(), m)
				}
				if (err != nil || c.err != "") && (err == nil || !strings.Contains(err.Error(), c.err) || c.err == "") {
					t.Errorf("error %v, want %s", err, c.err)
				}
				if asked != c.asked {
					t.Errorf("asked %q, want %q", asked, c.asked)
				}
				want, status := c.payload, ""
				if request && c.err == "" {
					want, status = c.answer, "200"
					if c.path == "/fails" {
						status = "503"
					}
					if m.Encoding() != "ISO-8859-1" {
						t.Errorf("encoding %s", m.Encoding())
					}
				}
				if got, _ := m.Metadata("adphttpresponse"); string(m.Payload()) != want || got != status {
					t.Errorf("request %v: payload %q, status %s", request, m.Payload(), got)
				}
			}
		})
	}
	p := httpProducer(t, s.URL, `<response-body class="metadata-stream-output-parameter"><metadata-key>k</metadata-key></response-body>`)
	m := message.New([]byte("data"))
	if err := p.Request(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got, _ := m.Metadata("k"); got != "answer" || string(m.Payload()) != "data" {
		t.Errorf("metadata %q, payload %q", got, m.Payload())
	}
}

func TestHTTPProducerRefuses(t *testing.T) {
	for name, c := range map[string]struct{ fields, want string }{
		"no url":  {"", "has no <url>"},
		"connect": {`<url>http://x</url><method-provider class="http-configured-request-method"><method>CONNECT</method></method-provider>`, "CONNECT"},
		"encoder": {`<url>http://x</url><encoder class="mime-encoder"/>`, "<encoder>"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decode[component.Producer](t, `<producer class="standard-http-producer">`+c.fields+`</producer>`); !strings.Contains(problems, c.want) {
				t.Errorf("problems: %s", problems)
			}
		})
	}
}

func TestHTTPResponseProducer(t *testing.T) {
	for name, c := range map[string]struct{ fields, metadata, want, err string }{
		"default": {"", "", "500 map[] data", ""},
		"all": {`<status-provider class="http-raw-status"><code>201</code></status-provider><content-type-provider class="http-configured-content-type-provider"/>
			<response-header-provider class="jetty-configured-response-headers"><headers><key-value-pair><key>X-A</key><value>a</value></key-value-pair></headers></response-header-provider>
			<send-payload>false</send-payload>`, "", "201 map[Content-Type:[text/plain] X-A:[a]] ", ""},
		"bad status": {`<status-provider class="http-metadata-status"><code-key>s</code-key></status-provider>`, "7", "", "<status-provider> of jetty-standard-response-producer: metadata s"},
		"bad header": {`<response-header-provider class="jetty-configured-response-headers"><headers><key-value-pair><key>X A</key><value>a</value></key-value-pair></headers></response-header-provider>`, "", "", "<response-header-provider> of jetty-standard-response-producer"},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustDecode[component.Producer](t, `<producer class="jetty-standard-response-producer">`+c.fields+`</producer>`)
			m := message.New([]byte("data"))
			m.SetMetadata("s", c.metadata)
			if err := p.Produce(t.Context(), m); err != nil {
				t.Errorf("without a request: %v", err)
			}
			r := web.NewResponse(m)
			err := p.Produce(t.Context(), m)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || r.Answer() != nil {
					t.Errorf("error: %v", err)
				}
				return
			}
			a := r.Answer()
			if got := fmt.Sprintf("%d %v %s", a.Status, a.Header, a.Body); err != nil || got != c.want {
				t.Errorf("%v %s, want %s", err, got, c.want)
			}
		})
	}
}

func TestLargeFSProducerReplacesFiles(t *testing.T) {
	for name, c := range map[string]struct{ more, want string }{
		"by default": {"<use-rename-to>true</use-rename-to>", "new"},
		"unless":     {`<fs-worker class="fs-standard-worker"/>`, "large-fs-producer can not write"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			p := mustDecodeNoted(t, `<producer class="large-fs-producer"><base-directory-url>`+dir+`</base-directory-url>`+named+c.more+`</producer>`)
			var err error
			for _, payload := range []string{"old", "new"} {
				m := message.New([]byte(payload))
				m.SetMetadata("name", "a")
				err = p.Produce(t.Context(), m)
			}
			got := files(t, dir)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

// mustDecodeNoted allows elements without effect.
func mustDecodeNoted(t testing.TB, xml string) component.Producer {
	t.Helper()
	p, problems := decode[component.Producer](t, xml)
	for line := range strings.Lines(problems) {
		if !strings.Contains(line, "accepted, without effect") {
			t.Fatal(problems)
		}
	}
	return p
}
