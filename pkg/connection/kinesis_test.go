package connection

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/document"
)

func inline(pairs ...string) string {
	var b strings.Builder
	b.WriteString("<produce-connection class=\"aws-kinesis-kpl-inline-connection\"><unique-id>kinesis</unique-id>\n<config>\n")
	for i := 0; i < len(pairs); i += 2 {
		fmt.Fprintf(&b, "<key-value-pair><key>%s</key><value>%s</value></key-value-pair>\n", pairs[i], pairs[i+1])
	}
	b.WriteString("</config>\n</produce-connection>")
	return b.String()
}

func TestInlineConfigurationIsReadAtLoad(t *testing.T) {
	c, problems := decode[*KinesisInline](t, inline("Region", "eu-west-1", "CollectionMaxCount", "1000", "NoSuchKey", "x"))
	if !strings.Contains(problems, "test.xml:4:1: ") || !strings.Contains(problems, "500") || !strings.Contains(problems, "test.xml:5:1: ") || !strings.Contains(problems, "NoSuchKey") {
		t.Errorf("warnings %s", problems)
	}
	if c.config.Region != "eu-west-1" || c.config.CollectionMaxCount != 500 || !c.valid {
		t.Errorf("configuration %+v", c.config)
	}
	if err := c.Init(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEveryFaultOfAnInlineConfigurationIsToldAtItsPair(t *testing.T) {
	c, problems := decode[*KinesisInline](t, inline("Region", "eu-west-1", "RecordTtl", "1", "MaxConnections", "many", "ProxyPassword", "unseen", "ProxyPort", "0"))
	for _, want := range []string{"test.xml:4:1: RecordTtl: ", "test.xml:5:1: MaxConnections: ", "test.xml:7:1: ProxyPort: "} {
		if !strings.Contains(problems, want) {
			t.Errorf("%s is not in %s", want, problems)
		}
	}
	if strings.Contains(problems, "unseen") {
		t.Errorf("the password is in %s", problems)
	}
	if err := c.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "kinesis connection kinesis: ") {
		t.Errorf("Init: %v", err)
	}
}

func fromProperties(location string) string {
	return "<produce-connection class=\"aws-kinesis-kpl-connection-from-properties\">\n<config-location>" + location + "</config-location></produce-connection>"
}

func TestConfigLocation(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	path := filepath.Join(dir, "kinesis config.properties")
	if err := os.WriteFile(path, []byte("# comment\nRegion = ap-south-1\nRecordTtl: 40000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	escaped := filepath.ToSlash(dir) + "/kinesis%20config.properties"
	for name, location := range map[string]string{
		"path": path, "relative path": "kinesis config.properties", "file URL": "file://" + escaped, "with host": "file://localhost" + escaped,
		"relative URL": "file://localhost/./kinesis%20config.properties", "short URL": "file:kinesis%20config.properties", "http": server.URL + "/kinesis%20config.properties",
		"blanks around": "\n  " + path + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := mustDecode[*KinesisProperties](t, fromProperties(location))
			if c.config.Region != "ap-south-1" || c.config.RecordTTL.Seconds() != 40 {
				t.Errorf("configuration %+v", c.config)
			}
		})
	}
}

func TestConfigLocationThatCanNotBeUsed(t *testing.T) {
	dir := t.TempDir()
	bad, large := filepath.Join(dir, "bad.properties"), filepath.Join(dir, "large.properties")
	if err := os.WriteFile(bad, []byte("RecordTtl=1\n\nMaxConnections=0\nRateLimit=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(large, make([]byte, maxConfigBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	for name, c := range map[string]struct {
		location string
		want     []string
	}{
		"every fault at its line": {bad, []string{bad + ":1:", bad + ":3:", bad + ":4:", "RecordTtl", "MaxConnections", "RateLimit"}},
		"no file":                 {filepath.Join(dir, "none"), []string{"test.xml:2:1: <config-location> of aws-kinesis-kpl-connection-from-properties", "none", "no such file"}},
		"directory":               {dir, []string{"can not be read"}},
		"too large":               {large, []string{"more than 1048576 bytes"}},
		"not there":               {server.URL + "/x", []string{"404", server.URL}},
		"unreachable":             {dead.URL + "/x", []string{"refused", dead.URL}},
		"password":                {strings.Replace(dead.URL, "://", "://user:unseen@", 1), []string{"refused", "user:xxxxx@"}},
		"class path":              {"classpath:kinesis.properties", []string{"inside a Java program"}},
		"other scheme":            {"s3://bucket/x", []string{"is no file"}},
		"blank":                   {" ", []string{"<config-location> of aws-kinesis-kpl-connection-from-properties is blank"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decode[*KinesisProperties](t, fromProperties(c.location))
			for _, want := range c.want {
				if !strings.Contains(problems, want) {
					t.Errorf("%s is not in %s", want, problems)
				}
			}
			if strings.Contains(problems, "unseen") {
				t.Errorf("the password is in %s", problems)
			}
		})
	}
}

func TestPositionOf(t *testing.T) {
	for text, want := range map[string]document.Position{
		"a.properties:3:7":      {File: "a.properties", Line: 3, Column: 7},
		"http://h:80/a:3:7":     {File: "http://h:80/a", Line: 3, Column: 7},
		`C:\a.properties:3:7`:   {File: `C:\a.properties`, Line: 3, Column: 7},
		"a.properties:3":        {File: "a.properties", Line: 3, Column: 1},
		"a.properties":          {File: "a.properties"},
		"http://h/a.properties": {File: "http://h/a.properties"},
	} {
		if got, ok := positionOf(text); !ok || got != want {
			t.Errorf("%s: %+v", text, got)
		}
	}
	if _, ok := positionOf(""); ok {
		t.Error("nothing is a position")
	}
}

func TestRedirectLeavesNothingOfTheConfiguredService(t *testing.T) {
	c := mustDecode[*KinesisInline](t, strings.Replace(inline("ProxyHost", "proxy", "ProxyUserName", "u", "ProxyPassword", "p", "KinesisEndpoint", "h", "CaCertFile", "/none"),
		"<config>", `<credentials class="aws-sts-assumerole-credentials-builder"><role-arn>arn:aws:iam::123456789012:role/r</role-arn><role-session-name>n1</role-session-name></credentials><config>`, 1))
	c.Redirect("http://127.0.0.1:4567")
	config, err := c.engineConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if config.KinesisEndpoint != "http://127.0.0.1:4567" || config.CloudWatchEndpoint != config.KinesisEndpoint || config.VerifyCertificate || config.CACertFile != "" ||
		config.ProxyHost != "" || config.Region == "" {
		t.Errorf("configuration %+v", config)
	}
	keys, err := config.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID != "embedded" {
		t.Errorf("keys of %s, %v", keys.AccessKeyID, err)
	}
}
