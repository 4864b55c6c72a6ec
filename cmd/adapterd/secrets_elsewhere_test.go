package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// placesOutside are those where the document only says where the secret is.
func placesOutside(t *testing.T, refusing string) map[string]secretPlace {
	t.Helper()
	dir := t.TempDir()
	profile := func(name string) string {
		return write(t, filepath.Join(dir, name), "[team]\naws_access_key_id = AKID\naws_secret_access_key = "+secret(name+"-key")+"\naws_session_token = "+secret(name+"-token")+"\n")
	}
	ofProfile := func(name string) string {
		return `<credentials class="aws-profile-credentials-builder"><config-file>` + filepath.ToSlash(profile(name)) + `</config-file><profile-name>team</profile-name></credentials>`
	}
	printed, err := json.Marshal(map[string]any{"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": secret("printed-key"), "SessionToken": secret("printed-token")})
	if err != nil {
		t.Fatal(err)
	}
	show := "cat "
	if runtime.GOOS == "windows" {
		show = "type "
	}
	role := `<credentials class="aws-sts-assumerole-credentials-builder"><role-arn>arn:aws:iam::123456789012:role/r</role-arn><role-session-name>name</role-session-name>%s</credentials>`
	return map[string]secretPlace{
		"properties file": {
			credentials: `<credentials class="aws-properties-file-credentials-builder"><property-file>` + filepath.ToSlash(write(t, filepath.Join(dir, "keys.properties"), "accessKey=AKID\nsecretKey="+secret("file-key")+"\n")) + `</property-file></credentials>`,
			secrets:     []string{secret("file-key")},
		},
		"profile": {credentials: ofProfile("profile"), secrets: []string{secret("profile-key"), secret("profile-token")}},
		"process": {
			credentials: `<credentials class="aws-process-credentials-builder"><command>` + show + write(t, filepath.Join(dir, "printed.json"), string(printed)) + `</command></credentials>`,
			secrets:     []string{secret("printed-key"), secret("printed-token")},
		},
		"the SDK's environment": {
			credentials: `<credentials class="aws-default-credentials-provider"/>`,
			env:         map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": secret("sdk-key"), "AWS_SESSION_TOKEN": secret("sdk-token")},
			secrets:     []string{secret("sdk-key"), secret("sdk-token")},
		},
		"keys of a role": {
			credentials: fmt.Sprintf(role, staticKeys("AKID", secret("to-role-key"), secret("to-role-token"))),
			env:         map[string]string{"AWS_ENDPOINT_URL_STS": sts(t)},
			secrets:     []string{secret("to-role-key"), secret("to-role-token"), secret("of-role-key"), secret("of-role-token")},
		},
		"a role by a profile": {
			credentials: fmt.Sprintf(role, ofProfile("for-role")),
			env:         map[string]string{"AWS_ENDPOINT_URL_STS": refusing},
			secrets:     []string{secret("for-role-key"), secret("for-role-token")},
		},
		"keys for metrics": {
			credentials: keysOfFilesInto + strings.NewReplacer("<credentials", "<metrics-credentials", "/credentials", "/metrics-credentials").Replace(staticKeys("AKID", secret("metrics-key"), secret("metrics-token"))),
			config:      pair("MetricsLevel", "detailed") + pair("CloudwatchEndpoint", refusing),
			secrets:     []string{secret("metrics-key"), secret("metrics-token")},
			fails:       "cannot upload metrics",
		},
	}
}

// sts gives everybody the keys of a role.
func sts(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/xml")
		fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKID</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			secret("of-role-key"), secret("of-role-token"), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// fromProperties is filesInto with a connection that is configured by directory/kinesis.properties.
func fromProperties(directory string) string {
	return `<channel><unique-id>files</unique-id>
<produce-connection class="aws-kinesis-kpl-connection-from-properties"><config-location>` + filepath.ToSlash(directory) + `/kinesis.properties</config-location></produce-connection>
<workflow><consumer class="fs-consumer"><base-directory-url>` + filepath.ToSlash(directory) + `/in</base-directory-url>
<poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>20</interval></poll-interval></poller></consumer>
<producer class="` + synchronous + `"><stream>orders</stream><partition-key>k</partition-key></producer></workflow></channel>`
}

// A connection from a properties file has its proxy's password there.
func TestRunShowsNoSecretOfAPropertiesFile(t *testing.T) {
	server := echo(t, http.StatusBadRequest)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret("chain-key"))
	t.Setenv("AWS_SESSION_TOKEN", secret("chain-token"))
	dir := t.TempDir()
	config := func(more string) {
		write(t, filepath.Join(dir, "kinesis.properties"), "Region=us-east-1\nMetricsLevel=none\nRecordTtl=100\nRecordMaxBufferedTime=10\nLogLevel=trace\nKinesisEndpoint="+server.URL+
			"\nProxyHost=127.0.0.1\nProxyPort="+portOf(t, server.URL)+"\nProxyUserName=user\nProxyPassword="+secret("in-file")+"\n"+more)
	}
	path := write(t, filepath.Join(dir, "a.xml"), fromProperties(dir))
	write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
	for want, more := range map[string]string{"message failed": "", "RecordTtl: ": "RecordTtl=none\nProxyPasswrd=" + secret("in-file") + "\n"} {
		config(more)
		code, out, errOut := command(t, "run", path, "--log-level", "trace", "--until-idle", "20ms")
		if code != exitFailed || !strings.Contains(errOut, want) {
			t.Fatalf("nothing failed: exit %d\n%s", code, errOut)
		}
		mustNotShow(t, out+errOut, secret("in-file"), "user:"+secret("in-file"), secret("chain-key"), secret("chain-token"))
	}
}

// What a proxy that refuses to connect says stands in its status line, which net/http makes an error of.
func TestRunShowsNoSecretThatAProxyRepeats(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer connection.Close()
		fmt.Fprintf(connection, "HTTP/1.1 407 refused, %s\r\n\r\n", basic(r.Header.Get("Proxy-Authorization")))
	}))
	t.Cleanup(proxy.Close)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "a.json"), `{"id":"1"}`)
	write(t, filepath.Join(dir, "kinesis.properties"), "Region=us-east-1\nMetricsLevel=none\nRecordTtl=100\nRecordMaxBufferedTime=10\nKinesisEndpoint=https://127.0.0.1:1\nProxyHost=127.0.0.1\nProxyPort="+
		portOf(t, proxy.URL)+"\nProxyUserName=user\nProxyPassword="+secret("status")+"\n")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKID")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	code, out, errOut := command(t, "run", write(t, filepath.Join(dir, "a.xml"), fromProperties(dir)), "--log-level", "trace", "--until-idle", "20ms")
	if code != exitFailed || !strings.Contains(errOut, "refused, ***") {
		t.Fatalf("nothing failed: exit %d\n%s", code, errOut)
	}
	mustNotShow(t, out+errOut, secret("status"))
}
