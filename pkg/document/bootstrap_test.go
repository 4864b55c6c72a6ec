package document

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write puts files into a new directory and makes it the working directory, so that problems show no path of this machine.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// load does what adapterd run does with a bootstrap.properties, and returns the text of <a>.
func load(t *testing.T, env Environment, set ...string) (string, Problems) {
	t.Helper()
	ctx := context.Background()
	b, problems := ReadBootstrap("bootstrap.properties")
	if b == nil {
		return "", problems
	}
	env, more := b.Environment(env)
	problems = append(problems, more...)
	v, more := b.Variables(ctx, env)
	problems = append(problems, more...)
	for _, s := range set {
		if err := v.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	root, more := b.ReadDocument(ctx, v, Options{})
	problems = append(problems, more...)
	if root == nil {
		return "", problems
	}
	return root.Text, problems
}

func summary(problems Problems) string {
	var out []string
	for _, p := range problems {
		out = append(out, fmt.Sprintf("%s %s: %s", p.Severity, p.Pos, p.Message))
	}
	return strings.Join(out, "\n")
}

func TestBootstrapVariables(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const document = "adapterConfigUrl=file://localhost/./adapter.xml\n"
	env := Environment{Variables: map[string]string{"BOTH": "from env", "ENV": "e${x}"}, SystemProperties: map[string]string{"BOTH": "from sysprop"}}
	for name, c := range map[string]struct {
		bootstrap, text string
		set             []string
		want, problems  string
	}{
		"files in order": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url.2=file://localhost/./2.properties\nvariable-substitution.properties.url=file:///./0.properties\nvariable-substitution.properties.url.1=1.properties\n",
			text:      "${zero} ${one} ${two}", want: "0 1 2",
		},
		"the command line first": {
			bootstrap: "preProcessors=environmentVariables:variableSubstitution\nvariable-substitution.properties.url=0.properties\n",
			text:      "${zero} ${BOTH}", set: []string{"zero=set", "BOTH=set"}, want: "set set",
		},
		"in the order of preProcessors": {
			bootstrap: "preprocessors = environmentVariables : systemProperties\n",
			text:      "${BOTH} ${ENV}", want: "from env e${x}",
		},
		"the other order": {
			bootstrap: "preProcessors=systemProperties:environmentVariables\nsysprop.BOTH= from bootstrap \n",
			text:      "${BOTH}", want: "from bootstrap",
		},
		"delimiters": {
			bootstrap: "preProcessors=variableSubstitution:environmentVariables\nvariable-substitution.properties.url=0.properties\nvariable-substitution.varprefix=@@\nvariable-substitution.varpostfix=@@\n" +
				"environment-variables.varprefix=$<\nenvironment-variables.varpostfix=>\n",
			text: "@@zero@@ $&lt;BOTH> ${zero} @@set@@", set: []string{"set=S"}, want: "0 from env ${zero} S",
		},
		"host name": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url=%1$s.properties\nvariable-substitution.url.useHostname=true\n",
			text:      "${host}", want: "H",
		},
		"not the host name": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url=%d.properties\nvariable-substitution.url.useHostname=true\n",
			text:      "", want: "", problems: "error bootstrap.properties:4:1: variable-substitution.url.useHostname: the location %d.properties has a %d; only %1$s, the name of the machine, and %% for a % can stand there",
		},
		"undefined": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url=0.properties\n",
			text:      "${zer0}", want: "${zer0}", problems: "error adapter.xml:1:4: the variable ${zer0} is not defined; give it with --set zer0=…, or in a properties file with --variables; did you mean ${zero}?",
		},
		"SIMPLE": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url=0.properties\nvariable-substitution.impl=SIMPLE\n",
			text:      "${zer0}", want: "${zer0}", problems: "warning adapter.xml:1:4: the variable ${zer0} is not defined and stays as it is; did you mean ${zero}?",
		},
		"SIMPLE, within a value": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url=0.properties\nvariable-substitution.impl=SIMPLE\n",
			text:      "${inner}", want: "x${nothing}", problems: "warning adapter.xml:1:4: the variable ${inner} of 0.properties:2 refers to ${nothing}, which is not defined",
		},
		"STRICT": {
			bootstrap: "preProcessors=variableSubstitution:environmentVariables\nvariable-substitution.properties.url=0.properties\nvariable-substitution.impl=STRICT\nenvironment-variables.impl=simple\n",
			text:      "${nothing}", want: "${nothing}", problems: "error adapter.xml:1:4: the variable ${nothing} is not defined; give it with --set nothing=…, or in a properties file with --variables",
		},
		"SIMPLE_WITH_LOGGING": {
			bootstrap: "preProcessors=environmentVariables\nenvironment-variables.impl=SIMPLE_WITH_LOGGING\n",
			text:      "${BOTH} ${nothing}", want: "from env ${nothing}", problems: "note adapter.xml:1:4: the variable ${BOTH} has its value from the environment variables\nwarning adapter.xml:1:12: the variable ${nothing} is not defined and stays as it is",
		},
		"strictWithLogging": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url=0.properties\nvariable-substitution.impl=strictWithLogging\n",
			text:      "${zero}", want: "0", problems: "note adapter.xml:1:4: the variable ${zero} has its value from 0.properties:1",
		},
		"another impl": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.impl=LAX\n",
			problems:  "error bootstrap.properties:3:28: variable-substitution.impl is LAX; use SIMPLE, SIMPLE_WITH_LOGGING, STRICT or STRICT_WITH_LOGGING",
		},
		"a file that is not there": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url=none.properties\n",
			text:      "x", want: "x", problems: "warning none.properties: the variables, variable-substitution.properties.url of bootstrap.properties, are left out: there is no such file",
		},
		"a file that cannot be read": {
			bootstrap: "preProcessors=variableSubstitution\nvariable-substitution.properties.url=classpath:x\n",
			text:      "x", want: "x", problems: "error classpath:x: the variables, variable-substitution.properties.url of bootstrap.properties, cannot be read: classpath:x is inside a Java program, and there is none here; give it as a file",
		},
		"an unknown preprocessor": {
			bootstrap: "preProcessors=variableSubstitution:xinclud:xslt\n",
			problems: "error bootstrap.properties:2:15: the preprocessor xinclud is not supported; these are: variableSubstitution, systemProperties, environmentVariables, xinclude; did you mean xinclude?\n" +
				"error bootstrap.properties:2:15: the preprocessor xslt is not supported; these are: variableSubstitution, systemProperties, environmentVariables, xinclude",
		},
		"keys without effect": {
			bootstrap: "managementComponents=jmx:jetty\nstartAdapterQuietly=false\nvariable-substitution.impl=SIMPLE\nsysprop.x=1\n",
			text:      "x", want: "x",
			problems: "note bootstrap.properties:2:1: managementComponents is accepted, without effect here\nnote bootstrap.properties:3:1: startAdapterQuietly is accepted, without effect here\n" +
				"note bootstrap.properties:4:1: variable-substitution.impl is without effect, since preProcessors does not list variableSubstitution",
		},
		"an encoded system property": {
			bootstrap: "preProcessors=systemProperties\nsysprop.key={password}PW:AAAAEFfDTvsuPuIKZ7qMckUbE3gAAAAQhKqy9Wj+Fyc4DIWRbsmBIwAAABC4oIWUnMb6MZNC6mCQqnj3\n",
			text:      "${key}", want: "123",
		},
		"a damaged system property": {
			bootstrap: "sysprop.key = {password}PW:canary!\n",
			text:      "x", want: "x", problems: "error bootstrap.properties:2:15: sysprop.key: the PW: secret is damaged, what follows the prefix is no base64; encode it again with adapterd password encode",
		},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, map[string]string{
				"bootstrap.properties": document + c.bootstrap,
				"adapter.xml":          "<a>" + c.text + "</a>",
				"0.properties":         "zero=0\ninner=x${nothing}\none=0\ntwo=0\n",
				"1.properties":         "one=1\ntwo=1\n",
				"2.properties":         "two=2\n",
				host + ".properties":   "host=H\n",
			})
			got, problems := load(t, env, c.set...)
			if got != c.want {
				t.Errorf("text %q, want %q", got, c.want)
			}
			if diff := cmp.Diff(c.problems, summary(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBootstrapFindsTheDocument(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/adapter.xml" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("<a>http</a>"))
	}))
	defer server.Close()
	for name, c := range map[string]struct{ bootstrap, want, problems string }{
		"the first":           {"adapterConfigUrl=file:adapter.xml\nadapterConfigUrl.1=file:other.xml", "first", ""},
		"the first fallback":  {"adapterConfigUrl=file:none.xml\nadapterConfigUrl.1=file:adapter.xml", "first", "warning none.xml: the document, adapterConfigUrl of bootstrap.properties, cannot be read: no such file or directory"},
		"the second fallback": {"adapterConfigUrl.2=file:adapter.xml\nADAPTERCONFIGURL.1=" + server.URL + "/none", "first", "warning " + server.URL + "/none: the document, adapterConfigUrl of bootstrap.properties, cannot be read: the server answered 404 Not Found"},
		"over HTTP":           {"adapterConfigUrl=" + server.URL + "/adapter.xml", "http", ""},
		"none":                {"adapterConfigUrl=file:none.xml\nadapterConfigUrl.1=classpath:adapter.xml", "", "error none.xml: the document, adapterConfigUrl of bootstrap.properties, cannot be read: no such file or directory\nerror classpath:adapter.xml: the document, adapterConfigUrl of bootstrap.properties, cannot be read: classpath:adapter.xml is inside a Java program, and there is none here; give it as a file"},
		"no fallback for a document that is wrong": {"adapterConfigUrl=file:other.xml\nadapterConfigUrl.1=file:adapter.xml", "", "error other.xml:1:1: <a> is never closed, the file ends in line 1; add </a>"},
		"no key":   {"adapterConfigURI=file:other.xml", "", "error bootstrap.properties: adapterConfigUrl is missing; add it, as in adapterConfigUrl=file:///etc/adapterd/adapter.xml\nnote bootstrap.properties:1:1: adapterConfigURI is accepted, without effect here"},
		"no value": {"adapterConfigUrl=\n", "", "error bootstrap.properties: adapterConfigUrl is missing; add it, as in adapterConfigUrl=file:///etc/adapterd/adapter.xml"},
		"broken":   {"adapterConfigUrl=\\u00zz\n", "", "error bootstrap.properties:1:18: \\u stands here without the four hexadecimal digits of a character; write them, or \\\\u for a backslash and a u"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, map[string]string{"bootstrap.properties": c.bootstrap, "adapter.xml": "<a>first</a>", "other.xml": "<a>"})
			got, problems := load(t, Environment{})
			if got != c.want {
				t.Errorf("text %q, want %q", got, c.want)
			}
			if diff := cmp.Diff(c.problems, summary(problems)); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
	if b, problems := ReadBootstrap("none.properties"); b != nil || len(problems) != 1 || problems[0].Code != "unreadable" {
		t.Errorf("%v %v", b, problems)
	}
}

func TestBootstrapEnvironmentKeepsTheBase(t *testing.T) {
	write(t, map[string]string{"bootstrap.properties": "adapterConfigUrl=x\nsysprop.b=2\nSysProp.c=3\n", "seed": "s"})
	base := Environment{Variables: map[string]string{"E": "e"}, SystemProperties: map[string]string{"a": "1"}}
	b, problems := ReadBootstrap("bootstrap.properties")
	if b == nil {
		t.Fatal(problems)
	}
	e, problems := b.Environment(base)
	want := map[string]string{"a": "1", "b": "2", "c": "3"}
	if diff := cmp.Diff(want, e.SystemProperties); diff != "" || len(problems) > 0 || len(base.SystemProperties) != 1 || e.Variables["E"] != "e" {
		t.Errorf("(-want +got) %s, %v", diff, problems)
	}
}

func TestBootstrapSeedFile(t *testing.T) {
	write(t, map[string]string{"seed": "any file that stays the same\n",
		"bootstrap.properties": "adapterConfigUrl=x\nsysprop.a={password}SEED:wXJvUcu6kIoVzeirzBYnHg==\nsysprop.interlok.password.seed=seed\n"})
	b, problems := ReadBootstrap("bootstrap.properties")
	if b == nil {
		t.Fatal(problems)
	}
	e, problems := b.Environment(Environment{})
	if e.SystemProperties["a"] != "pässword" || len(problems) > 0 {
		t.Errorf("%q %v", e.SystemProperties["a"], problems)
	}
}

func TestReadDocument(t *testing.T) {
	write(t, map[string]string{"a.xml": "<a>${x}</a>", "bad.xml": "<a>"})
	v := NewVariables(Environment{})
	if err := v.Set("x=1"); err != nil {
		t.Fatal(err)
	}
	for location, want := range map[string]string{"file:a.xml": "", "a.xml": "", "bad.xml": "xml-unclosed", "none.xml": "unreadable"} {
		root, problems := ReadDocument(context.Background(), location, v, Options{})
		var codes []string
		for _, p := range problems {
			codes = append(codes, p.Code)
		}
		if want == "" && (root == nil || root.Text != "1" || len(problems) > 0) || want != "" && (root != nil || !slices.Equal(codes, []string{want})) {
			t.Errorf("%s: %v, %v", location, root, problems)
		}
	}
}
