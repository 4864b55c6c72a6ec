package failed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Details are what is kept beside the payload of a failed message. What is not known is empty.
type Details struct {
	// Version is of the form, 1. Later ones may add fields.
	Version int `json:"version"`
	// Name is the payload's file.
	Name Text `json:"name"`
	// At is when the message was written.
	At time.Time `json:"at"`
	// Channel and Workflow are unique-ids.
	Channel  Text `json:"channel,omitempty"`
	Workflow Text `json:"workflow,omitempty"`
	// Message is the id of the message as it was consumed; Written that of the one that the error handler wrote, if it is another.
	Message Text `json:"message,omitempty"`
	Written Text `json:"written,omitempty"`
	// File is the name of the file that the message was, and SourceDirectory where it stood, as the path of a URL; empty for other sources.
	File            Text `json:"file,omitempty"`
	SourceDirectory Text `json:"sourceDirectory,omitempty"`
	// Reason is the error.
	Reason Text `json:"reason"`
	// Code to Remedy are there for what Kinesis refused. Tries counts all attempts; Attempts are those that are known one by one.
	Code     Text      `json:"code,omitempty"`
	Stream   Text      `json:"stream,omitempty"`
	ShardID  Text      `json:"shardId,omitempty"`
	Tries    int       `json:"tries,omitempty"`
	Attempts []Attempt `json:"attempts,omitempty"`
	Remedy   Text      `json:"remedy,omitempty"`
	// MayBeStored says that an answer of Kinesis was lost, so that the record may be in the stream all the same.
	MayBeStored bool `json:"mayBeStored,omitempty"`
	// Metadata is that of the message as it was consumed, Added what the failure and the error handler added or changed.
	Metadata map[string]Text `json:"metadata,omitempty"`
	Added    map[string]Text `json:"added,omitempty"`
	// MetadataLost says that there was too much metadata to keep, more than about MostDetails bytes.
	MetadataLost bool `json:"metadataLost,omitempty"`
	// Encoding is the payload's character set, if the source named one.
	Encoding Text    `json:"encoding,omitempty"`
	Payload  Payload `json:"payload"`
}

// Attempt is one try to store a record.
type Attempt struct {
	// DelayMillis is the wait before it, DurationMillis how long it took.
	DelayMillis    int64 `json:"delayMillis"`
	DurationMillis int64 `json:"durationMillis"`
	Code           Text  `json:"code,omitempty"`
	Message        Text  `json:"message,omitempty"`
	// Merged counts tries before this one that are not listed.
	Merged int `json:"merged,omitempty"`
}

// Payload tells the payload that was written from others.
type Payload struct {
	Bytes int64 `json:"bytes"`
	// SHA256 is in hexadecimal digits.
	SHA256 string `json:"sha256"`
	// Changed says that the error handler wrote something else than what was consumed, which its workflow does not expect.
	Changed bool `json:"changed,omitempty"`
}

// MostDetails is the largest file of details that is read, in bytes.
const MostDetails = 8 << 20

const detailsVersion = 1

// PayloadOf describes a payload.
func PayloadOf(payload []byte) Payload {
	sum := sha256.Sum256(payload)
	return Payload{Bytes: int64(len(payload)), SHA256: hex.EncodeToString(sum[:])}
}

// Encode makes the file.
func (d *Details) Encode() ([]byte, error) {
	copied := *d
	copied.Version = detailsVersion
	text, err := copied.json()
	if err == nil && len(text) > MostDetails {
		copied.Metadata, copied.Added, copied.MetadataLost = nil, nil, true
		text, err = copied.json()
	}
	if err == nil && len(text) > MostDetails {
		err = fmt.Errorf("the details have %d bytes, and %d are the most", len(text), MostDetails)
	}
	return text, err
}

func (d *Details) json() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // people read it
	e.SetIndent("", "  ")
	err := e.Encode(d)
	return b.Bytes(), err
}

// Decode reads what Encode made, also of later versions.
func Decode(text []byte) (*Details, error) {
	if len(text) > MostDetails {
		return nil, fmt.Errorf("there are more than %d bytes", MostDetails)
	}
	d := new(Details)
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(d); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something after the object")
	}
	switch {
	case d.Version < 1:
		return nil, errors.New("there is no version")
	case d.Name == "":
		return nil, errors.New("there is no name")
	case d.Payload.Bytes < 0 || d.Tries < 0:
		return nil, errors.New("there is a negative number")
	}
	return d, nil
}

// hasCode says whether the record ended by code, or met it on its way.
func (d *Details) hasCode(code string) bool {
	if string(d.Code) == code {
		return true
	}
	for _, a := range d.Attempts {
		if string(a.Code) == code {
			return true
		}
	}
	return false
}
