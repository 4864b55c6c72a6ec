package kpl

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
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
func renewed(provider aws.CredentialsProvider) aws.CredentialsProvider {
	if cache, ok := provider.(*aws.CredentialsCache); ok {
		return cache
	}
	cache := aws.NewCredentialsCache(provider, renewEarly)
	if areStatic(provider) {
		return cache
	}
	return &renewing{cache: cache}
}

// renewing keeps credentials until they are about to expire or, where they do not say, for credentialsRefresh. While the provider fails the
// latter go on being used. It may be used from any goroutine.
type renewing struct {
	cache *aws.CredentialsCache

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
			return last, nil
		}
		return c, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.asked = c, time.Now()
	return c, nil
}
