package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// Live asks the service, with the credentials and the endpoint of each connection to Kinesis, whether what the document wants is there
// and allowed: GetCallerIdentity, and for each stream that is the same for every message DescribeStreamSummary, ListShards, and
// PutRecords with DryRun, which stores nothing. It returns a problem for whatever is not as it should be, and a note for each stream
// that is. ctx bounds all of it.
func Live(ctx context.Context, a *adapter.Adapter) document.Problems {
	c := NewClients()
	defer c.Close()
	l := &live{ctx: ctx, clients: c, asked: make(map[component.Connection]bool), streams: make(map[target]bool)}
	for _, p := range producersOf(a) {
		l.producer(p)
	}
	if len(l.streams) == 0 && len(l.problems) == 0 {
		l.add(document.SeverityNote, "live-skipped", document.Position{File: ""}, "the document has no producer to Kinesis, so there is nothing to ask")
	}
	return l.problems
}

type target struct {
	connection component.Connection
	stream     string
}

type live struct {
	ctx      context.Context
	clients  *Clients
	asked    map[component.Connection]bool
	streams  map[target]bool
	problems document.Problems
}

func (l *live) add(s document.Severity, code string, pos document.Position, format string, args ...any) {
	l.problems = append(l.problems, document.Problem{Severity: s, Code: code, Pos: pos, Message: fmt.Sprintf(format, args...)})
}

func (l *live) producer(p *producing) {
	k := l.clients.of(l.ctx, p.connection)
	if errors.Is(k.err, errNoKinesis) {
		l.add(document.SeverityNote, "live-skipped", p.at(""), "%s: %v, so nothing is asked for it", p.alias, k.err)
		return
	}
	if k.err != nil {
		if !l.asked[p.connection] {
			l.add(document.SeverityError, "live-connection", p.at(""), "%s: the connection can not be made: %v", p.alias, k.err)
		}
		l.asked[p.connection] = true
		return
	}
	if !l.asked[p.connection] {
		l.asked[p.connection] = true
		l.identity(p, k)
	}
	if !p.constant {
		l.add(document.SeverityNote, "live-skipped", p.at("stream"), "<stream> of %s is %s, which depends on the message, so no stream is asked for", p.alias, p.stream)
		return
	}
	if t := (target{p.connection, p.stream}); !l.streams[t] {
		l.streams[t] = true
		l.stream(p, k)
	}
}

// identity asks who the credentials belong to.
func (l *live) identity(p *producing, k *clients) {
	out, err := k.sts.GetCallerIdentity(l.ctx, &sts.GetCallerIdentityInput{})
	if err == nil {
		l.add(document.SeverityNote, "live-identity", p.at(""), "%s signs as %s, account %s, region %s", p.alias, aws.ToString(out.Arn), aws.ToString(out.Account), k.region)
		return
	}
	code, message, remedy := kpl.Cause(err)
	severity, kind, otherwise := document.SeverityError, "live-credentials", "check the credentials of the connection"
	switch {
	case k.own && !credentialFault[code]: // many endpoints besides AWS have no STS, and whether this one answers, the streams will show
		severity, kind, otherwise = document.SeverityNote, "live-unknown", "nothing depends on it"
	case unreachable[code]:
		kind, otherwise = "live-unreachable", reachIt
	}
	l.add(severity, kind, p.at(""), "%s: GetCallerIdentity says %s: %s%s", p.alias, code, message, wayOut(remedy, otherwise))
}

// reachIt is what to do about an endpoint that does not answer.
const reachIt = "check that it can be reached from here: endpoint, region, proxy, firewall"

var unreachable = map[string]bool{
	"ConnectionRefused": true, "ConnectionReset": true, "HostNotFound": true, "Timeout": true, "CertificateNotTrusted": true, "PlainHTTP": true, "NetworkError": true,
}

// credentialFault are the codes that the credentials are to blame for, whoever answers.
var credentialFault = map[string]bool{
	"CredentialsUnavailable": true, "InvalidClientTokenId": true, "UnrecognizedClientException": true, "SignatureDoesNotMatch": true,
	"InvalidSignatureException": true, "ExpiredToken": true, "ExpiredTokenException": true, "AccessDenied": true, "AccessDeniedException": true,
}

// stream asks about one stream.
func (l *live) stream(p *producing, k *clients) {
	summary, err := k.summary(l.ctx, p.stream)
	switch code, _, _ := kpl.Cause(err); {
	case err == nil:
	case code == "AccessDeniedException":
		l.add(document.SeverityWarning, "live-denied", p.at("stream"),
			"DescribeStreamSummary on stream %s is denied, so how it distributes records is only inferred; allow kinesis:DescribeStreamSummary on it", p.stream)
	case code == "UnknownOperationException":
		l.add(document.SeverityNote, "live-unknown", p.at("stream"), "the endpoint does not know DescribeStreamSummary, so little is known of stream %s", p.stream)
	default:
		l.failed(p, "DescribeStreamSummary", err)
		return
	}
	before := len(l.problems.Errors())
	if _, err := k.kinesis.ListShards(l.ctx, listOne(p.stream)); err != nil {
		l.failed(p, "ListShards", err)
	}
	put := l.dryRun(p, k)
	if summary == nil {
		return
	}
	l.fits(p, summary)
	if status := summary.StreamStatus; status != types.StreamStatusActive && status != types.StreamStatusUpdating {
		l.add(document.SeverityError, "live-stream-state", p.at("stream"), "stream %s is %s and takes no records; wait until it is ACTIVE", p.stream, status)
	}
	if len(l.problems.Errors()) > before {
		return
	}
	mode := string(types.StreamModeProvisioned)
	if summary.StreamModeDetails != nil {
		mode = string(summary.StreamModeDetails.StreamMode)
	}
	distribution := string(summary.RecordDistributionStrategy)
	if distribution == "" {
		distribution = string(types.RecordDistributionStrategyUserPartitionKey)
	}
	shards := aws.ToInt32(summary.OpenShardCount)
	limit := ""
	if mode == string(types.StreamModeProvisioned) {
		limit = fmt.Sprintf(", %d MiB and %d records a second", shards, shards*1000)
	}
	l.add(document.SeverityNote, "live-stream", p.at("stream"), "stream %s is ready: open shards %d, %s%s, distribution %s, records up to %s%s",
		p.stream, shards, mode, limit, distribution, size(maxRecordBytes(summary)), put)
}

func listOne(stream string) *kinesis.ListShardsInput {
	in := &kinesis.ListShardsInput{MaxResults: aws.Int32(1)}
	in.StreamName, in.StreamARN = named(stream)
	return in
}

const (
	// dryRunCode is how the service says that a request with DryRun would have succeeded.
	dryRunCode = "DryRunOperationException"
	// firstShard is the id of a stream's first shard; a stream keeps it for ever.
	firstShard = "shardId-000000000000"
	// checkKey is the partition key of a record that must never be stored.
	checkKey = "adapterd-check"
)

// dryRun asks whether a record may be put. It returns words for the line of a stream that is ready.
//
// An endpoint that does not know DryRun would store the record. Kinesis of AWS knows it; any other endpoint is first asked for something
// that stores nothing in either case. Success without a word of DryRun is none: the record may be stored.
func (l *live) dryRun(p *producing, k *clients) string {
	if k.own {
		in := &kinesis.GetShardIteratorInput{ShardId: aws.String(firstShard), ShardIteratorType: types.ShardIteratorTypeLatest, DryRun: aws.Bool(true)}
		in.StreamName, in.StreamARN = named(p.stream)
		if _, err := k.kinesis.GetShardIterator(l.ctx, in); !isDryRun(err) {
			said, _, _ := kpl.Cause(err)
			l.add(document.SeverityWarning, "live-unknown", p.at("stream"),
				"the endpoint does not seem to know DryRun (GetShardIterator with it: %s), so whether records may be put into stream %s is not tried: nothing may be stored by a check",
				cmp.Or(said, "carried out"), p.stream)
			return ", putting not tried"
		}
	}
	in := &kinesis.PutRecordsInput{DryRun: aws.Bool(true), Records: []types.PutRecordsRequestEntry{{Data: []byte{0}, PartitionKey: aws.String(checkKey)}}}
	in.StreamName, in.StreamARN = named(p.stream)
	_, err := k.kinesis.PutRecords(l.ctx, in)
	switch {
	case err == nil:
		l.add(document.SeverityWarning, "live-stored", p.at("stream"),
			"the endpoint carried PutRecords out in spite of DryRun: a record of one byte with partition key %s may be stored in stream %s; have its consumers leave it out, and check this endpoint without --live",
			checkKey, p.stream)
		return ", a record may be stored"
	case !isDryRun(err):
		l.failed(p, "PutRecords", err)
		return ""
	}
	return ", PutRecords allowed"
}

func isDryRun(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == dryRunCode
}

// failed says why a request about a stream failed.
func (l *live) failed(p *producing, operation string, err error) {
	code, message, remedy := kpl.Cause(err)
	kind, otherwise := "live-refused", "try again later"
	switch {
	case code == "ResourceNotFoundException":
		kind = "live-no-stream"
	case code == "AccessDeniedException" || code == "AccessDenied" || code == "NotAuthorizedException":
		kind, remedy = "live-denied", "allow kinesis:"+operation+" on the stream to these credentials"
	case unreachable[code]:
		kind, otherwise = "live-unreachable", reachIt
	case code == "CredentialsUnavailable":
		kind = "live-credentials"
	}
	l.add(document.SeverityError, kind, p.at("stream"), "%s on stream %s says %s: %s%s", operation, p.stream, code, message, wayOut(remedy, otherwise))
}

func wayOut(remedy, otherwise string) string {
	if remedy == "" {
		remedy = otherwise
	}
	return "; " + remedy
}
