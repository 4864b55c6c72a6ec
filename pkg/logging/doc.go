// Package logging keeps a log readable while things fail over and over: the first line of a kind is written at once, and those that follow
// within ten seconds become one line that says how many there were.
package logging
