package kinesislocal

import (
	"math/big"
)

const onDemandRefusal = "Request is invalid. Stream %s under account %s is in On-Demand mode."

// provisioned refuses what on-demand streams do by themselves.
func (c *call) provisioned(st *stream) *apiError {
	if st.onDemand {
		return refuse("ValidationException", onDemandRefusal, st.name, c.s.opts.Account)
	}
	return nil
}

// openShard returns a shard that may be split or merged.
func (c *call) openShard(st *stream, id string) (*shard, *apiError) {
	sh := st.find(id)
	if sh == nil {
		return nil, c.s.shardNotFound(id, st.name)
	}
	if !sh.open() {
		return nil, refuse("ResourceInUseException", "Shard %s in stream %s under account %s has already been merged or split, and thus is not eligible for merging or splitting.",
			id, st.name, c.s.opts.Account)
	}
	return sh, nil
}

func (c *call) requireShard(v *validation, member, path string) {
	if !c.in.has(member) {
		v.required(path)
		return
	}
	v.shardID(c.in.str(member), path)
}

func (c *call) splitShard() *apiError {
	id, at := c.in.str("ShardToSplit"), c.in.str("NewStartingHashKey")
	err := c.validate(func(v *validation) {
		c.requireShard(v, "ShardToSplit", "shardToSplit")
		if !c.in.has("NewStartingHashKey") {
			v.required("newStartingHashKey")
		} else {
			v.hashKey(at, "newStartingHashKey")
		}
	})
	if err != nil {
		return err
	}
	return c.withActive(func(st *stream) *apiError {
		if err := c.provisioned(st); err != nil {
			return err
		}
		sh, err := c.openShard(st, id)
		if err != nil {
			return err
		}
		start, _, inRange := parseHashKey(at)
		if !inRange || !sh.splitsAt(start) {
			return invalidArgument("NewStartingHashKey %s used in SplitShard() on shard %s in stream %s under account %s "+
				"is not both greater than one plus the shard's StartingHashKey %s and less than the shard's EndingHashKey %s.",
				at, id, st.name, c.s.opts.Account, sh.start, sh.end)
		}
		if err := c.s.quota(1, c.now); err != nil {
			return err
		}
		st.split(sh, start, c.now)
		st.enter(statusUpdating, c.now, c.s.opts.ProvisioningDelay)
		return nil
	})
}

// splitsAt says whether the service would split a shard at start.
func (sh *shard) splitsAt(start hashKey) bool {
	return sh.start.less(start.previous()) && sh.start.less(start) && start.less(sh.end)
}

// middle is the hash key that halves a shard.
func (sh *shard) middle() hashKey {
	sum := new(big.Int).Add(sh.start.big(), sh.end.big())
	sum.Add(sum, big.NewInt(1))
	return hashKeyOf(sum.Rsh(sum, 1))
}

func (c *call) mergeShards() *apiError {
	first, second := c.in.str("ShardToMerge"), c.in.str("AdjacentShardToMerge")
	err := c.validate(func(v *validation) {
		c.requireShard(v, "ShardToMerge", "shardToMerge")
		c.requireShard(v, "AdjacentShardToMerge", "adjacentShardToMerge")
	})
	if err != nil {
		return err
	}
	return c.withActive(func(st *stream) *apiError {
		if err := c.provisioned(st); err != nil {
			return err
		}
		a, err := c.openShard(st, first)
		if err != nil {
			return err
		}
		b, err := c.openShard(st, second)
		if err != nil {
			return err
		}
		low, high := a, b
		if high.start.less(low.start) {
			low, high = b, a
		}
		if low == high || low.end.next() != high.start {
			return invalidArgument("Shards %s and %s in stream %s under account %s are not an adjacent pair of shards eligible for merging",
				first, second, st.name, c.s.opts.Account)
		}
		st.merge(low, high, first, second, c.now)
		st.enter(statusUpdating, c.now, c.s.opts.ProvisioningDelay)
		return nil
	})
}

func (c *call) updateShardCount() *apiError {
	target, hasTarget := c.in.int("TargetShardCount")
	scaling := c.in.str("ScalingType")
	err := c.validate(func(v *validation) {
		if !hasTarget {
			v.required("targetShardCount")
		} else {
			v.integer(target, 1, maxShardCount, "targetShardCount")
		}
		if scaling == "" {
			v.required("scalingType")
		} else {
			v.oneOf(scaling, "scalingType", "UNIFORM_SCALING")
		}
	})
	if err != nil {
		return err
	}
	return c.withActive(func(st *stream) *apiError {
		if err := c.provisioned(st); err != nil {
			return err
		}
		open, n := len(st.open), int(target)
		var rule string
		switch {
		case n > c.s.opts.ShardQuota:
			return refuse("LimitExceededException", "Target shard count or number of open shards cannot be greater than %d. Current open shard count: %d, Target shard count: %d",
				c.s.opts.ShardQuota, open, n)
		case n > 2*open:
			rule = "scale up over double"
		case 2*n < open:
			rule = "scale down below half"
		}
		if rule != "" {
			return refuse("LimitExceededException", "UpdateShardCount cannot %s your current open shard count. Current open shard count: %d, Target shard count: %d",
				rule, open, n)
		}
		if err := c.s.quota(n-open, c.now); err != nil {
			return err
		}
		st.scale(n, c.now)
		st.enter(statusUpdating, c.now, c.s.opts.ProvisioningDelay)
		c.out.key("StreamName")
		c.out.str(st.name)
		c.out.key("CurrentShardCount")
		c.out.int(int64(open))
		c.out.key("TargetShardCount")
		c.out.int(target)
		c.out.key("StreamARN")
		c.out.str(st.arn)
		return nil
	})
}
