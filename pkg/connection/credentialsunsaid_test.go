package connection

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A gateway that repeats what it refuses must not bring the keys that asked for a role, nor the external id, into an error.
func TestAssumeRoleErrorsHoldNoSecretsOfTheRequest(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>refused %s</Message></Error></ErrorResponse>`,
			strings.ReplaceAll(fmt.Sprintf("%v %s", r.Header, body), "&", " "))
	}))
	t.Cleanup(gateway.Close)
	t.Setenv("AWS_ENDPOINT_URL_STS", gateway.URL)
	c := mustDecode[*AssumeRole](t, `<credentials class="aws-sts-assumerole-credentials-builder"><role-arn>arn:aws:iam::123456789012:role/r</role-arn><role-session-name>name</role-session-name>
<role-external-id>zq7:external-id</role-external-id><credentials class="aws-static-credentials-builder"><access-key>AKID</access-key><secret-key>zq7-key</secret-key><session-token>zq7-token</session-token></credentials></credentials>`)
	provider, err := c.Provider(t.Context(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	_, err = provider.Retrieve(t.Context())
	if err == nil || !strings.Contains(err.Error(), "AccessDenied: refused ") {
		t.Fatalf("%v", err)
	}
	for _, secret := range []string{"zq7", "Signature="} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in %v", secret, err)
		}
	}
}
