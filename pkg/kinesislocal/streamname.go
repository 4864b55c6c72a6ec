package kinesislocal

import "strings"

// nameStream finds the stream that a request is about, for faults and for the
// operation: by StreamName, StreamARN, ShardIterator or NextToken.
func (c *call) nameStream() *apiError {
	if c.service != serviceKinesis {
		return nil
	}
	var name, arn string
	if c.put != nil {
		name, arn = c.put.streamName, c.put.streamARN
	} else {
		name, arn = c.in.str("StreamName"), c.in.str("StreamARN")
		if p, err := c.s.readPosition(c.in.str("ShardIterator"), iteratorKind); err == nil {
			name = p.stream
		}
		if p, err := c.s.readPosition(c.in.str("NextToken"), shardsKind); err == nil && name == "" && arn == "" {
			name = p.stream
		}
		if err := c.in.failure(); err != nil {
			return err
		}
	}
	c.stream = name
	if arn == "" {
		return nil
	}
	account, ofARN, ok := splitStreamARN(arn)
	if !ok {
		var v validation
		v.add(quoted(arn), "streamARN", `satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/\S+`)
		return v.err()
	}
	if account != c.s.opts.Account {
		return refuse("ResourceNotFoundException", "Stream %s under account %s not found.", ofARN, account)
	}
	if name != "" && name != ofARN {
		return invalidArgument("StreamName %s and StreamARN %s are not of the same stream.", name, arn)
	}
	c.stream = ofARN
	return nil
}

// splitStreamARN takes arn:aws:kinesis:REGION:ACCOUNT:stream/NAME apart. The
// region is the client's business: endpoints of tests have any.
func splitStreamARN(arn string) (account, name string, ok bool) {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || !strings.HasPrefix(parts[1], "aws") || parts[2] != "kinesis" ||
		len(parts[4]) != 12 || !allDigits(parts[4]) {
		return "", "", false
	}
	name, ok = strings.CutPrefix(parts[5], "stream/")
	return parts[4], name, ok && validStreamName(name)
}

// validate checks the members of a request, those about its stream first.
func (c *call) validate(check func(v *validation)) *apiError {
	var v validation
	if c.put != nil && c.put.streamName != "" || c.put == nil && c.in.has("StreamName") {
		v.streamName(c.stream, "streamName")
	}
	check(&v)
	if c.put == nil {
		if err := c.in.failure(); err != nil {
			return err
		}
	}
	return v.err()
}

// withStream carries out do on the stream of the request, under the lock.
func (c *call) withStream(do func(st *stream) *apiError) *apiError {
	if c.stream == "" {
		return invalidArgument("Either StreamName or StreamARN should be provided.")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	st, err := c.s.expect(c.stream, c.now)
	if err != nil {
		return err
	}
	return do(st)
}

// withActive is withStream for operations that only an ACTIVE stream allows.
func (c *call) withActive(do func(st *stream) *apiError) *apiError {
	return c.withStream(func(st *stream) *apiError {
		if status := st.status(c.now); status != statusActive {
			return refuse("ResourceInUseException", "Stream %s under account %s not ACTIVE, instead in state %s",
				st.name, c.s.opts.Account, status)
		}
		return do(st)
	})
}
