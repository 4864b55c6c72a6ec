package workflow

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestProduceExceptionHandlersAskForARestart(t *testing.T) {
	for _, c := range []struct {
		class string
		fail  error
		later bool
		want  []string
	}{
		{"null-produce-exception-handler", errTest, false, nil},
		{"restart-produce-exception-handler", errTest, false, []string{"w 0"}},
		{"channel-restart-produce-exception-handler", errTest, false, []string{"w 1"}},
		{"channel-restart-produce-exception-handler", nil, false, nil},
		{"channel-restart-produce-exception-handler", fmt.Errorf("not now: %w", component.ErrStopped), false, nil},
		{"channel-restart-produce-exception-handler", errTest, true, nil}, // one record failed; the producer took it
	} {
		t.Run(fmt.Sprint(c.class, c.fail, c.later), func(t *testing.T) {
			var got []string
			_, p := run[*Standard](t, simpleWith(`<produce-exception-handler class="`+c.class+`"/>`), Surroundings{Restart: func(id string, scope Scope) {
				got = append(got, fmt.Sprint(id, " ", int(scope)))
			}})
			var l later
			p.sinks["sink"].produce = func(ctx context.Context, m *message.Message) error {
				if c.later {
					return l.produce(ctx, m)
				}
				return c.fail
			}
			o := p.source.offer("x")
			l.end(-1, c.fail)
			o.outcome(t)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAServiceThatFailsRestartsNothing(t *testing.T) {
	_, p := run[*Standard](t, simpleWith(`<produce-exception-handler class="restart-produce-exception-handler"/>`), Surroundings{Restart: func(string, Scope) {
		t.Error("a restart")
	}})
	p.probes["service"].apply = fails
	p.source.offer("x").outcome(t)
}
