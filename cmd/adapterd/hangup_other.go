//go:build !unix

package main

import "os"

// reloadSignals ask for a reload. There is none on this system: a file that is watched does it.
var reloadSignals []os.Signal
