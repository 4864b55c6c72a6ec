package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/adapterd/adapterd/pkg/document"
)

func passwordCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "password",
		Short: "Encode and decode secrets of documents",
		Long: `Secrets in documents may stand encoded, as Interlok writes them: PW:…, AES_GCM:… and SEED:….
The first two hide a secret from a glance only, since the key stands beside it; SEED: needs a seed file.`,
		Example: "  adapterd password encode --form AES_GCM",
		Args:    commandName,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(passwordEncodeCommand(), passwordDecodeCommand())
	return c
}

func passwordEncodeCommand() *cobra.Command {
	var form, seed string
	c := &cobra.Command{
		Use:   "encode",
		Short: "Read a secret from standard input and print it encoded",
		Example: `  adapterd password encode --form PW
  printf %s "$SECRET" | adapterd password encode --form SEED --seed-file seed.bin`,
		Args: exactly(0, "no argument: a secret on the command line would be seen by others"),
		RunE: func(c *cobra.Command, _ []string) error {
			plain, err := readSecret(c.InOrStdin(), c.ErrOrStderr(), "Secret: ")
			if err != nil {
				return err
			}
			encoded, err := document.EncodeSecret(plain, strings.TrimSuffix(form, ":"), seed)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), encoded)
			return err
		},
	}
	c.Flags().StringVar(&form, "form", "AES_GCM", "PW, AES_GCM or SEED")
	c.Flags().StringVar(&seed, "seed-file", "", "the seed file, for SEED")
	return c
}

func passwordDecodeCommand() *cobra.Command {
	var seed string
	c := &cobra.Command{
		Use:     "decode",
		Short:   "Read an encoded secret from standard input and print it in plain text",
		Example: "  echo AES_GCM:… | adapterd password decode",
		Args:    exactly(0, "no argument: give the secret on standard input"),
		RunE: func(c *cobra.Command, _ []string) error {
			text, err := readSecret(c.InOrStdin(), c.ErrOrStderr(), "Encoded: ")
			if err != nil {
				return err
			}
			env := document.HostEnvironment()
			if seed != "" {
				env.SystemProperties[document.SeedProperty] = seed
			}
			secret, err := document.DecodeSecret(strings.TrimSpace(text), env.Lookup)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), secret.Reveal())
			return err
		},
	}
	c.Flags().StringVar(&seed, "seed-file", "", "the seed file, for SEED:")
	return c
}

// maxSecretBytes bounds what is read; no secret is that long.
const maxSecretBytes = 64 << 10

// readSecret reads one line, without showing it when it is typed.
func readSecret(in io.Reader, prompt io.Writer, question string) (string, error) {
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return typeSecret(int(f.Fd()), prompt, question)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxSecretBytes+1))
	if err != nil {
		return "", fmt.Errorf("standard input: %w", err)
	}
	line := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case line == "":
		return "", errors.New("standard input is empty; give the secret there, in one line")
	case len(line) > maxSecretBytes:
		return "", fmt.Errorf("standard input is longer than %d bytes; give the secret there, in one line", maxSecretBytes)
	case strings.ContainsAny(line, "\r\n"): // half a secret would look like a whole one
		return "", errors.New("standard input has more than one line; give the secret there, in one line")
	}
	return line, nil
}

// typeSecret reads a line from a terminal. An interrupt gives the terminal its echo back first.
func typeSecret(terminal int, prompt io.Writer, question string) (string, error) {
	state, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	unwatch := context.AfterFunc(interrupted, func() {
		_ = term.Restore(terminal, state) // the program ends here; there is nobody to tell
		os.Exit(exitFailed)
	})
	fmt.Fprint(prompt, question)
	line, err := term.ReadPassword(terminal)
	unwatch()
	fmt.Fprintln(prompt)
	switch {
	case err != nil:
		return "", fmt.Errorf("terminal: %w", err)
	case len(line) == 0:
		return "", errors.New("the secret is empty; nothing was typed")
	}
	return string(line), nil
}
