package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// Files of a stored message (Interlok: FilesystemRetryStore).
const (
	storedPayload  = "payload.blob"
	storedMetadata = "metadata.properties"
	storedError    = "stacktrace.txt"
)

// RetryStore keeps messages that somebody may send again. It is safe for concurrent use on different messages.
type RetryStore interface {
	// Write stores m under its id; what is there of that id is replaced.
	Write(m *message.Message) error
	// Delete removes what is stored under id; nothing there is no error.
	Delete(id string) error
}

// FileRetryStore keeps each message in a directory of its own, named by its id: payload.blob, metadata.properties, and stacktrace.txt with
// the error that it failed with, if it did. Interlok: FilesystemRetryStore, whose directories it reads and writes.
type FileRetryStore struct {
	BaseURL string `xml:"base-url,required" example:"file:///var/lib/adapterd/retry" doc:"directory of the messages; file URL or path; it is made when the first one is stored"`

	dir string
}

// Check finds the directory's path.
func (s *FileRetryStore) Check(r *component.Report) {
	if s.BaseURL == "" {
		return
	}
	var err error
	if s.dir, err = document.FilePath(s.BaseURL); err != nil {
		r.Errorf("base-url", "bad-value", ": %v", err)
	}
}

// dirOf is the directory of a message. An id may come from outside, so it must not lead to another place.
func (s *FileRetryStore) dirOf(id string) (string, error) {
	if id == "" || id == "." || id == ".." || strings.ContainsAny(id, "/\\\x00") || !filepath.IsLocal(id) {
		return "", fmt.Errorf("%q can not name a message's directory; an id has neither / nor \\ in it, and is not made of dots", id)
	}
	return filepath.Join(s.dir, id), nil
}

// Write implements RetryStore. The metadata is written last: a message without it is not complete. All of it is on disk when Write returns:
// the source of the message may be acknowledged after that.
func (s *FileRetryStore) Write(m *message.Message) error {
	dir, err := s.dirOf(m.ID())
	if err != nil {
		return err
	}
	if err := makeDirectory(dir); err != nil {
		return err
	}
	if failure := errorOf(m); failure != nil {
		if err := replaceFile(filepath.Join(dir, storedError), []byte(failure.Error()+"\n")); err != nil {
			return err
		}
	}
	if err := replaceFile(filepath.Join(dir, storedPayload), m.Payload()); err != nil {
		return err
	}
	items, err := filterMetadata(nil, m)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, storedMetadata), encodeProperties(items, time.Now()))
}

// Delete implements RetryStore.
func (s *FileRetryStore) Delete(id string) error {
	dir, err := s.dirOf(id)
	if err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// RetryStoreWrite stores the message. Interlok: RetryStoreWriteService.
type RetryStoreWrite struct {
	component.ServiceBase
	Store RetryStore `xml:"retry-store,required" doc:"where it is stored"`
}

// Apply stores m.
func (s *RetryStoreWrite) Apply(_ context.Context, m *message.Message) error {
	if err := s.Store.Write(m); err != nil {
		return fmt.Errorf("retry-store-write-message: the message cannot be stored: %w", err)
	}
	return nil
}

// RetryStoreDelete removes a message that was stored. Interlok: RetryStoreDeleteService.
type RetryStoreDelete struct {
	component.ServiceBase
	MessageID *expr.Template `xml:"message-id,required" example:"%message{storedId}" doc:"id of the message, or an expression for it"`
	Store     RetryStore     `xml:"retry-store,required" doc:"where it was stored"`
}

// Apply removes the message.
func (s *RetryStoreDelete) Apply(_ context.Context, m *message.Message) error {
	id, err := resolve(s.MessageID, m)
	if err != nil {
		return fmt.Errorf("retry-store-delete-service: <message-id>: %w", err)
	}
	if err := s.Store.Delete(id); err != nil {
		return fmt.Errorf("retry-store-delete-service: the message cannot be removed: %w", err)
	}
	return nil
}

// DuplicateRouting sets metadata by whether a metadata value has been there before. Interlok: DuplicateMessageRoutingService, which writes
// its values at its end; here each is in the file before the message goes on, in a form that Interlok does not read. A message without the
// metadata counts as one with an empty value.
type DuplicateRouting struct {
	component.ServiceBase
	KeyToCheck           string `xml:"key-to-check" default:"DuplicateCheck" doc:"key of the metadata that tells messages apart"`
	DestinationKey       string `xml:"destination-key,required" doc:"key of the metadata that gets the destination"`
	UniqueDestination    string `xml:"unique-destination,required" doc:"its value for a message whose value is new"`
	DuplicateDestination string `xml:"duplicate-destination,required" doc:"its value for the others"`
	ConfigLocation       string `xml:"config-location,required" example:"file:///var/lib/adapterd/seen" doc:"file of the values; file URL or path"`
	HistorySize          int    `xml:"history-size" default:"100" min:"1" doc:"values that are kept; the oldest go first"`

	seen history
}

// Check finds the file's path.
func (s *DuplicateRouting) Check(r *component.Report) {
	if s.ConfigLocation == "" {
		return
	}
	var err error
	if s.seen.path, err = document.FilePath(s.ConfigLocation); err != nil {
		r.Errorf("config-location", "bad-value", ": %v", err)
	}
	s.seen.most = s.HistorySize
}

// Init reads the values of the file.
func (s *DuplicateRouting) Init(context.Context) error {
	if err := s.seen.load(); err != nil {
		if errors.Is(err, errNoHistory) {
			return fmt.Errorf("duplicate-message-routing-service: %w; a file that Interlok's service of that name wrote is not read here: name another one in <config-location>", err)
		}
		return fmt.Errorf("duplicate-message-routing-service: %w", err)
	}
	return nil
}

// Start does nothing.
func (*DuplicateRouting) Start(context.Context) error { return nil }

// Stop does nothing: the file has all values.
func (*DuplicateRouting) Stop(context.Context) error { return nil }

// Apply sets the destination.
func (s *DuplicateRouting) Apply(_ context.Context, m *message.Message) error {
	value, _ := m.Metadata(s.KeyToCheck)
	added, err := s.seen.add(value, true)
	switch {
	case err != nil:
		return fmt.Errorf("duplicate-message-routing-service: %w", err)
	case added:
		m.SetMetadata(s.DestinationKey, s.UniqueDestination)
	default:
		m.SetMetadata(s.DestinationKey, s.DuplicateDestination)
	}
	return nil
}

func init() {
	const pkg = "com.adaptris.core.http.jetty.retry."
	component.Register[FileRetryStore]("retry-store-filesystem", pkg+"FilesystemRetryStore", component.KindPart, "keeps messages in directories")
	component.Register[RetryStoreWrite]("retry-store-write-message", pkg+"RetryStoreWriteService", component.KindService, "stores the message for somebody to send it again")
	component.Register[RetryStoreDelete]("retry-store-delete-service", pkg+"RetryStoreDeleteService", component.KindService, "removes a message that was stored")
	component.Register[DuplicateRouting]("duplicate-message-routing-service", "com.adaptris.core.services.duplicate.DuplicateMessageRoutingService", component.KindService,
		"sets metadata by whether a metadata value has been there before")
}
