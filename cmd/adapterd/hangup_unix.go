//go:build unix

package main

import (
	"os"
	"syscall"
)

// reloadSignals ask for a reload.
var reloadSignals = []os.Signal{syscall.SIGHUP}
