package consumer

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/web"
)

func TestWorkflowSaysWhatToAnswer(t *testing.T) {
	answer := func(status int) *web.Answer {
		return &web.Answer{Status: status, Header: http.Header{"X-A": {"a"}}, Body: []byte(fmt.Sprint("body of ", status))}
	}
	for name, c := range map[string]struct {
		set     []int
		outcome error
		want    int
		body    string
	}{
		"nothing":                        {nil, nil, 200, ""},
		"delivered":                      {[]int{201}, nil, 201, "body of 201"},
		"taken by an error handler":      {[]int{201, 500}, nil, 500, "body of 500"},
		"success is not true":            {[]int{201}, errors.New("too bad"), 500, "too bad"},
		"failure is":                     {[]int{422}, errors.New("too bad"), 422, "body of 422"},
		"given back, whatever was said":  {[]int{201}, component.ErrStopped, 503, ""},
		"given back, even if it was bad": {[]int{422}, component.ErrStopped, 503, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, s := httpConsumer(t, "", (&taker{at: func(o offer) {
				original := o.m.Clone() // as a workflow keeps it for its error handler
				for i, status := range c.set {
					m := o.m
					if i > 0 {
						m = original
					}
					web.ResponseOf(m).Set(answer(status))
				}
				o.done(c.outcome)
			}}).handle)
			status, body, header := do(t, s, "POST", "/in", "x")
			if status != c.want || !strings.Contains(body, c.body) || c.body == "" && status == 200 && body != "" {
				t.Errorf("%d %q", status, body)
			}
			if own := strings.Contains(body, "body of"); own != (header.Get("X-A") == "a") || own && header.Get("Content-Type") != "" {
				t.Errorf("headers: %v", header)
			}
		})
	}
}

func TestCommittedAnswerDoesNotWait(t *testing.T) {
	for name, want := range map[string]int{"nothing said": 200, "said": 202} {
		t.Run(name, func(t *testing.T) {
			k := &taker{at: func(o offer) {
				if want != 200 {
					web.ResponseOf(o.m).Set(&web.Answer{Status: want})
				}
				web.ResponseOf(o.m).Commit()
			}}
			_, s := httpConsumer(t, "", k.handle)
			if status, _, _ := do(t, s, "POST", "/in", "x"); status != want {
				t.Errorf("status %d", status)
			}
			for _, o := range k.take() {
				o.done(errors.New("failed later"))
			}
		})
	}
}

func TestRequestAsObjects(t *testing.T) {
	got := make(chan *message.Message, 1)
	_, s := httpConsumer(t, `<header-handler class="jetty-http-headers-as-object-metadata"><header-prefix>h_</header-prefix></header-handler>
		<parameter-handler class="jetty-http-parameters-as-object-metadata"><parameter-prefix>p_</parameter-prefix></parameter-handler>`, (&taker{at: func(o offer) {
		got <- o.m
		o.done(nil)
	}}).handle)
	do(t, s, "POST", "/in?a=1&b=2", "x", "X-A: a")
	m := <-got
	for key, want := range map[string]string{"h_X-A": "a", "p_a": "1", "p_b": "2"} {
		if value, _ := m.Object(key); value != want {
			t.Errorf("%s is %v", key, value)
		}
		if _, ok := m.Metadata(key); ok {
			t.Errorf("%s is metadata", key)
		}
	}
}
