// Package sim runs producers of pkg/kpl in virtual time against a model of Kinesis in which everything goes wrong, and checks what must hold
// all the same: no record lost, none reported twice, no copy without an entry in the ledger, no aggregate where consumers would drop it.
//
// A world is drawn from a seed: how the producers are configured, what is put, how the streams are resharded, which faults there are. Each
// lasts milliseconds, so `go test ./test/sim` sees 200 worlds and `make sim` (SIM_SEEDS) 10,000. SIM_FROM is the first seed; SIM_SEED runs
// one alone, which is how a failure is looked at again:
//
//	SIM_SEED=4711 go test -run TestSimulation -v ./test/sim
//
// # How true a replay is
//
// Virtual time and all that the world draws come from the seed. What becomes of a request is drawn from the records in it and how often they
// were seen before, not from its turn, so that two requests which meet in the same moment do not change each other's fate. Two things are
// outside of the seed: the jitter of the producer's back-off, and which of several goroutines that are ready in the same moment runs first.
// A failure that hangs on either may need a few replays (-count) before it comes back. A panic of the producer ends the test program without
// naming its world: with -v -parallel 1 the last line before it does.
//
// # Where to look
//
//   - world.go: what is drawn from a seed; load.go: the records that are put.
//   - model.go, shards.go: the streams, their shards and what they hold; answer.go: requests and their faults; listing.go: ListShards and
//     DescribeStreamSummary.
//   - check.go, check_order.go: what must hold at the end of a world.
//   - run_test.go: the producers' callers; past_test.go: worlds in which faults were found.
//   - faults_test.go, lie.go: proof that each check can fail; fairness_test.go: producers that share a shard.
package sim
