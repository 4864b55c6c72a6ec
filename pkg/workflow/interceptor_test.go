package workflow

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
)

func throttle(most, name string) string {
	return `<throttling-interceptor><time-slice-interval><unit>SECONDS</unit><interval>3</interval></time-slice-interval><maximum-messages>` + most +
		`</maximum-messages><cache-name>` + name + `</cache-name><cache-provider class="time-slice-default-cache-provider"/></throttling-interceptor>`
}

func TestThrottlingLetsSoManyBeginInATimeSlice(t *testing.T) {
	for _, kind := range []struct{ name, interceptors string }{
		{"directly in the workflow", throttle("2", "orders")},
		{"in a wrapper", "<interceptors>" + throttle("2", "orders") + "</interceptors>"},
		{"two, of which the stricter counts", throttle("5", "all") + throttle("2", "orders")},
	} {
		t.Run(kind.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, p := build[*Standard](t, simpleWith(kind.interceptors), Surroundings{})
				start(t, w)
				began := time.Now()
				var at []time.Duration
				p.probes["service"].apply = func(context.Context, *message.Message) error {
					at = append(at, time.Since(began))
					return nil
				}
				for range 5 {
					p.source.offer("x")
				}
				time.Sleep(time.Minute) // a slice begins with its first message
				began = time.Now()
				for range 3 {
					p.source.offer("x")
				}
				want := []time.Duration{0, 0, 3 * time.Second, 3 * time.Second, 6 * time.Second, 0, 0, 3 * time.Second}
				if diff := cmp.Diff(want, at); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				stop(t, w)
			})
		})
	}
}

func TestWorkflowsShareTimeSlicesByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		around := Surroundings{Throttles: new(Throttles)}
		var began time.Duration
		zero := time.Now()
		for i, c := range []struct {
			name string
			want time.Duration
		}{{"shared", 0}, {"shared", 3 * time.Second}, {"own", 3 * time.Second}} {
			w, p := build[*Standard](t, simpleWith(throttle("1", c.name)), around)
			start(t, w)
			p.probes["service"].apply = func(context.Context, *message.Message) error {
				began = time.Since(zero)
				return nil
			}
			p.source.offer("x")
			if began != c.want {
				t.Errorf("message %d began after %v, want %v", i, began, c.want)
			}
			stop(t, w)
		}
	})
}

func TestStopEndsTheWaitForATimeSlice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(throttle("1", "x")), Surroundings{})
		start(t, w)
		p.source.offer("first")
		waits := p.source.offerAside("second")
		synctest.Wait()
		began := time.Now()
		stop(t, w)
		if time.Since(began) != 0 {
			t.Errorf("the stop took %v", time.Since(began))
		}
		if err := waits.outcome(t); !errors.Is(err, component.ErrStopped) {
			t.Errorf("outcome: %v", err)
		}
	})
}

func TestInterceptorsCount(t *testing.T) {
	w, p := run[*Standard](t, simpleWith(`
		<message-metrics-interceptor><unique-id>all</unique-id><timeslice-duration><unit>SECONDS</unit><interval>10</interval></timeslice-duration><statistic-manager class="standard-statistic-manager"/></message-metrics-interceptor>
		<message-metrics-interceptor-by-metadata><metadata-element><key>country</key><value>D.</value></metadata-element></message-metrics-interceptor-by-metadata>
		<metadata-count-interceptor><metadata-key>country</metadata-key></metadata-count-interceptor>
		<metadata-totals-interceptor><metadata-key>lines</metadata-key><metadata-key>absent</metadata-key></metadata-totals-interceptor>
		<in-flight-workflow-interceptor/>`), Surroundings{})
	p.probes["service"].apply = func(_ context.Context, m *message.Message) error {
		country, fails, _ := strings.Cut(string(m.Payload()), " ")
		m.SetMetadata("country", country)
		m.SetMetadata("lines", map[bool]string{true: "7", false: "many"}[country == "DE"])
		if fails != "" {
			return errTest
		}
		return nil
	}
	for _, payload := range []string{"DE", "DE", "FR", "DK fails"} {
		p.source.offer(payload)
	}
	want := []Statistic{
		{"message-metrics-interceptor", "all", map[string]int64{"messages": 4, "bytes": 14, "errors": 1}},
		{"message-metrics-interceptor-by-metadata", "", map[string]int64{"messages": 3, "bytes": 12, "errors": 1}},
		{"metadata-count-interceptor", "", map[string]int64{"DE": 2, "FR": 1, "DK": 1}},
		{"metadata-totals-interceptor", "", map[string]int64{"lines": 14}},
	}
	if diff := cmp.Diff(want, w.Statistics()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCountsByNameAreBounded(t *testing.T) {
	var c tally
	var group sync.WaitGroup
	for i := range 2 * mostValues {
		group.Go(func() { c.add(strings.Repeat("x", i), 1) })
	}
	group.Wait()
	values := c.values()
	if len(values) != mostValues+1 || values[otherValues] != mostValues {
		t.Errorf("%d names, %d others", len(values), values[otherValues])
	}
}

// problems are what a workflow's document is told.
func problems(t *testing.T, xml string) document.Problems {
	t.Helper()
	node, found := document.Parse("test.xml", strings.NewReader(xml), document.Options{})
	if node == nil {
		t.Fatal(found)
	}
	d := component.NewDecoder(document.Environment{})
	component.Decode[Workflow](d, node, "")
	return d.Problems()
}

func TestWhatAWorkflowMayHave(t *testing.T) {
	for _, c := range []struct {
		name, xml string
		errors    int
		want      string
	}{
		{"an interceptor without effect", simpleWith("<in-flight-workflow-interceptor><unique-id>x</unique-id></in-flight-workflow-interceptor>"), 0, "in-flight-workflow-interceptor: is accepted, without effect: messages under way are always counted"},
		{"the context of Java's log", simpleWith("<logging-context-workflow-interceptor><use-default-keys>true</use-default-keys><values-to-set><key-value-pair><key>a</key><value>b</value></key-value-pair></values-to-set></logging-context-workflow-interceptor>"), 0, "is accepted, without effect"},
		{"Jetty's pool", simpleWith("<jetty-pooling-workflow-interceptor/>"), 0, "an HTTP request is always answered with the outcome of its message"},
		{"JMX", simpleWith("<jmx-submit-message-interceptor><message-cache class=\"lru-bounded-message-cache\"/></jmx-submit-message-interceptor>"), 0, "there is no JMX"},
		{"an interceptor that is not supported", simpleWith("<jetty-no-backlog-interceptor/>"), 1, "jetty-no-backlog-interceptor (com.adaptris.core.http.jetty.JettyNoBacklogInterceptor, module interlok-core) is known to Interlok, not supported here"},
		{"a throttle without name", simpleWith("<throttling-interceptor><maximum-messages>1</maximum-messages></throttling-interceptor>"), 1, "throttling-interceptor has no <cache-name>, which it needs"},
		{"a throttle without limit", simpleWith("<throttling-interceptor><cache-name>x</cache-name></throttling-interceptor>"), 0, "has no <maximum-messages>, so it holds no message up"},
		{"a bad expression", simpleWith("<message-metrics-interceptor-by-metadata><metadata-element><key>k</key><value>(</value></metadata-element></message-metrics-interceptor-by-metadata>"), 1, "no regular expression that is supported here"},
		{"another component", simpleWith("<null-connection/>"), 1, "null-connection is a connection and can not stand in"},
		{"request-reply-workflow", strings.ReplaceAll(simpleWith(""), "standard-workflow", "request-reply-workflow"), 1, "request-reply-workflow (com.adaptris.core.RequestReplyWorkflow, module interlok-core) is known to Interlok, not supported here"},
		{"jms-transacted-workflow", strings.ReplaceAll(simpleWith(""), "standard-workflow", "jms-transacted-workflow"), 1, "is known to Interlok, not supported here"},
		{"large-message-workflow", strings.ReplaceAll(simpleWith(""), "standard-workflow", "large-message-workflow"), 0, "runs as a standard-workflow; messages are kept in memory, whole"},
		{"thread-context-workflow", strings.ReplaceAll(simpleWith("<add-current-thread-name>false</add-current-thread-name>"), "standard-workflow", "thread-context-workflow"), 0, "without effect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found := problems(t, c.xml)
			if n := len(found.Errors()); n != c.errors || !strings.Contains(found.Error(), c.want) {
				t.Errorf("%d errors, want %d; got\n%v\nwant %s", n, c.errors, found, c.want)
			}
		})
	}
}

// A consumer that brings several messages at a time has them processed side by side, up to the size of the pool, and waits for each.
func TestThreadContextProcessesWhatComesAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		xml := strings.ReplaceAll(simpleWith("<pool-size>2</pool-size>"), "standard-workflow", "thread-context-workflow")
		w, p := build[*ThreadContext](t, xml, Surroundings{})
		start(t, w)
		let := make(chan struct{})
		p.probes["service"].apply = func(context.Context, *message.Message) error {
			<-let
			return nil
		}
		var returned [3]bool
		var offers [3]*offered
		for i := range offers {
			offers[i] = p.source.prepare("x")
			go func() {
				p.source.send(offers[i])
				returned[i] = true
			}()
		}
		synctest.Wait()
		if n := len(p.diary.all()) - 6; n != 2 { // 6 lines of init and start
			t.Errorf("%d messages are in the services\n%v", n, p.diary.all())
		}
		if returned != [3]bool{} {
			t.Error("the consumer did not wait")
		}
		close(let)
		for _, o := range offers {
			if err := o.outcome(t); err != nil {
				t.Error(err)
			}
		}
		stop(t, w)
	})
}
