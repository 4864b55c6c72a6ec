// Package crash kills the real program with SIGKILL while it is at work, and holds it to what it has told its sources: a request that was
// answered 200 has its record in the stream, a file that is gone has all of its records there, and a file that was half delivered is
// delivered whole when the program starts again.
//
// `go test ./test/crash` kills three times in each test, CRASH_ROUNDS=50 as often as that. Everything is on the loopback.
package crash
