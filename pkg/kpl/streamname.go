package kpl

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// streamName is a stream as the caller names it: a name, or an ARN.
type streamName string

// parts are what goes into a request: an ARN stands alone, as StreamARN.
func (s streamName) parts() (name, arn *string) {
	if strings.HasPrefix(string(s), "arn:") {
		return nil, aws.String(string(s))
	}
	return aws.String(string(s)), nil
}
