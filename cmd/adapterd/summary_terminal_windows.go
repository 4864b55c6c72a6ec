package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// drawable says that a terminal knows the sequences that take a line off it, and lets a console of Windows understand them.
func drawable(f *os.File) bool {
	if os.Getenv("TERM") == "dumb" {
		return false
	}
	console := windows.Handle(f.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(console, &mode); err != nil {
		return false
	}
	return windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}

// foreground says that this program is what the terminal shows now.
func foreground(*os.File) bool { return true }
