package main

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// someRecords makes n different records, the same ones each time: mostly small, some larger than an aggregate may be, keys that come
// again and keys that do not, every tenth with an explicit hash key.
func someRecords(n int) []kpl.Record {
	random := rand.New(rand.NewPCG(7, 7))
	records := make([]kpl.Record, n)
	for i := range records {
		size := random.IntN(500)
		switch {
		case i%2003 == 5:
			size = 70_000
		case i%101 == 4:
			size = 9_000
		}
		r := kpl.Record{PartitionKey: fmt.Sprintf("device-%d", random.IntN(2000)), Data: fmt.Appendf(nil, "%d ", i)}
		if i%7 == 3 {
			r.PartitionKey = fmt.Sprintf("ключ-鍵-%d", i)
		}
		for len(r.Data) < size {
			r.Data = append(r.Data, byte(random.Uint32()))
		}
		if i%10 == 9 {
			var b [16]byte
			for k := range b {
				b[k] = byte(random.Uint32())
			}
			r.ExplicitHashKey = new(big.Int).SetBytes(b[:]).String()
		}
		records[i] = r
	}
	return records
}

// writeRecords writes the file that adapterd.PutAll reads.
func writeRecords(file string, records []kpl.Record) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for _, r := range records {
		fmt.Fprintf(w, "%s\t%s\t%s\n", base64.StdEncoding.EncodeToString([]byte(r.PartitionKey)), r.ExplicitHashKey, base64.StdEncoding.EncodeToString(r.Data))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// asPut is the bag of the records, without shards.
func asPut(records []kpl.Record) bag {
	b := bag{}
	for _, r := range records {
		b.add("", userRecord{r.PartitionKey, string(r.Data)})
	}
	return b
}
