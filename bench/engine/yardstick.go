package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

const (
	// senders is how many requests of a yardstick are under way; more bring no more here.
	senders = 4
	// ahead is how many requests may be packed before one is sent.
	ahead = 8
)

// yardstick packs in one goroutine and sends in a few.
type yardstick struct {
	settings
	work work
	// put sends a request; it is called from several goroutines.
	put func(context.Context, []entry) error
	// ready means that each request is the first again.
	ready  bool
	client *http.Client
}

func newYardstick(_ context.Context, s settings) (way, error) {
	y := &yardstick{settings: s, work: newWork(s), client: plainClient()}
	sdk := kinesis.New(kinesis.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("https://" + s.tls), HTTPClient: y.client,
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})
	y.put = func(ctx context.Context, request []entry) error {
		in := &kinesis.PutRecordsInput{StreamName: aws.String(stream), Records: make([]types.PutRecordsRequestEntry, len(request))}
		for i := range request {
			in.Records[i] = types.PutRecordsRequestEntry{Data: request[i].data, PartitionKey: aws.String("a"), ExplicitHashKey: &request[i].hashKey}
		}
		_, err := sdk.PutRecords(ctx, in)
		return err
	}
	return y, nil
}

func newReady(ctx context.Context, s settings) (way, error) {
	w, err := newYardstick(ctx, s)
	if err == nil {
		w.(*yardstick).ready = true
	}
	return w, err
}

func plainClient() *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the sink's certificate is its own
		Protocols:       protocols, MaxIdleConnsPerHost: senders, WriteBufferSize: 128 << 10, ReadBufferSize: 64 << 10, DisableCompression: true,
	}}
}

func (y *yardstick) send(ctx context.Context, n int) ([]time.Duration, error) {
	requests := make(chan []entry, ahead)
	var failed failures
	var sending sync.WaitGroup
	for range senders {
		sending.Go(func() {
			for r := range requests {
				if err := y.put(ctx, r); err != nil {
					failed.add(err)
				}
			}
		})
	}
	var first []entry
	p := newPacker(y.shards, func(r []entry) {
		if first == nil {
			first = r
		}
		requests <- r
	})
	for i := 0; i < n; i++ {
		key, data := y.work.record(i)
		p.add(key, data)
		if y.ready && first != nil {
			// What is not sent yet is sent in place of records to come, so that the number stays.
			each := i + 1
			for i += each; i < n; i += each {
				requests <- first
			}
		}
	}
	if first == nil || !y.ready {
		p.rest()
	}
	close(requests)
	sending.Wait()
	return nil, failed.first
}

func (y *yardstick) close(context.Context) error {
	y.client.CloseIdleConnections()
	return nil
}
