package connection

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// sqsRemedies are what to do about the codes of SQS that do not heal by themselves. Old endpoints put AWS.SimpleQueueService. before some.
var sqsRemedies = map[string]string{
	"NonExistentQueue":           "create the queue, or correct its name, owner-aws-account-id, the region or the endpoint",
	"QueueDoesNotExist":          "create the queue, or correct its name, owner-aws-account-id, the region or the endpoint",
	"QueueDeletedRecently":       "create the queue again a minute after it was deleted",
	"InvalidAddress":             "correct the queue's URL, or give its name",
	"UnsupportedOperation":       "check what kind of queue it is: a FIFO queue needs message-group-id and takes no delay-seconds",
	"MissingParameter":           "check what kind of queue it is: a FIFO queue needs message-group-id, and content-based deduplication",
	"InvalidParameterValue":      "correct what the service names; a message must not be larger than the queue allows, and only a FIFO queue takes message-group-id",
	"InvalidMessageContents":     "SQS takes characters of XML only: encode the payload, for example with base64-encode-service",
	"InvalidAttributeValue":      "correct the metadata that send-attribute names",
	"OverLimit":                  "too many messages of the queue are under way: let messages end faster, or lower prefetch-count",
	"InvalidSecurity":            "reach the service over https",
	"KmsAccessDenied":            "allow kms:GenerateDataKey and kms:Decrypt on the queue's key to these credentials",
	"KmsDisabled":                "enable the queue's KMS key",
	"KmsNotFound":                "give the queue a KMS key that exists",
	"KmsInvalidState":            "check the state of the queue's KMS key",
	"KmsInvalidKeyUsage":         "give the queue a symmetric KMS key",
	"KmsOptInRequired":           "sign the account up for KMS",
	"RequestThrottled":           "",
	"ReceiptHandleIsInvalid":     "",
	"SerializationException":     "check that the endpoint is one of SQS",
	"UnknownOperationException":  "check that the endpoint is one of SQS",
	"MissingAuthenticationToken": "give credentials, and check that the endpoint is one of SQS",
	"CertificateNotTrusted":      "have the system trust the endpoint's certificate, or correct the host name",
}

// sqsError is a request to SQS that failed for good.
type sqsError struct {
	text  string
	cause error
}

func (e *sqsError) Error() string { return e.text }

// Unwrap is the SDK's error.
func (e *sqsError) Unwrap() error { return e.cause }

// worded names operation, queue, cause and way out; nil for no error. A request that its caller ended is only that.
func (s *SQS) worded(operation string, queue *string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return s.errorf("%s was interrupted: %w", operation, err)
	}
	code, message, remedy := kpl.Cause(err)
	bare := strings.TrimPrefix(code, "AWS.SimpleQueueService.")
	if ours, ok := sqsRemedies[bare]; ok {
		remedy = ours
	} else if bare == "AccessDenied" || bare == "AccessDeniedException" || bare == "NotAuthorizedException" {
		remedy = fmt.Sprintf("allow sqs:%s on the queue to these credentials", operation)
	}
	text := fmt.Sprintf("%s of queue %s failed: %s", operation, aws.ToString(queue), code)
	if message != "" {
		text += ": " + message
	}
	if remedy != "" {
		text += "; " + remedy
	}
	return s.errorf("%w", &sqsError{text, err})
}
