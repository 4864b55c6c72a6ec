package kpl

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxPartitionKey is how many characters the service takes. It counts Unicode code points; the KPL counts UTF-16 code units.
const maxPartitionKey = 256

var errNoStream = errors.New("stream name cannot be empty: give the record a stream name or a stream ARN")

// checkPartitionKey refuses what the service would not take.
func checkPartitionKey(key string) error {
	if !utf8.ValidString(key) {
		return fmt.Errorf("invalid partition key %q: it is not valid UTF-8", key)
	}
	if n := len(key); n >= 1 && n <= maxPartitionKey {
		return nil
	}
	if n := utf8.RuneCountInString(key); n < 1 || n > maxPartitionKey {
		return fmt.Errorf("invalid partition key, length must be at least 1 and at most %d characters, got %d", maxPartitionKey, n)
	}
	return nil
}

// trimBlanks is strings.TrimSpace with a short way for what has none.
func trimBlanks(s string) string {
	if s != "" && s[0] > ' ' && s[0] < utf8.RuneSelf && s[len(s)-1] > ' ' && s[len(s)-1] < utf8.RuneSelf {
		return s
	}
	return strings.TrimSpace(s)
}
