package kpl

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// sending is what the transport notes of a PutRecords request: whether the service can have got it, which decides if a failed one may have
// been stored.
type sending struct {
	// notes says that the request goes through a transport of our own, which notes.
	notes      bool
	written    atomic.Bool // all of it was given to the network
	invocation atomic.Pointer[string]
	// memory is for the body; nil for none.
	memory *bodyMemory
	// body is what is sent, from when it is made.
	body atomic.Pointer[requestBody]
}

type sendingKey struct{}

// watch makes the transport note what becomes of a request with that context.
func (s *sending) watch(ctx context.Context) context.Context {
	return context.WithValue(ctx, sendingKey{}, s)
}

func sendingOf(ctx context.Context) *sending {
	s, _ := ctx.Value(sendingKey{}).(*sending)
	return s
}

// over lets go of what the body is made from. The transport may be reading it still, after an answer that came early or a request given up.
func (s *sending) over() {
	if b := s.body.Load(); b != nil {
		b.end()
	}
}

// noted is called by the transport with each request.
func noted(r *http.Request) *http.Request {
	s := sendingOf(r.Context())
	if s == nil {
		return r
	}
	id := r.Header.Get("Amz-Sdk-Invocation-Id")
	s.invocation.Store(&id)
	s.written.Store(false) // a first try, if there was one, was refused
	return r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
		if info.Err == nil {
			s.written.Store(true)
		}
	}}))
}

// requestID is the service's for the request, if its answer to err has one, else what was sent as amz-sdk-invocation-id.
func (s *sending) requestID(err error) string {
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.ServiceRequestID() != "" {
		return answer.ServiceRequestID()
	}
	if id := s.invocation.Load(); id != nil {
		return *id
	}
	return ""
}

// answerID is the service's id of a request that it answered.
func answerID(out *kinesis.PutRecordsOutput) string {
	id, _ := middleware.GetRequestIDMetadata(out.ResultMetadata)
	return id
}

// mayBeStored says whether a request that failed so may have been stored all the same: it reached the service, or nobody can say that it
// did not, and the service did not refuse it.
func mayBeStored(err error, sent *sending) bool {
	if sent.notes && !sent.written.Load() {
		return false
	}
	var status *smithyhttp.ResponseError
	if errors.As(err, &status) && status.Response != nil {
		code := status.HTTPStatusCode()
		return code >= http.StatusInternalServerError || code < http.StatusMultipleChoices
	}
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "" {
		return api.ErrorFault() == smithy.FaultServer || serverFaults[api.ErrorCode()]
	}
	return !neverSent[byNetwork(err).code]
}

// serverFaults are the codes that say that the service failed, for clients that do not tell whose fault an error is.
var serverFaults = map[string]bool{"InternalFailure": true, "InternalServerError": true, "InternalServerException": true, "ServiceUnavailable": true, "ServiceUnavailableException": true}

// neverSent are the codes of requests that were not sent.
var neverSent = map[string]bool{
	codeConnectionRefused: true, codeHostNotFound: true, codeCertificate: true, codeHTTPOnTLS: true, codeCredentials: true,
}
