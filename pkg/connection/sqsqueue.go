package connection

import (
	"context"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Interlok's producer remembers the URLs of so many queues for so long.
const (
	rememberedQueues = 1024
	rememberedFor    = time.Hour
)

// awsQueueHost is the host of a queue's URL in AWS; the group is its region.
var awsQueueHost = regexp.MustCompile(`^(?:sqs\.([a-z0-9-]+)|([a-z0-9-]+)\.queue)\.amazonaws\.com(?:\.cn)?$`)

// Queue finds a queue. A URL is taken as it is, without asking for permission to look (Interlok: AwsHelper); a name is looked up, for owner,
// the id of an AWS account, or else that of the credentials. at says where requests for the queue go: to the connection's endpoint or,
// without a custom-endpoint, to the host of its URL. fixed says that the document alone chose the queue: a host that a message chose gets
// signed requests only if it is one of AWS, and over TLS.
func (s *SQS) Queue(ctx context.Context, queue, owner string, fixed bool) (queueURL string, at []func(*sqs.Options), err error) {
	if u, ok := asURL(queue); ok {
		return queue, s.at(u, fixed), nil
	}
	key := queueKey{queue, owner}
	now := time.Now()
	if found := s.urls.get(key, now); found != "" {
		return found, nil, nil
	}
	client, err := s.session()
	if err != nil {
		return "", nil, err
	}
	in := &sqs.GetQueueUrlInput{QueueName: &queue}
	if owner != "" {
		in.QueueOwnerAWSAccountId = &owner
	}
	out, err := client.GetQueueUrl(ctx, in)
	if err != nil {
		return "", nil, s.worded("GetQueueUrl", &queue, err)
	}
	found := aws.ToString(out.QueueUrl)
	if found == "" {
		return "", nil, s.errorf("GetQueueUrl of queue %q was answered without a URL; check that the endpoint is one of SQS", queue)
	}
	s.urls.set(key, found, now)
	return found, nil, nil
}

func asURL(queue string) (*url.URL, bool) {
	u, err := url.Parse(queue)
	return u, err == nil && (u.Scheme == schemeHTTP || u.Scheme == schemeHTTPS) && u.Host != ""
}

func (s *SQS) at(u *url.URL, fixed bool) []func(*sqs.Options) {
	region := ""
	if m := awsQueueHost.FindStringSubmatch(u.Host); m != nil {
		region = m[1] + m[2]
	}
	if s.settings.config.KinesisEndpoint != "" || region == "" && !fixed {
		return nil
	}
	scheme := u.Scheme
	if !fixed {
		scheme = schemeHTTPS
	}
	endpoint := (&url.URL{Scheme: scheme, Host: u.Host}).String()
	return []func(*sqs.Options){func(o *sqs.Options) {
		if region != "" && o.Region != region {
			o.Region = region // where the queue is; a request that is signed for another region is refused
		}
		o.BaseEndpoint = &endpoint
	}}
}

type queueKey struct{ name, owner string }

type queueURL struct {
	url   string
	until time.Time
}

// queueURLs remembers where queues are. The zero value is ready. It is safe for concurrent use.
type queueURLs struct {
	mu sync.Mutex // guards urls
	// urls has at most rememberedQueues entries, so that names made of messages do not pile up.
	urls map[queueKey]queueURL
}

func (q *queueURLs) get(key queueKey, now time.Time) string {
	q.mu.Lock()
	defer q.mu.Unlock()
	if found := q.urls[key]; now.Before(found.until) {
		return found.url
	}
	return ""
}

func (q *queueURLs) set(key queueKey, url string, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.urls == nil || len(q.urls) >= rememberedQueues {
		q.urls = make(map[queueKey]queueURL)
	}
	q.urls[key] = queueURL{url, now.Add(rememberedFor)}
}
