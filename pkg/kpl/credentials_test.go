package kpl

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// moody is a provider that fails at times.
type moody struct {
	fails bool
	asked int
	valid time.Duration // 0: it does not say
}

func (m *moody) Retrieve(context.Context) (aws.Credentials, error) {
	m.asked++
	if m.fails {
		return aws.Credentials{}, errors.New("provider down")
	}
	c := aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}
	if m.valid > 0 {
		c.CanExpire, c.Expires = true, time.Now().Add(m.valid)
	}
	return c, nil
}

// What a provider has given is used until it ends, while it fails to give more; it is asked again now and then, and that is said.
func TestCredentialsLastWhileTheirProviderFails(t *testing.T) {
	for name, tt := range map[string]struct {
		valid, lasts time.Duration
	}{
		"valid for ten minutes":     {10 * time.Minute, 10 * time.Minute},
		"valid for less than usual": {50 * time.Second, 50 * time.Second},
		"without an end":            {0, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				core, logs := observer.New(zapcore.WarnLevel)
				m := &moody{valid: tt.valid}
				r := renewed(m, zap.New(core))
				if _, err := r.Retrieve(t.Context()); err != nil {
					t.Fatal(err)
				}
				m.fails = true
				began := time.Now()
				asks := 0
				for time.Since(began) < tt.lasts-time.Second {
					if c, err := r.Retrieve(t.Context()); err != nil || c.AccessKeyID != "id" {
						t.Fatalf("after %v: %v", time.Since(began), err)
					}
					asks++
					time.Sleep(time.Second)
				}
				if m.asked < 2 || m.asked > asks/4 {
					t.Errorf("the provider was asked %d times for %d requests", m.asked, asks)
				}
				if logs.Len() == 0 {
					t.Error("nothing was said")
				}
				time.Sleep(2 * time.Second)
				if _, err := r.Retrieve(t.Context()); (err != nil) != (tt.valid > 0) {
					t.Errorf("after their end: %v", err)
				}
				m.fails = false
				if _, err := r.Retrieve(t.Context()); err != nil {
					t.Errorf("after the provider came back: %v", err)
				}
			})
		})
	}
}
