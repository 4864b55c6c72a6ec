package kinesislocal

import (
	"maps"
	"slices"
)

const (
	maxShardsListed  = 10000
	streamsListed    = 100
	shardsDescribed  = 100
	maxStreamsListed = 10000
	maxShardCount    = 100000
)

func (c *call) createStream() *apiError {
	name := c.in.str("StreamName")
	count, hasCount := c.in.int("ShardCount")
	recordKiB, hasRecordKiB := c.in.int("MaxRecordSizeInKiB")
	distribution := c.in.str("RecordDistributionStrategy")
	details, hasMode := c.in.object("StreamModeDetails")
	mode := details.str("StreamMode")
	tags, _ := c.in.object("Tags")
	err := c.validate(func(v *validation) {
		if !c.in.has("StreamName") {
			v.required("streamName")
		}
		if hasCount {
			v.integer(count, 1, maxShardCount, "shardCount")
		}
		if hasMode {
			v.oneOf(mode, "streamModeDetails.streamMode", "PROVISIONED", "ON_DEMAND")
		}
		if hasRecordKiB {
			v.integer(recordKiB, defaultMaxRecordBytes>>10, largestMaxRecordBytes>>10, "maxRecordSizeInKiB")
		}
		if distribution != "" {
			v.oneOf(distribution, "recordDistributionStrategy", distributionAuto, distributionKeys)
		}
		v.tags(tags)
	})
	if err != nil {
		return err
	}
	onDemand := mode == "ON_DEMAND"
	switch {
	case onDemand && hasCount:
		return refuse("ValidationException", "ShardCount must not be specified when StreamMode is ON_DEMAND.")
	case !onDemand && !hasCount:
		return refuse("ValidationException", "ShardCount must be specified when StreamMode is PROVISIONED.")
	case !onDemand && distribution == distributionAuto:
		return refuse("ValidationException", "RecordDistributionStrategy %s is only supported for streams in ON_DEMAND mode.", distribution)
	case onDemand:
		count = int64(c.s.opts.DefaultShards)
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.lookUp(name, c.now) != nil {
		return refuse("ResourceInUseException", "Stream %s under account %s already exists.", name, c.s.opts.Account)
	}
	if err := c.s.quota(int(count), c.now); err != nil {
		return err
	}
	st := c.s.addStream(name, int(count), c.now)
	st.onDemand, st.autoDistributed = onDemand, distribution == distributionAuto
	if hasRecordKiB {
		st.maxRecordBytes = int(recordKiB) << 10
	}
	st.tags = tags.texts()
	st.enter(statusCreating, c.now, c.s.opts.ProvisioningDelay)
	return nil
}

func (c *call) deleteStream() *apiError {
	if err := c.validate(func(*validation) {}); err != nil {
		return err
	}
	if c.stream == "" {
		return invalidArgument("Either StreamName or StreamARN should be provided.")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	st := c.s.lookUp(c.stream, c.now)
	if st == nil {
		return c.s.streamNotFound(c.stream)
	}
	st.enter(statusDeleting, c.now, c.s.opts.ProvisioningDelay)
	// With no delay the next look forgets it; this frees its memory now.
	c.s.lookUp(c.stream, c.now)
	return nil
}

func (c *call) listStreams() *apiError {
	limit, hasLimit := c.in.int("Limit")
	after := c.in.str("ExclusiveStartStreamName")
	err := c.validate(func(v *validation) {
		if hasLimit {
			v.integer(limit, 1, maxStreamsListed, "limit")
		}
		if c.in.has("ExclusiveStartStreamName") {
			v.streamName(after, "exclusiveStartStreamName")
		}
	})
	if err != nil {
		return err
	}
	if !hasLimit {
		limit = streamsListed
	}
	if token := c.in.str("NextToken"); token != "" {
		if after != "" {
			return invalidArgument("NextToken and ExclusiveStartStreamName cannot be provided together.")
		}
		p, failure := c.s.readPosition(token, streamsKind)
		if failure != nil {
			return invalidArgument("NextToken %s is invalid.", token)
		}
		if c.now.Sub(p.issued) > c.s.opts.IteratorTTL {
			return c.expiredToken(p)
		}
		after = p.stream
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	names := c.s.streamNames(c.now)
	first, found := slices.BinarySearch(names, after)
	if found {
		first++
	}
	names = names[first:]
	more := len(names) > int(limit)
	if more {
		names = names[:limit]
	}
	c.out.key("StreamNames")
	c.out.list()
	for _, name := range names {
		c.out.str(name)
	}
	c.out.endList()
	c.out.key("HasMoreStreams")
	c.out.bool(more)
	c.out.key("StreamSummaries")
	c.out.list()
	for _, name := range names {
		st := c.s.streams[name]
		c.out.object()
		c.writeIdentity(st)
		c.writeMode(st)
		c.out.endObject()
	}
	c.out.endList()
	if more {
		c.out.key("NextToken")
		c.out.str(position{stream: names[len(names)-1], issued: c.now}.encode(streamsKind))
	}
	return nil
}

func (c *call) writeIdentity(st *stream) {
	c.out.key("StreamName")
	c.out.str(st.name)
	c.out.key("StreamARN")
	c.out.str(st.arn)
	c.out.key("StreamStatus")
	c.out.str(st.status(c.now))
	c.out.key("StreamCreationTimestamp")
	c.out.time(st.created)
}

func (c *call) writeMode(st *stream) {
	c.out.key("StreamModeDetails")
	c.out.object()
	c.out.key("StreamMode")
	c.out.str(st.mode())
	c.out.endObject()
}

// writeDescription writes what DescribeStream and DescribeStreamSummary share.
func (c *call) writeDescription(st *stream) {
	c.writeIdentity(st)
	c.writeMode(st)
	c.out.key("RetentionPeriodHours")
	c.out.int(int64(retention.Hours()))
	c.out.key("EnhancedMonitoring")
	c.out.list()
	c.out.object()
	c.out.key("ShardLevelMetrics")
	c.out.list()
	c.out.endList()
	c.out.endObject()
	c.out.endList()
	c.out.key("EncryptionType")
	c.out.str("NONE")
}

func (c *call) describeStream() *apiError {
	limit, hasLimit := c.in.int("Limit")
	after := c.in.str("ExclusiveStartShardId")
	err := c.validate(func(v *validation) {
		if hasLimit {
			v.integer(limit, 1, maxShardsListed, "limit")
		}
		if c.in.has("ExclusiveStartShardId") {
			v.shardID(after, "exclusiveStartShardId")
		}
	})
	if err != nil {
		return err
	}
	if !hasLimit {
		limit = shardsDescribed
	}
	return c.withStream(func(st *stream) *apiError {
		shards := st.shards
		if after != "" {
			n, ok := shardNumber(after)
			if !ok {
				return c.s.shardNotFound(after, st.name)
			}
			shards = shards[min(n+1, len(shards)):]
		}
		if st.status(c.now) == statusCreating {
			shards = nil
		}
		more := len(shards) > int(limit)
		if more {
			shards = shards[:limit]
		}
		c.out.key("StreamDescription")
		c.out.object()
		c.writeDescription(st)
		c.out.key("HasMoreShards")
		c.out.bool(more)
		c.out.key("Shards")
		c.writeShards(st, shards)
		c.out.endObject()
		return nil
	})
}

func (c *call) describeStreamSummary() *apiError {
	if err := c.validate(func(*validation) {}); err != nil {
		return err
	}
	return c.withStream(func(st *stream) *apiError {
		c.out.key("StreamDescriptionSummary")
		c.out.object()
		c.writeDescription(st)
		c.out.key("OpenShardCount")
		c.out.int(int64(len(st.open)))
		c.out.key("ConsumerCount")
		c.out.int(0)
		c.out.key("MaxRecordSizeInKiB")
		c.out.int(int64(st.maxRecordBytes >> 10))
		c.out.key("RecordDistributionStrategy")
		c.out.str(st.distribution())
		c.out.endObject()
		return nil
	})
}

func (c *call) describeLimits() *apiError {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	onDemand := 0
	for st := range maps.Values(c.s.streams) {
		if st.onDemand {
			onDemand++
		}
	}
	c.out.key("ShardLimit")
	c.out.int(int64(c.s.opts.ShardQuota))
	c.out.key("OpenShardCount")
	c.out.int(int64(c.s.openShards(c.now)))
	c.out.key("OnDemandStreamCount")
	c.out.int(int64(onDemand))
	c.out.key("OnDemandStreamCountLimit")
	c.out.int(50) // the service's default
	return nil
}
