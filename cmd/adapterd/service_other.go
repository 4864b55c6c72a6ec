//go:build !windows

package main

import "github.com/spf13/cobra"

// platformCommands are those that one system alone has.
func platformCommands() []*cobra.Command { return nil }
