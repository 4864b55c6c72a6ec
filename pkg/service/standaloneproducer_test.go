package service

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestStandaloneProducerProducesToItsConnection(t *testing.T) {
	s := decode[*List](t, `<service-list><standalone-producer><connection class="test-streams"/><producer class="aws-kinesis-synchronous-stream-producer">
		<stream>audit</stream><partition-key>%message{id}</partition-key></producer></standalone-producer>`+add("copy", "%message{kinesisShardId}")+`</service-list>`)
	m := newMessage("payload", "id", "7")
	ctx := t.Context()
	if err := errors.Join(s.Init(ctx), s.Start(ctx), s.Apply(ctx, m), s.Stop(ctx)); err != nil {
		t.Fatal(err)
	}
	to := &s.Direct[0].(*StandaloneProducer).Connection.(*ownStreams).streams
	if diff := cmp.Diff([]record{{"audit", "7", "payload"}}, to.records); diff != "" {
		t.Error(diff)
	}
	if v, _ := m.Metadata("copy"); v != "shard-1" {
		t.Errorf("the result's metadata is not there for later services: %v", metadataOf(m))
	}
	if got := strings.Join(to.phases, ","); got != "init connection,init producer,start connection,start producer,stop producer,stop connection" {
		t.Errorf("phases are %s", got)
	}
}

func TestStandaloneProducerHoldsTheMessageUntilTheOutcome(t *testing.T) {
	refused := errors.New("refused")
	for _, c := range []struct {
		options string
		want    error
	}{{"", refused}, {"<continue-on-fail>true</continue-on-fail>", nil}} {
		s := decode[*StandaloneProducer](t, `<standalone-producer><producer class="test-later-producer"/>`+c.options+`</standalone-producer>`)
		var ended []error
		m := newMessage("x")
		d := message.NewDelivery(func(err error) { ended = append(ended, err) })
		m.SetDelivery(d)
		if err := component.Apply(t.Context(), s, m); err != nil {
			t.Fatal(err)
		}
		d.Release(nil)
		if len(ended) != 0 {
			t.Error("done before the outcome")
		}
		s.Producer.(*laterProducer).waiting[0].Release(refused)
		if len(ended) != 1 || !errors.Is(ended[0], c.want) {
			t.Errorf("ended with %v; want %v", ended, c.want)
		}
	}
}

func TestStandaloneProducerSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ xml, want string }{
		{`<standalone-producer/>`, "has no <producer>"},
		{`<standalone-producer><connection class="null-connection"/><producer class="aws-kinesis-synchronous-stream-producer"><stream>s</stream>
			<partition-key>k</partition-key></producer></standalone-producer>`, "<connection> of standalone-producer *service.nullConnection is no connection to streams; use one"},
	} {
		if _, problems := decodeWith(t, c.xml, sharedParts{}); len(problems) != 1 || !strings.Contains(problems[0], c.want) {
			t.Errorf("%v; want %s", problems, c.want)
		}
	}
}
