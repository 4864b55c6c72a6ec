package web

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// Authenticator says who sends a request (Interlok: HttpAuthenticator). It is safe for concurrent use. No error of it holds a secret.
//
// A user's name and password go with each request, as Basic authentication; Interlok waits until the server asks, and knows Digest too.
type Authenticator interface {
	authorize(h http.Header, m *message.Message) error
}

// NoAuthentication is Interlok's NoAuthentication.
type NoAuthentication struct{}

func (*NoAuthentication) authorize(http.Header, *message.Message) error { return nil }

// ConfiguredPassword is Interlok's ConfiguredUsernamePassword.
type ConfiguredPassword struct {
	Username *expr.Template  `xml:"username" doc:"name of the user; resolved per message"`
	Password document.Secret `xml:"password" doc:"the password, plain or encoded; or an expression for it"`

	password secret
}

// Check implements component.Checker.
func (c *ConfiguredPassword) Check(r *component.Report) {
	c.password = newSecret(r, "password", c.Password)
}

func (c *ConfiguredPassword) authorize(h http.Header, m *message.Message) error {
	var user string
	if c.Username != nil {
		var err error
		if user, err = c.Username.Resolve(m); err != nil {
			return fmt.Errorf("<username>: %w", err)
		}
	}
	password, err := c.password.resolve(m)
	if err != nil {
		return err
	}
	return basic(h, user, password)
}

// MetadataPassword is Interlok's MetadataUsernamePassword.
type MetadataPassword struct {
	UserKey     string `xml:"username-metadata-key,required" doc:"metadata that holds the name of the user"`
	PasswordKey string `xml:"password-metadata-key,required" doc:"metadata that holds the password, plain or encoded"`
}

func (c *MetadataPassword) authorize(h http.Header, m *message.Message) error {
	user, ok := m.Metadata(c.UserKey)
	if !ok {
		return fmt.Errorf("the message has no metadata %q; set it before", c.UserKey)
	}
	text, ok := m.Metadata(c.PasswordKey)
	if !ok {
		return fmt.Errorf("the message has no metadata %q; set it before", c.PasswordKey)
	}
	password, err := document.DecodeSecret(text, nil)
	if err != nil {
		return fmt.Errorf("metadata %s: %w", c.PasswordKey, err)
	}
	return basic(h, user, password.Reveal())
}

// DynamicBasic is Interlok's DynamicBasicAuthorizationHeader.
type DynamicBasic struct {
	Username *expr.Template  `xml:"username,required" doc:"name of the user; resolved per message"`
	Password document.Secret `xml:"password,required" doc:"the password, plain or encoded; or an expression for it"`

	password secret
}

// Check implements component.Checker.
func (c *DynamicBasic) Check(r *component.Report) { c.password = newSecret(r, "password", c.Password) }

func (c *DynamicBasic) authorize(h http.Header, m *message.Message) error {
	user, err := c.Username.Resolve(m)
	if err != nil {
		return fmt.Errorf("<username>: %w", err)
	}
	password, err := c.password.resolve(m)
	if err != nil {
		return err
	}
	if strings.TrimSpace(user) == "" || strings.TrimSpace(password) == "" {
		return errors.New("<username> or <password> is blank for this message; both are needed")
	}
	return basic(h, user, password)
}

// ConfiguredAuthorization is Interlok's ConfiguredAuthorizationHeader.
type ConfiguredAuthorization struct {
	Value document.Secret `xml:"header-value,required" example:"Bearer %message{token}" doc:"the value of Authorization, kept secret; or an expression for it"`

	value secret
}

// Check implements component.Checker.
func (c *ConfiguredAuthorization) Check(r *component.Report) {
	c.value = newSecret(r, "header-value", c.Value)
}

func (c *ConfiguredAuthorization) authorize(h http.Header, m *message.Message) error {
	value, err := c.value.resolve(m)
	if err != nil {
		return err
	}
	return authorization(h, value)
}

// MetadataAuthorization is Interlok's MetadataAuthorizationHeader.
type MetadataAuthorization struct {
	Key string `xml:"metadata-key,required" doc:"metadata that holds the value of Authorization; no such header if it is blank or missing"`
}

func (c *MetadataAuthorization) authorize(h http.Header, m *message.Message) error {
	value, _ := m.Metadata(c.Key)
	if strings.TrimSpace(value) == "" {
		return nil
	}
	return authorization(h, value)
}

func basic(h http.Header, user, password string) error {
	if strings.ContainsRune(user, ':') {
		return errors.New("the name of the user has a colon, which Basic authentication can not send")
	}
	return authorization(h, "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

func authorization(h http.Header, value string) error {
	value = Unfold(value)
	if !httpguts.ValidHeaderFieldValue(value) {
		return errors.New("the value of Authorization has control characters, which no header can have")
	}
	h.Set("Authorization", value)
	return nil
}

func init() {
	const kind, auth, net = component.KindPart, "com.adaptris.core.http.auth.", "com.adaptris.core.http.client.net."
	component.Register[NoAuthentication]("http-no-authentication", auth+"NoAuthentication", kind, "requests do not say who sends them")
	component.Register[ConfiguredPassword]("http-configured-username-password", auth+"ConfiguredUsernamePassword", kind, "a user's name and password that the document gives")
	component.Register[MetadataPassword]("http-metadata-username-password", auth+"MetadataUsernamePassword", kind, "a user's name and password from metadata")
	component.Register[DynamicBasic]("http-dynamic-authorization-header", net+"DynamicBasicAuthorizationHeader", kind, "a user's name and password, resolved per message")
	component.Register[ConfiguredAuthorization]("http-configured-authorization-header", net+"ConfiguredAuthorizationHeader", kind, "an Authorization header that the document gives")
	component.Register[MetadataAuthorization]("http-metadata-authorization-header", net+"MetadataAuthorizationHeader", kind, "an Authorization header from metadata")
}
