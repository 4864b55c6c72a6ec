//go:build race

package kpl

// raceEnabled says that pools drop at random what they are given.
const raceEnabled = true
