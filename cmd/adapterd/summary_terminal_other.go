//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package main

import "os"

// drawable says that a terminal knows the sequences that take a line off it.
func drawable(*os.File) bool {
	kind := os.Getenv("TERM")
	return kind != "" && kind != "dumb"
}

// foreground says that this program is what the terminal shows now.
func foreground(*os.File) bool { return true }
