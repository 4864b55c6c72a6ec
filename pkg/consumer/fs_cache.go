package consumer

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

// item is a file as it was when it was consumed (Interlok's ProcessedItem, in the names that its XML has).
type item struct {
	Path     string `xml:"absolute-path"`
	Modified int64  `xml:"last-modified"` // milliseconds since 1970
	Size     int64  `xml:"filesize"`
	// Processed is when the file was consumed, or seen again; milliseconds since 1970.
	Processed int64 `xml:"last-processed"`
}

func itemOf(path string, info fs.FileInfo) item {
	return item{Path: path, Modified: info.ModTime().UnixMilli(), Size: info.Size()}
}

func (i item) same(o item) bool { return i.Size == o.Size && i.Modified == o.Modified }

// itemCache remembers files. It is used by one goroutine at a time.
type itemCache interface {
	// load reads what was remembered before the program started.
	load(log *zap.Logger) error
	// has says whether a file is remembered as it is now, and notes that it is still there.
	has(now item) bool
	put(i item)
	// known are the files that are remembered, by their path; the caller changes nothing in it.
	known() map[string]item
	// evict forgets files that have not been there for long.
	evict(now time.Time)
	// save keeps what is remembered for the next start of the program.
	save() error
}

// NoCache is Interlok's NoCache: nothing is remembered, so each poll consumes all files.
type NoCache struct{}

func (*NoCache) load(*zap.Logger) error { return nil }
func (*NoCache) has(item) bool          { return false }
func (*NoCache) put(item)               {}
func (*NoCache) known() map[string]item { return nil }
func (*NoCache) evict(time.Time)        {}
func (*NoCache) save() error            { return nil }

// InlineCache is Interlok's InlineItemCache: what is remembered is gone with the program.
type InlineCache struct {
	Age component.Interval `xml:"age-before-eviction" default:"12h" doc:"how long a file is remembered that is no longer there"`

	items map[string]item
	// changed says that save has something to keep.
	changed bool
}

func (c *InlineCache) load(*zap.Logger) error { return nil }

func (c *InlineCache) has(now item) bool {
	before, ok := c.items[now.Path]
	if !ok || !before.same(now) {
		return false
	}
	before.Processed = time.Now().UnixMilli()
	c.items[now.Path] = before // not worth a save: a file that is there is seen again before anything is forgotten
	return true
}

func (c *InlineCache) put(i item) {
	if c.items == nil {
		c.items = make(map[string]item)
	}
	c.items[i.Path] = i
	c.changed = true
}

func (c *InlineCache) known() map[string]item { return c.items }

func (c *InlineCache) evict(now time.Time) {
	oldest := now.Add(-c.Age.Duration).UnixMilli()
	for path, i := range c.items {
		if i.Processed < oldest {
			delete(c.items, path)
			c.changed = true
		}
	}
}

func (c *InlineCache) save() error {
	c.changed = false
	return nil
}

// StoredCache is Interlok's XStreamItemCache: what is remembered stands in a file, in the XML that Interlok writes too. It is written after
// each poll, and at the end.
type StoredCache struct {
	InlineCache
	Store string `xml:"persistent-store" example:"./var/processed.xml" doc:"the file, as a file URL or a path; without one, what is remembered is gone with the program"`

	path string
}

// Check implements component.Checker.
func (c *StoredCache) Check(r *component.Report) {
	if strings.TrimSpace(c.Store) == "" {
		r.Warnf("persistent-store", "without-effect", "is missing, so nothing is remembered when the program starts anew; name a file")
		return
	}
	c.path = pathOf(r, "persistent-store", c.Store)
}

// storedItems is the file.
type storedItems struct {
	XMLName xml.Name `xml:"processed-item-list"`
	Items   []item   `xml:"processed-items>processed-item"`
}

func (c *StoredCache) load(log *zap.Logger) error {
	if c.path == "" || c.items != nil {
		return nil
	}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		log.Info("nothing is remembered about consumed files yet", zap.String("store", c.path))
		return nil
	}
	if err != nil {
		return fmt.Errorf("<persistent-store>: %w", err)
	}
	items, err := parseStore(text)
	if err != nil {
		return fmt.Errorf("<persistent-store> %s is not what a processed-item-cache writes: %w; move it away, and all files are consumed again", c.path, err)
	}
	c.items = items
	return nil
}

func parseStore(text []byte) (map[string]item, error) {
	var stored storedItems
	if err := xml.Unmarshal(text, &stored); err != nil {
		return nil, err
	}
	items := make(map[string]item, len(stored.Items))
	for n, i := range stored.Items {
		if i.Path == "" {
			return nil, fmt.Errorf("<processed-item> %d has no <absolute-path>", n+1)
		}
		items[i.Path] = i
	}
	return items, nil
}

// save replaces the file at once: who reads it sees the old or the new content.
func (c *StoredCache) save() error {
	if c.path == "" || !c.changed {
		return nil
	}
	var stored storedItems
	for _, i := range c.items {
		stored.Items = append(stored.Items, i)
	}
	slices.SortFunc(stored.Items, func(a, b item) int { return strings.Compare(a.Path, b.Path) })
	text, err := xml.MarshalIndent(stored, "", "  ")
	if err != nil {
		return err
	}
	directory := filepath.Dir(c.path)
	if err := os.MkdirAll(directory, 0o777); err != nil {
		return err
	}
	out, err := os.CreateTemp(directory, ".adapterd-*.wip")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name()) // it is gone when all went well
	_, err = out.Write(append(text, '\n'))
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), c.path); err != nil {
		return err
	}
	c.changed = false
	return nil
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.fs."
	component.Register[NoCache]("fs-no-processed-item-cache", pkg+"NoCache", kind, "remembers no files: each poll consumes all")
	component.Register[InlineCache]("fs-inline-processed-item-cache", pkg+"InlineItemCache", kind, "remembers consumed files while the program runs")
	component.Register[StoredCache]("fs-xstream-processed-item-cache", pkg+"XStreamItemCache", kind, "remembers consumed files in a file")
}
