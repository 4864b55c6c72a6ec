package consumer

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

// TimeoutAction is Interlok's TimeoutAction.
type TimeoutAction struct {
	MaxWait component.Interval `xml:"max-wait-time" default:"10m" min:"1ms" doc:"how long a request waits for the outcome of its message"`
	Status  string             `xml:"status" default:"ACCEPTED_202" doc:"the HTTP status to answer then, as Interlok writes it: ACCEPTED_202, OK_200, …"`

	status int
}

// Check implements component.Checker.
func (t *TimeoutAction) Check(r *component.Report) {
	digits := t.Status[strings.LastIndexByte(t.Status, '_')+1:]
	var err error
	if t.status, err = strconv.Atoi(digits); err != nil || t.status < 200 || t.status > 599 || len(digits) != 3 {
		r.Errorf("status", "bad-value", "is %q; write a status as Interlok does, such as ACCEPTED_202", t.Status)
	}
}

// The timeout of a consumer without timeout-action, as in Interlok.
const (
	defaultMaxWait = 10 * time.Minute
	defaultStatus  = http.StatusAccepted
)

func init() {
	component.Register[TimeoutAction]("jetty-http-timeout-action", "com.adaptris.core.http.jetty.TimeoutAction", component.KindPart, "answers a request whose message takes too long")
}
