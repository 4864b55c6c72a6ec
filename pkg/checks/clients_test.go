package checks

import "testing"

func TestOnlyKinesisOfAWSIsTakenForIt(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"https://kinesis.eu-west-1.amazonaws.com":                                true,
		"https://kinesis.eu-west-1.amazonaws.com:443":                            true,
		"https://Kinesis-FIPS.us-gov-west-1.amazonaws.com":                       true,
		"https://kinesis.cn-north-1.amazonaws.com.cn":                            true,
		"https://kinesis.us-east-2.api.aws":                                      true,
		"https://123456789012.data-kinesis.us-east-1.amazonaws.com":              true,
		"https://vpce-0a1b-2c3d.kinesis.eu-west-1.vpce.amazonaws.com":            true,
		"https://vpce-0a1b-2c3d-eu-west-1a.kinesis.eu-west-1.vpce.amazonaws.com": true,
		"http://localstack-1.elb.eu-west-1.amazonaws.com:4566":                   false,
		"https://localstack-1.elb.eu-west-1.amazonaws.com":                       false,
		"http://ec2-1-2-3-4.eu-west-1.compute.amazonaws.com:4566":                false,
		"https://ec2-1-2-3-4.eu-west-1.compute.amazonaws.com":                    false,
		"https://kinesis.s3.amazonaws.com":                                       false,
		"https://kinesis.s3-us-west-2.amazonaws.com":                             false,
		"https://abc.execute-api.eu-west-1.amazonaws.com":                        false,
		"https://vpce-0a1b-2c3d.execute-api.eu-west-1.vpce.amazonaws.com":        false,
		"https://vpce-svc-0a1b.eu-west-1.vpce.amazonaws.com":                     false,
		"https://kinesis.eu-west-1.amazonaws.com.example.com":                    false,
		"http://kinesis.eu-west-1.amazonaws.com":                                 false,
		"https://kinesis.eu-west-1.amazonaws.com:4566":                           false,
		"http://127.0.0.1:4566":                                                  false,
		"https://amazonaws.com.example.org":                                      false,
		"https://localhost":                                                      false,
		"https://vpce-1.kinesis.eu-west-1.vpce.amazonaws.com":                    true,
		"https://kinesis.cn-north-1.amazonaws.com.cn:443":                        true,
		"://": false,
	} {
		if got := isKinesis(endpoint); got != want {
			t.Errorf("%s: %v", endpoint, got)
		}
	}
}
