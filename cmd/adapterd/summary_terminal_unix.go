//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// drawable says that a terminal knows the sequences that take a line off it.
func drawable(*os.File) bool {
	kind := os.Getenv("TERM")
	return kind != "" && kind != "dumb"
}

// foreground says that this program is what the terminal shows now. In the background it would write into what its user types.
func foreground(f *os.File) bool {
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp() // a terminal that controls no session has no background
}
