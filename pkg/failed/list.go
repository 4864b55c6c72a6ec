package failed

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"time"
)

// ErrNoMessage says that there is no such failed message, any more perhaps.
var ErrNoMessage = errors.New("there is no such failed message; it may have been retried or dropped already")

// Message is a failed message.
type Message struct {
	// Directory is as it was given to List; Name is the file in it.
	Directory, Name string
	// At is when it was written.
	At    time.Time
	Bytes int64
	// Details is nil if nothing was kept with it.
	Details *Details
	// Edited says that the payload is not the one any more that was written.
	Edited bool

	info fs.FileInfo
	// keptIn are the files of its details, those of Details first.
	keptIn []string
}

// Query says which messages to list.
type Query struct {
	// Channel, Workflow and Code are exact, Reason is searched for; a message without details has none of these. Code may be that of any attempt.
	Channel, Workflow, Code string
	Reason                  *regexp.Regexp
	// Since is the earliest time; zero for all.
	Since time.Time
	// Brief leaves out the details of what is returned, for many messages that are to be worked on.
	Brief bool
	// Limit is how many are returned at most, the newest; 0 for all. Unless something else is asked for, the time of the file counts here.
	Limit int
}

func (q *Query) selects() bool {
	return q.Channel != "" || q.Workflow != "" || q.Code != "" || q.Reason != nil || !q.Since.IsZero()
}

func (q *Query) matches(m *Message) bool {
	if !q.Since.IsZero() && m.At.Before(q.Since) {
		return false
	}
	d := m.Details
	if d == nil {
		return q.Channel == "" && q.Workflow == "" && q.Code == "" && q.Reason == nil
	}
	return (q.Channel == "" || q.Channel == string(d.Channel)) && (q.Workflow == "" || q.Workflow == string(d.Workflow)) &&
		(q.Code == "" || d.hasCode(q.Code)) && (q.Reason == nil || q.Reason.MatchString(string(d.Reason)))
}

// List returns the messages of a directory, the newest first, and how many match: more than are returned if there is a limit. It holds as
// many in memory as it returns. Details that can not be read count as none.
func List(ctx context.Context, directory string, q Query) (messages []Message, matching int, err error) {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, 0, unreadable(directory, err)
	}
	defer root.Close()
	x, err := indexOf(root)
	if err != nil {
		return nil, 0, unreadable(directory, err)
	}
	var newest messageHeap
	err = eachName(root, ".", func(e fs.DirEntry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !e.Type().IsRegular() || checkName(e.Name()) != nil || !isMessage(e.Name(), len(x[keyOf(e.Name())]) > 0) {
			return nil
		}
		info, err := root.Lstat(e.Name())
		if err != nil || !info.Mode().IsRegular() { // it has gone meanwhile
			return nil
		}
		m := Message{Directory: directory, Name: e.Name(), At: info.ModTime(), Bytes: info.Size(), info: info}
		if q.selects() {
			if m.explain(root, x); !q.matches(&m) {
				return nil
			}
			m.forget(&q)
		}
		matching++
		heap.Push(&newest, m)
		if q.Limit > 0 && len(newest) > q.Limit {
			heap.Pop(&newest)
		}
		return nil
	})
	if err != nil {
		return nil, 0, unreadable(directory, err)
	}
	messages = newest
	if !q.selects() {
		for i := range messages {
			if err := ctx.Err(); err != nil {
				return nil, 0, err
			}
			messages[i].explain(root, x)
			messages[i].forget(&q)
		}
	}
	slices.SortFunc(messages, func(a, b Message) int { return -a.compare(&b) })
	return messages, matching, nil
}

func unreadable(directory string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the directory %s does not exist: no message has failed yet, or it is meant from another working directory: %w", directory, fs.ErrNotExist)
	}
	return fmt.Errorf("the directory %s can not be read: %w", directory, err)
}

// explain finds the details.
func (m *Message) explain(root *os.Root, x index) {
	all := x.details(root, m.Name, m.info)
	if len(all) == 0 {
		return
	}
	m.Details, m.Edited = all[0].Details, !all[0].fits
	if !m.Details.At.IsZero() {
		m.At = m.Details.At
	}
	for _, d := range all {
		if !d.At.After(m.Details.At) { // a newer one may belong to a payload that is about to come
			m.keptIn = append(m.keptIn, d.file)
		}
	}
}

func (m *Message) forget(q *Query) {
	if q.Brief {
		m.Details = nil
	}
}

// compare orders messages by time, and by name if they are of the same.
func (m *Message) compare(o *Message) int {
	return cmp.Or(m.At.Compare(o.At), -cmp.Compare(m.Name, o.Name))
}

// messageHeap has the oldest at its root.
type messageHeap []Message

func (h messageHeap) Len() int           { return len(h) }
func (h messageHeap) Less(i, j int) bool { return h[i].compare(&h[j]) < 0 }
func (h messageHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *messageHeap) Push(x any)        { *h = append(*h, x.(Message)) }
func (h *messageHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
