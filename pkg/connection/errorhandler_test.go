package connection

import (
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

func TestConnectionErrorHandlers(t *testing.T) {
	for _, c := range []struct {
		name, handler string
		errors        int
		want          string
	}{
		{"null", `<connection-error-handler class="null-connection-error-handler"/>`, 0, ""},
		{"JMS", `<connection-error-handler class="jms-connection-error-handler"><single-execution>true</single-execution></connection-error-handler>`, 0,
			"jms-connection-error-handler: is accepted, without effect: a connection recovers by itself, and its channel goes on"},
		{"active JMS", `<connection-error-handler class="active-jms-connection-error-handler"><check-interval><interval>1</interval></check-interval></connection-error-handler>`, 0, "is accepted, without effect"},
		{"closing", `<connection-error-handler class="com.adaptris.core.ChannelCloseErrorHandler"/>`, 0, "channel-close-error-handler: is accepted, without effect"},
		{"a mistake", `<connection-error-handler class="nul-connection-error-handler"/>`, 1, "did you mean null-connection-error-handler"},
	} {
		t.Run(c.name, func(t *testing.T) {
			node, problems := document.Parse("a.xml", strings.NewReader("<jetty-embedded-connection>"+c.handler+"</jetty-embedded-connection>"), document.Options{})
			if node == nil {
				t.Fatal(problems)
			}
			d := component.NewDecoder(document.Environment{})
			component.Decode[component.Connection](d, node, "")
			got := d.Problems()
			if len(got.Errors()) != c.errors || !strings.Contains(got.Error(), c.want) || c.want == "" && len(got) > 0 {
				t.Errorf("got %v\nwant %d errors and %s", got, c.errors, c.want)
			}
		})
	}
}
