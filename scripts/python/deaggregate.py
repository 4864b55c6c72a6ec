"""Reads a whole Kinesis stream and prints its user records, one JSON object a line.

The reader of aggregated records is the PyPI package aws-kinesis-agg, so that what is printed does not depend on code of
this project. Every shard is read from its oldest record, closed shards too, until nothing is left.

    deaggregate.py --endpoint https://localhost:4566 --stream NAME           user records
    deaggregate.py --endpoint https://localhost:4566 --stream NAME --raw     Kinesis records as they are stored

Fields: shard, sequenceNumber, subSequenceNumber (absent for records that are not aggregated), partitionKey, data (base64).
"""

import argparse
import base64
import json
import sys
import warnings

import boto3
from aws_kinesis_agg.deaggregator import iter_deaggregate_records
from botocore.config import Config


def kinesis(endpoint, region):
    # Any credentials do for a test server; its certificate is its own.
    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    return boto3.client(
        "kinesis",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=False,
        config=Config(retries={"max_attempts": 8}, read_timeout=120),
    )


def shard_ids(client, stream):
    request = {"StreamName": stream}
    while True:
        page = client.list_shards(**request)
        yield from (s["ShardId"] for s in page["Shards"])
        if not page.get("NextToken"):
            return
        request = {"NextToken": page["NextToken"]}


def kinesis_records(client, stream, shard):
    iterator = client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    last = -1
    while iterator:
        page = client.get_records(ShardIterator=iterator, Limit=1000)
        # kinesis-local 0.4.13, which LocalStack 4.9.2 uses, now and then gives the last record of a shard again and again.
        new = [r for r in page["Records"] if int(r["SequenceNumber"]) > last]
        yield from new
        if new:
            last = int(new[-1]["SequenceNumber"])
        elif not page.get("MillisBehindLatest"):
            return  # an open shard never ends: it has been read when nothing came and the reader is not behind
        iterator = page.get("NextShardIterator")


def encoded(data):
    return base64.b64encode(data).decode("ascii")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--endpoint", required=True)
    options.add_argument("--region", default="us-east-1")
    options.add_argument("--stream", required=True)
    options.add_argument("--raw", action="store_true")
    args = options.parse_args()

    client = kinesis(args.endpoint, args.region)
    for shard in shard_ids(client, args.stream):
        for record in kinesis_records(client, args.stream, shard):
            if args.raw:
                row = {"shard": shard, "sequenceNumber": record["SequenceNumber"], "partitionKey": record["PartitionKey"], "data": encoded(record["Data"])}
                print(json.dumps(row))
                continue
            # One Kinesis record a call: the library keeps no shard, and an error names the record it is about.
            for user in iter_deaggregate_records([record], data_format="Boto3"):
                user = user["kinesis"]
                data = user["data"]
                row = {"shard": shard, "sequenceNumber": user["sequenceNumber"], "partitionKey": user["partitionKey"]}
                if user.get("aggregated"):
                    row["subSequenceNumber"] = user["subSequenceNumber"]
                    row["data"] = data.decode("ascii")  # the library gives base64 for these, and plain bytes for the others
                else:
                    row["data"] = encoded(data)
                print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
