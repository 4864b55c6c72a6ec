package aggregation_test

import (
	"fmt"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

func ExampleBuilder() {
	var b aggregation.Builder
	b.Append("alice", "", []byte("an order"))
	b.Append("bob", "", []byte("another"))
	fmt.Println(b.Len(), "user records in", b.Size(), "bytes")

	records, aggregated, err := aggregation.Decode(b.Finish())
	fmt.Println(aggregated, err)
	for _, r := range records {
		fmt.Printf("%s: %s\n", r.PartitionKey, r.Data)
	}
	// Output:
	// 2 user records in 59 bytes
	// true <nil>
	// alice: an order
	// bob: another
}
