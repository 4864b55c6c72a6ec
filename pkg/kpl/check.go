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

// CheckRecord refuses what Put would refuse at once: no stream, a partition key or explicit hash key that the service would not take,
// too much data. It returns the record's hash key.
func (c Config) CheckRecord(r Record) (HashKey, error) {
	if trimBlanks(r.Stream) == "" {
		return HashKey{}, errNoStream
	}
	if err := checkPartitionKey(r.PartitionKey); err != nil {
		return HashKey{}, err
	}
	hash := HashKeyOf(r.PartitionKey)
	if r.ExplicitHashKey != "" {
		var err error
		if hash, err = ParseHashKey(r.ExplicitHashKey); err != nil {
			return HashKey{}, err
		}
	}
	return hash, checkData(len(r.Data), c.MaxUserRecordSizeBytes)
}

// checkData refuses more data than MaxUserRecordSize.
func checkData(bytes, most int) error {
	if bytes > most {
		return fmt.Errorf("data must be less than or equal to %d bytes in size (MaxUserRecordSize), got %d bytes", most, bytes)
	}
	return nil
}
