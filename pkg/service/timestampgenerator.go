package service

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// TimestampGenerator says which time a message gets. It is safe for concurrent use.
type TimestampGenerator interface {
	// Timestamp is the time for m; now is the present.
	Timestamp(m *message.Message, now time.Time) (time.Time, error)
}

// OffsetTimestamp is the present and an offset. Interlok: OffsetTimestampGenerator.
type OffsetTimestamp struct {
	Offset *expr.Template `xml:"offset" example:"-P1D" doc:"ISO 8601 duration such as -P1DT2H, P1Y2M or PT0.5S; blank is none"`

	constant *isoDuration
}

// Check reads an offset that is the same for every message.
func (o *OffsetTimestamp) Check(r *component.Report) {
	text, ok := constantText(o.Offset)
	if !ok {
		return
	}
	d, err := parseOffset(text)
	if err != nil {
		r.Errorf("offset", "bad-value", ": %v", err)
		return
	}
	o.constant = &d
}

// Timestamp implements TimestampGenerator.
func (o *OffsetTimestamp) Timestamp(m *message.Message, now time.Time) (time.Time, error) {
	if o.constant != nil {
		return o.constant.addTo(now), nil
	}
	text, err := resolve(o.Offset, m)
	if err != nil {
		return now, fmt.Errorf("<offset>: %w", err)
	}
	d, err := parseOffset(text)
	if err != nil {
		return now, fmt.Errorf("<offset>: %w", err)
	}
	return d.addTo(now), nil
}

// LastMessageTimestamp is the time at which the message before was stamped, and 1 ms after the epoch for the first one since the start of
// the program. Interlok: LastMessageTimestampGenerator.
type LastMessageTimestamp struct {
	// last is atomic because messages are stamped side by side; in milliseconds since the epoch, 0 before the first.
	last atomic.Int64
}

// Timestamp implements TimestampGenerator.
func (l *LastMessageTimestamp) Timestamp(_ *message.Message, now time.Time) (time.Time, error) {
	last := l.last.Swap(now.UnixMilli())
	return time.UnixMilli(max(last, 1)), nil
}

func init() {
	component.Register[OffsetTimestamp]("offset-timestamp-generator", "com.adaptris.core.services.metadata.timestamp.OffsetTimestampGenerator",
		component.KindPart, "the present and an offset")
	component.Register[LastMessageTimestamp]("last-message-timestamp-generator", "com.adaptris.core.services.metadata.timestamp.LastMessageTimestampGenerator",
		component.KindPart, "the time at which the message before was stamped")
}
