package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin"
	"github.com/adapterd/adapterd/pkg/document"
)

// adminFlags are the flags of the admin server.
type adminFlags struct {
	address, tokenFile, certificate, key, clientCA string
	hosts                                          []string
	showKeys                                       bool
}

func (f *adminFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.address, "admin", "", "serve health, metrics, an API and a status page at this address, such as 127.0.0.1:8088")
	c.Flags().StringVar(&f.tokenFile, "admin-token-file", "", "file with the token that the admin server wants; needed off loopback, unless --admin-client-ca is given")
	c.Flags().StringVar(&f.certificate, "admin-tls-cert", "", "PEM file with the admin server's certificate")
	c.Flags().StringVar(&f.key, "admin-tls-key", "", "PEM file with the key of that certificate")
	c.Flags().StringVar(&f.clientCA, "admin-client-ca", "", "PEM file with the CAs that clients of the admin server need a certificate of")
	c.Flags().StringArrayVar(&f.hosts, "admin-host", nil, "a further name that the admin server may be called by, such as that of a service in front of it (repeatable)")
	c.Flags().BoolVar(&f.showKeys, "admin-show-keys", false, "let the admin server show partition keys of hot shards")
}

func (f *adminFlags) check(c *cobra.Command) error {
	if !c.Flags().Changed("admin") {
		for _, name := range []string{"admin-token-file", "admin-tls-cert", "admin-tls-key", "admin-client-ca", "admin-host", "admin-show-keys"} {
			if c.Flags().Changed(name) {
				return usageError{fmt.Errorf("--%s is for the admin server; give --admin with its address, too", name)}
			}
		}
		return nil
	}
	switch {
	case (f.certificate == "") != (f.key == ""):
		return usageError{errors.New("--admin-tls-cert and --admin-tls-key belong together; give both or none")}
	case f.clientCA != "" && f.certificate == "":
		return usageError{errors.New("--admin-client-ca needs --admin-tls-cert and --admin-tls-key: client certificates come with TLS")}
	}
	return checkAddress("--admin", f.address)
}

// mostToken bounds the file of the token, which has a few dozen bytes.
const mostToken = 4 << 10

// token is the content of its file, without the line's end.
func (f *adminFlags) token() (string, error) {
	if f.tokenFile == "" {
		return "", nil
	}
	text, err := readUpTo(mostToken, f.tokenFile, nil)
	if err != nil {
		return "", fmt.Errorf("--admin-token-file: %w", err)
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 || len(text) > mostToken || bytes.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("--admin-token-file: %s does not have one line of up to %d visible ASCII characters; `openssl rand -hex 32` makes such a token", f.tokenFile, mostToken)
	}
	return string(text), nil
}

// settleTime is how long the end waits for files of messages whose outcome is known.
const settleTime = 2 * time.Second

// operating is the admin server of a run; nil when none was asked for. Its methods are called one after the other.
type operating struct {
	server *admin.Server
	failed *failedMessages
	// ending ends when the program begins to end.
	ending context.Context
	end    context.CancelFunc
}

// operate starts the admin server, if it was asked for.
func (f *runFlags) operate(ctx context.Context, log *zap.Logger, path string, errOut *masking) (*operating, error) {
	if f.admin.address == "" {
		return nil, nil
	}
	op := &operating{failed: new(failedMessages)}
	token, err := f.admin.token()
	if err != nil {
		return nil, err
	}
	errOut.hide([]string{token})
	o := admin.Options{
		Address: f.admin.address, Hosts: f.admin.hosts, Token: token, Version: versionText(), Document: document.Shown(path), ShowKeys: f.admin.showKeys,
		LogLevel: atomicLevel{f.atomic}, Failed: op.failed, Mask: errOut.masked, ActionLimit: f.drain + time.Minute, Log: log,
	}
	if f.admin.certificate != "" {
		if o.TLS, err = admin.LoadTLS(f.admin.certificate, f.admin.key, f.admin.clientCA); err != nil {
			return nil, fmt.Errorf("--admin-tls-cert: %w", err)
		}
	}
	if op.server, err = admin.Listen(ctx, o); err != nil {
		return nil, fmt.Errorf("--admin: %w", err)
	}
	log.Info("admin server started", zap.String("url", op.server.URL()), zap.Bool("token", token != ""), zap.Bool("clientCertificates", f.admin.clientCA != ""))
	op.ending, op.end = context.WithCancel(context.WithoutCancel(ctx))
	return op, nil
}

// attach shows an adapter, which may not have been started.
func (o *operating) attach(r *running, a *adapter.Adapter) {
	if o != nil {
		o.failed.attach(a)
		o.server.Attach(steered{a, r, o.ending})
	}
}

// stopping refuses what operators ask for from now on; what is under way is cut short when ctx ends, reloads at once.
func (o *operating) stopping(ctx context.Context) {
	if o != nil {
		o.server.Stopping(ctx)
		o.end()
	}
}

func (o *operating) close(ctx context.Context) {
	if o != nil {
		o.end()
		o.server.Close(context.WithoutCancel(ctx))
		settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		defer cancel()
		o.failed.settle(settling)
	}
}

// steered is an adapter whose reloads are those of the run: they take their turn with all others, are logged and told like them, and end
// with it.
type steered struct {
	*adapter.Adapter
	r      *running
	ending context.Context
}

// Reload implements admin.Source.
func (s steered) Reload(ctx context.Context) (adapter.Reloaded, error) {
	return s.r.askReload(ctx, s.ending, "an operator asks for it")
}

// atomicLevel is a log's level by the names that the command line has for it.
type atomicLevel struct{ zap.AtomicLevel }

// Level implements admin.LogLevel.
func (l atomicLevel) Level() string {
	if l.AtomicLevel.Level() == traceLevel {
		return "trace"
	}
	return l.AtomicLevel.String()
}

// SetLevel implements admin.LogLevel.
func (l atomicLevel) SetLevel(name string) { l.AtomicLevel.SetLevel(logLevels[name]) }

// Levels implements admin.LogLevel, the least first.
func (atomicLevel) Levels() []string { return []string{"trace", "debug", "info", "warn", "error"} }
