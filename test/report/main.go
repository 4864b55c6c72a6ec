// Command report reads the output of `go test -json` and prints what a person needs of it: one line for each package,
// all that a failed test wrote, and the count of tests at the end. It exits with 1 if anything failed.
//
//	go test -json ./... | go run ./test/report [-tally FILE]
//
// With -tally the counts are added to those in FILE, so that several runs close with one line.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	tally := flag.String("tally", "", "file that sums the counts of several runs")
	flag.Parse()
	counts, err := summarize(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	if *tally != "" {
		if counts, err = addTo(*tally, counts); err != nil {
			fmt.Fprintln(os.Stderr, "report:", err)
			os.Exit(1)
		}
	}
	fmt.Println(counts)
	if counts.Failed > 0 {
		os.Exit(1)
	}
}
