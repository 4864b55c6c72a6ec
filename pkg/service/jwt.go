package service

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JWTSecret is what signs JSON web tokens, and what their signatures are verified with. Interlok: SecretConfigurator. It is safe for
// concurrent use.
type JWTSecret interface {
	// signing is the method to sign with, and its key.
	signing() (jwt.SigningMethod, any, error)
	// verifying is the key for a method that a token names, which may be any.
	verifying(method jwt.SigningMethod) (any, error)
}

// JWTEncode makes a signed JSON web token of a header and claims. Interlok: JWTEncoder. The header's alg is that of the secret.
type JWTEncode struct {
	component.ServiceBase
	Header DataInput  `xml:"header,required" doc:"the header, a JSON object"`
	Claims DataInput  `xml:"claims,required" doc:"the claims, a JSON object"`
	Secret JWTSecret  `xml:"secret,required" doc:"what signs"`
	Output DataOutput `xml:"jwt-output,required" doc:"where the token goes"`
}

// Apply makes the token.
func (s *JWTEncode) Apply(_ context.Context, m *message.Message) error {
	if err := s.apply(m); err != nil {
		return fmt.Errorf("jwt-encode: %w", err)
	}
	return nil
}

func (s *JWTEncode) apply(m *message.Message) error {
	header, err := jsonObjectOf(s.Header, "header", m)
	if err != nil {
		return err
	}
	claims, err := jsonObjectOf(s.Claims, "claims", m)
	if err != nil {
		return err
	}
	token, err := signJWT(header, claims, s.Secret)
	if err != nil {
		return err
	}
	if err := s.Output.Write(m, token); err != nil {
		return fmt.Errorf("<jwt-output>: %w", err)
	}
	return nil
}

// jsonObjectOf is the JSON object that <element> names. Errors say nothing of what is in it.
func jsonObjectOf(source DataInput, element string, m *message.Message) (*expr.Object, error) {
	root, err := jsonDocument(source, element, m)
	if err != nil {
		return nil, err
	}
	object, ok := root.(*expr.Object)
	if !ok {
		return nil, fmt.Errorf("<%s> is %s; it must be a JSON object", element, kindOfJSON(root))
	}
	return object, nil
}

// signJWT makes a token; header and claims keep the order of their members, and numbers their digits.
func signJWT(header, claims *expr.Object, secret JWTSecret) (string, error) {
	method, key, err := secret.signing()
	if err != nil {
		return "", fmt.Errorf("<secret>: %w", err)
	}
	signed := &expr.Object{}
	for _, member := range header.Members() {
		signed.Set(member.Key, member.Value)
	}
	signed.Set("alg", method.Alg())
	text := base64.RawURLEncoding.EncodeToString(expr.AppendJSON(nil, signed)) + "." + base64.RawURLEncoding.EncodeToString(expr.AppendJSON(nil, claims))
	signature, err := method.Sign(text, key)
	if err != nil {
		return "", fmt.Errorf("the token cannot be signed: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// JWTDecode verifies a JSON web token and takes its header and claims out. Interlok: JWTDecoder. A token that is not signed, or not by the
// secret, that is expired (exp) or not valid yet (nbf), fails the message.
type JWTDecode struct {
	component.ServiceBase
	JWT    DataInput  `xml:"jwt-string,required" doc:"the token"`
	Secret JWTSecret  `xml:"secret,required" doc:"what the signature is verified with"`
	Header DataOutput `xml:"header,required" doc:"where the header goes, as JSON"`
	Claims DataOutput `xml:"claims,required" doc:"where the claims go, as JSON"`
}

// Apply verifies the token.
func (s *JWTDecode) Apply(_ context.Context, m *message.Message) error {
	if err := s.apply(m); err != nil {
		return fmt.Errorf("jwt-decode: %w", err)
	}
	return nil
}

func (s *JWTDecode) apply(m *message.Message) error {
	text, err := s.JWT.Read(m)
	if err != nil {
		return fmt.Errorf("<jwt-string>: %w", err)
	}
	text = strings.TrimSpace(text)
	parser := jwt.NewParser(jwt.WithJSONNumber(), jwt.WithStrictDecoding())
	_, err = parser.Parse(text, func(t *jwt.Token) (any, error) { return s.Secret.verifying(t.Method) })
	if err != nil {
		return fmt.Errorf("the token is not accepted: %w", err)
	}
	parts := strings.Split(text, ".")
	for i, to := range []DataOutput{s.Header, s.Claims} {
		element := []string{"header", "claims"}[i]
		data, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			return fmt.Errorf("the token's %s is not Base64: %w", element, err)
		}
		value, err := expr.ParseJSONBytes(data)
		if err != nil {
			return fmt.Errorf("the token's %s is %w", element, err)
		}
		if err := to.Write(m, expr.JSONText(value)); err != nil {
			return fmt.Errorf("<%s>: %w", element, err)
		}
	}
	return nil
}

// errOtherMethod keeps a token from choosing how it is verified: a public key must never be taken for a shared one.
var errOtherMethod = errors.New("it is signed by a method that the secret is not for")

func init() {
	const pkg = "com.adaptris.core.jwt."
	component.Register[JWTEncode]("jwt-encode", pkg+"JWTEncoder", component.KindService, "makes a signed JSON web token of a header and claims")
	component.Register[JWTDecode]("jwt-decode", pkg+"JWTDecoder", component.KindService, "verifies a JSON web token and takes its header and claims out")
}
