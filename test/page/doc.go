// Package page holds the tests of the status page in a browser: headless Chromium, against a server of the test that answers as pkg/admin does.
//
// They need a Chromium: that of the environment variable CHROMIUM, else one of the usual names in PATH. Without one they are skipped.
//
//	go test ./test/page -screenshots     makes the pictures of docs/images anew
package page
