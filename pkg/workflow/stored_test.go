package workflow

import (
	"context"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/message"
)

func TestAPayloadWithItsSourceReachesServicesProducersAndHandlers(t *testing.T) {
	for _, failing := range []string{"service", "producer", ""} {
		t.Run("failing: "+failing, func(t *testing.T) {
			_, p := run[*Standard](t, simpleWith(standardHandler), Surroundings{})
			got := map[string]string{}
			see := func(who string) func(context.Context, *message.Message) error {
				return func(_ context.Context, m *message.Message) error {
					got[who] = string(m.Payload())
					if who == failing {
						return errTest
					}
					return nil
				}
			}
			p.probes["service"].apply, p.sinks["sink"].produce, p.probes["handler"].apply = see("service"), see("producer"), see("handler")
			o := p.source.prepare("")
			o.m = message.NewStored(strings.NewReader("content"), 7)
			p.source.send(o)
			if err := o.outcome(t); err != nil {
				t.Error(err)
			}
			if got["service"] != "content" || (got["producer"] == "content") != (failing != "service") || (got["handler"] == "content") != (failing != "") {
				t.Errorf("they saw %q", got)
			}
		})
	}
}

func TestAPayloadThatItsSourceDoesNotGiveFailsItsMessage(t *testing.T) {
	for _, document := range []string{simpleWith(""), `<standard-workflow><unique-id>w</unique-id><consumer class="test-source"/>
		<producer class="test-sink"><name>sink</name></producer></standard-workflow>`} {
		_, p := run[*Standard](t, document, Surroundings{})
		o := p.source.prepare("")
		o.m = message.NewStored(strings.NewReader("cont"), 7)
		p.source.send(o)
		if err := o.outcome(t); err == nil || !strings.Contains(err.Error(), "the payload ended after 4 of 7 bytes") || strings.Contains(err.Error(), "panic") {
			t.Errorf("%v", err)
		}
	}
}
