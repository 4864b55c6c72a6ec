package kpl_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

func TestOtherClientsSpeakAsTheProducerDoes(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 3}})
	config := kpl.DefaultConfig()
	config.Region, config.KinesisEndpoint = "us-east-1", s.TLSURL()
	config.Credentials = credentials.NewStaticCredentialsProvider("a", "s", "")
	sdk, closeIdle, err := config.AWSConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = kinesis.NewFromConfig(sdk).ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("events")})
	if code, _, remedy := kpl.Cause(err); code != "CertificateNotTrusted" || remedy == "" {
		t.Errorf("a certificate that nobody trusts: %v", err)
	}
	closeIdle()

	config.VerifyCertificate = false
	sdk, closeIdle, err = config.AWSConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer closeIdle()
	shards, err := kinesis.NewFromConfig(sdk).ListShards(t.Context(), &kinesis.ListShardsInput{StreamName: aws.String("events")})
	if err != nil || len(shards.Shards) != 3 {
		t.Errorf("%v %v", shards, err)
	}
	if _, err := sts.NewFromConfig(sdk).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
		t.Error(err)
	}
	for _, r := range s.Requests() {
		if !strings.Contains(r.UserAgent, "adapterd-kpl") || r.AccessKeyID != "a" {
			t.Errorf("%+v", r)
		}
	}
}

func TestCauseOfNothingIsEmpty(t *testing.T) {
	if code, message, remedy := kpl.Cause(nil); code+message+remedy != "" {
		t.Errorf("%s %s %s", code, message, remedy)
	}
	if code, message, _ := kpl.Cause(errors.New("odd")); code == "" || !strings.Contains(message, "odd") {
		t.Errorf("%s %s", code, message)
	}
}

func TestCheckRecordRefusesWhatPutRefuses(t *testing.T) {
	config := localConfig(kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}}))
	p, err := kpl.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	for name, r := range map[string]kpl.Record{
		"good":           {Stream: " s ", PartitionKey: "k"},
		"hash key":       {Stream: "s", PartitionKey: "k", ExplicitHashKey: " 007"},
		"no stream":      {Stream: " ", PartitionKey: "k"},
		"no key":         {Stream: "s"},
		"long key":       {Stream: "s", PartitionKey: strings.Repeat("k", 257)},
		"no UTF-8":       {Stream: "s", PartitionKey: "\xff"},
		"no hash key":    {Stream: "s", PartitionKey: "k", ExplicitHashKey: "x"},
		"hash too large": {Stream: "s", PartitionKey: "k", ExplicitHashKey: strings.Repeat("9", 39)},
		"data":           {Stream: "s", PartitionKey: "k", Data: make([]byte, config.MaxUserRecordSizeBytes+1)},
	} {
		t.Run(name, func(t *testing.T) {
			hash, err := config.CheckRecord(r)
			put := p.Put(t.Context(), r, func(kpl.Result) {})
			if (err == nil) != (name == "good" || name == "hash key") || (put == nil) != (err == nil) || err != nil && err.Error() != put.Error() {
				t.Errorf("CheckRecord says %v, Put %v", err, put)
			}
			if err == nil && hash == (kpl.HashKey{}) {
				t.Error("no hash key")
			}
		})
	}
}
