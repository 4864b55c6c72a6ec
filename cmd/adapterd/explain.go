package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adapterd/adapterd/pkg/checks"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/explain"
	"github.com/adapterd/adapterd/pkg/message"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	documentFlags
	explain.Options
	payload  string
	metadata []string
	id       string
	encoding string
	shards   int
	live     bool
	json     bool
	timeout  time.Duration
}

const (
	// mostExplained is the largest payload that explain reads, in bytes.
	mostExplained = 64 << 20
	// mostShards is more than any stream has.
	mostShards = 100_000
)

func explainCommand() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:   "explain FILE",
		Short: "Say what would happen to a message, without sending it",
		Long: `explain takes a message through the services of a workflow and says what each of them does to it, which
conditions hold, and which record it would become: stream, partition key, hash key, shard, whether it would be
aggregated and what it costs. Nothing is consumed or sent; services with effects outside are named, not run.
Metadata that the consumer would set, such as a file's name, is given with --metadata.
Exit code 0: it would be delivered; 1: it would fail, or the document does not run; 2: wrong usage.`,
		Example: `  adapterd explain adapter.xml --channel orders --payload order.json --shards 4
  adapterd explain adapter.xml --channel orders --payload order.json --live      asks Kinesis for the shards
  echo '{"id":1}' | adapterd explain channel.xml --payload - --metadata originalname=1.json`,
		Args: exactly(1, "one document"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			return f.run(c, args[0])
		},
	}
	f.register(c)
	c.Flags().StringVar(&f.Channel, "channel", "", "unique-id of the channel; not needed if there is only one")
	c.Flags().StringVar(&f.Workflow, "workflow", "", "unique-id of the workflow; not needed if the channel has only one")
	c.Flags().StringVar(&f.payload, "payload", "", "file with the message's payload; - reads standard input")
	c.Flags().StringArrayVar(&f.metadata, "metadata", nil, "one item of metadata, as KEY=VALUE (repeatable)")
	c.Flags().StringVar(&f.id, "id", "", "the message's unique id; without it a new one")
	c.Flags().StringVar(&f.encoding, "encoding", "", "character set of the payload, if it is not UTF-8")
	c.Flags().IntVar(&f.shards, "shards", 0, "predict the shard of a stream with so many even shards")
	c.Flags().BoolVar(&f.live, "live", false, "ask Kinesis which shards each stream has (kinesis:ListShards, kinesis:DescribeStreamSummary)")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	c.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "how long the services may take")
	return c
}

func (f *explainFlags) check(c *cobra.Command) error {
	switch {
	case f.payload == "":
		return usageError{errors.New("--payload is missing; give it a file with the message's payload, or - for standard input")}
	case f.live && f.shards != 0:
		return usageError{errors.New("--live asks for the shards that --shards assumes; give one of the two")}
	case c.Flags().Changed("shards") && (f.shards < 1 || f.shards > mostShards):
		return usageError{fmt.Errorf("--shards takes a number from 1 to %d", mostShards)}
	case f.timeout <= 0:
		return usageError{errors.New("--timeout takes a positive time such as 30s")}
	}
	if f.encoding != "" {
		if err := message.KnownCharset(f.encoding); err != nil {
			return usageError{fmt.Errorf("--encoding: %w", err)}
		}
	}
	for _, item := range f.metadata {
		if key, _, ok := strings.Cut(item, "="); !ok || key == "" {
			return usageError{errors.New("--metadata takes KEY=VALUE, but what was given has no key or no =")}
		}
	}
	return f.documentFlags.check()
}

func (f *explainFlags) run(c *cobra.Command, path string) error {
	m, err := f.message(c.InOrStdin())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Context(), f.timeout)
	defer cancel()
	a, problems := f.load(ctx, path)
	if a == nil {
		print(c.ErrOrStderr(), problems.Errors())
		return fmt.Errorf("%s does not run: %s", document.Shown(path), count(len(problems.Errors()), "error"))
	}
	if a.Fragment() {
		return fmt.Errorf("%s is only a part of a channel; a message has no way through it", document.Shown(path))
	}
	if close := f.askForShards(); close != nil {
		defer close()
	}
	// A value may have come from a secret of the document.
	out := &masking{out: c.OutOrStdout()}
	out.hide(secretsOf(a))
	options := f.Options
	options.Mask = out.masked
	report, err := explain.Message(ctx, a, m, options)
	if errors.Is(err, explain.ErrChoice) {
		return usageError{err}
	} else if err != nil {
		return err
	}
	var text bytes.Buffer
	if f.json {
		err = writeJSON(&text, report)
	} else {
		err = report.Text(&text)
	}
	if err != nil {
		return err
	}
	if _, err := out.Write(text.Bytes()); err != nil {
		return err
	}
	if report.Failure != "" {
		return errReported
	}
	return nil
}

// message is what the consumer would hand over.
func (f *explainFlags) message(in io.Reader) (*message.Message, error) {
	payload, err := readUpTo(mostExplained, f.payload, in)
	if err != nil {
		return nil, fmt.Errorf("the payload can not be read: %w", err)
	}
	if len(payload) > mostExplained {
		return nil, fmt.Errorf("the payload is larger than %d bytes, the most that explain takes; no record may be that large", mostExplained)
	}
	m := message.New(payload)
	m.SetID(f.id)
	m.SetEncoding(f.encoding)
	for _, item := range f.metadata {
		key, value, _ := strings.Cut(item, "=")
		m.SetMetadata(key, value)
	}
	return m, nil
}

// askForShards sets how the shards of streams are found. The function that it returns, if any, ends what that needs.
func (f *explainFlags) askForShards() (close func()) {
	switch {
	case f.live:
		clients := checks.NewClients()
		f.Stream = func(ctx context.Context, c component.Connection, stream string) (explain.Stream, error) {
			shards, spread, err := clients.Shards(ctx, c, stream)
			s := explain.Stream{Spread: spread, Note: fmt.Sprintf("of the %d that the stream has now", len(shards))}
			for _, shard := range shards {
				s.Shards = append(s.Shards, explain.Shard(shard))
			}
			return s, err
		}
		return clients.Close
	case f.shards > 0:
		even := explain.EvenShards(f.shards)
		f.Stream = func(context.Context, component.Connection, string) (explain.Stream, error) { return even, nil }
	}
	return nil
}
