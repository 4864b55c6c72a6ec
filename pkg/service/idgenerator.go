package service

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// IDGenerator makes ids. Interlok: IdGenerator. It is safe for concurrent use.
type IDGenerator interface {
	// NewID makes an id for m; no two calls make the same one, as far as the kind of id goes.
	NewID(m *message.Message) string
}

// GUID makes random UUIDs. Interlok: GuidGenerator.
type GUID struct{}

// NewID implements IDGenerator.
func (*GUID) NewID(*message.Message) string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// SafeGUID makes random UUIDs without dashes. Interlok: SafeGuidGenerator.
type SafeGUID struct{}

// NewID implements IDGenerator.
func (*SafeGUID) NewID(m *message.Message) string {
	return strings.ReplaceAll((*GUID)(nil).NewID(m), "-", "")
}

// TimeGUID makes ids of 16 bytes as Base58, of which the first five are the time in milliseconds. Interlok: GuidGeneratorWithTime.
type TimeGUID struct{}

// NewID implements IDGenerator.
func (*TimeGUID) NewID(*message.Message) string {
	millis := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
	id, err := (*Base58Translator)(nil).Text(append(millis[3:], randomBytes(11)...))
	if err != nil {
		panic("service: 16 bytes are too many for Base58: " + err.Error())
	}
	return id
}

// PlainID makes ids of random text, a number of the message and the time. Interlok: PlainIdGenerator.
type PlainID struct {
	Separator string `xml:"separator" default:"." doc:"text between the parts"`
}

// NewID implements IDGenerator.
func (g *PlainID) NewID(m *message.Message) string {
	return base64.RawStdEncoding.EncodeToString(randomBytes(8)) + g.Separator + messageAndTime(m, g.Separator)
}

// SimpleID makes ids of the host's name, a number of the message and the time. Interlok: SimpleIdGenerator. Two messages may get the same.
type SimpleID struct {
	Separator string `xml:"separator" default:"." doc:"text between the parts"`
}

// NewID implements IDGenerator.
func (g *SimpleID) NewID(m *message.Message) string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return host + g.Separator + messageAndTime(m, g.Separator)
}

// RandomID makes ids of eight random bytes as Base64. Interlok: PseudoRandomIdGenerator.
type RandomID struct {
	Prefix          string `xml:"prefix" doc:"text that the id begins with"`
	UseSecureRandom bool   `xml:"use-secure-random" default:"true" effect:"none" doc:"accepted for compatibility: random numbers are always those of the system"`
}

// NewID implements IDGenerator.
func (g *RandomID) NewID(*message.Message) string {
	return g.Prefix + base64.StdEncoding.EncodeToString(randomBytes(8))
}

// randomBytes never fails: crypto/rand ends the process before it returns an error.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// messageAndTime is a number that stands for the message, and the time in milliseconds.
func messageAndTime(m *message.Message, separator string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(m.ID()))
	return fmt.Sprintf("%x%s%d", h.Sum32(), separator, time.Now().UnixMilli())
}

// GenerateMetadata sets metadata to a new id. Interlok: GenerateUniqueMetadataValueService.
type GenerateMetadata struct {
	component.ServiceBase
	MetadataKey string      `xml:"metadata-key" doc:"key of the metadata; without it the key is an id too"`
	Generator   IDGenerator `xml:"generator" default:"guid-generator" doc:"kind of id"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// Apply sets the metadata of m.
func (s *GenerateMetadata) Apply(_ context.Context, m *message.Message) error {
	key := s.MetadataKey
	if key == "" {
		key = s.Generator.NewID(m)
	}
	m.SetMetadata(key, s.Generator.NewID(m))
	return nil
}

func init() {
	component.Register[GUID]("guid-generator", "com.adaptris.util.GuidGenerator", component.KindPart, "random UUIDs")
	component.Register[SafeGUID]("safe-guid-generator", "com.adaptris.util.SafeGuidGenerator", component.KindPart, "random UUIDs without dashes")
	component.Register[TimeGUID]("guid-generator-with-time", "com.adaptris.util.GuidGeneratorWithTime", component.KindPart, "ids that begin with the time")
	component.Register[PlainID]("plain-id-generator", "com.adaptris.util.PlainIdGenerator", component.KindPart, "ids of random text and the time")
	component.Register[SimpleID]("simple-id-generator", "com.adaptris.util.SimpleIdGenerator", component.KindPart, "ids of host name and time")
	component.Register[RandomID]("pseudo-random-id-generator", "com.adaptris.util.PseudoRandomIdGenerator", component.KindPart, "random ids")
	component.Register[GenerateMetadata]("generate-unique-metadata-value-service", "com.adaptris.core.services.metadata.GenerateUniqueMetadataValueService",
		component.KindService, "sets metadata to a new id")
}
