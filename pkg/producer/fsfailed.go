package producer

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata by which consumers of files tell where a message comes from (Interlok: CoreConstants).
const (
	metadataOriginalName = "originalname"
	metadataConsumeDir   = "fsConsumeDir"
)

// keepDetails keeps what is known of a failed message, if an error handler writes one, before its payload appears as the file target. undo
// takes that back. The payload counts more: a failed message is written also when nothing can be kept with it.
func (p *fileTarget) keepDetails(ctx context.Context, target string, m *message.Message) (undo func()) {
	undo = func() {}
	f, ok := component.FailedOf(ctx)
	if !ok {
		return undo
	}
	if _, appends := p.worker.(*FSAppend); appends { // one file of many messages
		return undo
	}
	dir, log := filepath.Dir(target), component.Logger(ctx).With(zap.String("message", m.ID()))
	kept, err := failed.Keep(dir, detailsOf(f, m, filepath.Base(target)))
	if err != nil {
		log.Warn("failed message is written without what is known of its failure", zap.String("file", target), zap.Error(err))
		return undo
	}
	if err := p.sweeper.Sweep(dir); err != nil {
		log.Debug("what was kept with messages that are gone can not be removed", zap.String("directory", dir), zap.Error(err))
	}
	return kept
}

// detailsOf are those of a failed message that is written as m, under that name.
func detailsOf(f component.Failed, m *message.Message, name string) *failed.Details {
	consumed := f.Consumed
	if consumed == nil {
		consumed = f.Message
	}
	d := &failed.Details{
		Name: failed.Text(name), At: time.Now().Round(0), Message: failed.Text(f.Message.ID()), Reason: failed.Text(f.Err.Error()), Encoding: failed.Text(m.Encoding()),
		Metadata: make(map[string]failed.Text), Added: make(map[string]failed.Text), Payload: failed.PayloadOf(m.Payload()),
	}
	d.Workflow = failed.Text(f.Workflow)
	if at := strings.LastIndexByte(f.Workflow, '@'); at >= 0 {
		d.Workflow, d.Channel = failed.Text(f.Workflow[:at]), failed.Text(f.Workflow[at+1:])
	}
	if id := m.ID(); id != f.Message.ID() {
		d.Written = failed.Text(id)
	}
	for _, key := range consumed.MetadataKeys() {
		value, _ := consumed.Metadata(key)
		d.Metadata[key] = failed.Text(value)
	}
	for _, key := range m.MetadataKeys() {
		now, _ := m.Metadata(key)
		if before, was := consumed.Metadata(key); !was || before != now {
			d.Added[key] = failed.Text(now)
		}
	}
	d.File, d.SourceDirectory = d.Metadata[metadataOriginalName], d.Metadata[metadataConsumeDir]
	d.Payload.Changed = f.Message.Load() != nil || !bytes.Equal(f.Message.Payload(), m.Payload())
	describeRecord(d, f.Err)
	return d
}

// describeRecord tells what Kinesis said, if that is why the message failed.
func describeRecord(d *failed.Details, err error) {
	record, ok := errors.AsType[*kpl.RecordError](err)
	if !ok {
		// What is known in words only, as with an error that was passed on as text.
		d.Code = d.Added[metadataCode]
		d.Tries, _ = strconv.Atoi(string(d.Added[metadataAttempts]))
		d.Tries = max(d.Tries, 0)
		return
	}
	d.Code, d.Stream, d.ShardID = failed.Text(record.Code), failed.Text(record.Stream), failed.Text(record.ShardID)
	d.Remedy, d.MayBeStored, d.Tries = failed.Text(record.Remedy), record.MayBeStored, kpl.Tries(record.Attempts)
	for _, a := range record.Attempts {
		d.Attempts = append(d.Attempts, failed.Attempt{
			DelayMillis: a.Delay.Milliseconds(), DurationMillis: a.Duration.Milliseconds(), Code: failed.Text(a.ErrorCode), Message: failed.Text(a.ErrorMessage), Merged: a.Merged,
		})
	}
}
