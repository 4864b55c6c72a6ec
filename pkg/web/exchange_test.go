package web

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/message"
)

// echo answers with what it was asked, as text.
func echo(t testing.TB) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Add("X-Twice", "a")
		w.Header().Add("X-Twice", "b")
		w.Header().Set("Content-Type", "text/plain; charset=ISO-8859-1")
		switch r.URL.Path {
		case "/missing":
			http.Error(w, "no such thing", http.StatusNotFound)
		case "/moved":
			http.Redirect(w, r, "/at/last", http.StatusFound)
		case "/kept":
			http.Redirect(w, r, "/at/last", http.StatusTemporaryRedirect)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/astray":
			w.Header().Set("Location", "http://[bad/?token=s3cret")
			w.WriteHeader(http.StatusTemporaryRedirect)
		case "/created":
			w.Header().Set("Location", "http://[bad/?token=s3cret")
			w.WriteHeader(http.StatusCreated)
		case "/elsewhere":
			http.Redirect(w, r, "https://127.0.0.1:1/", http.StatusFound)
		default:
			fmt.Fprintf(w, "%s %s %s|%s|%s|%s", r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), r.Header.Get("X-Sent"), r.Header.Get("Authorization"), body)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func exchange(t testing.TB, url, more string) *exchanger {
	t.Helper()
	e := mustDecode[*exchanger](t, `<test-exchanger><url>`+url+`</url>`+more+`</test-exchanger>`)
	t.Cleanup(e.Close)
	return e
}

func TestExchange(t *testing.T) {
	s := echo(t)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("joe:geheim"))
	const headers = `<request-header-provider class="http-metadata-request-headers"><filter class="test-prefix-filter"><prefix>X-</prefix></filter></request-header-provider>`
	for name, c := range map[string]struct {
		path, more string
		request    Request
		metadata   []string
		want, err  string
	}{
		"post":                   {"/a?b=c", "", Request{Method: "POST", ContentType: "text/csv", Body: []byte("body")}, nil, "POST /a?b=c text/csv|||body", ""},
		"empty body":             {"/", "", Request{Method: "PUT", Body: []byte{}}, nil, "PUT / |||", ""},
		"get":                    {"/", "", Request{Method: "GET"}, nil, "GET / |||", ""},
		"path by metadata":       {"/%message{id}", "", Request{Method: "GET"}, []string{"id", "7?x=a b"}, "GET /7?x=a%20b |||", ""},
		"missing metadata":       {"/%message{id}", "", Request{Method: "GET"}, nil, "", "<url> of test-exchanger"},
		"other scheme":           {"", "", Request{Method: "GET"}, []string{"url", "ftp://secret"}, "", `has the scheme "ftp"`},
		"no host":                {"", "", Request{Method: "GET"}, []string{"url", "http:///x"}, "", "names no host"},
		"bad URL":                {"", "", Request{Method: "GET"}, []string{"url", "http://a%zz/secret"}, "", "must be escaped"},
		"failure":                {"/missing?secret=1", "", Request{Method: "GET"}, nil, "", "test-exchanger: GET SERVER/missing was answered 404 Not Found, not 2xx"},
		"failure taken":          {"/missing", "", Request{Method: "GET", AnyStatus: true}, nil, "no such thing\n", ""},
		"redirected":             {"/moved", "", Request{Method: "POST", Body: []byte("x")}, nil, "GET /at/last |||", ""},
		"redirected as post":     {"/kept", "", Request{Method: "POST", Body: []byte("x")}, nil, "POST /at/last |||x", ""},
		"not redirected":         {"/moved", "<no-redirect>true</no-redirect>", Request{Method: "GET"}, nil, "", "302 Found"},
		"other protocol":         {"/elsewhere", "", Request{Method: "GET"}, nil, "", "302 Found"},
		"redirected in a circle": {"/round", "", Request{Method: "GET"}, nil, "", "redirected more than 20 times; see where <url> leads, as with curl -IL"},
		"redirected to no URL":   {"/astray", "", Request{Method: "GET"}, nil, "", "redirects to what is no URL"},
		"no redirection":         {"/created", "", Request{Method: "GET"}, nil, "", ""},
		"configured headers": {"/", `<request-header-provider class="http-configured-request-headers"><headers><key-value-pair><key>X-Sent</key><value>yes</value></key-value-pair></headers></request-header-provider>`,
			Request{Method: "GET"}, nil, "GET / |yes||", ""},
		"metadata headers": {"/", headers, Request{Method: "GET"}, []string{"X-Sent", "a\r\n b", "Other", "no\x00pe"}, "GET / |a b||", ""},
		"headers of Java":  {"/", strings.ReplaceAll(headers, "X-", ""), Request{Method: "GET"}, []string{"Host", "elsewhere", "Content-Length", "1000", "connection", "close", "Sec-Fetch-Mode", "x"}, "GET / |||", ""},
		"bad header":       {"/", strings.ReplaceAll(headers, "X-", "X"), Request{Method: "GET"}, []string{"X a", "1"}, "", `"X a" can not be the name of a header; leave it out by the filter`},
		"bad header value": {"/", headers, Request{Method: "GET"}, []string{"X-Secret", "s3cret\n"}, "", "the value of X-Secret has control characters"},
		"composite headers": {"/", `<request-header-provider class="http-composite-request-headers"><http-no-request-headers/><http-configured-request-headers><headers><key-value-pair><key>X-Sent</key><value>yes</value></key-value-pair></headers></http-configured-request-headers></request-header-provider>`,
			Request{Method: "GET"}, nil, "GET / |yes||", ""},
		"password":          {"/", `<authenticator class="http-configured-username-password"><username>joe</username><password>geheim</password></authenticator>`, Request{Method: "GET"}, nil, "GET / ||" + basic + "|", ""},
		"encoded password":  {"/", `<authenticator class="http-configured-username-password"><username>%message{u}</username><password>%message{p}</password></authenticator>`, Request{Method: "GET"}, []string{"u", "joe", "p", "geheim"}, "GET / ||" + basic + "|", ""},
		"no such password":  {"/", `<authenticator class="http-configured-username-password"><username>joe</username><password>%message{p}</password></authenticator>`, Request{Method: "GET"}, nil, "", "<authenticator> of test-exchanger: <password>"},
		"password metadata": {"/", `<authenticator class="http-metadata-username-password"><username-metadata-key>u</username-metadata-key><password-metadata-key>p</password-metadata-key></authenticator>`, Request{Method: "GET"}, []string{"u", "joe", "p", "geheim"}, "GET / ||" + basic + "|", ""},
		"no user metadata":  {"/", `<authenticator class="http-metadata-username-password"><username-metadata-key>u</username-metadata-key><password-metadata-key>p</password-metadata-key></authenticator>`, Request{Method: "GET"}, []string{"p", "geheim"}, "", `no metadata "u"`},
		"dynamic":           {"/", `<authenticator class="http-dynamic-authorization-header"><username>joe</username><password>geheim</password></authenticator>`, Request{Method: "GET"}, nil, "GET / ||" + basic + "|", ""},
		"dynamic blank":     {"/", `<authenticator class="http-dynamic-authorization-header"><username>%message{u}</username><password>geheim</password></authenticator>`, Request{Method: "GET"}, []string{"u", " "}, "", "is blank for this message"},
		"bearer":            {"/", `<authenticator class="http-configured-authorization-header"><header-value>Bearer %message{token}</header-value></authenticator>`, Request{Method: "GET"}, []string{"token", "t0ken"}, "GET / ||Bearer t0ken|", ""},
		"bad bearer":        {"/", `<authenticator class="http-configured-authorization-header"><header-value>Bearer %message{token}</header-value></authenticator>`, Request{Method: "GET"}, []string{"token", "s3cret\n"}, "", "control characters"},
		"from metadata":     {"/", `<authenticator class="http-metadata-authorization-header"><metadata-key>a</metadata-key></authenticator>`, Request{Method: "GET"}, []string{"a", "Bearer x"}, "GET / ||Bearer x|", ""},
		"from no metadata":  {"/", `<authenticator class="http-metadata-authorization-header"><metadata-key>a</metadata-key></authenticator>`, Request{Method: "GET"}, nil, "GET / |||", ""},
	} {
		t.Run(name, func(t *testing.T) {
			url := s.URL + c.path
			if c.path == "" {
				url = "%message{url}"
			}
			e := exchange(t, url, c.more)
			reply, err := e.Do(t.Context(), newMessage("", c.metadata...), c.request)
			if c.err != "" {
				want := strings.ReplaceAll(c.err, "SERVER", s.URL)
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %s", err, want)
				}
				if err != nil && strings.Contains(err.Error(), "cret") && !strings.Contains(err.Error(), "X-Secret") {
					t.Errorf("the error holds a secret: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(reply.Body)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodedPasswordIsNoExpression(t *testing.T) {
	// The text of the secret looks like an expression once it is decoded.
	s := echo(t)
	m := newMessage("", "p", "AES_GCM:broken")
	_, err := exchange(t, s.URL, `<authenticator class="http-configured-username-password"><password>%message{p}</password></authenticator>`).Do(t.Context(), m, Request{Method: "GET"})
	if err == nil || strings.Contains(err.Error(), "broken") {
		t.Errorf("error: %v", err)
	}
}

func TestReplyIsTold(t *testing.T) {
	s := echo(t)
	for name, c := range map[string]struct {
		handler string
		want    map[string]string
		object  string
	}{
		"discarded": {"", map[string]string{"adphttpresponse": "200"}, ""},
		"metadata": {`<response-header-handler class="http-response-headers-as-metadata"><metadata-prefix>h_</metadata-prefix><metadata-separator>,</metadata-separator></response-header-handler>`,
			map[string]string{"adphttpresponse": "200", "h_X-Twice": "a,b", "h_Content-Type": "text/plain; charset=ISO-8859-1"}, ""},
		"objects and metadata": {`<response-header-handler class="http-composite-response-header-handler"><http-response-headers-as-object-metadata/><http-response-headers-as-metadata/></response-header-handler>`,
			map[string]string{"adphttpresponse": "200", "X-Twice": "a\tb", "Content-Type": "text/plain; charset=ISO-8859-1"}, "[a b]"},
	} {
		t.Run(name, func(t *testing.T) {
			e := exchange(t, s.URL, c.handler)
			m := newMessage("")
			reply, err := e.Do(t.Context(), m, Request{Method: "GET"})
			if err != nil {
				t.Fatal(err)
			}
			if reply.Charset != "ISO-8859-1" {
				t.Errorf("charset %q", reply.Charset)
			}
			e.Tell(reply, m)
			got := map[string]string{}
			for _, key := range m.MetadataKeys() {
				if !strings.HasSuffix(key, "Date") && !strings.HasSuffix(key, "Content-Length") {
					got[key], _ = m.Metadata(key)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if o, ok := m.Object("X-Twice"); ok != (c.object != "") || ok && fmt.Sprint(o) != c.object {
				t.Errorf("object %v", o)
			}
			if status, _ := m.Object("adphttpresponse"); status != 200 {
				t.Errorf("status %v", status)
			}
		})
	}
}

const soon = `<read-timeout><unit>MILLISECONDS</unit><interval>30</interval></read-timeout>`

func TestServerThatDoesNotAnswer(t *testing.T) {
	end := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			w.Header().Set("Content-Length", "10")
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		<-end
	}))
	defer s.Close()
	defer close(end)
	for path, want := range map[string]string{"/": errSilent.Error(), "/half": errSilent.Error()} {
		_, err := exchange(t, s.URL+path, soon).Do(t.Context(), newMessage(""), Request{Method: "GET"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errors.New("the program stops"))
	defer cancel()
	if _, err := exchange(t, s.URL, "").Do(ctx, newMessage(""), Request{Method: "GET"}); err == nil || !strings.Contains(err.Error(), "the program stops") {
		t.Errorf("error: %v", err)
	}
}

// listener is a server that takes connections, and reads nothing.
func listener(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := make(chan []net.Conn)
	go func() {
		var all []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				taken <- all
				return
			}
			all = append(all, c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		for _, c := range <-taken {
			c.Close()
		}
	})
	return l.Addr().String()
}

func TestServerThatDoesNotRead(t *testing.T) {
	ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, errors.New("read-timeout ended nothing"))
	defer cancel()
	e := exchange(t, "http://"+listener(t), soon)
	_, err := e.Do(ctx, newMessage(""), Request{Method: "POST", Body: make([]byte, 32<<20)}) // more than the buffers of the system take
	if err == nil || !strings.Contains(err.Error(), errSilent.Error()) {
		t.Errorf("error: %v", err)
	}
}

// A server that reads slowly, but goes on, is not silent; nor is one that takes its time for the answer after that.
func TestServerThatReadsSlowly(t *testing.T) {
	for name, c := range map[string]struct {
		pause time.Duration // before each piece of the body, and before the answer
		want  error
	}{
		"in time": {900 * time.Millisecond, nil},
		"silent":  {1100 * time.Millisecond, errSilent},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var server sync.WaitGroup
				defer server.Wait()
				e := exchange(t, "http://server", `<read-timeout><unit>SECONDS</unit><interval>1</interval></read-timeout>`)
				e.client.Transport.(redirecting).DialContext = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					server.Go(func() {
						defer theirs.Close()
						r, err := http.ReadRequest(bufio.NewReader(theirs))
						piece := make([]byte, 64<<10)
						for err == nil {
							time.Sleep(c.pause)
							_, err = io.ReadFull(r.Body, piece)
						}
						_, _ = io.WriteString(theirs, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nread")
					})
					return ours, nil
				}
				reply, err := e.Do(t.Context(), newMessage(""), Request{Method: "POST", Body: make([]byte, 1<<20)})
				if !errors.Is(err, c.want) || err == nil && string(reply.Body) != "read" {
					t.Errorf("%v, %v", reply, err)
				}
			})
		})
	}
}

// How long a connection may take is connect-timeout's matter, though read-timeout be shorter.
func TestReadTimeoutBeginsWithTheConnection(t *testing.T) {
	e := exchange(t, "https://"+listener(t), soon+`<connect-timeout><unit>MILLISECONDS</unit><interval>300</interval></connect-timeout>`)
	if _, err := e.Do(t.Context(), newMessage(""), Request{Method: "GET"}); err == nil || !strings.Contains(err.Error(), "TLS handshake timeout; see connect-timeout") {
		t.Errorf("error: %v", err)
	}
}

// endless is an answer without end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAnswersAreBounded(t *testing.T) {
	const want = "it has more than 1 MiB, the most that is read here; ask the server for less at a time"
	if _, err := readAll(endless{}, 1<<20, func() {}); err == nil || err.Error() != want {
		t.Errorf("error: %v", err)
	}
	if got, err := readAll(strings.NewReader("whole"), 5, func() {}); err != nil || string(got) != "whole" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	_, err := exchange(t, s.URL+"/a?key=secret", "").Do(t.Context(), newMessage(""), Request{Method: "GET"})
	if err == nil || !strings.Contains(err.Error(), "test-exchanger can not GET "+s.URL+"/a: ") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error: %v", err)
	}
}

func TestExchangeRefuses(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"no url":          {`<test-exchanger/>`, "has no <url>"},
		"scheme":          {`<test-exchanger><url>file:///x</url></test-exchanger>`, `has the scheme "file"`},
		"no headers":      {`<test-exchanger><url>http://x</url><request-header-provider class="http-metadata-request-headers"/></test-exchanger>`, "has no <filter>"},
		"bad expression":  {`<test-exchanger><url>http://x</url><authenticator class="http-configured-authorization-header"><header-value>Bearer secret %payload{jsonpath:$.[}</header-value></authenticator></test-exchanger>`, "its text is secret and not shown"},
		"blank of header": {`<test-exchanger><url>http://x</url><authenticator class="http-configured-authorization-header"><header-value> </header-value></authenticator></test-exchanger>`, "is blank"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decode[*exchanger](t, c.xml)
			if !strings.Contains(problems, c.want) || strings.Contains(problems, "Bearer secret") {
				t.Errorf("got %s\nwant %s", problems, c.want)
			}
		})
	}
}

func TestMultipartHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		field, payload, want, err string
	}{
		"without id": {"", "Message-ID: 1\r\nX-A: a\r\n b\r\n\r\nbody", "map[X-A:[a b]]", ""},
		"with id":    {"<exclude-message-id>false</exclude-message-id>", "Message-ID: 1\r\nX-A: a\r\n\r\nbody", "map[Message-Id:[1] X-A:[a]]", ""},
		"no headers": {"", "{}\n", "", "multipart messages only"},
	} {
		t.Run(name, func(t *testing.T) {
			p := mustDecode[RequestHeaders](t, `<http-multipart-message-request-headers>`+c.field+`</http-multipart-message-request-headers>`)
			h := http.Header{}
			err := p.addTo(h, message.New([]byte(c.payload)))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("error: %v", err)
				}
				return
			}
			if err != nil || fmt.Sprint(h) != c.want {
				t.Errorf("%v %v", h, err)
			}
		})
	}
}
