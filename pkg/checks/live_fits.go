package checks

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// usualRecordBytes is the largest record of a stream that says nothing else.
const usualRecordBytes = 1 << 20

// fits compares what the connection is configured for with what the stream takes.
func (l *live) fits(p *producing, summary *types.StreamDescriptionSummary) {
	c, ok := p.connection.(interface{ Configuration() (kpl.Config, bool) })
	if !ok {
		return
	}
	config, ok := c.Configuration()
	if !ok {
		return
	}
	largest := maxRecordBytes(summary)
	if config.AggregationEnabled && config.AggregationMaxSizeBytes > largest {
		l.add(document.SeverityError, "live-record-size", p.at("stream"), "AggregationMaxSize of the connection is %d bytes, and stream %s takes records of %s at most; lower it",
			config.AggregationMaxSizeBytes, p.stream, size(largest))
	}
	if config.MaxUserRecordSizeBytes > largest {
		l.add(document.SeverityNote, "live-record-size", p.at("stream"),
			"MaxUserRecordSize of the connection is %d bytes, and stream %s takes records of %s at most, partition key included: a larger message fails only when it is sent",
			config.MaxUserRecordSizeBytes, p.stream, size(largest))
	}
	if config.AggregationEnabled && summary.RecordDistributionStrategy == types.RecordDistributionStrategyAuto {
		l.add(document.SeverityWarning, "live-distribution", p.at("stream"),
			"stream %s distributes its records itself (AUTO), so nothing is aggregated in spite of AggregationEnabled, and the order of a partition key is not kept; set its RecordDistributionStrategy to USER_PARTITION_KEY if that matters",
			p.stream)
	}
}

func maxRecordBytes(summary *types.StreamDescriptionSummary) int {
	if kib := aws.ToInt32(summary.MaxRecordSizeInKiB); kib > 0 {
		return int(kib) << 10
	}
	return usualRecordBytes
}

// size is a number of bytes in KiB, which the service counts in.
func size(bytes int) string { return fmt.Sprintf("%d KiB", bytes>>10) }
