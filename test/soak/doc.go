// Package soak holds pkg/kpl against an embedded pkg/kinesislocal on which everything goes wrong, and checks that nothing is lost,
// that every record has one result, and that memory and goroutines stay flat.
//
// `make soak` runs it for ten minutes (SOAK_SECONDS) at 20,000 records a second (SOAK_RATE) and shows figures as it goes;
// `go test ./test/soak` for ten seconds at a smaller rate.
package soak
