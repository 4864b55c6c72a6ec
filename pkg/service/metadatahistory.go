package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
)

// historyPath is the path of a store-file-url; what is wrong with it is reported.
func historyPath(r *component.Report, url string) string {
	if url == "" {
		return ""
	}
	path, err := document.FilePath(url)
	if err != nil {
		r.Errorf("store-file-url", "bad-value", ": %v", err)
	}
	return path
}

// historyValue is the value that a service looks for among those seen before.
func historyValue(m *message.Message, key string) (string, error) {
	value, _ := m.Metadata(key)
	if strings.TrimSpace(value) == "" {
		return "", fmt.Errorf("the message has no metadata %q, or a blank one; set it before", key)
	}
	return value, nil
}

// history is a list of values that is kept in a file. It is safe for concurrent use.
type history struct {
	path string
	most int

	// mu guards values, and that the file has them.
	mu     sync.Mutex
	values []string
}

func (h *history) load() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	values, err := readHistory(h.path)
	h.values = values
	return err
}

// add adds a value, unless unseen asks for a new one and it is there, and drops the oldest ones that are too many.
func (h *history) add(value string, unseen bool) (added bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if unseen && slices.Contains(h.values, value) {
		return false, nil
	}
	values := append(slices.Clone(h.values), value)
	values = values[max(0, len(values)-h.most):]
	if err := replaceFile(h.path, encodeHistory(values)); err != nil {
		return false, fmt.Errorf("the value cannot be stored: %w", err)
	}
	h.values = values
	return true, nil
}

// StoreValue adds a metadata value to a file of values, for check-metadata-value-service. Interlok: StoreMetadataValueService, whose file
// it reads and writes.
type StoreValue struct {
	component.ServiceBase
	MetadataKey  string `xml:"metadata-key,required" doc:"key of the metadata"`
	StoreFileURL string `xml:"store-file-url,required" example:"file:///var/lib/adapterd/seen" doc:"file of the values; file URL or path"`
	Most         int    `xml:"number-of-previous-values-to-store" default:"1000" min:"1" doc:"values that are kept; the oldest go first"`

	seen history
}

// Check finds the file's path.
func (s *StoreValue) Check(r *component.Report) {
	s.seen.path, s.seen.most = historyPath(r, s.StoreFileURL), s.Most
}

// Init reads the values of the file.
func (s *StoreValue) Init(context.Context) error { return s.seen.load() }

// Start does nothing.
func (*StoreValue) Start(context.Context) error { return nil }

// Stop does nothing: the file has all values.
func (*StoreValue) Stop(context.Context) error { return nil }

// Apply stores the value that m has.
func (s *StoreValue) Apply(_ context.Context, m *message.Message) error {
	value, err := historyValue(m, s.MetadataKey)
	if err == nil {
		_, err = s.seen.add(value, false)
	}
	if err != nil {
		return fmt.Errorf("store-metadata-value-service: %w", err)
	}
	return nil
}

// CheckValue chooses the next service by whether a metadata value is in a file of values, which it reads for every message. Interlok:
// CheckMetadataValueService.
type CheckValue struct {
	Branching
	MetadataKey     string `xml:"metadata-key,required" doc:"key of the metadata"`
	StoreFileURL    string `xml:"store-file-url,required" example:"file:///var/lib/adapterd/seen" doc:"file that store-metadata-value-service writes; file URL or path"`
	NextIfDuplicate string `xml:"next-service-id-if-duplicate,required" doc:"unique-id of the service for a value that is in the file"`
	NextIfUnique    string `xml:"next-service-id-if-unique,required" doc:"unique-id of the service for a value that is not"`

	path string
}

// Check finds the file's path.
func (s *CheckValue) Check(r *component.Report) { s.path = historyPath(r, s.StoreFileURL) }

func (s *CheckValue) branches() ([]string, bool) {
	return []string{s.NextIfDuplicate, s.NextIfUnique}, true
}

// Apply chooses the next service.
func (s *CheckValue) Apply(ctx context.Context, m *message.Message) error {
	value, err := historyValue(m, s.MetadataKey)
	var seen []string
	if err == nil {
		seen, err = readHistory(s.path)
	}
	if err != nil {
		return fmt.Errorf("check-metadata-value-service: %w", err)
	}
	if slices.Contains(seen, value) {
		logDuplicate(ctx, m, s.UniqueID, s.MetadataKey)
		branchTo(m, s.NextIfDuplicate)
		return nil
	}
	branchTo(m, s.NextIfUnique)
	return nil
}

// CheckUnique chooses the next service by whether a metadata value has been there before, and stores it. Interlok:
// CheckUniqueMetadataValueService, whose file it reads and writes. The value is stored before the message is delivered: when the message is
// offered again because it was not, it is a duplicate.
type CheckUnique struct {
	Branching
	MetadataKey     string `xml:"metadata-key-to-check,required" doc:"key of the metadata"`
	StoreFileURL    string `xml:"store-file-url,required" example:"file:///var/lib/adapterd/seen" doc:"file of the values; file URL or path"`
	NextIfDuplicate string `xml:"next-service-id-if-duplicate,required" doc:"unique-id of the service for a value that has been there"`
	NextIfUnique    string `xml:"next-service-id-if-unique,required" doc:"unique-id of the service for a new value"`
	Most            int    `xml:"number-of-previous-values-to-store" default:"1000" min:"1" doc:"values that are kept; the oldest go first"`

	seen history
}

// Check finds the file's path.
func (s *CheckUnique) Check(r *component.Report) {
	s.seen.path, s.seen.most = historyPath(r, s.StoreFileURL), s.Most
}

func (s *CheckUnique) branches() ([]string, bool) {
	return []string{s.NextIfDuplicate, s.NextIfUnique}, true
}

// Init reads the values of the file.
func (s *CheckUnique) Init(context.Context) error { return s.seen.load() }

// Start does nothing.
func (*CheckUnique) Start(context.Context) error { return nil }

// Stop does nothing: the file has all values.
func (*CheckUnique) Stop(context.Context) error { return nil }

// Apply chooses the next service.
func (s *CheckUnique) Apply(ctx context.Context, m *message.Message) error {
	value, err := historyValue(m, s.MetadataKey)
	added := false
	if err == nil {
		added, err = s.seen.add(value, true)
	}
	switch {
	case err != nil:
		return fmt.Errorf("check-unique-metadata-value-service: %w", err)
	case added:
		branchTo(m, s.NextIfUnique)
	default:
		logDuplicate(ctx, m, s.UniqueID, s.MetadataKey)
		branchTo(m, s.NextIfDuplicate)
	}
	return nil
}

func logDuplicate(ctx context.Context, m *message.Message, service, key string) {
	component.Logger(ctx).Warn("the value of metadata has been there before", zap.String("service", service), zap.String("key", key), idField(m))
}

func init() {
	component.Register[StoreValue]("store-metadata-value-service", "com.adaptris.core.services.duplicate.StoreMetadataValueService", component.KindService,
		"adds a metadata value to a file of values")
	component.Register[CheckValue]("check-metadata-value-service", "com.adaptris.core.services.duplicate.CheckMetadataValueService", component.KindService,
		"chooses the next service by whether a metadata value is in a file")
	component.Register[CheckUnique]("check-unique-metadata-value-service", "com.adaptris.core.services.metadata.CheckUniqueMetadataValueService",
		component.KindService, "chooses the next service by whether a metadata value has been there before")
}
