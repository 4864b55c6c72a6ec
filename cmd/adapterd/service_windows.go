package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
	"golang.org/x/sys/windows/svc/mgr"
)

// platformCommands are those that one system alone has.
func platformCommands() []*cobra.Command {
	c := &cobra.Command{
		Use:     "service",
		Short:   "Run as a Windows service",
		Example: `  adapterd service install C:\adapter\adapter.xml --admin 127.0.0.1:8088`,
		Args:    commandName,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(serviceInstallCommand(), serviceUninstallCommand(), serviceRunCommand())
	return []*cobra.Command{c}
}

// serviceFlags are those of a service beside those of run.
type serviceFlags struct {
	name, directory, log, account string
}

const (
	serviceName    = "adapterd"
	serviceAccount = `NT AUTHORITY\LocalService`
	// removalTime is how long a service may take to stop before it is removed: longer than it drains by default.
	removalTime = 90 * time.Second
)

func (s *serviceFlags) registerName(c *cobra.Command) {
	c.Flags().StringVar(&s.name, "name", serviceName, "the service's name, for more than one of them")
}

func (s *serviceFlags) register(c *cobra.Command) {
	s.registerName(c)
	c.Flags().StringVar(&s.directory, "directory", "", "where relative paths begin (default the current directory)")
	c.Flags().StringVar(&s.log, "log-file", "", `what to log to (default %ProgramData%\adapterd\NAME.log); a file that has 64 MiB is renamed, and four such are kept`)
}

func (s *serviceFlags) complete() error {
	if s.name == "" || strings.ContainsAny(s.name, `/\`) || len(s.name) > 80 {
		return usageError{fmt.Errorf(`--name is %q; it takes up to 80 characters without / and \`, s.name)}
	}
	var err error
	if s.directory, err = filepath.Abs(s.directory); err != nil {
		return err
	}
	if s.log == "" {
		s.log = filepath.Join(os.Getenv("ProgramData"), "adapterd", s.name+".log")
	}
	s.log, err = filepath.Abs(s.log)
	return err
}

func serviceInstallCommand() *cobra.Command {
	var s serviceFlags
	f := new(runFlags)
	c := runCommandFor(f)
	c.Use = "install FILE"
	c.Short = "Install a service that runs a document"
	c.Long = `install makes a service that starts with the system and runs a document, with the flags of run. It
restarts by itself when it fails. What the service logs goes to a file, and why it ended to the event log.
The document and its directories have to be readable for the account that the service runs as.`
	c.Example = `  adapterd service install adapter.xml --variables variables.properties
  adapterd service install adapter.xml --name orders --account ".\adapter"`
	s.register(c)
	c.Flags().StringVar(&s.account, "account", serviceAccount, "the account that the service runs as; one with a password gets it in services.msc")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := errors.Join(f.check(c), s.complete()); err != nil {
			return err
		}
		return s.install(s.arguments(c, args[0]))
	}
	return c
}

// arguments are those of the command line that the service manager starts: service run, with the flags that were given.
func (s *serviceFlags) arguments(c *cobra.Command, document string) []string {
	args := []string{"service", "run", document, "--name=" + s.name, "--directory=" + s.directory, "--log-file=" + s.log}
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name == "name" || f.Name == "directory" || f.Name == "log-file" || f.Name == "account" {
			return
		}
		values := []string{f.Value.String()}
		if many, ok := f.Value.(pflag.SliceValue); ok {
			values = many.GetSlice()
		}
		for _, v := range values {
			args = append(args, "--"+f.Name+"="+v)
		}
	})
	return args
}

func (s *serviceFlags) install(args []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.log), 0o755); err != nil {
		return fmt.Errorf("--log-file: %w", err)
	}
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("can not reach the service manager: %w; this needs an administrator's console", err)
	}
	defer func() { _ = m.Disconnect() }() // what was asked of it is done
	service, err := m.CreateService(s.name, program, mgr.Config{
		StartType: mgr.StartAutomatic, DelayedAutoStart: true, ServiceStartName: s.account, DisplayName: "adapterd (" + s.name + ")",
		Description: "Runs an Interlok adapter document into Amazon Kinesis Data Streams",
	}, args...)
	if err != nil {
		return fmt.Errorf("can not install the service %s: %w", s.name, err)
	}
	defer service.Close()
	again := mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: 5 * time.Second}
	if err := errors.Join(
		service.SetRecoveryActions([]mgr.RecoveryAction{again, again, {Type: mgr.ServiceRestart, Delay: time.Minute}}, 3600),
		service.SetRecoveryActionsOnNonCrashFailures(true),
		eventlog.InstallAsEventCreate(s.name, eventlog.Error|eventlog.Warning|eventlog.Info),
	); err != nil {
		return errors.Join(fmt.Errorf("can not set up the service %s: %w", s.name, err), service.Delete(), eventlog.Remove(s.name))
	}
	return nil
}

func serviceUninstallCommand() *cobra.Command {
	var s serviceFlags
	c := &cobra.Command{
		Use:     "uninstall",
		Short:   "Stop a service and remove it",
		Example: "  adapterd service uninstall --name orders",
		Args:    exactly(0, "no argument"),
		RunE:    func(c *cobra.Command, _ []string) error { return s.uninstall(c.Context()) },
	}
	s.registerName(c)
	return c
}

func (s *serviceFlags) uninstall(ctx context.Context) error {
	m, err := mgr.Connect()
	if err != nil {
		return fmt.Errorf("can not reach the service manager: %w; this needs an administrator's console", err)
	}
	defer func() { _ = m.Disconnect() }() // what was asked of it is done
	service, err := m.OpenService(s.name)
	if err != nil {
		return fmt.Errorf("there is no service %s: %w", s.name, err)
	}
	defer service.Close()
	if _, err := service.Control(svc.Stop); err != nil && !errors.Is(err, windows.ERROR_SERVICE_NOT_ACTIVE) {
		return fmt.Errorf("can not stop the service %s: %w", s.name, err)
	}
	if err := stopped(ctx, service); err != nil {
		return fmt.Errorf("service %s: %w", s.name, err)
	}
	if err := service.Delete(); err != nil {
		return fmt.Errorf("can not remove the service %s: %w", s.name, err)
	}
	if err := eventlog.Remove(s.name); err != nil {
		return fmt.Errorf("the service %s is removed, its source of the event log is not: %w", s.name, err)
	}
	return nil
}

// stopped looks until a service has stopped: the manager tells when it is asked only.
func stopped(ctx context.Context, service *mgr.Service) error {
	ctx, cancel := context.WithTimeout(ctx, removalTime)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		now, err := service.Query()
		if err != nil {
			return err
		}
		if now.State == svc.Stopped {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return fmt.Errorf("it does not stop, and is left installed: %w", ctx.Err())
		}
	}
}
