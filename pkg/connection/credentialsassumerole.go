package connection

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// AssumeRole takes temporary keys of a role from AWS STS, and new ones before they expire. STS is asked in the connection's region, or
// at the endpoint that the environment variable AWS_ENDPOINT_URL_STS names.
type AssumeRole struct {
	RoleARN             string               `xml:"role-arn,required" example:"arn:aws:iam::123456789012:role/kinesis-writer" doc:"role to assume"`
	RoleSessionName     string               `xml:"role-session-name,required" example:"adapterd" doc:"name of the session in AWS's logs: 2 to 64 letters, digits or _ + = , . @ -"`
	RoleExternalID      document.Secret      `xml:"role-external-id" doc:"external id that the role's trust policy asks for; as a secret"`
	RoleDurationSeconds int                  `xml:"role-duration-seconds" default:"900" min:"900" max:"43200" doc:"seconds that the keys are good for"`
	SessionTags         []component.KeyValue `xml:"session-tags>key-value-pair" doc:"session tags, at most 50"`
	TransitiveTagKeys   []string             `xml:"transitive-tag-keys>string" doc:"keys of session tags that pass on to further roles"`
	ScopeDownPolicy     string               `xml:"scope-down-policy" doc:"IAM policy in JSON that takes permissions away from the session"`
	Credentials         Credentials          `xml:"credentials" doc:"signs the request to STS; the AWS SDK's default chain when not given"`
}

// The limits of STS AssumeRole, from its API reference.
const (
	maxPolicyBytes  = 2048
	maxExternalID   = 1224
	maxSessionTags  = 50
	maxTagKey       = 128
	maxTagValue     = 256
	minARN, maxARN  = 20, 2048
	refreshEarlier  = 2 * time.Minute // so that requests signed shortly before the end are still good when they arrive
	assumeRoleTries = 3
)

var (
	roleARN     = regexp.MustCompile(`^arn:[\w-]+:iam::\d{12}:role/.+$`)
	sessionName = regexp.MustCompile(`^[\w+=,.@-]{2,64}$`)
	externalID  = regexp.MustCompile(`^[\w+=,.@:/-]{2,}$`)
)

// Check refuses what STS would refuse.
func (c *AssumeRole) Check(r *component.Report) {
	if n := len(c.RoleARN); n > 0 && (n < minARN || n > maxARN || !roleARN.MatchString(c.RoleARN)) {
		r.Errorf("role-arn", "bad-value", "is %q; it takes the ARN of a role, such as arn:aws:iam::123456789012:role/kinesis-writer", c.RoleARN)
	}
	if c.RoleSessionName != "" && !sessionName.MatchString(c.RoleSessionName) {
		r.Errorf("role-session-name", "bad-value", "is %q; it takes 2 to 64 letters, digits or _ + = , . @ -", c.RoleSessionName)
	}
	if id := reveal(c.RoleExternalID); id != "" && (len(id) > maxExternalID || !externalID.MatchString(id)) {
		r.Errorf("role-external-id", "bad-value", "is no external id; it takes 2 to 1224 letters, digits or _ + = , . @ : / -")
	}
	if n := len(c.ScopeDownPolicy); n > maxPolicyBytes {
		r.Errorf("scope-down-policy", "bad-value", "is %d bytes long; STS takes at most %d", n, maxPolicyBytes)
	} else if n > 0 && !json.Valid([]byte(c.ScopeDownPolicy)) {
		r.Errorf("scope-down-policy", "bad-value", "is no valid JSON; write the policy as {\"Version\":\"2012-10-17\",\"Statement\":[…]}")
	}
	c.checkTags(r)
}

func (c *AssumeRole) checkTags(r *component.Report) {
	if len(c.SessionTags) > maxSessionTags {
		r.Errorf("session-tags", "bad-value", "has %d tags; STS takes at most %d", len(c.SessionTags), maxSessionTags)
	}
	given := make(map[string]bool)
	for _, t := range c.SessionTags {
		where, _ := positionOf(t.Pos)
		if given[t.Key] {
			r.At(document.SeverityError, "bad-value", where, "<session-tags> of %s has the key %q twice; keep one", r.Alias(), t.Key)
		}
		given[t.Key] = true
		if utf8.RuneCountInString(t.Key) > maxTagKey || utf8.RuneCountInString(t.Value) > maxTagValue {
			r.At(document.SeverityError, "bad-value", where, "<session-tags> of %s: a key has at most %d characters, a value at most %d", r.Alias(), maxTagKey, maxTagValue)
		}
	}
	for _, key := range c.TransitiveTagKeys {
		if !given[key] {
			r.Errorf("transitive-tag-keys", "bad-value", "names %q, which is no key in <session-tags>; add the tag, or remove the key here", key)
		}
	}
}

// Provider asks STS for keys when a request is to be signed, and keeps them until shortly before they expire.
func (c *AssumeRole) Provider(ctx context.Context, region string) (aws.CredentialsProvider, error) {
	loaded, err := sdkConfig(ctx, region)
	if err != nil {
		return nil, fmt.Errorf("assume role %s: %w", c.RoleARN, err)
	}
	if c.Credentials != nil {
		if loaded.Credentials, err = providerOf(ctx, c.Credentials, region); err != nil {
			return nil, fmt.Errorf("assume role %s: <credentials>: %w", c.RoleARN, err)
		}
	}
	if loaded.Region == "" {
		return nil, fmt.Errorf("assume role %s: no region to ask STS in; set Region in the connection's configuration or AWS_REGION", c.RoleARN)
	}
	loaded.RetryMaxAttempts = assumeRoleTries
	client := sts.NewFromConfig(loaded, func(o *sts.Options) { o.HTTPClient = unsaid{o.HTTPClient, reveal(c.RoleExternalID)} })
	role := stscreds.NewAssumeRoleProvider(client, c.RoleARN, c.options)
	return aws.NewCredentialsCache(role, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = refreshEarlier }), nil
}

func (c *AssumeRole) options(o *stscreds.AssumeRoleOptions) {
	o.RoleSessionName = c.RoleSessionName
	o.Duration = time.Duration(c.RoleDurationSeconds) * time.Second
	o.TransitiveTagKeys = c.TransitiveTagKeys
	if id := reveal(c.RoleExternalID); id != "" {
		o.ExternalID = aws.String(id)
	}
	if c.ScopeDownPolicy != "" {
		o.Policy = aws.String(c.ScopeDownPolicy)
	}
	for _, t := range c.SessionTags {
		o.Tags = append(o.Tags, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
}

func init() {
	component.Register[AssumeRole]("aws-sts-assumerole-credentials-builder", "com.adaptris.aws.STSAssumeroleCredentialsBuilder", component.KindPart,
		"signs with temporary keys of a role, from AWS STS")
}
