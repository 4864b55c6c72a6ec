package connection

import (
	"bytes"
	"context"
	"crypto/sha256"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// KinesisProperties is a connection to Kinesis whose configuration is a properties file. Its requests are signed with what the AWS SDK's
// default chain finds.
type KinesisProperties struct {
	kinesis
	ConfigLocation string `xml:"config-location,required" example:"file:///path/to/kinesis.properties" doc:"properties file with KPL configuration: a file:, http: or https: URL, or a path"`

	read [sha256.Size]byte
}

// maxConfigBytes is far more than a configuration has: a URL may lead to anything.
const maxConfigBytes = 1 << 20

// Check reads the file, which may mean a request to a server, and reports everything that is wrong with it, each at its line.
func (c *KinesisProperties) Check(r *component.Report) {
	if c.ConfigLocation == "" {
		return // reported already
	}
	name, data, err := document.ReadLocation(context.Background(), c.ConfigLocation, maxConfigBytes)
	if err != nil {
		r.Errorf("config-location", "config-location", "is %s, which can not be read: %v; give a file: or http: URL, or a path, that can be read from here", name, err)
		return
	}
	c.read = sha256.Sum256(data)
	config, warnings, err := kpl.ParseProperties(name, bytes.NewReader(data))
	c.accept(r, "config-location", config, warnings, err)
}

// ConfigFiles implements component.FileConfigured.
func (c *KinesisProperties) ConfigFiles() []string { return []string{c.ConfigLocation} }

// ConfigHash implements component.FileConfigured.
func (c *KinesisProperties) ConfigHash() [sha256.Size]byte { return c.read }

func init() {
	component.Register[KinesisProperties]("aws-kinesis-kpl-connection-from-properties", "com.adaptris.aws.kinesis.ConnectionFromProperties", component.KindConnection,
		"sends to Kinesis, configured by a properties file")
}
