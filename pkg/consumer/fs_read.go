package consumer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"

	"github.com/adapterd/adapterd/pkg/message"
)

const (
	// largestFile is about what a byte array of Java's can hold: no larger file can come from Interlok either.
	largestFile = math.MaxInt32 - 8
	// readAtOnce is up to which size a file is read before its message takes its way. A larger one is left where it is until a component
	// wants all of it, which a splitter may never do: below it, memory and time to read are not worth an open file.
	readAtOnce = 1 << 20
)

// content is what is in a file.
type content struct {
	info    fs.FileInfo
	payload []byte
	// file is nil when the content is in payload; else it has to be closed.
	file *os.File
}

// read reads all of a file.
func read(path string) (content, error) { return open(path, largestFile) }

// open reads a file of up to atOnce bytes, and leaves the content of a larger one in the file.
func open(path string, atOnce int64) (content, error) {
	in, err := os.Open(path)
	if err != nil {
		return content{}, err
	}
	c := content{file: in}
	if c.info, err = in.Stat(); err == nil && c.info.Size() > largestFile {
		err = fmt.Errorf("%s has %d bytes, and a message can have %d", path, c.info.Size(), largestFile)
	}
	if err == nil && c.info.Size() > atOnce {
		return c, nil
	}
	if err == nil {
		c.payload, err = readAll(in, c.info.Size())
	}
	c.close()
	return c, err
}

func readAll(in *os.File, size int64) ([]byte, error) {
	payload := make([]byte, 0, size+1) // one more, so that the end is seen without growing
	for {
		n, err := in.Read(payload[len(payload):cap(payload)])
		payload = payload[:len(payload)+n]
		switch {
		case errors.Is(err, io.EOF):
			return payload, nil
		case err != nil:
			return nil, err
		case len(payload) > largestFile:
			return nil, fmt.Errorf("%s grew beyond the %d bytes that a message can have", in.Name(), largestFile)
		case len(payload) == cap(payload):
			payload = append(payload, 0)[:len(payload)]
		}
	}
}

func (c *content) message() *message.Message {
	if c.file != nil {
		return message.NewStored(c.file, int(c.info.Size()))
	}
	return message.New(c.payload)
}

// close lets go of the file, if it is open. There is nothing to lose: it was read only.
func (c *content) close() {
	if c.file != nil {
		_ = c.file.Close()
		c.file = nil
	}
}
