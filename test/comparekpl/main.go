// Command comparekpl puts the same records into two equal streams, one with the Kinesis Producer Library and one with pkg/kpl, reads
// both back with two readers that this project did not write, and says whether the same user records are in the same shards.
//
// scripts/compare-kpl.sh (make compare-kpl) starts the server, builds the Java program and gives what is needed:
//
//	comparekpl -endpoint URL -records N -shards N -java-classpath PATH -python FILE -node-path FOLDER
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	var c comparison
	flag.StringVar(&c.endpoint, "endpoint", "", "`URL` of the server, https")
	flag.IntVar(&c.records, "records", 20000, "how many user records")
	flag.IntVar(&c.shards, "shards", 4, "shards of each stream")
	flag.StringVar(&c.classpath, "java-classpath", "", "class path of adapterd.PutAll")
	flag.StringVar(&c.python, "python", "", "a Python that has boto3 and aws-kinesis-agg")
	flag.StringVar(&c.nodePath, "node-path", "", "the folder that has the node package aws-kinesis-agg")
	flag.StringVar(&c.scripts, "scripts", "scripts", "folder of python/deaggregate.py and javascript/deaggregate.js")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	same, err := c.run(ctx, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "comparekpl:", err)
		os.Exit(2)
	}
	if !same {
		os.Exit(1)
	}
}
