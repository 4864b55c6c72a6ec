package kinesislocal

// Record distribution strategies of on-demand streams.
const (
	distributionAuto = "AUTO"
	distributionKeys = "USER_PARTITION_KEY"
)

func (st *stream) mode() string {
	if st.onDemand {
		return "ON_DEMAND"
	}
	return "PROVISIONED"
}

func (st *stream) distribution() string {
	if st.autoDistributed {
		return distributionAuto
	}
	return distributionKeys
}

func (c *call) updateStreamMode() *apiError {
	details, _ := c.in.object("StreamModeDetails")
	mode := details.str("StreamMode")
	err := c.validate(func(v *validation) {
		if !c.in.has("StreamARN") {
			v.required("streamARN")
		}
		if mode == "" {
			v.required("streamModeDetails")
			return
		}
		v.oneOf(mode, "streamModeDetails.streamMode", "PROVISIONED", "ON_DEMAND")
	})
	if err != nil {
		return err
	}
	return c.withActive(func(st *stream) *apiError {
		st.onDemand = mode == "ON_DEMAND"
		if !st.onDemand {
			st.autoDistributed = false
		}
		st.enter(statusUpdating, c.now, c.s.opts.ProvisioningDelay)
		return nil
	})
}

func (c *call) updateMaxRecordSize() *apiError {
	size, has := c.in.int("MaxRecordSizeInKiB")
	err := c.validate(func(v *validation) {
		if !has {
			v.required("maxRecordSizeInKiB")
			return
		}
		v.integer(size, defaultMaxRecordBytes>>10, largestMaxRecordBytes>>10, "maxRecordSizeInKiB")
	})
	if err != nil {
		return err
	}
	return c.withActive(func(st *stream) *apiError {
		st.maxRecordBytes = int(size) << 10
		st.enter(statusUpdating, c.now, c.s.opts.ProvisioningDelay)
		return nil
	})
}

func (c *call) updateRecordDistribution() *apiError {
	strategy := c.in.str("RecordDistributionStrategy")
	err := c.validate(func(v *validation) {
		if !c.in.has("StreamARN") {
			v.required("streamARN")
		}
		if strategy == "" {
			v.required("recordDistributionStrategy")
			return
		}
		v.oneOf(strategy, "recordDistributionStrategy", distributionAuto, distributionKeys)
	})
	if err != nil {
		return err
	}
	return c.withActive(func(st *stream) *apiError {
		if !st.onDemand && strategy == distributionAuto {
			return refuse("ValidationException", "RecordDistributionStrategy %s is only supported for streams in ON_DEMAND mode.", strategy)
		}
		st.autoDistributed = strategy == distributionAuto
		st.enter(statusUpdating, c.now, c.s.opts.ProvisioningDelay)
		return nil
	})
}
