package main

import (
	"io"
	"os"
)

// readUpTo reads a file; for "-", if in is not nil, it reads in. What has more than most bytes comes with one too many, and is not read further.
func readUpTo(most int64, path string, in io.Reader) ([]byte, error) {
	if path != "-" || in == nil {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // only read
		in = file
	}
	return io.ReadAll(io.LimitReader(in, most+1))
}
