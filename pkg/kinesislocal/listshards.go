package kinesislocal

import (
	"strconv"
	"strings"
	"time"
)

const shardsListed = 1000

// shardFilter is a ShardFilter of ListShards.
type shardFilter struct {
	kind    string
	shardID string
	at      time.Time
}

var filterTypes = []string{"AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"}

func (f shardFilter) String() string {
	return f.kind + "/" + f.shardID + "/" + strconv.FormatInt(f.at.UnixNano(), 10)
}

func parseShardFilter(s string) (shardFilter, bool) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return shardFilter{}, false
	}
	at, err := strconv.ParseInt(parts[2], 10, 64)
	return shardFilter{parts[0], parts[1], time.Unix(0, at)}, err == nil
}

// selects says whether a filter lets a shard through.
func (f shardFilter) selects(st *stream, sh *shard, now time.Time) bool {
	switch f.kind {
	case "AT_LATEST":
		return sh.open()
	case "AT_TRIM_HORIZON":
		return sh.openAt(st.trimHorizon(now))
	case "FROM_TRIM_HORIZON":
		return sh.open() || sh.closed.After(st.trimHorizon(now))
	case "AT_TIMESTAMP":
		return sh.openAt(f.at)
	case "FROM_TIMESTAMP":
		return sh.open() || sh.closed.After(f.at)
	}
	return true
}

func (c *call) listShards() *apiError {
	limit, hasLimit := c.in.int("MaxResults")
	after, token := c.in.str("ExclusiveStartShardId"), c.in.str("NextToken")
	filter, hasFilter := c.readShardFilter()
	created, hasCreated := c.in.time("StreamCreationTimestamp")
	err := c.validate(func(v *validation) {
		if hasLimit {
			v.integer(limit, 1, maxShardsListed, "maxResults")
		}
		if c.in.has("ExclusiveStartShardId") {
			v.shardID(after, "exclusiveStartShardId")
		}
		if c.in.has("NextToken") && token == "" {
			v.add("''", "nextToken", "have length greater than or equal to 1")
		}
		if hasFilter {
			if filter.kind == "" {
				v.required("shardFilter.type")
			} else {
				v.oneOf(filter.kind, "shardFilter.type", filterTypes...)
			}
			if filter.shardID != "" {
				v.shardID(filter.shardID, "shardFilter.shardId")
			}
		}
	})
	if err != nil {
		return err
	}
	if !hasLimit {
		limit = shardsListed
	}
	if token == "" && c.stream == "" {
		return invalidArgument("Either NextToken or StreamName should be provided.")
	}
	first, serial := 0, int64(0)
	if token != "" {
		switch {
		case c.in.has("StreamName"), c.in.has("StreamARN"):
			return invalidArgument("NextToken and StreamName cannot be provided together.")
		case after != "":
			return invalidArgument("NextToken and ExclusiveStartShardId cannot be provided together.")
		case hasCreated:
			return invalidArgument("NextToken and StreamCreationTimestamp cannot be provided together.")
		case hasFilter:
			return invalidArgument("NextToken and ShardFilter cannot be provided together.")
		}
		p, failure := c.s.readPosition(token, shardsKind)
		known := false
		if failure == nil {
			filter, known = parseShardFilter(p.filter)
		}
		if !known || p.shard < 0 || p.stream != c.stream {
			return invalidArgument("NextToken %s is invalid.", token)
		}
		if c.now.Sub(p.issued) > c.s.opts.IteratorTTL {
			return c.expiredToken(p)
		}
		first, serial = p.shard+1, p.serial
	}
	if err := filter.check(c, hasFilter); err != nil {
		return err
	}
	return c.withStream(func(st *stream) *apiError {
		if hasCreated && created.UnixMilli() != st.created.UnixMilli() || serial != 0 && serial != st.serial {
			return c.s.streamNotFound(st.name)
		}
		for _, id := range []string{after, filter.shardID} {
			if id == "" {
				continue
			}
			n, ok := shardNumber(id)
			if !ok {
				return c.s.shardNotFound(id, st.name)
			}
			first = max(first, n+1)
		}
		var list []*shard
		more := false
		for _, sh := range st.shards[min(first, len(st.shards)):] {
			if !filter.selects(st, sh, c.now) {
				continue
			}
			if more = len(list) == int(limit); more {
				break
			}
			list = append(list, sh)
		}
		c.out.key("Shards")
		c.writeShards(st, list)
		if more {
			p := c.startOf(st, list[len(list)-1])
			p.filter = filter.String()
			c.out.key("NextToken")
			c.out.str(p.encode(shardsKind))
		}
		return nil
	})
}

func (c *call) readShardFilter() (shardFilter, bool) {
	in, has := c.in.object("ShardFilter")
	if !has {
		return shardFilter{}, false
	}
	at, _ := in.time("Timestamp")
	return shardFilter{in.str("Type"), in.str("ShardId"), at}, true
}

// check refuses filters whose members do not go together.
func (f shardFilter) check(c *call, given bool) *apiError {
	if !given {
		return nil
	}
	in, _ := c.in.object("ShardFilter")
	byID, byTime := f.kind == "AFTER_SHARD_ID", f.kind == "AT_TIMESTAMP" || f.kind == "FROM_TIMESTAMP"
	switch {
	case byID != (f.shardID != ""):
		return invalidArgument("ShardId must be specified in a ShardFilter of type AFTER_SHARD_ID and in no other; the type is %s.", f.kind)
	case byTime != in.has("Timestamp"):
		return invalidArgument("Timestamp must be specified in a ShardFilter of type AT_TIMESTAMP or FROM_TIMESTAMP and in no other; the type is %s.", f.kind)
	}
	return nil
}

func (c *call) expiredToken(p position) *apiError {
	return refuse("ExpiredNextTokenException", "NextToken expired. It was created at time %s while right now it is %s which is further in the future than the tolerated delay of %d milliseconds.",
		amzTime(p.issued), amzTime(c.now), c.s.opts.IteratorTTL.Milliseconds())
}

func (c *call) writeShards(st *stream, shards []*shard) {
	c.out.list()
	for _, sh := range shards {
		c.out.object()
		c.out.key("ShardId")
		c.out.str(sh.id)
		if sh.parent != "" {
			c.out.key("ParentShardId")
			c.out.str(sh.parent)
		}
		if sh.adjacent != "" {
			c.out.key("AdjacentParentShardId")
			c.out.str(sh.adjacent)
		}
		c.writeHashKeyRange(sh)
		c.out.key("SequenceNumberRange")
		c.out.object()
		c.out.key("StartingSequenceNumber")
		c.out.str(sequenceString(st.prefix, sh.firstSequence))
		if !sh.open() {
			c.out.key("EndingSequenceNumber")
			c.out.str(sequenceString(st.prefix, sh.lastSequence))
		}
		c.out.endObject()
		c.out.endObject()
	}
	c.out.endList()
}
