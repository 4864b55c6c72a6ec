package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type healthFlags struct {
	admin   string
	live    bool
	ca      string
	timeout time.Duration
}

// healthCommand is the probe of containers and scripts: a program that needs neither a shell nor another client beside it.
func healthCommand() *cobra.Command {
	var f healthFlags
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a running adapterd whether it is ready",
		Long: `health asks the admin server of an adapterd, which run was given --admin for, and prints what it
answers: exit code 0 if it is ready, 1 if it is not or does not answer. No token is needed.`,
		Example: `  adapterd health                                        is the one at 127.0.0.1:8088 ready?
  adapterd health --live --admin 127.0.0.1:9000          does it still run at all?
  adapterd health --admin https://adapter.example:8088 --ca ca.pem`,
		Args: exactly(0, "no argument"),
		RunE: func(c *cobra.Command, _ []string) error {
			base, err := f.check()
			if err != nil {
				return err
			}
			return f.ask(c.Context(), base, c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&f.admin, "admin", "127.0.0.1:8088", "where the admin server is: host:port, or a URL")
	c.Flags().BoolVar(&f.live, "live", false, "ask whether it lives, ready or not")
	c.Flags().StringVar(&f.ca, "ca", "", "PEM file with the CA of the server's certificate, if the system does not know it")
	c.Flags().DurationVar(&f.timeout, "timeout", 5*time.Second, "how long the answer may take")
	return c
}

// check returns the admin server's URL without a path.
func (f *healthFlags) check() (string, error) {
	if f.timeout <= 0 {
		return "", usageError{errors.New("--timeout takes a positive time such as 5s")}
	}
	if !strings.Contains(f.admin, "://") {
		if err := checkAddress("--admin", f.admin); err != nil {
			return "", err
		}
		host, port, _ := net.SplitHostPort(f.admin) // checked
		if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1" // where a server that listens everywhere listens too
		}
		return "http://" + net.JoinHostPort(host, port), nil
	}
	u, err := url.Parse(f.admin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.User != nil || u.RawQuery != "" {
		return "", usageError{errors.New("--admin takes host:port, or a URL with neither a path nor a password, such as https://127.0.0.1:8088")}
	}
	return u.Scheme + "://" + u.Host, nil
}

// mostHealth bounds what is printed of an answer.
const mostHealth = 64 << 10

func (f *healthFlags) ask(ctx context.Context, base string, out io.Writer) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // a probe asks the program itself
	defer transport.CloseIdleConnections()
	if f.ca != "" {
		text, err := os.ReadFile(f.ca)
		if err != nil {
			return fmt.Errorf("--ca: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(text) {
			return fmt.Errorf("--ca: %s has no certificate in PEM", f.ca)
		}
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	path := "/readyz"
	if f.live {
		path = "/livez"
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return usageError{fmt.Errorf("--admin: %w", err)}
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return fmt.Errorf("no answer; was run given --admin with this address? %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostHealth))
	if err != nil {
		return fmt.Errorf("the answer of %s broke off: %w", base, err)
	}
	if text := strings.TrimSpace(string(body)); text != "" {
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s%s answered %s", base, path, response.Status)
	}
	return nil
}
