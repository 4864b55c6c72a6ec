// Package integration holds the tests against servers that this project did not write: LocalStack, kinesis-local and moto.
//
// `make integration` starts them and sets
//
//	ADAPTERD_INTEGRATION    1: without it every test here is skipped
//	LOCALSTACK_ENDPOINT     https://localhost:PORT of a LocalStack, any that the user has running
//	KINESIS_LOCAL_ENDPOINT  https://localhost:PORT of a kinesis-local
//	MOTO_ENDPOINT           http://localhost:PORT of a moto server, for its CloudWatch
//	ADAPTERD_PYTHON         a Python that has boto3 and aws-kinesis-agg
//	ADAPTERD_SCHEMATHESIS   a schemathesis, which tests the admin API by its description
//	ADAPTERD_BINARY         the built adapterd
//
// What a test stores is read back twice: with the AWS SDK for Go and pkg/kpl/aggregation, and with boto3 and the PyPI package
// aws-kinesis-agg.
package integration
