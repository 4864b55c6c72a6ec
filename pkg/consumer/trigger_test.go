package consumer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"
)

func TestTriggerMakesAMessageAtEachPoll(t *testing.T) {
	for _, c := range []struct{ name, provider, want, made string }{
		{"without template", "", "", ""},
		{"static", `<message-provider class="static-polling-trigger-template"><template>{"tick":1}</template></message-provider>`, `{"tick":1}`, ""},
		{"static, empty", `<message-provider class="static-polling-trigger-template"/>`, "", ""},
		{"static, by Java class", `<message-provider class="com.adaptris.core.StaticPollingTemplate"><template> x </template></message-provider>`, " x ", ""},
		{"dynamic", `<message-provider class="dynamic-polling-trigger-template"><template class="test-set-text"><text>made</text></template></message-provider>`, "made", "yes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := decode[*Trigger](t, `<polling-trigger>`+c.provider+`<poller class="fixed-interval-poller"/><max-messages-per-poll>5</max-messages-per-poll></polling-trigger>`)
				k := new(taker)
				start(t, tr, k.handle)
				time.Sleep(50 * time.Second)
				offers := k.take()
				if diff := cmp.Diff([]string{c.want, c.want, c.want}, payloads(offers)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if offers[0].m.ID() == offers[1].m.ID() || offers[0].metadata("made") != c.made {
					t.Error("not messages of their own, as the template makes them")
				}
				for i, err := range []error{nil, errors.New("failed"), nil} {
					offers[i].done(err)
				}
				stop(t, tr)
				stop(t, tr)
				if d, ok := tr.Provider.(*DynamicTemplate); ok {
					s := d.Provider.(*setText)
					if diff := cmp.Diff([]string{"init", "start", "stop", "stop"}, s.phase); diff != "" {
						t.Errorf("lifecycle of the service (-want +got):\n%s", diff)
					}
				}
			})
		})
	}
}

func TestTemplateThatFailsMakesNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := decode[*Trigger](t, `<polling-trigger><message-provider class="dynamic-polling-trigger-template"><template class="test-set-text"><text>panic</text></template></message-provider></polling-trigger>`)
		ctx, logs := observed(t)
		k := new(taker)
		tr.Bind(k.handle)
		if err := errors.Join(tr.Init(ctx), tr.Start(ctx)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if len(k.take()) > 0 {
			t.Error("a message")
		}
		if n := logs.FilterLevelExact(zapcore.ErrorLevel).Len(); n != 2 {
			t.Errorf("%d errors in the log", n)
		}
		stop(t, tr)
	})
}

func TestTriggerRefuses(t *testing.T) {
	for _, c := range []struct{ fields, want string }{
		{`<message-provider class="dynamic-polling-trigger-template"/>`, "has no <template>"},
		{`<message-provider class="xpath-condition"/>`, "<message-provider> takes"},
		{`<poller class="fixed-interval-poller"><poll-interval><interval>0</interval></poll-interval></poller>`, "it takes 1ms or more"},
	} {
		if _, problems := decodeAny[*Trigger](t, `<polling-trigger>`+c.fields+`</polling-trigger>`); !strings.Contains(problems, c.want) {
			t.Errorf("got %s\nwant %s", problems, c.want)
		}
	}
}

func TestStopBeforeInitIsSafe(t *testing.T) {
	for _, c := range []interface {
		Stop(context.Context) error
	}{
		decode[*Trigger](t, `<polling-trigger/>`), decode[*FS](t, `<fs-consumer><base-directory-url>x</base-directory-url></fs-consumer>`),
		decode[*HTTP](t, `<jetty-message-consumer><path>/x</path></jetty-message-consumer>`), decode[*Null](t, `<null-message-consumer/>`),
	} {
		if err := errors.Join(c.Stop(t.Context()), c.Stop(t.Context())); err != nil {
			t.Errorf("%T: %v", c, err)
		}
	}
}

func TestNullConsumerIsAlwaysIdle(t *testing.T) {
	n := decode[*Null](t, `<null-message-consumer><unique-id>n</unique-id></null-message-consumer>`)
	k := new(taker)
	start(t, n, k.handle)
	if n.IdleSince().IsZero() || len(k.take()) > 0 {
		t.Error("not idle")
	}
	stop(t, n)
}
