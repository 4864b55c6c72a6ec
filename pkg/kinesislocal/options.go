package kinesislocal

import (
	"fmt"
	"time"
)

// Defaults of [Options].
const (
	DefaultAccount        = "000000000000"
	DefaultRegion         = "us-east-1"
	DefaultStreamShards   = 4
	DefaultMaxStoredBytes = 256 << 20
	DefaultRequestLog     = 1000
	DefaultIteratorTTL    = 5 * time.Minute
	DefaultShardQuota     = 20000
)

// Options configure a [Server]. The zero value is a server that accepts any
// credentials, enforces no throughput limits and has no streams.
type Options struct {
	// Account is the twelve-digit account id in ARNs and messages; default DefaultAccount.
	Account string
	// Region is the region in ARNs; default DefaultRegion.
	Region string

	// Streams are made at the start and by Reset: name to shard count, 1 or more.
	Streams map[string]int
	// CreateStreams makes an unknown stream on the first request that names it,
	// except CreateStream and DeleteStream.
	CreateStreams bool
	// DefaultShards is the shard count of streams made by CreateStreams and of
	// on-demand streams; default DefaultStreamShards.
	DefaultShards int
	// ShardQuota is the number of open shards that all streams may have
	// together; beyond it the answer is LimitExceededException; default
	// DefaultShardQuota.
	ShardQuota int

	// EnforceLimits throttles each shard to Limits. Without it a shard takes
	// whatever comes. Server.SetLimits changes one stream.
	EnforceLimits bool
	// Limits are the throughput limits of a shard; zero fields take those of
	// the service (1,000 records/s, 1 MiB/s, 5 reads/s).
	Limits Limits
	// ProvisioningDelay is how long streams stay CREATING, UPDATING or DELETING.
	// Default 0: changes are done when their request is answered.
	ProvisioningDelay time.Duration
	// IteratorTTL is the life of shard iterators and ListShards tokens; default
	// DefaultIteratorTTL, as the service.
	IteratorTTL time.Duration
	// RequireSignature refuses requests without a Signature Version 4
	// Authorization header. The signature itself is never verified.
	RequireSignature bool

	// MaxStoredBytes bounds the memory held by records (data, keys and about
	// 128 bytes each). Beyond it the oldest records of all streams are trimmed.
	// Default DefaultMaxStoredBytes.
	MaxStoredBytes int64
	// RequestLog is the number of requests that Requests remembers; default
	// DefaultRequestLog; negative keeps none.
	RequestLog int

	// Seed makes the probabilities of faults and the choice of AnyShard
	// repeatable for one sequence of requests.
	Seed uint64
	// Now is the clock of timestamps, limits, iterators and states; default time.Now.
	Now func() time.Time
}

// Limits are the throughput limits of one shard. A zero field means the limit
// of the service.
type Limits struct {
	RecordsPerSecond int // writes; 1,000
	BytesPerSecond   int // writes, data and partition key; 1 MiB
	ReadsPerSecond   int // GetRecords requests; 5
}

func (l Limits) withDefaults() Limits {
	if l.RecordsPerSecond == 0 {
		l.RecordsPerSecond = 1000
	}
	if l.BytesPerSecond == 0 {
		l.BytesPerSecond = 1 << 20
	}
	if l.ReadsPerSecond == 0 {
		l.ReadsPerSecond = 5
	}
	return l
}

func (l Limits) check() error {
	if l.RecordsPerSecond < 0 || l.BytesPerSecond < 0 || l.ReadsPerSecond < 0 {
		return fmt.Errorf("kinesislocal: limits %+v have a negative rate; give 0 for the rate of the service", l)
	}
	return nil
}

func (o Options) withDefaults() (Options, error) {
	if o.Account == "" {
		o.Account = DefaultAccount
	}
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	if o.DefaultShards == 0 {
		o.DefaultShards = DefaultStreamShards
	}
	if o.ShardQuota == 0 {
		o.ShardQuota = DefaultShardQuota
	}
	if o.MaxStoredBytes == 0 {
		o.MaxStoredBytes = DefaultMaxStoredBytes
	}
	if o.RequestLog == 0 {
		o.RequestLog = DefaultRequestLog
	}
	if o.IteratorTTL == 0 {
		o.IteratorTTL = DefaultIteratorTTL
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Account) != 12 || !allDigits(o.Account) {
		return o, fmt.Errorf("kinesislocal: account %q is not twelve digits", o.Account)
	}
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"DefaultShards", int64(o.DefaultShards)},
		{"ShardQuota", int64(o.ShardQuota)},
		{"MaxStoredBytes", o.MaxStoredBytes},
		{"IteratorTTL", int64(o.IteratorTTL)},
		{"ProvisioningDelay", int64(o.ProvisioningDelay)},
	} {
		if f.value < 0 {
			return o, fmt.Errorf("kinesislocal: Options.%s is %d; give 0 for the default or a positive value", f.name, f.value)
		}
	}
	if err := o.Limits.check(); err != nil {
		return o, err
	}
	o.Limits = o.Limits.withDefaults()
	for name, n := range o.Streams {
		if !validStreamName(name) {
			return o, fmt.Errorf("kinesislocal: Options.Streams names %q, which is no stream name; give 1 to 128 of a-z A-Z 0-9 _ . -", name)
		}
		if n < 1 {
			return o, fmt.Errorf("kinesislocal: Options.Streams gives stream %q %d shards; give 1 or more", name, n)
		}
	}
	return o, nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
