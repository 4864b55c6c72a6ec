package connection

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// embeddedRegion signs requests to an embedded endpoint when the configuration names no region; the endpoint takes any.
const embeddedRegion = "us-east-1"

// kinesis is what both Kinesis connections are: a configuration read while the document is checked, and from Init to Stop one engine
// that all producers of the connection share. It is safe for concurrent use; Redirect comes before Init.
type kinesis struct {
	base

	// config is set by Check; valid says that it may be used.
	config kpl.Config
	valid  bool
	// credentials and metricsCredentials are nil for the SDK's default chain, and for the same as credentials.
	credentials, metricsCredentials Credentials
	redirected                      bool

	// mu makes Start and Stop follow each other; Put takes no lock.
	mu sync.Mutex
	// engine is atomic because every message of every workflow reads it. It is nil before Init and after Stop.
	engine atomic.Pointer[kpl.Producer]
	// telemetry is what engine tells of itself; nil for nothing. It is atomic for the same reason.
	telemetry atomic.Pointer[engineTelemetry]
}

// Redirect sends records and metrics to the endpoint at url, with whatever certificate it has, and signs with made-up keys: no
// credentials are looked for and no proxy is asked.
func (k *kinesis) Redirect(url string) {
	k.config.KinesisEndpoint, k.config.CloudWatchEndpoint = url, url
	k.config.VerifyCertificate, k.config.CACertFile, k.config.CACertPath = false, "", ""
	k.config.ProxyHost, k.config.ProxyUserName, k.config.ProxyPassword = "", "", ""
	if k.config.Region == "" {
		k.config.Region = embeddedRegion
	}
	k.redirected = true
}

// Init makes the engine, which every producer of the connection shares: whatever it can not be made with shows before any channel of the
// adapter has consumed a message. Only where no region is configured does that touch the network, to ask for one.
func (k *kinesis) Init(ctx context.Context) error {
	if !k.valid {
		return k.errorf("its configuration was not checked or is not valid")
	}
	return k.open(ctx)
}

// Start makes the engine again when the connection was stopped; after Init there is one.
func (k *kinesis) Start(ctx context.Context) error { return k.open(ctx) }

func (k *kinesis) open(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.engine.Load() != nil {
		return nil
	}
	if err := k.config.Validate(); err != nil {
		return k.errorf("%w", err)
	}
	config, err := k.engineConfig(ctx)
	if err != nil {
		return k.errorf("%w", err)
	}
	told := traceRequests(ctx, &config)
	engine, err := kpl.New(ctx, config)
	if err != nil {
		return k.errorf("%w", err)
	}
	told.watch(ctx, engine, k.UniqueID)
	k.telemetry.Store(told)
	k.engine.Store(engine)
	return nil
}

// engineConfig adds to the configuration what is known only now: credentials and the logger.
func (k *kinesis) engineConfig(ctx context.Context) (kpl.Config, error) {
	config := k.config
	config.Logger = component.Logger(ctx) // the engine leaves out what is below LogLevel
	if k.UniqueID != "" {
		config.Logger = config.Logger.With(zap.String("connection", k.UniqueID))
	}
	if k.redirected {
		config.Credentials = credentials.NewStaticCredentialsProvider("embedded", "embedded", "")
		config.MetricsCredentials = nil
		return config, nil
	}
	var err error
	if k.credentials != nil {
		if config.Credentials, err = k.credentials.Provider(ctx, config.Region); err != nil {
			return config, fmt.Errorf("<credentials>: %w", err)
		}
	}
	if k.metricsCredentials != nil {
		if config.MetricsCredentials, err = providerOf(ctx, k.metricsCredentials, config.Region); err != nil {
			return config, fmt.Errorf("<metrics-credentials>: %w", err)
		}
	}
	return config, nil
}

// Stop sends what is buffered and waits for every outcome, until ctx ends; records that have none by then fail with kpl.ErrClosed, and
// the error says how many. Producers are refused from the beginning of Stop on.
func (k *kinesis) Stop(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	engine := k.engine.Swap(nil)
	if engine == nil {
		return nil
	}
	left, err := engine.Close(ctx)
	k.telemetry.Swap(nil).close(ctx)
	if left > 0 {
		return k.errorf("stopped with %d records not delivered; their messages stay with their sources: %w", left, err)
	}
	if err != nil { // everything is delivered: what failed is the upload of the last metrics, or the like
		component.Logger(ctx).Warn("the Kinesis connection did not stop cleanly; no record was lost", zap.String("connection", k.UniqueID), zap.Error(err))
	}
	return nil
}

// Put gives the engine a record. It blocks only while too much is outstanding, until ctx ends. When it returns nil, done is called
// exactly once, from any goroutine; it must not block.
func (k *kinesis) Put(ctx context.Context, record kpl.Record, done func(kpl.Result)) error {
	engine := k.engine.Load()
	if engine == nil {
		return k.stopped()
	}
	if t := k.telemetry.Load(); t != nil {
		return t.put(ctx, engine, record, done)
	}
	return engine.Put(ctx, record, done)
}

// PutSync gives the engine a record and waits for its outcome.
func (k *kinesis) PutSync(ctx context.Context, record kpl.Record) (kpl.Result, error) {
	engine := k.engine.Load()
	if engine == nil {
		return kpl.Result{}, k.stopped()
	}
	if t := k.telemetry.Load(); t != nil {
		return t.putSync(ctx, engine, record)
	}
	return engine.PutSync(ctx, record)
}

// Flush sends what is buffered now and returns when all of it has its outcome, or ctx ends. A connection that is stopped has nothing to flush.
func (k *kinesis) Flush(ctx context.Context) error {
	engine := k.engine.Load()
	if engine == nil {
		return nil
	}
	return engine.Flush(ctx)
}

// Stats is what the engine has done and has before it; false while the connection is stopped.
func (k *kinesis) Stats() (kpl.Stats, bool) {
	engine := k.engine.Load()
	if engine == nil {
		return kpl.Stats{}, false
	}
	return engine.Stats(), true
}

func (k *kinesis) stopped() error { return k.errorf("it is not started: %w", component.ErrStopped) }

func (k *kinesis) errorf(format string, args ...any) error {
	name := "kinesis connection"
	if k.UniqueID != "" {
		name += " " + k.UniqueID
	}
	return fmt.Errorf("%s: %w", name, fmt.Errorf(format, args...))
}

// Producer is the engine, for those who look at it or count what it does; nil before Init and after Stop. Nobody but the connection closes it.
func (k *kinesis) Producer() *kpl.Producer { return k.engine.Load() }
