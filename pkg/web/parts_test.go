package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMethods(t *testing.T) {
	for name, c := range map[string]struct{ xml, metadata, want string }{
		"default":       {`<http-configured-request-method/>`, "", "POST"},
		"configured":    {`<http-configured-request-method><method>PUT</method></http-configured-request-method>`, "", "PUT"},
		"metadata":      {`<http-metadata-request-method><metadata-key>m</metadata-key></http-metadata-request-method>`, "patch", "PATCH"},
		"no metadata":   {`<http-metadata-request-method><metadata-key>m</metadata-key><default-method>GET</default-method></http-metadata-request-method>`, "", "GET"},
		"none":          {`<http-metadata-request-method><metadata-key>m</metadata-key></http-metadata-request-method>`, "PUSH", "error: metadata m: \"PUSH\" is no HTTP method"},
		"never by Java": {`<http-metadata-request-method><metadata-key>m</metadata-key></http-metadata-request-method>`, "CONNECT", "error: metadata m: \"CONNECT\" is no HTTP method"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMessage("")
			if c.metadata != "" {
				m.SetMetadata("m", c.metadata)
			}
			got, err := mustDecode[Method](t, c.xml).Method(m)
			if err != nil {
				got = "error: " + err.Error()
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestContentTypes(t *testing.T) {
	const fromMetadata = `<http-metadata-content-type-provider><metadata-key>t</metadata-key><default-mime-type>text/xml</default-mime-type></http-metadata-content-type-provider>`
	for name, c := range map[string]struct{ xml, encoding, metadata, want string }{
		"none":           {`<http-null-content-type-provider/>`, "UTF-8", "", ""},
		"default":        {`<http-configured-content-type-provider/>`, "", "", "text/plain"},
		"with charset":   {`<http-configured-content-type-provider><mime-type>application/json</mime-type></http-configured-content-type-provider>`, "UTF-8", "", "application/json; charset=UTF-8"},
		"has charset":    {`<http-configured-content-type-provider><mime-type>text/csv; charset=x</mime-type></http-configured-content-type-provider>`, "UTF-8", "", "text/csv; charset=x"},
		"no media type":  {`<http-configured-content-type-provider><mime-type>;</mime-type></http-configured-content-type-provider>`, "UTF-8", "", ";; charset=UTF-8"},
		"metadata":       {fromMetadata, "", "Text/CSV", "text/csv"},
		"blank metadata": {fromMetadata, "", " ", "text/xml"},
		"raw":            {`<http-raw-content-type-provider><content-type>a/%message{t}</content-type></http-raw-content-type-provider>`, "UTF-8", "b;\r\n x=y", "a/b; x=y"},
		"raw by default": {`<http-raw-content-type-provider/>`, "UTF-8", "", "text/plain"},
		"raw unresolved": {`<http-raw-content-type-provider><content-type>%message{none}</content-type></http-raw-content-type-provider>`, "", "", "error: <content-type>"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMessage("")
			m.SetEncoding(c.encoding)
			if c.metadata != "" {
				m.SetMetadata("t", c.metadata)
			}
			got, err := mustDecode[ContentType](t, c.xml).ContentType(m)
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != c.want && (!strings.HasPrefix(c.want, "error") || !strings.HasPrefix(got, c.want)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestReplyBodies(t *testing.T) {
	for name, c := range map[string]struct {
		xml, content, charset string
		payload, encoding, md string
		err                   string
	}{
		"payload":            {`<stream-payload-output-parameter/>`, "b", "", "b", "", "", ""},
		"payload as named":   {`<stream-payload-output-parameter/>`, "\xe9", "ISO-8859-1", "\xe9", "ISO-8859-1", "", ""},
		"payload configured": {`<stream-payload-output-parameter><content-encoding>UTF-16</content-encoding></stream-payload-output-parameter>`, "b", "UTF-8", "b", "UTF-16", "", ""},
		"metadata":           {`<metadata-stream-output-parameter><metadata-key>k</metadata-key></metadata-stream-output-parameter>`, "é", "", "old", "", "é", ""},
		"metadata as named":  {`<metadata-stream-output-parameter><metadata-key>k</metadata-key></metadata-stream-output-parameter>`, "\xe9", "ISO-8859-1", "old", "", "é", ""},
		"unknown charset":    {`<metadata-stream-output-parameter><metadata-key>k</metadata-key></metadata-stream-output-parameter>`, "x", "no-such", "old", "", "", "IANA"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMessage("old")
			err := mustDecode[ReplyBody](t, c.xml).SetBody(m, []byte(c.content), c.charset)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error: %v", err)
				}
				return
			}
			md, _ := m.Metadata("k")
			if err != nil || string(m.Payload()) != c.payload || m.Encoding() != c.encoding || md != c.md {
				t.Errorf("%v %q %q %q", err, m.Payload(), m.Encoding(), md)
			}
		})
	}
	if _, problems := decode[ReplyBody](t, `<stream-payload-output-parameter><content-encoding>no-such</content-encoding></stream-payload-output-parameter>`); !strings.Contains(problems, "IANA") {
		t.Errorf("problems: %s", problems)
	}
}

func TestStatuses(t *testing.T) {
	const fromMetadata = `<http-metadata-status><code-key>s</code-key><default-status>ACCEPTED_202</default-status></http-metadata-status>`
	for name, c := range map[string]struct{ xml, metadata, want string }{
		"default":     {`<http-configured-status/>`, "", "500"},
		"configured":  {`<http-configured-status><status>CREATED_201</status></http-configured-status>`, "", "201"},
		"raw":         {`<http-raw-status><code>418</code></http-raw-status>`, "", "418"},
		"metadata":    {fromMetadata, "404", "404"},
		"no number":   {fromMetadata, "-1", "202"},
		"no metadata": {fromMetadata, "", "202"},
		"no status":   {fromMetadata, "99", "error: metadata s: the status is 99; an answer needs one from 200 to 599"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMessage("")
			if c.metadata != "" {
				m.SetMetadata("s", c.metadata)
			}
			code, err := mustDecode[Status](t, c.xml).Status(m)
			got := fmt.Sprint(code)
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	for _, bad := range []string{"OK", "OK_20", "CONTINUE_100", "_600"} {
		if _, problems := decode[Status](t, `<http-configured-status><status>`+bad+`</status></http-configured-status>`); !strings.Contains(problems, "<status> of http-configured-status") {
			t.Errorf("%s: %s", bad, problems)
		}
	}
}

func TestResponse(t *testing.T) {
	m := newMessage("")
	if ResponseOf(m) != nil {
		t.Fatal("a message that was made of no request has a response")
	}
	r := NewResponse(m)
	if ResponseOf(m.Clone()) != r || r.Answer() != nil {
		t.Error("a clone has another response, or there is an answer already")
	}
	for i, step := range []struct{ set, want int }{{201, 201}, {202, 201}, {404, 404}, {500, 404}, {200, 404}} {
		r.Set(&Answer{Status: step.set})
		if got := r.Answer().Status; got != step.want {
			t.Errorf("step %d: %d", i, got)
		}
	}
	select {
	case <-r.Committed():
		t.Error("committed")
	default:
	}
	r.Commit()
	r.Commit()
	<-r.Committed()
}

func TestAnswerHeaders(t *testing.T) {
	p := mustDecode[AnswerHeaders](t, `<jetty-composite-response-headers><providers><jetty-no-response-headers/>
		<jetty-configured-response-headers><headers><key-value-pair><key>X-A</key><value>a</value></key-value-pair></headers></jetty-configured-response-headers>
		<jetty-metadata-response-headers><filter class="test-prefix-filter"><prefix>X</prefix></filter></jetty-metadata-response-headers></providers></jetty-composite-response-headers>`)
	a := &Answer{Status: 201, Header: http.Header{}, Body: []byte("<html>")}
	if err := p.AddTo(a.Header, newMessage("", "X-B", "b", "Other", "c")); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	a.Write(w)
	if got := fmt.Sprint(w.Code, w.Header(), w.Body); got != "201 map[Content-Type:[] X-A:[a] X-B:[b]] <html>" {
		t.Errorf("got %s", got)
	}
	if err := p.AddTo(a.Header, newMessage("", "X B", "b")); err == nil {
		t.Error("a header with a space")
	}
}
