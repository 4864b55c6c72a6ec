package top

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// event is one server-sent event. A name that is empty means message.
type event struct {
	name string
	data []byte
}

var errLongEvent = errors.New("an event is longer than an answer may be")

// readEvents calls each for every complete event of a stream until the stream or each fails. It takes line ends as the standard of
// server-sent events has them but for a lone carriage return, which no server of ours sends, and skips fields that it does not know.
func readEvents(in io.Reader, each func(event) error) error {
	lines := bufio.NewReader(in)
	var e event
	some := false
	for {
		line, err := readLine(lines, mostAnswer-len(e.data))
		if err != nil {
			return fmt.Errorf("the events broke off: %w", err)
		}
		if len(line) == 0 {
			if some {
				if err := each(e); err != nil {
					return err
				}
			}
			e, some = event{}, false
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			e.name = string(value)
		case "data":
			if some {
				e.data = append(e.data, '\n')
			}
			e.data = append(e.data, value...)
			some = true
		}
	}
}

// readLine is a line of at most so many bytes, without its end.
func readLine(in *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > most {
			return nil, errLongEvent
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			if errors.Is(err, io.EOF) {
				err = errors.New("the server ended them")
			}
			return nil, err
		}
	}
}
