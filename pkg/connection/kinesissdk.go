package connection

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// KinesisSDK is a connection to Kinesis for aws-kinesis-sdk-stream-producer, which makes requests of its own: nothing is buffered,
// aggregated or asked for beforehand. All producers of the connection share its client. It is safe for concurrent use; Redirect comes
// before Init.
type KinesisSDK struct {
	awsClient[*service.Client]
}

// Redirect sends requests to the endpoint at url.
func (k *KinesisSDK) Redirect(url string) { k.redirect(url) }

// Init makes the client: whatever it can not be made with shows before any channel of the adapter has consumed a message.
func (k *KinesisSDK) Init(ctx context.Context) error { return k.open(ctx, newKinesisClient) }

// Start makes the client again when the connection was stopped; after Init there is one.
func (k *KinesisSDK) Start(ctx context.Context) error { return k.open(ctx, newKinesisClient) }

// newKinesisClient makes a client that tries nothing again but what was signed by a wrong clock: the producer, which knows of each record
// how it ended, decides on the rest.
func newKinesisClient(sdk aws.Config) *service.Client { return service.NewFromConfig(sdk) }

// PutRecords sends one request, once.
func (k *KinesisSDK) PutRecords(ctx context.Context, in *service.PutRecordsInput) (*service.PutRecordsOutput, error) {
	client, err := k.session()
	if err != nil {
		return nil, err
	}
	answered := followRequest(ctx, in)
	out, err := client.PutRecords(ctx, in)
	if answered != nil {
		answered(out, err)
	}
	return out, err
}

// Retries says whether, how often and when a request, or the records of one that failed, are to be tried again.
func (k *KinesisSDK) Retries() aws.Retryer { return k.retries() }

// EngineConfiguration is how the connection speaks to the service: region, endpoint, proxy, timeouts, credentials and logger. There is no
// engine, so nothing else of it counts. To find the credentials may touch files and the network. It is for those who ask the service what
// the producers would meet.
func (k *KinesisSDK) EngineConfiguration(ctx context.Context) (kpl.Config, error) {
	return k.configuration(ctx)
}

func init() {
	component.Register[KinesisSDK]("aws-kinesis-sdk-connection", "com.adaptris.aws.kinesis.AWSKinesisSDKConnection", component.KindConnection,
		"leads to Kinesis for aws-kinesis-sdk-stream-producer, without the producer library")
}
