package service

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// RegexpSplitter cuts a message behind every match of a regular expression. Interlok: SimpleRegexpMessageSplitter.
//
// What matches ends a record. Each record is a part; with CompareToPreviousMatch those records that follow each other are one part in
// which group 1 of another regular expression matches the same text. What stands behind the last match is a record too, unless it has
// blanks only. Parts are slices of the payload and cost no copy in UTF-8; matches are looked for as parts are wanted.
type RegexpSplitter struct {
	splitting
	SplitPattern           *regexp.Regexp `xml:"split-pattern,required" example:"\n" doc:"regular expression of what ends a record"`
	MatchPattern           *regexp.Regexp `xml:"match-pattern" doc:"regular expression whose group 1 says which records belong together; for compare-to-previous-match"`
	CompareToPreviousMatch bool           `xml:"compare-to-previous-match" default:"false" doc:"true makes one part of records that belong together"`
	IgnoreFirstSubMessage  bool           `xml:"ignore-first-sub-message" default:"false" doc:"true leaves the first part out"`

	search recordSearch
}

// Check refuses a comparison without a group to compare.
func (s *RegexpSplitter) Check(r *component.Report) {
	if s.SplitPattern != nil {
		var err error
		if s.search, err = newRecordSearch(s.SplitPattern); err != nil {
			r.Errorf("split-pattern", "bad-value", "is %s, which cannot be searched for piece by piece: %v; use a simpler pattern", s.SplitPattern, err)
		}
	}
	switch {
	case !s.CompareToPreviousMatch:
	case s.MatchPattern == nil:
		if !r.Set("match-pattern") {
			r.Errorf("compare-to-previous-match", "missing-element", "is true, which needs a <match-pattern>; add one")
		}
	case s.MatchPattern.NumSubexp() == 0:
		r.Errorf("match-pattern", "bad-value", "is %s, which has no group; put brackets around what belonging records have in common", s.MatchPattern)
	}
}

// Split implements component.Splitter.
func (s *RegexpSplitter) Split(m *message.Message, yield func(*message.Message) error) error {
	origin := s.origin(m)
	text, same := m.Payload(), isUTF8(m.Encoding())
	if !same {
		decoded, err := m.Text()
		if err != nil {
			return fmt.Errorf("simple-regexp-message-splitter: %w", err)
		}
		text = []byte(decoded)
	}
	leaveOut, found := s.IgnoreFirstSubMessage, false
	err := s.parts(text, func(part []byte) error {
		if found = true; leaveOut {
			leaveOut = false
			return nil
		}
		if !same {
			var err error
			if part, err = encodeText(m.Encoding(), string(part)); err != nil {
				return fmt.Errorf("simple-regexp-message-splitter: %w", err)
			}
		}
		return yield(origin.Child(part))
	})
	if err == nil && s.IgnoreFirstSubMessage && !found {
		err = errors.New("simple-regexp-message-splitter: there is no part at all, so there is none to leave out; unset <ignore-first-sub-message>")
	}
	return err
}

// parts calls do for every part of the text.
func (s *RegexpSplitter) parts(text []byte, do func(part []byte) error) error {
	if s.CompareToPreviousMatch {
		return s.joined(text, do)
	}
	return s.eachRecord(text, func(from, to int, last bool) error {
		if last && onlyBlanks(text[from:to]) {
			return nil
		}
		return do(text[from:to:to])
	})
}

// onlyBlanks says that a text is empty once Java's String.trim has been through it.
func onlyBlanks(text []byte) bool {
	return len(bytes.TrimFunc(text, func(r rune) bool { return r <= ' ' })) == 0
}

// joined calls do for the records, those that belong together in one part.
func (s *RegexpSplitter) joined(text []byte, do func(part []byte) error) error {
	first := s.MatchPattern.FindSubmatch(text)
	if first == nil {
		return fmt.Errorf("simple-regexp-message-splitter: <match-pattern> %s is found nowhere in the payload; change it, or unset <compare-to-previous-match>",
			s.MatchPattern)
	}
	current, begin := first[1], 0
	return s.eachRecord(text, func(from, to int, last bool) error {
		var found []byte
		if match := s.MatchPattern.FindSubmatch(text[from:to]); match != nil {
			found = match[1]
		}
		if !bytes.Equal(found, current) {
			if err := do(text[begin:from:from]); err != nil {
				return err
			}
			begin, current = from, found
			if last && onlyBlanks(text[from:]) {
				return nil
			}
		}
		if last {
			return do(text[begin:to:to])
		}
		return nil
	})
}

func init() {
	component.Register[RegexpSplitter]("simple-regexp-message-splitter", "com.adaptris.core.services.splitter.SimpleRegexpMessageSplitter",
		component.KindSplitter, "cuts behind every match of a regular expression")
}
