package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/configs"
	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// demoFlags are the flags of demo.
type demoFlags struct {
	logFlags
	once bool
	wait time.Duration
}

func demoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "See it work: an embedded Kinesis, an example adapter, sample messages, and what arrived where",
		Long: `demo starts an in-memory Kinesis on a free port, runs an example document (files, an HTTP endpoint and a timer
as sources; two streams chosen by content), feeds it sample messages, and shows what arrived in which shard with
which sequence number. A status page shows it, too. It needs no network, no AWS account and no other program.`,
		Example: `  adapterd demo            stays up until Ctrl-C
  adapterd demo --once     ends when the samples have arrived`,
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.wait <= 0 {
				return usageError{errors.New("--wait takes a positive time such as 30s")}
			}
			log, err := f.logger(c.ErrOrStderr())
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(component.WithLogger(c.Context(), log), os.Interrupt, syscall.SIGTERM)
			defer stop()
			// A second signal ends the program as the system does it.
			defer context.AfterFunc(ctx, stop)()
			return f.run(ctx, log, c.OutOrStdout())
		},
	}
	f.register(c)
	// The demo shows records; what the adapter logs would stand between them.
	c.Flags().Lookup("log-level").DefValue = "warn"
	f.level = "warn"
	c.Flags().BoolVar(&f.once, "once", false, "end when the sample messages have arrived")
	c.Flags().DurationVar(&f.wait, "wait", 30*time.Second, "with --once: how long the samples may take")
	return c
}

func (f *demoFlags) run(ctx context.Context, log *zap.Logger, out io.Writer) (err error) {
	directory, err := os.MkdirTemp("", "adapterd-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	server, err := kinesislocal.Listen(ctx, "127.0.0.1:0", kinesislocal.Options{Streams: map[string]int{"orders": 2, "clicks": 4}})
	if err != nil {
		return fmt.Errorf("embedded Kinesis: %w", err)
	}
	defer closeServer(ctx, server, log)
	d, err := newDemo(ctx, directory, server)
	if err != nil {
		return err
	}
	page, err := d.operate(ctx, log)
	if err != nil {
		return err
	}
	defer page.Close(context.WithoutCancel(ctx)) // after the adapter, so that it tells of the end
	fmt.Fprintf(out, "embedded Kinesis   %s   streams: orders (2 shards), clicks (4 shards)\n", server.URL())
	fmt.Fprintf(out, "HTTP source        %s\n", d.events)
	fmt.Fprintf(out, "directory source   %s\n", filepath.Join(directory, "in"))
	fmt.Fprintf(out, "timer source       every 5 s\n")
	fmt.Fprintf(out, "status page        %s\n\n", page.URL())
	if err := d.adapter.Start(ctx); err != nil {
		return err
	}

	show, hide := context.WithCancel(context.WithoutCancel(ctx))
	awaiting, enough := context.WithCancel(ctx)
	var started sync.WaitGroup
	arrived, fed := make(chan string), make(chan error, 1)
	started.Go(func() { watch(show, server, out, arrived, awaiting.Done()) })
	started.Go(func() { fed <- d.feed(awaiting) })
	defer func() {
		enough()
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		page.Stopping(stopping)
		err = errors.Join(err, d.adapter.Stop(stopping)) // what this delivers is still shown
		hide()
		started.Wait()
	}()
	return d.await(ctx, f, out, arrived, fed)
}

// demo is one run of the command.
type demo struct {
	adapter   *adapter.Adapter
	directory string
	events    string // the URL of the HTTP source
}

// newDemo loads the example document with the places that this run has.
func newDemo(ctx context.Context, directory string, server *kinesislocal.Server) (*demo, error) {
	text, err := configs.Files.ReadFile("demo.xml")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(directory, "demo.xml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	a, problems := adapter.Load(ctx, path, adapter.Options{Set: []string{
		"demo.directory=" + filepath.ToSlash(directory), "demo.http.port=" + strconv.Itoa(port), "kinesis.endpoint=" + server.URL(),
	}})
	if a == nil {
		return nil, problems
	}
	return &demo{a, directory, fmt.Sprintf("http://127.0.0.1:%d/events", port)}, nil
}

// operate shows the adapter on a status page of its own. The keys of the samples are nobody's.
func (d *demo) operate(ctx context.Context, log *zap.Logger) (*admin.Server, error) {
	failed := new(failedMessages)
	failed.attach(d.adapter)
	server, err := admin.Listen(ctx, admin.Options{
		Address: "127.0.0.1:0", Version: versionText(), Document: "demo.xml", ShowKeys: true, Failed: failed, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("status page: %w", err)
	}
	server.Attach(d.adapter)
	return server, nil
}

// Ports that systems give to nobody who asks for any: one that is free there is not taken before the adapter listens, as one that the system
// chose may be by whoever asks next.
const (
	portsFrom = 20_000
	portsTo   = 32_000
)

// freePort finds a port that nobody uses. Should somebody take it all the same before the adapter does, the start says so.
func freePort() (int, error) {
	var errs []error
	for range 20 {
		port := portsFrom + rand.IntN(portsTo-portsFrom)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
		errs = append(errs, err)
	}
	return 0, fmt.Errorf("no free port from %d to %d: %w", portsFrom, portsTo, errors.Join(errs...))
}
