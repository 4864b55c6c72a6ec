package service

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
)

// shared is a secret of n bytes.
func shared(n int) string {
	return `<secret class="base64-encoded-secret"><secret>` + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", n))) + `</secret></secret>`
}

func keyPair(private, more string) string {
	return `<secret class="rsa-encoded-secret"><private-key-file-path>testdata/jwt/` + private + `</private-key-file-path><public-key-file-path>testdata/jwt/public.pem</public-key-file-path>` + more + `</secret>`
}

func jwtEncode(secret string) string {
	return `<jwt-encode><header class="metadata-data-input-parameter"><metadata-key>header</metadata-key></header><claims class="string-payload-data-input-parameter"/>` + secret +
		`<jwt-output class="string-payload-data-output-parameter"/></jwt-encode>`
}

func jwtDecode(secret string) string {
	return `<jwt-decode><jwt-string class="string-payload-data-input-parameter"/>` + secret +
		`<header class="metadata-data-output-parameter"><metadata-key>header</metadata-key></header><claims class="string-payload-data-output-parameter"/></jwt-decode>`
}

// apply runs a service on a payload and returns the new payload, or the error.
func apply(t *testing.T, xml, payload string, metadata ...string) (string, map[string]string) {
	t.Helper()
	m := newMessage(payload, metadata...)
	if err := component.Apply(t.Context(), decode[component.Service](t, xml), m); err != nil {
		return "error: " + err.Error(), nil
	}
	return string(m.Payload()), metadataOf(m)
}

func TestJWTGoesThereAndBack(t *testing.T) {
	const claims = `{"sub":"é","n":12345678901234567890,"z":1.10,"a":[1]}`
	for name, c := range map[string]struct{ secret, alg string }{
		"32 bytes":                {shared(32), "HS256"},
		"48 bytes":                {shared(48), "HS384"},
		"64 bytes":                {shared(64), "HS512"},
		"pkcs1":                   {keyPair("pkcs1.pem", ""), "RS256"},
		"pkcs8":                   {keyPair("pkcs8.pem", "<algorithm>RS384</algorithm>"), "RS384"},
		"encrypted by AES":        {keyPair("encrypted.pem", "<algorithm>RS512</algorithm><private-key-passphrase>open-sesame</private-key-passphrase>"), "RS512"},
		"encrypted by triple DES": {keyPair("encrypted-des3.pem", "<private-key-passphrase>open-sesame</private-key-passphrase>"), "RS256"},
	} {
		t.Run(name, func(t *testing.T) {
			token, _ := apply(t, jwtEncode(c.secret), claims, "header", `{"typ":"JWT","alg":"none","kid":"1"}`)
			got, metadata := apply(t, jwtDecode(c.secret), token)
			if got != claims {
				t.Errorf("claims %s", got)
			}
			if want := `{"typ":"JWT","alg":"` + c.alg + `","kid":"1"}`; metadata["header"] != want {
				t.Errorf("header %s, want %s", metadata["header"], want)
			}
		})
	}
}

func TestJWTOfOthersIsAccepted(t *testing.T) {
	// RFC 7515, appendix A.1. Its exp is in 2011.
	const token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	const secret = `<secret class="base64-encoded-secret"><secret>AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow==</secret></secret>`
	synctest.Test(t, func(t *testing.T) { // in there it is the year 2000
		got, metadata := apply(t, jwtDecode(secret), token)
		if got != `{"iss":"joe","exp":1300819380,"http://example.com/is_root":true}` || metadata["header"] != `{"typ":"JWT","alg":"HS256"}` {
			t.Errorf("%s, %v", got, metadata)
		}
	})
	if got, _ := apply(t, jwtDecode(secret), token); !strings.Contains(got, "error: jwt-decode: the token is not accepted: ") || !strings.Contains(got, "expired") {
		t.Errorf("an expired token: %s", got)
	}
}

func TestJWTThatIsNotTheSecretsIsRefused(t *testing.T) {
	token := func(secret, claims string) string {
		text, _ := apply(t, jwtEncode(secret), claims, "header", "{}")
		return text
	}
	encoded := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	public, err := os.ReadFile("testdata/jwt/public.pem")
	if err != nil {
		t.Fatal(err)
	}
	publicAsShared := `<secret class="base64-encoded-secret"><secret>` + base64.StdEncoding.EncodeToString(public) + `</secret></secret>`
	valid := token(shared(32), `{"a":1}`)
	for name, c := range map[string]struct{ secret, token, want string }{
		"other key":                 {strings.ReplaceAll(shared(32), "a2tra2", "a2tra0"), valid, "signature is invalid"},
		"not signed":                {shared(32), encoded(`{"alg":"none"}`) + "." + encoded(`{}`) + ".", "by a method that the secret is not for"},
		"shared key for a key pair": {keyPair("pkcs1.pem", ""), token(publicAsShared, `{}`), "by a method that the secret is not for"},
		"key pair for a shared key": {shared(32), token(keyPair("pkcs1.pem", ""), `{}`), "by a method that the secret is not for"},
		"key too short for it":      {shared(32), encoded(`{"alg":"HS512"}`) + "." + encoded(`{}`) + "." + encoded("x"), "HS512 needs a key of 64 bytes, the secret has 32"},
		"changed":                   {shared(32), strings.Replace(valid, ".", "."+encoded(`{"b":2}`)+"x", 1), "the token is not accepted"},
		"not valid yet":             {shared(32), token(shared(32), `{"nbf":4102444800}`), "not valid yet"},
		"no token":                  {shared(32), "x", "the token is not accepted"},
		"empty":                     {shared(32), "", "the token is not accepted"},
	} {
		if got, _ := apply(t, jwtDecode(c.secret), c.token); !strings.HasPrefix(got, "error: jwt-decode: ") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestJWTEncodeFails(t *testing.T) {
	for name, c := range map[string]struct{ secret, claims, header, want string }{
		"claims that are no object": {shared(32), `[1]`, `{}`, "<claims> is an array; it must be a JSON object"},
		"header that is no JSON":    {shared(32), `{}`, `x`, "what <header> gave is "},
		"no private key":            {`<secret class="rsa-encoded-secret"><public-key-file-path>testdata/jwt/public.pem</public-key-file-path></secret>`, `{}`, `{}`, "no <private-key-file-path>, which is needed to sign"},
		"missing file":              {keyPair("none.pem", ""), `{}`, `{}`, "<private-key-file-path>: testdata/jwt/none.pem cannot be read: "},
		"no PEM":                    {keyPair("../golden.json", ""), `{}`, `{}`, "is no PEM file"},
		"public key to sign":        {keyPair("public.pem", ""), `{}`, `{}`, `the file holds "PUBLIC KEY"; it must be a private key`},
		"key of another kind":       {keyPair("ec.pem", ""), `{}`, `{}`, "no RSA key"},
		"no passphrase":             {keyPair("encrypted.pem", ""), `{}`, `{}`, "the key is encrypted; give <private-key-passphrase>"},
		"wrong passphrase":          {keyPair("encrypted.pem", "<private-key-passphrase>secret-guess</private-key-passphrase>"), `{}`, `{}`, "the passphrase is wrong, or the file is damaged"},
		"old encryption":            {keyPair("old.pem", "<private-key-passphrase>open-sesame</private-key-passphrase>"), `{}`, `{}`, "convert it with: openssl pkcs8 -topk8"},
		"old PKCS 8 encryption":     {keyPair("encrypted-v1.pem", "<private-key-passphrase>open-sesame</private-key-passphrase>"), `{}`, `{}`, "is encrypted by the scheme 1.2.840.113549.1.12.1.3"},
	} {
		got, _ := apply(t, jwtEncode(c.secret), c.claims, "header", c.header)
		if !strings.HasPrefix(got, "error: jwt-encode: ") || !strings.Contains(got, c.want) || strings.Contains(got, "guess") {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

func TestJWTCreator(t *testing.T) {
	creator := func(more string) string {
		return `<jwt-creator><issuer>me</issuer><subject>%message{who}</subject><audience>you</audience><expiration>2040-12-31 00:00:00.0 UTC</expiration>
			<not-before>1999-01-01T00:00:00.0-0000</not-before>` + shared(32) + more + `</jwt-creator>`
	}
	synctest.Test(t, func(t *testing.T) {
		token, _ := apply(t, creator(`<id>%message{id}</id><custom-claims><key-value-pair><key>c</key><value>%message{%payload}</value></key-value-pair></custom-claims>`), "p\"", "who", "Bob", "id", "7")
		got, _ := apply(t, jwtDecode(shared(32)), token)
		if want := `{"sub":"Bob","aud":["you"],"nbf":915148800,"iss":"me","exp":2240524800,"iat":946684800,"jti":"7","c":"p\""}`; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		token, _ = apply(t, creator(`<issued-at>2000-01-01 00:00:00 UTC</issued-at>`), "", "who", "Bob")
		claims, _ := apply(t, jwtDecode(shared(32)), token)
		root, err := expr.ParseJSONBytes([]byte(claims))
		if err != nil {
			t.Fatal(claims)
		}
		if id, _ := root.(*expr.Object).Get("jti"); len(id.(string)) != 36 {
			t.Errorf("jti %v", id)
		}
	})
	if got, _ := apply(t, creator(""), ""); !strings.HasPrefix(got, "error: jwt-creator: <subject>: ") {
		t.Errorf("a subject without a value: %s", got)
	}
	for name, c := range map[string]struct{ xml, want string }{
		"no date":     {strings.Replace(creator(""), "2040-12-31 00:00:00.0 UTC", "some day", 1), `<expiration> of jwt-creator is "some day", which is no date`},
		"over":        {strings.Replace(creator(""), "2040", "2004", 1), "<expiration> of jwt-creator is over"},
		"short key":   {strings.Replace(creator(""), shared(32), shared(31), 1), "has 31 bytes, which is too short to be safe"},
		"no Base64":   {strings.Replace(creator(""), shared(32), `<secret class="base64-encoded-secret"><secret>s3cret!</secret></secret>`, 1), "is not Base64"},
		"no keys":     {strings.Replace(creator(""), shared(32), `<secret class="rsa-encoded-secret"/>`, 1), "neither <private-key-file-path>"},
		"no key file": {strings.Replace(creator(""), shared(32), `<secret class="rsa-encoded-secret"><public-key-file-path>http://x/y</public-key-file-path></secret>`, 1), "<public-key-file-path> of rsa-encoded-secret"},
		"bad claim":   {creator(`<custom-claims><key-value-pair><key>c</key><value>%payload{xpath:/a[}</value></key-value-pair></custom-claims>`), `the value of "c"`},
	} {
		_, problems := decodeWith(t, c.xml, sharedParts{})
		if text := strings.Join(problems, "\n"); !strings.Contains(text, c.want) || strings.Contains(text, "s3cret") {
			t.Errorf("%s: got %s\nwant %s", name, text, c.want)
		}
	}
}

func FuzzDecryptPKCS8(f *testing.F) {
	for _, name := range []string{"encrypted.pem", "encrypted-des3.pem", "encrypted-v1.pem"} {
		_, block, err := readPEM("testdata/jwt/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(block.Bytes)
	}
	f.Fuzz(func(_ *testing.T, der []byte) {
		if len(der) < 4000 {
			_, _ = decryptPKCS8(der, "open-sesame")
		}
	})
}
