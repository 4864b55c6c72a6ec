package connection

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

const assumeRole = `<credentials class="com.adaptris.aws.STSAssumeroleCredentialsBuilder">
	<role-arn>arn:aws:iam::123456789012:role/writer</role-arn><role-session-name>adapter</role-session-name><role-external-id>%env{SECRET}</role-external-id>
	<role-duration-seconds>1800</role-duration-seconds><scope-down-policy><![CDATA[{"Version":"2012-10-17"}]]></scope-down-policy>
	<session-tags><key-value-pair><key>team</key><value>blue</value></key-value-pair><key-value-pair><key>cost</key><value>7</value></key-value-pair></session-tags>
	<transitive-tag-keys><string>team</string></transitive-tag-keys>
	<credentials class="aws-static-credentials-builder"><access-key>AKIABASE</access-key><secret-key>base</secret-key></credentials>
</credentials>`

func TestAssumeRoleAsksSTSForEverythingThatIsConfigured(t *testing.T) {
	isolate(t)
	sts, err := kinesislocal.New(kinesislocal.Options{RequireSignature: true})
	if err != nil {
		t.Fatal(err)
	}
	var form url.Values
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			form, err = url.ParseQuery(string(body))
		}
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		sts.ServeHTTP(w, r)
	}))
	defer front.Close()
	t.Setenv("AWS_ENDPOINT_URL_STS", front.URL)
	p, err := credentialsOf(t, assumeRole).Provider(t.Context(), "eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(sts.Requests()); n != 0 {
		t.Errorf("%d requests before keys were needed", n)
	}
	for range 3 {
		keys, err := p.Retrieve(t.Context())
		if err != nil || !strings.HasPrefix(keys.AccessKeyID, "ASIA") || keys.SessionToken == "" || !keys.CanExpire {
			t.Fatalf("no temporary keys, %v", err)
		}
	}
	requests := sts.Requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests for keys that are still good", len(requests))
	}
	if r := requests[0]; r.Operation != "AssumeRole" || r.AccessKeyID != "AKIABASE" || r.Region != "eu-central-1" {
		t.Errorf("%s signed by %s for %s", r.Operation, r.AccessKeyID, r.Region)
	}
	want := map[string]string{
		"RoleArn": "arn:aws:iam::123456789012:role/writer", "RoleSessionName": "adapter", "ExternalId": "from-the-environment", "DurationSeconds": "1800",
		"Policy": `{"Version":"2012-10-17"}`, "Tags.member.1.Key": "team", "Tags.member.1.Value": "blue", "Tags.member.2.Key": "cost", "Tags.member.2.Value": "7",
		"TransitiveTagKeys.member.1": "team",
	}
	got := make(map[string]string)
	for key := range form {
		if key != "Action" && key != "Version" {
			got[key] = form.Get(key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAssumeRoleOfAnAssumedRole(t *testing.T) {
	isolate(t)
	sts := kinesislocal.NewTest(t, kinesislocal.Options{})
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL())
	inner := strings.Replace(assumeRole, "role/writer", "role/inner", 1)
	outer := `<credentials class="aws-sts-assumerole-credentials-builder"><role-arn>arn:aws:iam::123456789012:role/outer</role-arn><role-session-name>adapter</role-session-name>` + inner + `</credentials>`
	if _, err := retrieve(t, credentialsOf(t, outer)); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, r := range sts.Requests() {
		_, role, _ := strings.Cut(r.Parameters["RoleArn"], "/")
		steps = append(steps, role+" by "+r.AccessKeyID[:4])
	}
	if diff := cmp.Diff([]string{"inner by AKIA", "outer by ASIA"}, steps); diff != "" {
		t.Error(diff)
	}
}

func TestAssumeRoleUsesTheDefaultChainByDefault(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIACHAIN")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	sts := kinesislocal.NewTest(t, kinesislocal.Options{})
	t.Setenv("AWS_ENDPOINT_URL_STS", sts.URL())
	xml := `<credentials class="aws-sts-assumerole-credentials-builder"><role-arn>arn:aws:iam::123456789012:role/r</role-arn><role-session-name>adapter</role-session-name></credentials>`
	c := credentialsOf(t, xml)
	if _, err := retrieve(t, c); err != nil {
		t.Fatal(err)
	}
	r := sts.Requests()[0]
	if r.AccessKeyID != "AKIACHAIN" || r.Parameters["DurationSeconds"] != "900" {
		t.Errorf("signed by %s, %v", r.AccessKeyID, r.Parameters)
	}
	if _, err := c.Provider(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "no region to ask STS in; set Region") {
		t.Errorf("without region: %v", err)
	}
}
