package kinesislocal

import (
	"time"
)

const (
	maxRecordsPerRead = 10000
	// maxBytesPerRead is what one GetRecords returns at most.
	maxBytesPerRead = 10 << 20
)

var iteratorTypes = []string{"AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"}

func (c *call) getShardIterator() *apiError {
	kind, id := c.in.str("ShardIteratorType"), c.in.str("ShardId")
	number := c.in.str("StartingSequenceNumber")
	at, hasAt := c.in.time("Timestamp")
	err := c.validate(func(v *validation) {
		if !c.in.has("ShardId") {
			v.required("shardId")
		} else {
			v.shardID(id, "shardId")
		}
		if !c.in.has("ShardIteratorType") {
			v.required("shardIteratorType")
		} else {
			v.oneOf(kind, "shardIteratorType", iteratorTypes...)
		}
	})
	if err != nil {
		return err
	}
	bySequence := kind == "AT_SEQUENCE_NUMBER" || kind == "AFTER_SEQUENCE_NUMBER"
	if bySequence != (number != "") {
		with := "and also a StartingSequenceNumber."
		if bySequence {
			with = "and no StartingSequenceNumber."
		}
		return invalidArgument("Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "+
			"(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified %s %s", kind, with)
	}
	if (kind == "AT_TIMESTAMP") != hasAt {
		return invalidArgument("Must specify timestampInMillis with ShardIteratorType AT_TIMESTAMP and with no other. Request specified %s.", kind)
	}
	if hasAt && at.After(c.now) {
		return invalidArgument("The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: %d, currentTimestampInMillis: %d",
			at.UnixMilli(), c.now.UnixMilli())
	}
	return c.withStream(func(st *stream) *apiError {
		sh := st.find(id)
		if sh == nil {
			return refuse("ResourceNotFoundException", "Shard %s in stream %s under account %s does not exist", id, st.name, c.s.opts.Account)
		}
		p := c.startOf(st, sh)
		switch kind {
		case "LATEST":
			p.after = st.sequence
		case "AT_TIMESTAMP":
			p.after = st.sequence
			for _, r := range sh.held() {
				if !r.arrival.Truncate(time.Millisecond).Before(at) {
					p.after = r.sequence - 1
					break
				}
			}
		case "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER":
			n, err := c.sequenceIn(st, sh, number)
			if err != nil {
				return err
			}
			p.after = n
			if kind == "AT_SEQUENCE_NUMBER" {
				p.after--
			}
		}
		if c.in.bool("DryRun") {
			return dryRun()
		}
		c.out.key("ShardIterator")
		c.out.str(p.encode(iteratorKind))
		return nil
	})
}

func (c *call) startOf(st *stream, sh *shard) position {
	n, _ := shardNumber(sh.id)
	return position{stream: st.name, serial: st.serial, shard: n, issued: c.now}
}

// sequenceIn reads a sequence number that a client says is of shard sh.
func (c *call) sequenceIn(st *stream, sh *shard, number string) (uint64, *apiError) {
	wrong := func(why string) (uint64, *apiError) {
		return 0, invalidArgument("StartingSequenceNumber %s used in GetShardIterator on shard %s in stream %s under account %s is invalid%s.",
			number, sh.id, st.name, c.s.opts.Account, why)
	}
	n, ok := parseSequence(number, st.prefix)
	switch {
	case !ok && len(number) == sequencePrefixDigits+sequenceCounterDigits && allDigits(number):
		return wrong(" because it did not come from this stream")
	case !ok, n > st.sequence, n < sh.firstSequence, !sh.open() && n > sh.lastSequence:
		return wrong("")
	}
	return n, nil
}

func (c *call) getRecords() *apiError {
	limit, hasLimit := c.in.int("Limit")
	err := c.validate(func(v *validation) {
		switch {
		case !c.in.has("ShardIterator"):
			v.required("shardIterator")
		case c.in.str("ShardIterator") == "":
			v.add("''", "shardIterator", "have length greater than or equal to 1")
		}
		if hasLimit {
			v.integer(limit, 1, maxRecordsPerRead, "limit")
		}
	})
	if err != nil {
		return err
	}
	if !hasLimit {
		limit = maxRecordsPerRead
	}
	p, failure := c.s.readPosition(c.in.str("ShardIterator"), iteratorKind)
	if failure != nil || p.shard < 0 {
		return invalidArgument("Invalid ShardIterator.")
	}
	if c.now.Sub(p.issued) > c.s.opts.IteratorTTL {
		return refuse("ExpiredIteratorException", "Iterator expired. The iterator was created at time %s while right now it is %s "+
			"which is further in the future than the tolerated delay of %d milliseconds.",
			amzTime(p.issued), amzTime(c.now), c.s.opts.IteratorTTL.Milliseconds())
	}
	return c.withStream(func(st *stream) *apiError {
		sh := st.find(shardID(p.shard))
		if sh == nil || st.serial != p.serial {
			return refuse("ResourceNotFoundException", "Shard %s in stream %s under account %s does not exist", shardID(p.shard), st.name, c.s.opts.Account)
		}
		if c.in.bool("DryRun") {
			return dryRun()
		}
		if st.enforce && !sh.admitRead(st.limits, c.now) {
			return refuse(throughputExceeded, "%s", c.s.rateExceededMessage(sh.id, st.name))
		}
		c.writeRecords(st, sh, p, int(limit))
		return nil
	})
}

func (c *call) writeRecords(st *stream, sh *shard, p position, limit int) {
	c.s.trim(c.now)
	list := sh.held()[sh.after(p.after):]
	c.out.key("Records")
	c.out.list()
	size, taken := 0, 0
	for taken < len(list) && taken < limit {
		r := &list[taken]
		if size += len(r.data); size > maxBytesPerRead && taken > 0 {
			break
		}
		c.out.object()
		c.out.key("SequenceNumber")
		c.out.str(sequenceString(st.prefix, r.sequence))
		c.out.key("ApproximateArrivalTimestamp")
		c.out.time(r.arrival)
		c.out.key("Data")
		c.out.blob(r.data)
		c.out.key("PartitionKey")
		c.out.str(r.partitionKey)
		c.out.key("EncryptionType")
		c.out.str("NONE")
		c.out.endObject()
		p.after = r.sequence
		taken++
	}
	c.out.endList()
	c.log.Records = taken

	behind := int64(0)
	if taken < len(list) {
		behind = max(0, c.now.Sub(list[taken].arrival).Milliseconds())
	}
	c.out.key("MillisBehindLatest")
	c.out.int(behind)
	if sh.open() || taken < len(list) {
		p.issued = c.now
		c.out.key("NextShardIterator")
		c.out.str(p.encode(iteratorKind))
		return
	}
	c.out.key("ChildShards")
	c.out.list()
	for _, child := range sh.children {
		c.out.object()
		c.out.key("ShardId")
		c.out.str(child.id)
		c.out.key("ParentShards")
		c.out.list()
		for _, parent := range []string{child.parent, child.adjacent} {
			if parent != "" {
				c.out.str(parent)
			}
		}
		c.out.endList()
		c.writeHashKeyRange(child)
		c.out.endObject()
	}
	c.out.endList()
}

func (c *call) writeHashKeyRange(sh *shard) {
	c.out.key("HashKeyRange")
	c.out.object()
	c.out.key("StartingHashKey")
	c.out.str(sh.start.String())
	c.out.key("EndingHashKey")
	c.out.str(sh.end.String())
	c.out.endObject()
}
