package connection

import (
	"strings"
	"testing"
)

func TestConfigurationIsTheOneOfTheEngine(t *testing.T) {
	xml := strings.Replace(inline("Region", "us-east-1", "AggregationEnabled", "false"), "<config>",
		`<credentials class="aws-static-credentials-builder"><access-key>a</access-key><secret-key>s</secret-key></credentials><config>`, 1)
	c := mustDecode[*KinesisInline](t, xml)
	config, valid := c.Configuration()
	if !valid || config.Region != "us-east-1" || config.AggregationEnabled || config.Credentials != nil {
		t.Errorf("%v: region %q, aggregation %v", valid, config.Region, config.AggregationEnabled)
	}
	config, err := c.EngineConfiguration(t.Context())
	if err != nil || config.Credentials == nil || config.Logger == nil {
		t.Errorf("%v, credentials %v", err, config.Credentials)
	}
	none := new(KinesisInline)
	if _, valid := none.Configuration(); valid {
		t.Error("a connection that was not checked has a configuration")
	}
	if _, err := none.EngineConfiguration(t.Context()); err == nil || !strings.Contains(err.Error(), "was not checked") {
		t.Errorf("got %v", err)
	}
}
