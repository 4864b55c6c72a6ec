package main

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/spf13/cobra"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// tailFlags are the flags of tail.
type tailFlags struct {
	endpoint, region, from string
	insecure, asJSON, stay bool
	count                  int
}

// The values of --from.
const (
	fromTrimHorizon = "trim_horizon"
	fromLatest      = "latest"
)

func tailCommand() *cobra.Command {
	var f tailFlags
	c := &cobra.Command{
		Use:   "tail STREAM",
		Short: "Read a stream, take aggregated records apart, and print user records",
		Example: `  adapterd tail orders --endpoint http://127.0.0.1:4567
  adapterd tail orders --region eu-west-1 --from latest
  adapterd tail orders --endpoint https://localhost:4566 --insecure --count 10 --json`,
		Args: exactly(1, "one stream"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.from != fromTrimHorizon && f.from != fromLatest {
				return usageError{fmt.Errorf("--from is %q; use trim_horizon or latest", f.from)}
			}
			if f.count < 0 {
				return usageError{errors.New("--count takes a number of user records, 0 for all")}
			}
			if f.endpoint != "" {
				if err := checkEndpoint(f.endpoint); err != nil {
					return err
				}
			}
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			// A second signal ends the program as the system does it.
			defer context.AfterFunc(ctx, stop)()
			return f.run(ctx, args[0], c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&f.endpoint, "endpoint", "", "URL of a Kinesis endpoint other than AWS")
	c.Flags().StringVar(&f.region, "region", "", "AWS region; default: what the AWS configuration says, us-east-1 with --endpoint")
	c.Flags().StringVar(&f.from, "from", fromTrimHorizon, "where to begin: trim_horizon (the oldest record) or latest")
	c.Flags().BoolVar(&f.insecure, "insecure", false, "accept any TLS certificate")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print a JSON object a line")
	c.Flags().BoolVar(&f.stay, "follow", true, "wait for more records at the end of the stream")
	c.Flags().IntVar(&f.count, "count", 0, "stop after so many user records; 0: never")
	return c
}

func (f *tailFlags) client(ctx context.Context) (*kinesis.Client, error) {
	var options []func(*config.LoadOptions) error
	if f.region != "" {
		options = append(options, config.WithRegion(f.region))
	}
	if f.endpoint != "" && !ofAWS(f.endpoint) && os.Getenv("AWS_ACCESS_KEY_ID") == "" && os.Getenv("AWS_PROFILE") == "" {
		// A test server takes any key, and looking for one elsewhere takes long.
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("test", "test", "")))
	}
	if f.insecure {
		options = append(options, config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // the user asked for it by --insecure
		})))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if cfg.Region == "" {
		if f.endpoint == "" {
			return nil, errors.New("no AWS region is configured; give --region, or AWS_REGION")
		}
		cfg.Region = "us-east-1"
	}
	return kinesis.NewFromConfig(cfg, func(o *kinesis.Options) {
		if f.endpoint != "" {
			o.BaseEndpoint = aws.String(f.endpoint)
		}
	}), nil
}

// ofAWS says whether an endpoint is one of AWS, such as that of a VPC, where keys count.
func ofAWS(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (strings.HasSuffix(u.Hostname(), ".amazonaws.com") || strings.HasSuffix(u.Hostname(), ".amazonaws.com.cn"))
}

// checkEndpoint finds wrong usage that the SDK would tell in words of its own, and late.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return usageError{errors.New("--endpoint takes a URL, such as http://127.0.0.1:4567")}
	}
	return nil
}

// userRecord is a line of tail's output.
type userRecord struct {
	Stream       string `json:"stream"`
	ShardID      string `json:"shardId"`
	Sequence     string `json:"sequenceNumber"`
	SubSequence  int    `json:"subSequenceNumber"`
	Aggregated   bool   `json:"aggregated"`
	PartitionKey string `json:"partitionKey"`
	HashKey      string `json:"explicitHashKey,omitempty"`
	Text         string `json:"text,omitempty"`
	Data         []byte `json:"data,omitempty"`
}

// userRecords takes a Kinesis record apart.
func userRecords(stream, shard, sequence, partitionKey string, data []byte) []userRecord {
	inner, aggregated, err := aggregation.Decode(data)
	if err != nil || !aggregated { // what does not parse is a plain record to every consumer
		inner = []aggregation.Record{{PartitionKey: partitionKey, Data: data}}
	}
	out := make([]userRecord, len(inner))
	for i, r := range inner {
		out[i] = userRecord{Stream: stream, ShardID: shard, Sequence: sequence, SubSequence: i, Aggregated: aggregated, PartitionKey: r.PartitionKey, HashKey: r.ExplicitHashKey}
		if utf8.Valid(r.Data) {
			out[i].Text = string(r.Data)
		} else {
			out[i].Data = r.Data
		}
	}
	return out
}

func (u *userRecord) print(out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetEscapeHTML(false)
		return e.Encode(u)
	}
	_, err := fmt.Fprintf(out, "%s  %s/%d  %s  %s\n", u.ShardID, u.Sequence, u.SubSequence, printable(u.PartitionKey), u.line())
	return err
}

// line is the data for people. What ends a line does not count.
func (u *userRecord) line() string {
	if u.Data != nil {
		return "base64:" + base64.StdEncoding.EncodeToString(u.Data)
	}
	return printable(strings.TrimRight(u.Text, "\r\n"))
}

// printable quotes text that would break the line or steer the terminal.
func printable(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || steers(r) }) {
		return strconv.Quote(text)
	}
	return text
}
