package service

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// maxInflatedBytes bounds what a small payload may become: as much as an answer over HTTP may have.
const maxInflatedBytes = 256 << 20

// Gzip compresses the payload. Interlok: GzipService.
type Gzip struct {
	component.ServiceBase
}

// Apply replaces the payload of m.
func (*Gzip) Apply(_ context.Context, m *message.Message) error {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(m.Payload()); err != nil {
		return fmt.Errorf("gzip-service: %w", err)
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("gzip-service: %w", err)
	}
	m.SetPayload(b.Bytes())
	return nil
}

// Gunzip takes the compression off the payload. Interlok: GunzipService. Several gzip files in a row are one payload. A payload that
// fails stays as it is; one that becomes more than 256 MiB fails.
type Gunzip struct {
	component.ServiceBase
}

// Apply replaces the payload of m.
func (*Gunzip) Apply(_ context.Context, m *message.Message) error {
	payload, err := inflate(m.Payload(), maxInflatedBytes)
	if err != nil {
		return fmt.Errorf("gunzip-service: %w", err)
	}
	m.SetPayload(payload)
	return nil
}

func inflate(data []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("the payload of %d bytes is not gzip: %w", len(data), err)
	}
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("the gzip payload is damaged after %d bytes of content: %w", n, err)
	}
	if n > limit {
		return nil, fmt.Errorf("the payload has more than %d bytes of content, the most that is accepted; split it before it is compressed", limit)
	}
	return b.Bytes(), nil
}

func init() {
	component.Register[Gzip]("gzip-service", "com.adaptris.core.services.GzipService", component.KindService, "compresses the payload")
	component.Register[Gunzip]("gunzip-service", "com.adaptris.core.services.GunzipService", component.KindService,
		"takes the compression off the payload")
}
