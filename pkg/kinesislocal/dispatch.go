package kinesislocal

import (
	"bytes"
	"net/http"
	"strings"
	"time"
)

// call is one request on its way through the server.
type call struct {
	s *Server

	service, operation string
	format             format
	body               []byte // valid until the answer is written
	in                 input
	put                *putRequest // PutRecords in JSON, instead of in

	stream  string // that the request is about, if it is about one
	now     time.Time
	effects effects
	out     encoder
	log     Request
}

// operation carries a request out and writes its result into c.out, an object
// that is open. It writes nothing before it is sure to succeed.
type operation func(c *call) *apiError

var operations = map[string]map[string]operation{
	serviceKinesis: {
		"CreateStream":                           (*call).createStream,
		"DeleteStream":                           (*call).deleteStream,
		"DescribeStream":                         (*call).describeStream,
		"DescribeStreamSummary":                  (*call).describeStreamSummary,
		"DescribeLimits":                         (*call).describeLimits,
		"ListStreams":                            (*call).listStreams,
		"ListShards":                             (*call).listShards,
		"PutRecord":                              (*call).putRecord,
		"PutRecords":                             (*call).putRecords,
		"GetShardIterator":                       (*call).getShardIterator,
		"GetRecords":                             (*call).getRecords,
		"SplitShard":                             (*call).splitShard,
		"MergeShards":                            (*call).mergeShards,
		"UpdateShardCount":                       (*call).updateShardCount,
		"UpdateStreamMode":                       (*call).updateStreamMode,
		"UpdateMaxRecordSize":                    (*call).updateMaxRecordSize,
		"UpdateStreamRecordDistributionStrategy": (*call).updateRecordDistribution,
		"AddTagsToStream":                        (*call).addTags,
		"RemoveTagsFromStream":                   (*call).removeTags,
		"ListTagsForStream":                      (*call).listTags,
	},
	serviceCloudWatch: {
		"PutMetricData":       (*call).putMetricData,
		"GetMetricStatistics": (*call).getMetricStatistics,
		"ListMetrics":         (*call).listMetrics,
	},
	serviceSTS: {
		"GetCallerIdentity": (*call).getCallerIdentity,
		"AssumeRole":        (*call).assumeRole,
	},
}

func knownOperation(name string) bool {
	for _, service := range operations {
		if service[name] != nil {
			return true
		}
	}
	return false
}

// ServeHTTP answers one request. A fault that cuts the connection panics with
// http.ErrAbortHandler, which net/http turns into just that.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := bodies.Get().(*bytes.Buffer)
	defer func() {
		body.Reset()
		bodies.Put(body)
	}()
	c := &call{s: s, now: s.opts.Now()}
	c.describe(r)

	err := readBody(r, body)
	if err == nil {
		c.body = body.Bytes()
		c.log.BodyBytes = len(c.body)
		err = c.receive(r)
	}
	if err == nil {
		err = c.perform(r)
	}
	c.answer(w, r, err)
}

// describe notes for Requests what the headers say.
func (c *call) describe(r *http.Request) {
	c.log = Request{
		Time:         c.now,
		ID:           newRequestID(),
		TLS:          r.TLS != nil || overTLS(r),
		UserAgent:    r.UserAgent(),
		SessionToken: r.Header.Get("X-Amz-Security-Token") != "",
	}
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		scope, _, _ := strings.Cut(rest, ",")
		if parts := strings.Split(scope, "/"); len(parts) == 5 {
			c.log.AccessKeyID, c.log.Region = parts[0], parts[2]
		}
	}
}

// receive finds out what the request wants.
func (c *call) receive(r *http.Request) *apiError {
	if err := c.identify(r); err != nil {
		return err
	}
	if c.s.opts.RequireSignature && c.log.AccessKeyID == "" {
		return refuse("MissingAuthenticationTokenException", "Missing Authentication Token")
	}
	if operations[c.service][c.operation] == nil {
		if c.format == formatXML {
			return refuse("InvalidAction", "Could not find operation %s for version %s", c.operation, c.in.str("Version"))
		}
		return unknownOperation(c.operation)
	}
	if err := c.decode(); err != nil {
		return err
	}
	return c.nameStream()
}

// perform lets the faults have their way and carries the operation out.
func (c *call) perform(r *http.Request) *apiError {
	c.effects = c.s.faults.befall(c.operation, c.stream)
	c.pause(r, c.effects.latency)
	c.now = c.s.opts.Now()
	for _, change := range c.effects.reshards {
		// What can not be split or merged any more stays as it is.
		_ = c.s.reshard(c.stream, change)
	}
	if c.effects.cut == CutBefore {
		return nil
	}
	if c.effects.refusal != nil {
		return c.effects.refusal
	}
	c.out.format = c.format
	c.begin()
	err := operations[c.service][c.operation](c)
	if err == nil && c.in.err != nil {
		err = c.in.failure()
	}
	if c.effects.answerLatency > 0 {
		// Who waits for records sees them while their client still waits.
		c.s.seen.signal()
		c.pause(r, c.effects.answerLatency)
	}
	return err
}

// pause waits, but not for a client that has gone nor a server that closes.
func (c *call) pause(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-c.s.closing:
	}
}
