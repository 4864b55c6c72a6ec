package connection

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// Authentication is what <authentication> of aws-static-credentials-builder takes.
type Authentication interface {
	// provider is what signs requests; nil stands for the default chain.
	provider() aws.CredentialsProvider
}

// keys are an access key and what belongs to it.
type keys struct {
	AccessKey    document.Secret `xml:"access-key" example:"%env{AWS_ACCESS_KEY_ID}" doc:"access key id; %env{NAME} and ${variable} keep it out of the document"`
	SecretKey    document.Secret `xml:"secret-key" example:"%env{AWS_SECRET_ACCESS_KEY}" doc:"secret access key; plain, PW:, AES_GCM: or SEED: encoded, or %env{NAME}"`
	SessionToken document.Secret `xml:"session-token" doc:"session token, for temporary keys only"`
}

// check refuses keys that are not there or blank: a request signed with one is refused by AWS, long after the document was accepted.
func (k *keys) check(r *component.Report) {
	for _, f := range []struct {
		element, variable string
		value             document.Secret
	}{{"access-key", "AWS_ACCESS_KEY_ID", k.AccessKey}, {"secret-key", "AWS_SECRET_ACCESS_KEY", k.SecretKey}} {
		switch {
		case blank(f.value) && !r.Set(f.element):
			r.Errorf("", "missing-element", "<%s> is missing; add it, such as <%s>%%env{%s}</%s>, or use aws-default-credentials-provider for the keys of the environment",
				f.element, f.element, f.variable, f.element)
		case blank(f.value):
			r.Errorf(f.element, "blank-element", "is blank; give it a key, such as %%env{%s}, or use aws-default-credentials-provider for the keys of the environment", f.variable)
		}
	}
	if r.Set("session-token") && blank(k.SessionToken) {
		r.Errorf("session-token", "blank-element", "is blank; remove it, or give it the token that came with temporary keys")
	}
}

// reveal drops blanks around a key: none has any, and a line break in the document is easily made.
func reveal(s document.Secret) string { return strings.TrimSpace(s.Reveal()) }

func blank(s document.Secret) bool { return reveal(s) == "" }

// KeysAuthentication are keys that stand in the document.
type KeysAuthentication struct {
	keys
}

func (a *KeysAuthentication) provider() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(reveal(a.AccessKey), reveal(a.SecretKey), reveal(a.SessionToken))
}

// Check refuses blank keys.
func (a *KeysAuthentication) Check(r *component.Report) { a.check(r) }

// DefaultAuthentication takes what the AWS SDK's default chain finds.
type DefaultAuthentication struct{}

func (*DefaultAuthentication) provider() aws.CredentialsProvider { return nil }

// StaticCredentials are keys that stand in the document, in <authentication> or directly, or those of the default chain.
type StaticCredentials struct {
	keys
	Authentication Authentication `xml:"authentication" doc:"aws-keys-authentication or aws-default-authentication; the latter when nothing is given"`
}

// Check refuses blank keys, and keys in two places.
func (c *StaticCredentials) Check(r *component.Report) {
	inline := false
	for _, element := range []string{"access-key", "secret-key", "session-token"} {
		inline = inline || r.Set(element)
	}
	switch {
	case inline && r.Set("authentication"):
		r.Errorf("authentication", "conflicting-elements", "stands beside keys; give the keys either directly or in <authentication class=\"aws-keys-authentication\">, not both")
	case inline:
		c.check(r)
		c.Authentication = &KeysAuthentication{c.keys}
	}
}

// Provider signs with the keys.
func (c *StaticCredentials) Provider(context.Context, string) (aws.CredentialsProvider, error) {
	if c.Authentication == nil {
		return nil, nil
	}
	return c.Authentication.provider(), nil
}

func init() {
	component.Register[StaticCredentials]("aws-static-credentials-builder", "com.adaptris.aws.StaticCredentialsBuilder", component.KindPart,
		"signs with keys of the document, or with what the AWS SDK's default chain finds")
	component.Register[KeysAuthentication]("aws-keys-authentication", "com.adaptris.aws.AWSKeysAuthentication", component.KindPart,
		"an access key and its secret key")
	component.Register[DefaultAuthentication]("aws-default-authentication", "com.adaptris.aws.DefaultAWSAuthentication", component.KindPart,
		"what the AWS SDK's default chain finds")
}
