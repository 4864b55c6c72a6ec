package kinesislocal

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func TestSTSGivesOutCredentials(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Now: clock.Now, Account: "123456789012"})
	c := sts.NewFromConfig(awsConfig(s))
	who := must[*sts.GetCallerIdentityOutput](t)(c.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *who.Account != "123456789012" || *who.Arn != "arn:aws:iam::123456789012:user/local" {
		t.Errorf("identity %s %s", *who.Account, *who.Arn)
	}
	out := must[*sts.AssumeRoleOutput](t)(c.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::210987654321:role/path/writer"), RoleSessionName: aws.String("me@here"),
		ExternalId: aws.String("x1"), DurationSeconds: aws.Int32(900),
	}))
	if got := *out.AssumedRoleUser.Arn; got != "arn:aws:sts::210987654321:assumed-role/path/writer/me@here" {
		t.Errorf("role %s", got)
	}
	if cr := out.Credentials; !cr.Expiration.Equal(clock.now.Add(15*time.Minute).Truncate(time.Millisecond)) || len(*cr.AccessKeyId) != 20 || len(*cr.SecretAccessKey) != 40 || *cr.SessionToken == "" {
		t.Errorf("credentials of %s until %v", *cr.AccessKeyId, cr.Expiration)
	}
	r := s.Requests()[1]
	if r.Service != serviceSTS || r.Parameters["ExternalId"] != "x1" || r.Parameters["DurationSeconds"] != "900" || r.AccessKeyID != "AKIDTEST" || !r.SessionToken || r.Region != "us-east-1" {
		t.Errorf("request %+v", r)
	}
	for name, in := range map[string]*sts.AssumeRoleInput{
		"no role ARN":  {RoleArn: aws.String("writer"), RoleSessionName: aws.String("me")},
		"session name": {RoleArn: aws.String("arn:aws:iam::210987654321:role/writer"), RoleSessionName: aws.String("a b")},
		"duration":     {RoleArn: aws.String("arn:aws:iam::210987654321:role/writer"), RoleSessionName: aws.String("me"), DurationSeconds: aws.Int32(899)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.AssumeRole(t.Context(), in)
			var api smithy.APIError
			if !errors.As(err, &api) || api.ErrorCode() != "ValidationError" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnsignedRequestsAreRefusedIfAsked(t *testing.T) {
	s := newServer(t, Options{RequireSignature: true})
	if a := ask(t, s, "ListStreams", `{}`); a.code() != "MissingAuthenticationTokenException" || a.message() != "Missing Authentication Token" {
		t.Errorf("got %s", a.raw)
	}
	must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(awsConfig(s)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
}
