package kinesislocal

import "fmt"

const (
	maxRecordsPerRequest = 500
	// maxRequestBytes is data and partition keys of one PutRecords: 10 MiB since
	// October 2025, 5 MiB before.
	maxRequestBytes = 10 << 20
)

const throughputExceeded = "ProvisionedThroughputExceededException"

func entryOf(in input) putEntry {
	return putEntry{
		data:               in.blob("Data"),
		partitionKey:       in.str("PartitionKey"),
		explicitHashKey:    in.str("ExplicitHashKey"),
		hasData:            in.has("Data"),
		hasPartitionKey:    in.has("PartitionKey"),
		hasExplicitHashKey: in.has("ExplicitHashKey"),
	}
}

func putRequestOf(in input) *putRequest {
	req := &putRequest{
		streamName: in.str("StreamName"),
		streamARN:  in.str("StreamARN"),
		dryRun:     in.bool("DryRun"),
		hasRecords: in.has("Records"),
	}
	for _, record := range in.objects("Records") {
		req.records = append(req.records, entryOf(record))
	}
	return req
}

// placement computes the hash key of a record.
func (e *putEntry) placement() (hashKey, *apiError) {
	if !e.hasExplicitHashKey {
		return hashPartitionKey(e.partitionKey), nil
	}
	k, _, inRange := parseHashKey(e.explicitHashKey)
	if !inRange {
		return k, invalidArgument("Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was %s", e.explicitHashKey)
	}
	return k, nil
}

func (e *putEntry) size() int { return len(e.data) + len(e.partitionKey) }

// fits checks a record against the size that its stream allows.
func (st *stream) fits(e *putEntry, prefix string) *apiError {
	var v validation
	v.entry(e, prefix, st.maxRecordBytes)
	if err := v.err(); err != nil {
		return err
	}
	if e.size() > st.maxRecordBytes {
		return invalidArgument("Data and partition key of a record have %d bytes together, which is more than the %d bytes that stream %s allows.",
			e.size(), st.maxRecordBytes, st.name)
	}
	return nil
}

// accepts says whether a stream takes records in its state.
func (c *call) accepts(st *stream) *apiError {
	switch st.status(c.now) {
	case statusActive, statusUpdating:
		return nil
	}
	return c.s.streamNotFound(st.name)
}

func dryRun() *apiError {
	return refuse("DryRunOperationException", "Request would have succeeded, but DryRun is set.")
}

func (c *call) putRecords() *apiError {
	req := c.put
	if req == nil {
		req = putRequestOf(c.in)
	}
	c.log.Records = len(req.records)
	size := 0
	err := c.validate(func(v *validation) {
		switch {
		case !req.hasRecords:
			v.required("records")
		case len(req.records) == 0:
			v.add("'[]'", "records", "have length greater than or equal to 1")
		case len(req.records) > maxRecordsPerRequest:
			v.add(fmt.Sprintf("'[%d PutRecordsRequestEntry]'", len(req.records)), "records",
				fmt.Sprintf("have length less than or equal to %d", maxRecordsPerRequest))
		}
		for i := range req.records {
			e := &req.records[i]
			size += e.size()
			if !e.sound() {
				v.entry(e, fmt.Sprintf("records.%d.member.", i+1), largestMaxRecordBytes)
			}
		}
	})
	if err != nil {
		return err
	}
	if size > maxRequestBytes {
		return invalidArgument("Records size exceeds %d MB limit", maxRequestBytes>>20)
	}
	keys := make([]hashKey, len(req.records))
	for i := range req.records {
		if keys[i], err = req.records[i].placement(); err != nil {
			return err
		}
	}
	return c.withStream(func(st *stream) *apiError {
		if err := c.accepts(st); err != nil {
			return err
		}
		for i := range req.records {
			if e := &req.records[i]; e.size() > st.maxRecordBytes {
				if err := st.fits(e, fmt.Sprintf("records.%d.member.", i+1)); err != nil {
					return err
				}
			}
		}
		if req.dryRun {
			return dryRun()
		}
		c.out.key("Records")
		c.out.list()
		refused := 0
		for i := range req.records {
			sh, sequence, failure := c.putOne(st, &req.records[i], keys[i])
			if c.effects.answer == AnswerShort && i == len(req.records)-1 {
				continue
			}
			c.out.object()
			if failure != nil {
				refused++
				c.out.key("ErrorCode")
				c.out.str(failure.code)
				c.out.key("ErrorMessage")
				c.out.str(failure.message)
			} else {
				c.out.key("SequenceNumber")
				c.out.str(sequenceString(st.prefix, sequence))
				c.out.key("ShardId")
				c.out.str(sh.id)
			}
			c.out.endObject()
		}
		c.out.endList()
		c.out.key("FailedRecordCount")
		c.out.int(int64(refused))
		c.out.key("EncryptionType")
		c.out.str("NONE")
		c.log.Refused = refused
		c.s.trim(c.now)
		return nil
	})
}

// sound says whether entry has nothing to complain of; it is quick.
func (e *putEntry) sound() bool {
	if e.hasExplicitHashKey {
		if _, pattern, _ := parseHashKey(e.explicitHashKey); !pattern {
			return false
		}
	}
	return e.hasData && e.hasPartitionKey && partitionKeyFits(e.partitionKey) && len(e.data) <= largestMaxRecordBytes
}

// putOne places and stores one record, unless a limit or a fault refuses it.
// The caller holds Server.mu.
func (c *call) putOne(st *stream, e *putEntry, k hashKey) (*shard, uint64, *apiError) {
	sh := st.place(k, false)
	if fault := c.s.faults.befallRecord(c.effects.records, sh.id); fault != nil {
		if fault.RecordCode != "" {
			return nil, 0, &apiError{code: fault.RecordCode, message: c.recordMessage(fault, sh.id, st.name)}
		}
		sh = st.place(k, true)
	}
	if st.enforce && !sh.admit(st.limits, e.size(), c.now) {
		return nil, 0, refuse(throughputExceeded, "%s", c.s.rateExceededMessage(sh.id, st.name))
	}
	return sh, c.s.store(st, sh, e, c.log.ID, c.now), nil
}

func (c *call) recordMessage(f *Fault, shard, stream string) string {
	switch {
	case f.RecordMessage != "":
		return f.RecordMessage
	case f.RecordCode == throughputExceeded:
		return c.s.rateExceededMessage(shard, stream)
	}
	return "Internal service failure."
}

func (c *call) putRecord() *apiError {
	e := entryOf(c.in)
	after := c.in.str("SequenceNumberForOrdering")
	err := c.validate(func(v *validation) { v.entry(&e, "", largestMaxRecordBytes) })
	if err != nil {
		return err
	}
	k, err := e.placement()
	if err != nil {
		return err
	}
	c.log.Records = 1
	return c.withStream(func(st *stream) *apiError {
		if err := c.accepts(st); err != nil {
			return err
		}
		if err := st.fits(&e, ""); err != nil {
			return err
		}
		if after != "" {
			if n, ok := parseSequence(after, st.prefix); !ok || n > st.sequence {
				return invalidArgument("ExclusiveMinimumSequenceNumber %s used in PutRecord on stream %s under account %s is invalid.", after, st.name, c.s.opts.Account)
			}
		}
		if c.in.bool("DryRun") {
			return dryRun()
		}
		sh, sequence, failure := c.putOne(st, &e, k)
		if failure != nil {
			c.log.Refused = 1
			if failure.status == 0 {
				return (&Fault{Code: failure.code, Message: failure.message}).refusal()
			}
			return failure
		}
		c.out.key("ShardId")
		c.out.str(sh.id)
		c.out.key("SequenceNumber")
		c.out.str(sequenceString(st.prefix, sequence))
		c.out.key("EncryptionType")
		c.out.str("NONE")
		c.s.trim(c.now)
		return nil
	})
}
