package kpl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// cause is why an attempt failed and what is to be done about it.
type cause struct {
	code, message string
	// remedy says what to do; empty if there is nothing better than trying again.
	remedy string
	// final means that trying again cannot help.
	final bool
	// throttled means that less should be sent.
	throttled bool
	// single means that one record of the request may be to blame, and the others not.
	single bool
	// request is the number of the request that failed, for OnRequest.
	request uint32
}

// remedies are the codes that do not heal by themselves, and what to do about each.
var remedies = map[string]string{
	codeNotFound:                          "create the stream, or correct its name, the region or the endpoint",
	"AccessDeniedException":               "allow kinesis:PutRecords and kinesis:ListShards on the stream to these credentials",
	"AccessDenied":                        "allow kinesis:PutRecords and kinesis:ListShards on the stream to these credentials",
	"NotAuthorizedException":              "allow kinesis:PutRecords and kinesis:ListShards on the stream to these credentials",
	"InvalidArgumentException":            "correct the record: the service does not take it as it is",
	"ValidationException":                 "correct the record: the service does not take it as it is",
	"SerializationException":              "check that the endpoint is one of Kinesis",
	"UnknownOperationException":           "check that the endpoint is one of Kinesis",
	"KMSAccessDeniedException":            "allow kms:GenerateDataKey on the stream's key to these credentials",
	"KMSDisabledException":                "enable the stream's KMS key",
	"KMSNotFoundException":                "give the stream a KMS key that exists",
	"KMSOptInRequired":                    "sign the account up for KMS",
	"OptInRequired":                       "sign the account up for Kinesis in this region",
	"SubscriptionRequiredException":       "sign the account up for Kinesis in this region",
	"InvalidSignatureException":           keyRemedy,
	"SignatureDoesNotMatch":               keyRemedy,
	"IncompleteSignatureException":        "check the access key",
	"IncompleteSignature":                 "check the access key",
	"MissingAuthenticationTokenException": "give credentials, and check that the endpoint is one of Kinesis",
	"MissingAuthenticationToken":          "give credentials, and check that the endpoint is one of Kinesis",
	"UnrecognizedClientException":         "check the access key and, with temporary credentials, the session token",
	"InvalidClientTokenId":                "check the access key and, with temporary credentials, the session token",
	"InvalidAccessKeyId":                  "check the access key",
	codeCertificate:                       "trust the endpoint's certificate with CaCertFile or CaCertPath, correct the host name, or set VerifyCertificate=false for tests",
	codeHTTPOnTLS:                         "the endpoint speaks plain HTTP: give it as http://host:port",
}

// expiredCredentials heal if they can be renewed, and only then.
var expiredCredentials = map[string]bool{"ExpiredTokenException": true, "ExpiredToken": true}

const expiredRemedy = "the credentials have expired and are not of a kind that renews itself: give new ones"

const (
	keyRemedy = "check the secret access key"
	// clockRemedy is for signatures whose time the service refuses, also after the client has set its time by the service's answer.
	clockRemedy = "set this machine's clock: requests are signed with the time, and the service takes them for five minutes"
)

// throttles are the codes that ask for less.
var throttles = map[string]bool{
	codeThrottled: true, "ThrottlingException": true, "Throttling": true, "ThrottledException": true, "LimitExceededException": true,
	"RequestLimitExceeded": true, "TooManyRequestsException": true, "SlowDown": true, "KMSThrottlingException": true, "HTTP429": true,
}

// singles are the codes by which the service refuses a whole request because of one record.
var singles = map[string]bool{"InvalidArgumentException": true, "ValidationException": true, "HTTP413": true, "RequestEntityTooLarge": true}

// Codes for what has none: the KPL leaves them empty.
const (
	codeNotFound          = "ResourceNotFoundException" // the service's
	codeConnectionRefused = "ConnectionRefused"
	codeConnectionReset   = "ConnectionReset"
	codeHostNotFound      = "HostNotFound"
	codeTimeout           = "Timeout"
	codeCertificate       = "CertificateNotTrusted"
	codeHTTPOnTLS         = "PlainHTTP"
	codeNetwork           = "NetworkError"
	codeCredentials       = "CredentialsUnavailable"
	codeRequest           = "RequestFailed"
	codeNoSequenceNumber  = "NoSequenceNumber"
	codePanic             = "Panic"
)

// byCode knows what is to be done about a code of the service.
func byCode(code, message string) cause {
	remedy, final := remedies[code]
	if singles[code] && namesStream(message) {
		return cause{code: code, message: message, remedy: "correct the stream's name or ARN: the service does not take it as it is", final: true}
	}
	if remedy == keyRemedy && blamesClock(message) {
		remedy = clockRemedy
	}
	return cause{code: code, message: message, remedy: remedy, final: final || code == "HTTP413" || code == "RequestEntityTooLarge",
		throttled: throttles[code], single: singles[code]}
}

// classify finds the cause of a failed request.
func classify(err error) cause {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "" && api.ErrorCode() != "UnknownError" {
		return byCode(api.ErrorCode(), api.ErrorMessage())
	}
	var status *smithyhttp.ResponseError
	if errors.As(err, &status) && status.HTTPStatusCode() >= 300 {
		message := status.Err.Error()
		if api != nil && api.ErrorMessage() != "" {
			message = api.ErrorMessage()
		}
		return byCode(fmt.Sprintf("HTTP%d", status.HTTPStatusCode()), message)
	}
	return byNetwork(err)
}

// namesStream says whether a refusal is of the stream's name or ARN, and so of no record's making.
func namesStream(message string) bool {
	message = strings.ToLower(message)
	return strings.Contains(message, "streamname") || strings.Contains(message, "streamarn")
}

// blamesClock says whether a signature was refused for its time.
func blamesClock(message string) bool {
	message = strings.ToLower(message)
	return strings.Contains(message, "signature expired") || strings.Contains(message, "signature not yet current")
}

func byNetwork(err error) cause {
	var (
		unknown  x509.UnknownAuthorityError
		host     x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		dns      *net.DNSError
		timeout  net.Error
		op       *net.OpError
		panicked *panicError
	)
	code := codeRequest
	switch {
	case errors.As(err, &panicked):
		code = codePanic
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &verify):
		code = codeCertificate
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		code = codeHTTPOnTLS
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		code = codeTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		code = codeConnectionRefused
	case errors.As(err, &dns):
		code = codeHostNotFound
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		code = codeConnectionReset
	case errors.As(err, &op):
		code = codeNetwork
	case isCredentialsError(err):
		c := byCode(codeCredentials, err.Error())
		c.remedy = "make credentials available to the producer"
		return c
	}
	return byCode(code, err.Error())
}

// credentialsWords are how the SDK says that it could not get credentials; it has no exported type for that.
var credentialsWords = []string{"get credentials", "failed to refresh cached credentials", "static credentials are empty", "get identity:"}

func isCredentialsError(err error) bool {
	text := err.Error()
	return slices.ContainsFunc(credentialsWords, func(words string) bool { return strings.Contains(text, words) })
}

// panicError is what a panic inside the API is turned into.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic in the Kinesis client: %v", e.value) }

// closedCause ends what Close could not wait for.
var closedCause = cause{code: codeClosed, message: "the producer was closed before the record was stored"}

var expiredCause = cause{code: codeExpired, message: "the record has reached its expiration"}

// overCause is why a record ends that cannot go on its way again.
func (p *Producer) overCause() cause {
	if p.aborted() {
		return closedCause
	}
	return expiredCause
}

// cause finds the cause of a failed request, knowing what the producer knows besides.
func (p *Producer) cause(err error) cause {
	if p.aborted() {
		return closedCause
	}
	c := classify(err)
	if c.code == codeTimeout && errors.Is(err, context.DeadlineExceeded) {
		c.message = fmt.Sprintf("no answer within RequestTimeout of %v: %s", p.cfg.RequestTimeout, c.message)
	}
	if expiredCredentials[c.code] && p.staticCredentials {
		c.final, c.remedy = true, expiredRemedy
	}
	return c
}
