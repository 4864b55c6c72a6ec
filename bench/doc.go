// Package bench holds what is measured of the whole, and what may not grow.
//
//   - The benchmarks here put records through pkg/kpl up to one stage or another; those of single stages stand beside their code, see
//     docs/performance.md.
//   - The guards, tests like any other, hold counts that do not depend on how fast a machine is: allocations, bytes allocated, requests and
//     Kinesis records.
//   - sink is a Kinesis that costs next to nothing, in a process of its own; engine drives the producer, or a yardstick, against it; kpl does
//     the same with the Kinesis Producer Library; peers runs them in turn and prints one table (make bench-peers).
//
// The programs may not be imported, not even by each other: they speak in JSON lines.
package bench
