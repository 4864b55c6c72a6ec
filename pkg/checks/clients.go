package checks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// configured is a connection to Kinesis that can say how its engine, or its client, would speak to the service.
type configured interface {
	component.Connection
	EngineConfiguration(context.Context) (kpl.Config, error)
}

// Clients speak to Kinesis and STS as the connections of a document would, one set for each connection. They are for one goroutine.
type Clients struct {
	byConnection map[component.Connection]*clients
}

type clients struct {
	kinesis *kinesis.Client
	sts     *sts.Client
	// own says that the endpoint is the document's, not the one that AWS has for the region.
	own    bool
	region string
	close  func()
	err    error
}

// NewClients makes a set without any client; they are made when they are asked for.
func NewClients() *Clients { return &Clients{make(map[component.Connection]*clients)} }

// Close ends the connections that are idle.
func (c *Clients) Close() {
	for _, one := range c.byConnection {
		if one.close != nil {
			one.close()
		}
	}
}

var errNoKinesis = errors.New("the connection does not lead to Kinesis")

// of makes the clients of a connection, once.
func (c *Clients) of(ctx context.Context, connection component.Connection) *clients {
	if made, ok := c.byConnection[connection]; ok {
		return made
	}
	made := new(clients)
	c.byConnection[connection] = made
	k, ok := connection.(configured)
	if !ok {
		made.err = errNoKinesis
		return made
	}
	config, err := k.EngineConfiguration(ctx)
	if err != nil {
		made.err = err
		return made
	}
	sdk, closeIdle, err := config.AWSConfig(ctx)
	if err != nil {
		made.err = err
		return made
	}
	made.close, made.region = closeIdle, sdk.Region
	made.kinesis = kinesis.NewFromConfig(sdk)
	if sdk.BaseEndpoint != nil {
		made.own = !isKinesis(*sdk.BaseEndpoint)
		if !made.own {
			sdk.BaseEndpoint = nil // an endpoint of Kinesis, such as one for a VPC, does not answer for STS
		}
	}
	made.sts = sts.NewFromConfig(sdk)
	return made
}

// kinesisHost matches the names that AWS gives to Kinesis itself: of a region, with FIPS, for both versions of IP, of an account, and of a
// VPC endpoint (vpce-1.kinesis.REGION.vpce.amazonaws.com). Under the same domains
// stand the names of anybody's servers and buckets.
var kinesisHost = regexp.MustCompile(`^(vpce-[a-z0-9-]+\.kinesis(-fips)?\.[a-z0-9-]+\.vpce\.amazonaws\.com(\.cn)?|` +
	`(kinesis(-fips)?|[0-9]{12}\.(data|control)-kinesis(-fips)?)\.[a-z]{2,}(-[a-z]+)+-[0-9]+\.(amazonaws\.com(\.cn)?|api\.aws|api\.amazonwebservices\.com\.cn))$`)

// isKinesis says whether an endpoint is Kinesis of AWS: its name, by TLS on the port of that. What it is not sure of it is not.
func isKinesis(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return false
	}
	return kinesisHost.MatchString(strings.ToLower(u.Hostname()))
}

// Shard is an open shard and the hash keys that it takes, both ends included.
type Shard struct {
	ID          string
	First, Last kpl.HashKey
}

// Shards asks for the open shards of a stream. spread says that the service distributes the records itself.
func (c *Clients) Shards(ctx context.Context, connection component.Connection, stream string) (shards []Shard, spread bool, err error) {
	k := c.of(ctx, connection)
	if k.err != nil {
		return nil, false, k.err
	}
	in := &kinesis.ListShardsInput{ShardFilter: &types.ShardFilter{Type: types.ShardFilterTypeAtLatest}}
	in.StreamName, in.StreamARN = named(stream)
	for {
		page, err := k.kinesis.ListShards(ctx, in)
		if err != nil {
			return nil, false, fmt.Errorf("ask for the shards of stream %s: %w", stream, err)
		}
		for _, s := range page.Shards {
			if s.HashKeyRange == nil {
				continue
			}
			first, err := kpl.ParseHashKey(aws.ToString(s.HashKeyRange.StartingHashKey))
			last, err2 := kpl.ParseHashKey(aws.ToString(s.HashKeyRange.EndingHashKey))
			if err := errors.Join(err, err2); err != nil {
				return nil, false, fmt.Errorf("read the hash keys of shard %s: %w", aws.ToString(s.ShardId), err)
			}
			shards = append(shards, Shard{aws.ToString(s.ShardId), first, last})
		}
		if page.NextToken == nil {
			break
		}
		in = &kinesis.ListShardsInput{NextToken: page.NextToken}
	}
	if summary, err := k.summary(ctx, stream); err == nil { // else the connection's configuration decides, as it does for the engine
		spread = summary.RecordDistributionStrategy == types.RecordDistributionStrategyAuto
	}
	return shards, spread, nil
}

func (k *clients) summary(ctx context.Context, stream string) (*types.StreamDescriptionSummary, error) {
	in := &kinesis.DescribeStreamSummaryInput{}
	in.StreamName, in.StreamARN = named(stream)
	out, err := k.kinesis.DescribeStreamSummary(ctx, in)
	if err != nil {
		return nil, err
	}
	if out.StreamDescriptionSummary == nil {
		return nil, errors.New("the answer of DescribeStreamSummary is empty")
	}
	return out.StreamDescriptionSummary, nil
}

// named gives a stream as its name or as its ARN.
func named(stream string) (name, arn *string) {
	if strings.HasPrefix(stream, "arn:") {
		return nil, &stream
	}
	return &stream, nil
}
