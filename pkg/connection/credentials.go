package connection

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/adapterd/adapterd/pkg/component"
)

// Credentials is what <credentials> and <metrics-credentials> take: a way to the keys that sign requests.
type Credentials interface {
	// Provider makes what signs requests; nil stands for the AWS SDK's default chain. region is the connection's, may be empty, and
	// counts where keys must be asked for at a service. Provider itself touches no network.
	Provider(ctx context.Context, region string) (aws.CredentialsProvider, error)
}

// credentialsTimeout bounds one request for keys to a service of AWS.
const credentialsTimeout = 10 * time.Second

// sdkConfig is the AWS SDK's own view of environment and shared files, for requests that are not the KPL's.
func sdkConfig(ctx context.Context, region string, more ...func(*config.LoadOptions) error) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(credentialsTimeout)),
	}
	if region != "" {
		options = append(options, config.WithRegion(region))
	}
	return config.LoadDefaultConfig(ctx, append(options, more...)...)
}

// providerOf is c's provider where nil would mean something else than the default chain.
func providerOf(ctx context.Context, c Credentials, region string) (aws.CredentialsProvider, error) {
	if c != nil {
		p, err := c.Provider(ctx, region)
		if p != nil || err != nil {
			return p, err
		}
	}
	loaded, err := sdkConfig(ctx, region)
	return loaded.Credentials, err
}

// DefaultCredentials takes what the AWS SDK's default chain finds: environment, shared files, web identity, container, EC2 instance.
type DefaultCredentials struct{}

// Provider is nil, which stands for the default chain.
func (*DefaultCredentials) Provider(context.Context, string) (aws.CredentialsProvider, error) {
	return nil, nil
}

func init() {
	component.Register[DefaultCredentials]("aws-default-credentials-provider", "", component.KindPart,
		"signs with what the AWS SDK's default chain finds")
}
