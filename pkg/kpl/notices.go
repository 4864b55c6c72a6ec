package kpl

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// noticePause is the time in which the same is said once only.
const noticePause = 10 * time.Second

// maxNotices bounds the memory of what was said.
const maxNotices = 1000

// notices logs what may happen to every request in few lines: the first of a kind and stream at once, the others of ten seconds as a number
// in the next line.
type notices struct {
	log *zap.Logger

	mu   sync.Mutex // guards all below
	said map[noticeKey]*notice
}

type noticeKey struct{ kind, stream string }

type notice struct {
	at         instant
	suppressed int
}

func (n *notices) warn(kind, stream, words string, now instant, fields ...zap.Field) {
	if more, say := n.due(noticeKey{kind, stream}, now); say {
		n.log.Warn(words, append(fields, more...)...)
	}
}

func (n *notices) error(kind, stream, words string, now instant, fields ...zap.Field) {
	if more, say := n.due(noticeKey{kind, stream}, now); say {
		n.log.Error(words, append(fields, more...)...)
	}
}

func (n *notices) due(key noticeKey, now instant) (more []zap.Field, say bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	last := n.said[key]
	if last != nil && now.since(last.at) < noticePause {
		last.suppressed++
		return nil, false
	}
	if last != nil && last.suppressed > 0 {
		more = append(more, zap.Int("suppressed", last.suppressed))
	}
	if n.said == nil || len(n.said) >= maxNotices {
		n.said = map[noticeKey]*notice{}
	}
	n.said[key] = &notice{at: now}
	return more, true
}
