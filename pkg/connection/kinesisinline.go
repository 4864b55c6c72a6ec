package connection

import (
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// KinesisInline is a connection to Kinesis whose configuration stands in the document.
type KinesisInline struct {
	kinesis
	Config             []component.KeyValue `xml:"config>key-value-pair" doc:"KPL configuration, such as Region"`
	Credentials        Credentials          `xml:"credentials" doc:"signs requests to Kinesis; the AWS SDK's default chain when not given"`
	MetricsCredentials Credentials          `xml:"metrics-credentials" doc:"signs requests to CloudWatch; the same as credentials when not given"`
}

// Check reads the configuration and reports everything that is wrong with it, each at its pair.
func (c *KinesisInline) Check(r *component.Report) {
	c.credentials, c.metricsCredentials = c.Credentials, c.MetricsCredentials
	pairs := make([]kpl.KeyValue, len(c.Config))
	for i, p := range c.Config {
		pairs[i] = kpl.KeyValue{Key: p.Key, Value: p.Value, Pos: p.Pos}
	}
	config, warnings, err := kpl.ParsePairs(pairs)
	c.accept(r, "config", config, warnings, err)
}

func init() {
	component.Register[KinesisInline]("aws-kinesis-kpl-inline-connection", "com.adaptris.aws.kinesis.InlineProducerConfiguration", component.KindConnection,
		"sends to Kinesis, configured in the document")
}
