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
// blanks only. Parts are slices of the payload and cost no copy in UTF-8.
type RegexpSplitter struct {
	splitting
	SplitPattern           *regexp.Regexp `xml:"split-pattern,required" example:"\n" doc:"regular expression of what ends a record"`
	MatchPattern           *regexp.Regexp `xml:"match-pattern" doc:"regular expression whose group 1 says which records belong together; for compare-to-previous-match"`
	CompareToPreviousMatch bool           `xml:"compare-to-previous-match" default:"false" doc:"true makes one part of records that belong together"`
	IgnoreFirstSubMessage  bool           `xml:"ignore-first-sub-message" default:"false" doc:"true leaves the first part out"`
}

// Check refuses a comparison without a group to compare.
func (s *RegexpSplitter) Check(r *component.Report) {
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
	parts, err := s.parts(text)
	if err != nil {
		return fmt.Errorf("simple-regexp-message-splitter: %w", err)
	}
	if s.IgnoreFirstSubMessage {
		if len(parts) == 0 {
			return errors.New("simple-regexp-message-splitter: there is no part at all, so there is none to leave out; unset <ignore-first-sub-message>")
		}
		parts = parts[1:]
	}
	for _, part := range parts {
		if !same {
			if part, err = encodeText(m.Encoding(), string(part)); err != nil {
				return fmt.Errorf("simple-regexp-message-splitter: %w", err)
			}
		}
		if err := yield(origin.Child(part)); err != nil {
			return err
		}
	}
	return nil
}

func (s *RegexpSplitter) parts(text []byte) ([][]byte, error) {
	if s.CompareToPreviousMatch {
		return s.joined(text)
	}
	var parts [][]byte
	s.eachRecord(text, func(from, to int, last bool) {
		if !last || !onlyBlanks(text[from:to]) {
			parts = append(parts, text[from:to:to])
		}
	})
	return parts, nil
}

// eachRecord calls do for every record of the text; the last one, behind the last match, may be empty.
func (s *RegexpSplitter) eachRecord(text []byte, do func(from, to int, last bool)) {
	from := 0
	for _, match := range s.SplitPattern.FindAllIndex(text, -1) {
		if match[1] == from {
			continue // a match of nothing at the place where the record begins ends no record
		}
		do(from, match[1], false)
		from = match[1]
	}
	do(from, len(text), true)
}

// onlyBlanks says that a text is empty once Java's String.trim has been through it.
func onlyBlanks(text []byte) bool {
	return len(bytes.TrimFunc(text, func(r rune) bool { return r <= ' ' })) == 0
}

// joined are the records, those that belong together in one part.
func (s *RegexpSplitter) joined(text []byte) ([][]byte, error) {
	first := s.MatchPattern.FindSubmatch(text)
	if first == nil {
		return nil, fmt.Errorf("<match-pattern> %s is found nowhere in the payload; change it, or unset <compare-to-previous-match>", s.MatchPattern)
	}
	current, begin := first[1], 0
	var parts [][]byte
	s.eachRecord(text, func(from, to int, last bool) {
		var found []byte
		if match := s.MatchPattern.FindSubmatch(text[from:to]); match != nil {
			found = match[1]
		}
		if !bytes.Equal(found, current) {
			parts = append(parts, text[begin:from:from])
			begin, current = from, found
			if last && onlyBlanks(text[from:]) {
				return
			}
		}
		if last {
			parts = append(parts, text[begin:to:to])
		}
	})
	return parts, nil
}

func init() {
	component.Register[RegexpSplitter]("simple-regexp-message-splitter", "com.adaptris.core.services.splitter.SimpleRegexpMessageSplitter",
		component.KindSplitter, "cuts behind every match of a regular expression")
}
