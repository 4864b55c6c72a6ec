package kinesislocal

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// validation collects what is wrong with a request, all of it, and words it as
// the service does.
type validation []string

func (v *validation) add(value, path, constraint string) {
	*v = append(*v, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", value, path, constraint))
}

func (v *validation) required(path string) { v.add("null", path, "not be null") }
func quoted(s string) string               { return "'" + s + "'" }
func (v *validation) integer(n, lo, hi int64, path string) {
	if n < lo {
		v.add(fmt.Sprintf("'%d'", n), path, fmt.Sprintf("have value greater than or equal to %d", lo))
	}
	if n > hi {
		v.add(fmt.Sprintf("'%d'", n), path, fmt.Sprintf("have value less than or equal to %d", hi))
	}
}

func (v *validation) oneOf(s, path string, values ...string) {
	for _, allowed := range values {
		if s == allowed {
			return
		}
	}
	v.add(quoted(s), path, "satisfy enum value set: ["+strings.Join(values, ", ")+"]")
}

func (v validation) err() *apiError {
	switch len(v) {
	case 0:
		return nil
	case 1:
		return refuse("ValidationException", "1 validation error detected: %s", v[0])
	}
	return refuse("ValidationException", "%d validation errors detected: %s", len(v), strings.Join(v, "; "))
}

const maxStreamName = 128

func streamNameChars(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return s != ""
}

func validStreamName(s string) bool { return streamNameChars(s) && len(s) <= maxStreamName }

func (v *validation) streamName(s, path string) {
	if s == "" {
		v.add("''", path, "have length greater than or equal to 1")
	}
	if len(s) > maxStreamName {
		v.add(quoted(s), path, "have length less than or equal to 128")
	}
	if !streamNameChars(s) {
		v.add(quoted(s), path, "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
}

func (v *validation) shardID(s, path string) {
	if s == "" || len(s) > 128 || !streamNameChars(s) {
		v.add(quoted(s), path, "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
}

func (v *validation) hashKey(s, path string) {
	if _, pattern, _ := parseHashKey(s); !pattern {
		v.add(quoted(s), path, `satisfy regular expression pattern: 0|([1-9]\d{0,38})`)
	}
}

const maxPartitionKeyChars = 256

// partitionKeyFits says whether key has 1 to 256 characters.
func partitionKeyFits(key string) bool {
	if len(key) <= maxPartitionKeyChars {
		return key != ""
	}
	return utf8.RuneCountInString(key) <= maxPartitionKeyChars
}

// entry checks one record; prefix is "" or "records.N.member.".
func (v *validation) entry(e *putEntry, prefix string, maxBytes int) {
	switch {
	case !e.hasPartitionKey:
		v.required(prefix + "partitionKey")
	case e.partitionKey == "":
		v.add("''", prefix+"partitionKey", "have length greater than or equal to 1")
	case !partitionKeyFits(e.partitionKey):
		v.add(quoted(e.partitionKey), prefix+"partitionKey", "have length less than or equal to 256")
	}
	if !e.hasData {
		v.required(prefix + "data")
	} else if n := len(e.data); n > maxBytes {
		v.add(fmt.Sprintf("'java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]'", n, n), prefix+"data",
			fmt.Sprintf("have length less than or equal to %d", maxBytes))
	}
	if e.hasExplicitHashKey {
		v.hashKey(e.explicitHashKey, prefix+"explicitHashKey")
	}
}
