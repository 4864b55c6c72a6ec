package service

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JWTCreator makes the payload a signed JSON web token. Interlok: JWTCreator.
type JWTCreator struct {
	component.ServiceBase
	ID           *expr.Template       `xml:"id" doc:"the claim jti, or an expression for it; without it a new UUID"`
	Issuer       *expr.Template       `xml:"issuer,required" doc:"the claim iss, or an expression for it"`
	Subject      *expr.Template       `xml:"subject,required" doc:"the claim sub, or an expression for it"`
	Audience     *expr.Template       `xml:"audience,required" doc:"the claim aud, or an expression for it; an array of this one text"`
	IssuedAt     string               `xml:"issued-at" example:"2024-01-31 00:00:00.0 UTC" doc:"the claim iat; without it now"`
	Expiration   string               `xml:"expiration,required" example:"2040-12-31 00:00:00.0 UTC" doc:"the claim exp"`
	NotBefore    string               `xml:"not-before,required" example:"2024-01-31 00:00:00.0 UTC" doc:"the claim nbf"`
	Secret       JWTSecret            `xml:"secret,required" doc:"what signs"`
	CustomClaims []component.KeyValue `xml:"custom-claims>key-value-pair" doc:"more claims; the values may be expressions"`

	issuedAt, expiration, notBefore time.Time
	custom                          []*expr.Template
}

// jwtDates are the patterns in which XStream writes dates, and those that Interlok reads elsewhere.
var jwtDates = append(compileDates("yyyy-MM-dd HH:mm:ss.S z", "yyyy-MM-dd'T'HH:mm:ss.SX", "yyyy-MM-dd'T'HH:mm:ssX", "yyyy-MM-dd'T'HH:mm:ss.SZ"), cacheDates...)

// Check reads the dates and compiles the claims.
func (s *JWTCreator) Check(r *component.Report) {
	for _, date := range []struct {
		element, text string
		to            *time.Time
	}{{"issued-at", s.IssuedAt, &s.issuedAt}, {"expiration", s.Expiration, &s.expiration}, {"not-before", s.NotBefore, &s.notBefore}} {
		text := strings.TrimSpace(date.text)
		if text == "" {
			continue
		}
		var ok bool
		if *date.to, ok = dateOfAny(jwtDates, text); !ok {
			r.Errorf(date.element, "bad-value", "is %q, which is no date; write it as 2040-12-31 00:00:00.0 UTC", text)
		}
	}
	if !s.expiration.IsZero() && s.expiration.Before(time.Now()) {
		r.Warnf("expiration", "bad-value", "is over, so nobody accepts the tokens; give it a later date")
	}
	s.custom = make([]*expr.Template, len(s.CustomClaims))
	for i, claim := range s.CustomClaims {
		t, err := expr.Compile(claim.Value, r.Sources())
		if err != nil {
			r.Errorf("custom-claims", "expression", ": %s: the value of %q: %v", claim.Pos, claim.Key, err)
		}
		s.custom[i] = t
	}
}

// Apply replaces the payload.
func (s *JWTCreator) Apply(_ context.Context, m *message.Message) error {
	claims, err := s.claims(m)
	if err != nil {
		return fmt.Errorf("jwt-creator: %w", err)
	}
	token, err := signJWT(&expr.Object{}, claims, s.Secret)
	if err != nil {
		return fmt.Errorf("jwt-creator: %w", err)
	}
	return setText(m, token)
}

func (s *JWTCreator) claims(m *message.Message) (*expr.Object, error) {
	texts := map[string]string{}
	for _, text := range []struct {
		element string
		from    *expr.Template
	}{{"id", s.ID}, {"issuer", s.Issuer}, {"subject", s.Subject}, {"audience", s.Audience}} {
		value, err := resolve(text.from, m)
		if err != nil {
			return nil, fmt.Errorf("<%s>: %w", text.element, err)
		}
		texts[text.element] = value
	}
	if s.ID == nil {
		texts["id"] = randomUUID()
	}
	issued := s.issuedAt
	if issued.IsZero() {
		issued = time.Now()
	}
	claims := &expr.Object{}
	claims.Set("sub", texts["subject"])
	claims.Set("aud", []any{texts["audience"]})
	claims.Set("nbf", epoch(s.notBefore))
	claims.Set("iss", texts["issuer"])
	claims.Set("exp", epoch(s.expiration))
	claims.Set("iat", epoch(issued))
	claims.Set("jti", texts["id"])
	for i, claim := range s.CustomClaims {
		value, err := resolve(s.custom[i], m)
		if err != nil {
			return nil, fmt.Errorf("<custom-claims>: %q: %w", claim.Key, err)
		}
		claims.Set(claim.Key, value)
	}
	return claims, nil
}

func epoch(t time.Time) json.Number { return json.Number(strconv.FormatInt(t.Unix(), 10)) }

// randomUUID is a UUID that cannot be guessed, unlike those of messages: a jti may be what keeps tokens apart.
func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func init() {
	component.Register[JWTCreator]("jwt-creator", "com.adaptris.core.jwt.JWTCreator", component.KindService, "makes the payload a signed JSON web token")
}
