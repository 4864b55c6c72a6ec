package kpl

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"
)

const (
	// credentialsWindow is how long before they expire credentials are renewed, spread over its last half so that many processes
	// do not ask at once.
	credentialsWindow = 2 * time.Minute
	// credentialsRefresh is how often a provider is asked whose credentials do not say when they end, since they may have changed all
	// the same. KPL: CredentialsRefreshDelay.
	credentialsRefresh = 5 * time.Second
)

func renewEarly(o *aws.CredentialsCacheOptions) {
	o.ExpiryWindow, o.ExpiryWindowJitterFrac = credentialsWindow, 0.5
}

// areStatic says whether credentials can never be renewed.
func areStatic(c aws.CredentialsProvider) bool {
	switch c := c.(type) {
	case credentials.StaticCredentialsProvider, *credentials.StaticCredentialsProvider:
		return true
	case *aws.CredentialsCache:
		return c.IsCredentialsProvider(credentials.StaticCredentialsProvider{})
	}
	return false
}

// renewed leaves a cache of the caller as it is: its owner may share it and has chosen when it renews.
func renewed(provider aws.CredentialsProvider, log *zap.Logger) aws.CredentialsProvider {
	if cache, ok := provider.(*aws.CredentialsCache); ok {
		return cache
	}
	if areStatic(provider) {
		return aws.NewCredentialsCache(provider, renewEarly)
	}
	return &renewing{cache: aws.NewCredentialsCache(&lasting{provider: provider, log: log}, renewEarly), log: log}
}

// lasting is a provider whose credentials stay in use until they really end while it fails to give others. The cache asks for others a while
// before; it calls from one goroutine at a time.
type lasting struct {
	provider aws.CredentialsProvider
	log      *zap.Logger
	last     aws.Credentials // as the provider gave them
	until    time.Time       // when the cache asks again after a failure
}

// Retrieve implements aws.CredentialsProvider.
func (l *lasting) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := l.provider.Retrieve(ctx)
	if err == nil {
		l.last = c
	}
	return c, err
}

// HandleFailToRefresh implements aws.HandleFailRefreshCredentialsCacheStrategy.
func (l *lasting) HandleFailToRefresh(_ context.Context, _ aws.Credentials, err error) (aws.Credentials, error) {
	left := time.Until(l.last.Expires)
	if !l.last.HasKeys() || !l.last.CanExpire || left <= 0 {
		return aws.Credentials{}, err
	}
	l.log.Warn("cannot renew the credentials; those in use are valid for a while, and the provider is asked again", zap.Duration("valid_for", left.Round(time.Second)), zap.Error(err))
	c := l.last
	c.Expires = time.Now().Add(min(left, credentialsRefresh))
	l.until = c.Expires
	return c, nil
}

// AdjustExpiresBy implements aws.AdjustExpiresByCredentialsCacheStrategy.
func (l *lasting) AdjustExpiresBy(c aws.Credentials, d time.Duration) (aws.Credentials, error) {
	if !c.Expires.Equal(l.until) {
		c.Expires = c.Expires.Add(d)
	}
	return c, nil
}

// renewing keeps credentials until they are about to expire or, where they do not say, for credentialsRefresh. While the provider fails the
// latter go on being used. It may be used from any goroutine.
type renewing struct {
	cache *aws.CredentialsCache
	log   *zap.Logger

	mu    sync.Mutex // guards all below
	last  aws.Credentials
	asked time.Time // when last was got, or getting others failed
}

// Retrieve implements aws.CredentialsProvider.
func (r *renewing) Retrieve(ctx context.Context) (aws.Credentials, error) {
	r.mu.Lock()
	last := r.last
	endless := last.HasKeys() && !last.CanExpire
	if endless && time.Since(r.asked) < credentialsRefresh {
		r.mu.Unlock()
		return last, nil
	}
	if endless {
		r.asked = time.Now() // others go on with the last ones while this one asks
		r.cache.Invalidate()
	}
	r.mu.Unlock()
	c, err := r.cache.Retrieve(ctx)
	if err != nil {
		if endless {
			r.log.Warn("cannot ask for credentials again; the last ones go on being used", zap.Error(err))
			return last, nil
		}
		return c, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.asked = c, time.Now()
	return c, nil
}
