package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/document"
)

// secret is a text that must not be seen; it is long and odd enough to be no part of anything else.
func secret(place string) string { return "zq7-" + place + "-SeCrEt/x1+9" }

// mustNotShow fails the test if output shows a text, or shows it encoded in a way that anybody can undo.
func mustNotShow(t *testing.T, output string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for form, shown := range map[string]string{
			"as it is": text, "in a URL": url.QueryEscape(text), "in a path": url.PathEscape(text), "in hex": hex.EncodeToString([]byte(text)),
			"in base64": base64.StdEncoding.EncodeToString([]byte(text)), "reversed": reversed(text),
		} {
			if strings.Contains(output, shown) {
				t.Errorf("%q is shown, %s, in\n%s", text, form, output)
			}
		}
	}
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func encodeSecret(t *testing.T, form, plain, seed string) string {
	t.Helper()
	text, err := document.EncodeSecret(plain, form, seed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// echo is a server that refuses everything and repeats in its answer all that it was told, as nobody should.
func echo(t *testing.T, status int) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told := fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, body)
		if user, password, ok := strings.Cut(basic(r.Header.Get("Proxy-Authorization")), ":"); ok {
			told += fmt.Sprintf(" by %s with %s", user, password)
		}
		if strings.Contains(r.Header.Get("Content-Type"), "x-www-form-urlencoded") { // STS
			w.WriteHeader(status)
			fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>`)
			_ = xml.EscapeText(w, []byte(told)) // whoever has gone needs no answer
			fmt.Fprint(w, `</Message></Error></ErrorResponse>`)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-Errortype", "UnrecognizedClientException")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"__type":"UnrecognizedClientException","message":%q}`, told)
	}))
	t.Cleanup(s.Close)
	return s
}

// basic is what a Basic credential says; empty if it is none.
func basic(header string) string {
	text, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(header, "Basic "))
	return string(text)
}

// secretPlace is one way to give a document a secret.
type secretPlace struct {
	credentials string
	config      string
	args        []string
	env         map[string]string
	secrets     []string
	fails       string // what the log says besides of the message's failure
}

func staticKeys(access, key, token string) string {
	return `<credentials class="aws-static-credentials-builder"><access-key>` + access + `</access-key><secret-key>` + key + `</secret-key><session-token>` + token + `</session-token></credentials>`
}

func secretPlaces(t *testing.T, sts string) map[string]secretPlace {
	t.Helper()
	dir := t.TempDir()
	seed := write(t, filepath.Join(dir, "seed.bin"), "a seed")
	variables := write(t, filepath.Join(dir, "variables.properties"), "key="+secret("variable-key")+"\ntoken="+encodeSecret(t, "PW", secret("variable-token"), "")+"\n")
	places := map[string]secretPlace{
		"plain": {credentials: staticKeys(secret("access"), secret("key"), secret("token")), secrets: []string{secret("access"), secret("key"), secret("token")}},
		"environment": {
			credentials: staticKeys("AKID", "%env{ADAPTERD_TEST_KEY}", "%env{ADAPTERD_TEST_TOKEN}"),
			env:         map[string]string{"ADAPTERD_TEST_KEY": secret("env-key"), "ADAPTERD_TEST_TOKEN": encodeSecret(t, "AES_GCM", secret("env-token"), "")},
			secrets:     []string{secret("env-key"), secret("env-token")},
		},
		"set":       {credentials: staticKeys("AKID", "${key}", "${token}"), args: []string{"--set", "key=" + secret("set-key"), "--set", "token=" + secret("set-token")}, secrets: []string{secret("set-key"), secret("set-token")}},
		"variables": {credentials: staticKeys("AKID", "${key}", "${token}"), args: []string{"--variables", variables}, secrets: []string{secret("variable-key"), secret("variable-token")}},
		"role": {
			credentials: `<credentials class="aws-sts-assumerole-credentials-builder"><role-arn>arn:aws:iam::123456789012:role/r</role-arn><role-session-name>name</role-session-name><role-external-id>` + roleID + `</role-external-id>` +
				staticKeys("AKID", secret("role-key"), secret("role-token")) + `</credentials>`,
			env:     map[string]string{"AWS_ENDPOINT_URL_STS": sts},
			secrets: []string{roleID, secret("role-key"), secret("role-token")},
		},
		"proxy": {
			credentials: staticKeys("AKID", secret("proxied-key"), secret("proxied-token")),
			config:      pair("ProxyHost", "127.0.0.1") + pair("ProxyPort", portOf(t, sts)) + pair("ProxyUserName", "user") + pair("ProxyPassword", secret("proxy")),
			secrets:     []string{secret("proxy"), "user:" + secret("proxy"), secret("proxied-key"), secret("proxied-token")},
		},
	}
	for _, form := range []string{"PW", "AES_GCM", "SEED"} {
		key, token := encodeSecret(t, form, secret(form+"-key"), seed), encodeSecret(t, form, secret(form+"-token"), seed)
		places[form] = secretPlace{credentials: staticKeys("AKID", key, token), secrets: []string{secret(form + "-key"), secret(form + "-token"), key, token}}
	}
	seeded := places["SEED"]
	seeded.args = []string{seed}
	places["SEED"] = seeded
	return places
}

// roleID has the characters that an external id may have only.
const roleID = "zq7-external-id:SeCrEt"

func pair(key, value string) string {
	return "<key-value-pair><key>" + key + "</key><value>" + value + "</value></key-value-pair>"
}

func portOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// nobody is a URL where nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func TestRunShowsNoSecretWhateverFails(t *testing.T) {
	server := echo(t, http.StatusBadRequest)
	places := secretPlaces(t, server.URL)
	maps.Copy(places, placesOutside(t, server.URL))
	for place, p := range places {
		for fault, endpoint := range map[string]string{"refused by an endpoint that repeats": server.URL, "nobody there": nobody(t)} {
			for _, format := range []string{formatConsole, formatJSON} {
				t.Run(place+", "+fault+", "+format, func(t *testing.T) {
					for name, value := range p.env {
						t.Setenv(name, value)
					}
					dir := t.TempDir()
					write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
					doc := strings.Replace(filesInto(dir, synchronous, pair("KinesisEndpoint", endpoint)+pair("RecordTtl", "100")+pair("RecordMaxBufferedTime", "10")+pair("LogLevel", "trace")+p.config), keysOfFilesInto, p.credentials, 1)
					path, args := write(t, filepath.Join(dir, "a.xml"), doc), p.args
					if place == "SEED" {
						path = write(t, filepath.Join(dir, "bootstrap.properties"), "adapterConfigUrl=file://localhost/"+filepath.ToSlash(path)+"\nsysprop."+document.SeedProperty+"="+p.args[0]+"\n")
						args = nil
					}
					args = append([]string{"run", path, "--log-level", "trace", "--log-format", format, "--until-idle", "20ms"}, args...)
					code, out, errOut := command(t, args...)
					if code != exitFailed || !strings.Contains(errOut, "message failed") || !strings.Contains(errOut, p.fails) {
						t.Fatalf("nothing failed: exit %d\n%s", code, errOut)
					}
					mustNotShow(t, out+errOut, p.secrets...)
				})
			}
		}
	}
}

// A document that is wrong must not show what it holds either, wherever it is wrong.
func TestCheckShowsNoSecretOfAWrongDocument(t *testing.T) {
	hidden := secret("wrong")
	broken := func(form string) string { return form + ":" + hidden }
	t.Setenv("ADAPTERD_TEST_SECRET", hidden)
	for name, c := range map[string]struct {
		credentials, config string
		warning             bool // no more than that
	}{
		"an unknown element":          {credentials: `<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-kye>${secret}</secret-kye></credentials>`},
		"a number that is none":       {credentials: `<credentials class="aws-sts-assumerole-credentials-builder"><role-duration-seconds>${secret}</role-duration-seconds></credentials>`},
		"an external id that is none": {credentials: `<credentials class="aws-sts-assumerole-credentials-builder"><role-external-id>!${secret}</role-external-id></credentials>`},
		"PW that does not decode":     {credentials: staticKeys("A", broken("PW"), "t")},
		"AES_GCM that does not":       {credentials: staticKeys("A", broken("AES_GCM"), "t")},
		"SEED without a seed":         {credentials: staticKeys("A", broken("SEED"), "t")},
		"a form that is gone":         {credentials: staticKeys("A", broken("ALTPW"), "t")},
		"a key that does not exist":   {config: pair("ProxyPasswrd", "${secret}"), warning: true},
		"a proxy with a password":     {config: pair("ProxyHost", "http://user:${secret}@proxy:3128")},
		"an endpoint with a password": {config: pair("KinesisEndpoint", "http://user:${secret}@127.0.0.1")},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			credentials := c.credentials
			if credentials == "" {
				credentials = keysOfFilesInto
			}
			doc := strings.Replace(filesInto(dir, synchronous, c.config), keysOfFilesInto, credentials, 1)
			path := write(t, filepath.Join(dir, "a.xml"), doc)
			for _, args := range [][]string{{"check", path}, {"check", path, "--json"}, {"run", path}, {"run", path, "--log-format", "json", "--log-level", "trace"}} {
				code, out, errOut := command(t, append(args, "--set", "secret="+hidden)...)
				if wantFailed := !c.warning || args[0] == "run"; wantFailed != (code == exitFailed) {
					t.Errorf("%v: exit %d\n%s%s", args, code, out, errOut)
				}
				mustNotShow(t, out+errOut, hidden)
			}
		})
	}
}

func TestLocationsShowNoPassword(t *testing.T) {
	hidden := "zq7-location-SeCrEt"
	location := strings.Replace(nobody(t), "http://", "http://user:"+hidden+"@", 1) + "/a.xml?token=" + hidden
	dir := t.TempDir()
	good := write(t, filepath.Join(dir, "good.xml"), "<channel><workflow/></channel>")
	from := write(t, filepath.Join(dir, "from.xml"), `<produce-connection class="aws-kinesis-kpl-connection-from-properties"><config-location>`+location+`</config-location></produce-connection>`)
	bootstrap := write(t, filepath.Join(dir, "bootstrap.properties"), "adapterConfigUrl="+location+"\n")
	for _, args := range [][]string{{"check", location}, {"check", from}, {"check", bootstrap}, {"check", good, "--variables", location}, {"run", location}} {
		code, out, errOut := command(t, args...)
		if code != exitFailed {
			t.Errorf("%v: exit %d", args, code)
		}
		mustNotShow(t, out+errOut, hidden)
	}
}
