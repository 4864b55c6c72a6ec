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
	_, hash, _, err := c.check(&r)
	return hash, err
}

// check is CheckRecord that also returns the stream without blanks and the explicit hash key in its shortest form.
func (c *Config) check(r *Record) (name streamName, hash HashKey, explicit string, err error) {
	name = streamName(trimBlanks(r.Stream))
	if name == "" {
		return "", HashKey{}, "", errNoStream
	}
	if err := checkPartitionKey(r.PartitionKey); err != nil {
		return "", HashKey{}, "", err
	}
	if r.ExplicitHashKey == "" {
		hash = HashKeyOf(r.PartitionKey)
	} else if hash, explicit, err = parseHashKey(r.ExplicitHashKey); err != nil {
		return "", HashKey{}, "", err
	}
	if most := c.MaxUserRecordSizeBytes; len(r.Data) > most {
		err = fmt.Errorf("data must be less than or equal to %d bytes in size (MaxUserRecordSize), got %d bytes", most, len(r.Data))
	}
	return name, hash, explicit, err
}
