package producer

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata that tells a message how its record ended. Shard and sequence number are there on success only, error codes on failure only.
const (
	metadataShard    = "kinesisShardId"
	metadataSequence = "kinesisSequenceNumber"
	metadataAttempts = "kinesisAttempts" // how many
	// metadataCode and metadataMessage are the last cause; metadataCodes are the error codes of all attempts in order, with commas.
	metadataCode    = "kinesisErrorCode"
	metadataMessage = "kinesisErrorMessage"
	metadataCodes   = "kinesisAttemptErrors"
)

// failedRecord is a *kpl.RecordError that can tell the failed message about its attempts.
type failedRecord struct {
	cause *kpl.RecordError
}

// Error is the record's.
func (e *failedRecord) Error() string { return e.cause.Error() }

// Unwrap is the *kpl.RecordError.
func (e *failedRecord) Unwrap() error { return e.cause }

// Annotate sets the number of attempts, their error codes, and the last cause.
func (e *failedRecord) Annotate(m *message.Message) {
	m.SetMetadata(metadataAttempts, strconv.Itoa(len(e.cause.Attempts)))
	m.SetMetadata(metadataCode, e.cause.Code)
	m.SetMetadata(metadataMessage, e.cause.Message)
	codes := make([]string, 0, len(e.cause.Attempts))
	for _, a := range e.cause.Attempts {
		if !a.Success {
			codes = append(codes, a.ErrorCode)
		}
	}
	m.SetMetadata(metadataCodes, strings.Join(codes, ","))
}

// LogFields implements component.Logged.
func (e *failedRecord) LogFields() []zap.Field { return recordFields(e.cause) }

// recordFields are where and why a record failed, for a log. A record whose shard was not predicted has none.
func recordFields(e *kpl.RecordError) []zap.Field {
	fields := []zap.Field{zap.String("stream", e.Stream)}
	if e.ShardID != "" {
		fields = append(fields, zap.String("shard", e.ShardID))
	}
	return append(fields, zap.String("code", e.Code), zap.Int("attempts", len(e.Attempts)))
}

// failure is what a record's end means for its message: nil, a failure with attempts, or, when the connection stopped first, a message given back.
func failure(err error) error {
	if err == nil {
		return nil
	}
	if cause, ok := errors.AsType[*kpl.RecordError](err); ok {
		err = &failedRecord{cause}
	}
	if errors.Is(err, kpl.ErrClosed) {
		return fmt.Errorf("%w: %w", component.ErrStopped, err)
	}
	return err
}

// stored tells a message where its record is.
func stored(m *message.Message, r kpl.Result) {
	m.SetMetadata(metadataShard, r.ShardID)
	m.SetMetadata(metadataSequence, r.SequenceNumber)
	m.SetMetadata(metadataAttempts, strconv.Itoa(len(r.Attempts)))
}
