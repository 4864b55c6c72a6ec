package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func kinesisCommand() *cobra.Command {
	var streams []string
	var shards int
	var limits, create bool
	c := &cobra.Command{
		Use:   "kinesis ADDR",
		Short: "Run the in-memory Kinesis and CloudWatch endpoint alone",
		Long: `kinesis serves an in-memory Kinesis and CloudWatch endpoint, TLS and plain HTTP on the same port, until
SIGTERM or SIGINT. It is for tests of programs that write to Kinesis; nothing is stored on disk.`,
		Example: `  adapterd kinesis 127.0.0.1:4567
  adapterd kinesis 127.0.0.1:0 --stream orders:4 --create-streams=false --limits`,
		Args: exactly(1, "an address such as 127.0.0.1:4567"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkAddress("ADDR", args[0]); err != nil {
				return err
			}
			if shards < 1 {
				return usageError{errors.New("--shards takes 1 or more")}
			}
			options := kinesislocal.Options{CreateStreams: create, DefaultShards: shards, EnforceLimits: limits, Streams: make(map[string]int)}
			for _, s := range streams {
				name, count, err := streamAndShards(s, shards)
				if err != nil {
					return usageError{err}
				}
				options.Streams[name] = count
			}
			signals := make(chan os.Signal, 1)
			signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
			defer signal.Stop(signals)
			server, err := kinesislocal.Listen(c.Context(), args[0], options)
			if err != nil {
				return err
			}
			defer closeServer(c.Context(), server, zap.NewNop())
			fmt.Fprintf(c.OutOrStdout(), "Kinesis and CloudWatch at %s and %s; credentials: any; Ctrl-C ends it\n", server.URL(), server.TLSURL())
			select {
			case <-signals:
			case <-c.Context().Done():
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&streams, "stream", nil, "a stream to make at the start, as NAME or NAME:SHARDS (repeatable)")
	c.Flags().IntVar(&shards, "shards", kinesislocal.DefaultStreamShards, "shards of streams that do not say")
	c.Flags().BoolVar(&create, "create-streams", true, "make a stream when a request first names it")
	c.Flags().BoolVar(&limits, "limits", false, "throttle each shard to 1,000 records and 1 MiB per second, as the service does")
	return c
}

// streamName is what the service takes.
var streamName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,128}$`)

func streamAndShards(text string, otherwise int) (name string, shards int, err error) {
	name, number, given := strings.Cut(text, ":")
	if shards = otherwise; given {
		shards, err = strconv.Atoi(number)
	}
	if err != nil || shards < 1 {
		return "", 0, errors.New("--stream takes NAME or NAME:SHARDS, with 1 shard or more")
	}
	if !streamName.MatchString(name) {
		return "", 0, fmt.Errorf("--stream names %q; a stream's name is 1 to 128 of a-z A-Z 0-9 _ . -", name)
	}
	return name, shards, nil
}

// checkAddress finds wrong usage; whether the address can be listened on shows later.
func checkAddress(what, address string) error {
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return usageError{fmt.Errorf("%s is %q; it takes host:port, such as 127.0.0.1:4567, with port 0 for a free one", what, address)}
	}
	return nil
}
