package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/plan"
)

// planFlags are the flags of plan.
type planFlags struct {
	plan.Load
	aggregation bool
	buffer      time.Duration
	kpl         []string
	price       string
	json        bool
}

// mostPriceFile is more than any price file has, in bytes.
const mostPriceFile = 1 << 20

func planCommand() *cobra.Command {
	f := planFlags{Load: plan.Load{KeyBytes: 36, Streams: 1, Producers: 1, Burst: 1, HeadroomPercent: 20, RequestTime: 30 * time.Millisecond, Retention: plan.LeastRetention}}
	c := &cobra.Command{
		Use:   "plan",
		Short: "Work out shards, requests, payload units and connections for a load",
		Long: `plan works out what a load asks of Kinesis and of the producer: shards, Kinesis records, PutRecords requests, PUT
payload units in a month with and without aggregation, provisioned against on-demand streams, connections, memory, and
what other values of RecordMaxBufferedTime would bring. Nothing is asked of AWS.
There are no prices in it: they differ by region and change. --price FILE takes those that you pay, as lines of
NAME=NUMBER: currency, shard-hour, million-put-units, extended-retention-shard-hour, on-demand-stream-hour,
on-demand-gb-in, on-demand-extended-retention-gb-month, long-term-retention-gb-month.`,
		Example: `  adapterd plan --records-per-second 5000 --size 400
  adapterd plan --records-per-second 5000 --size 400 --burst 3 --buffer 500ms --price prices.properties
  adapterd plan --records-per-second 200 --size 1200 --producers 4 --shards 8      for a stream that is there
  adapterd plan --records-per-second 5000 --size 400 --on-demand --retention 168h --json`,
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			for _, name := range []string{"records-per-second", "size"} {
				if !c.Flags().Changed(name) {
					return usageError{fmt.Errorf("--%s is missing; a plan needs --records-per-second N and --size BYTES", name)}
				}
			}
			return f.run(c)
		},
	}
	c.Flags().Float64Var(&f.RecordsPerSecond, "records-per-second", 0, "user records, on average, of all streams and producers together")
	c.Flags().IntVar(&f.SizeBytes, "size", 0, "data of a user record, in bytes")
	c.Flags().IntVar(&f.KeyBytes, "key-bytes", f.KeyBytes, "length of a partition key, in bytes; each record is taken to have another one")
	c.Flags().IntVar(&f.Streams, "streams", f.Streams, "streams that share the load evenly")
	c.Flags().IntVar(&f.Producers, "producers", f.Producers, "programs that share the load evenly, each with all streams")
	c.Flags().Float64Var(&f.Burst, "burst", f.Burst, "the peak as a multiple of the average")
	c.Flags().Float64Var(&f.HeadroomPercent, "headroom", f.HeadroomPercent, "percent of each shard that stay free at the peak")
	c.Flags().IntVar(&f.Shards, "shards", 0, "shards of each stream, if they are given")
	c.Flags().DurationVar(&f.RequestTime, "request-time", f.RequestTime, "how long a PutRecords request takes")
	c.Flags().DurationVar(&f.Retention, "retention", f.Retention, "how long streams keep records, 24h to 8760h")
	c.Flags().BoolVar(&f.OnDemand, "on-demand", false, "plan for on-demand streams")
	c.Flags().BoolVar(&f.aggregation, "aggregation", true, "aggregate user records (AggregationEnabled)")
	c.Flags().DurationVar(&f.buffer, "buffer", 100*time.Millisecond, "how long a record may wait for company (RecordMaxBufferedTime), in whole milliseconds")
	c.Flags().StringArrayVar(&f.kpl, "kpl", nil, "another setting of the connection, as KEY=VALUE, such as MaxConnections=48 (repeatable)")
	c.Flags().StringVar(&f.price, "price", "", "file with prices; - reads standard input")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

func (f *planFlags) run(c *cobra.Command) error {
	config, err := f.config(c)
	if err != nil {
		return err
	}
	var prices *plan.Prices
	if f.price != "" {
		if prices, err = readPrices(f.price, c.InOrStdin()); err != nil {
			return err
		}
	}
	p, err := plan.Make(f.Load, config, prices)
	if err != nil {
		return usageError{err}
	}
	if f.json {
		return writeJSON(c.OutOrStdout(), p)
	}
	return p.Text(c.OutOrStdout())
}

// config is the producer's configuration: its defaults, then --kpl, then the flags that name a setting.
func (f *planFlags) config(c *cobra.Command) (kpl.Config, error) {
	pairs := make([]kpl.KeyValue, 0, len(f.kpl))
	set := make(map[string]bool)
	for _, pair := range f.kpl {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return kpl.Config{}, usageError{errors.New("--kpl takes KEY=VALUE, but what was given has no key or no =")}
		}
		pairs, set[key] = append(pairs, kpl.KeyValue{Key: key, Value: value, Pos: "--kpl"}), true
	}
	config, warnings, err := kpl.ParsePairs(pairs)
	if err != nil {
		return config, usageError{err}
	}
	for _, w := range warnings {
		fmt.Fprintf(c.ErrOrStderr(), "warning: %v\n", w)
	}
	for _, twice := range []struct{ flag, key string }{{"aggregation", "AggregationEnabled"}, {"buffer", "RecordMaxBufferedTime"}} {
		if c.Flags().Changed(twice.flag) && set[twice.key] {
			return config, usageError{fmt.Errorf("--%s and --kpl %s say the same; give one of the two", twice.flag, twice.key)}
		}
	}
	if f.buffer < 0 || f.buffer%time.Millisecond != 0 {
		return config, usageError{fmt.Errorf("--buffer is %v; it takes whole milliseconds, 0s or more", f.buffer)}
	}
	if !set["AggregationEnabled"] {
		config.AggregationEnabled = f.aggregation
	}
	if !set["RecordMaxBufferedTime"] {
		config.RecordMaxBufferedTime = f.buffer
	}
	return config, nil
}

// readPrices reads a price file.
func readPrices(path string, in io.Reader) (*plan.Prices, error) {
	name := path
	if path == "-" {
		name = "standard input"
	}
	data, err := readUpTo(mostPriceFile, path, in)
	if err != nil {
		return nil, fmt.Errorf("the prices can not be read: %w", err)
	}
	if len(data) > mostPriceFile {
		return nil, fmt.Errorf("%s is larger than %d bytes; a price file has a few lines", name, mostPriceFile)
	}
	return plan.ParsePrices(name, data)
}
