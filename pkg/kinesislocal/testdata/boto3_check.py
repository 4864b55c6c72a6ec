# Uses a kinesislocal server through boto3, which nobody of this project wrote.
# Run by TestBoto3 with boto3==1.44.5:
#   boto3_check.py HTTP_ENDPOINT HTTPS_ENDPOINT CA_FILE
import datetime
import hashlib
import sys

import boto3
import botocore.config
import botocore.exceptions

MAX_HASH_KEY = 2**128 - 1
failures = []


def check(name, got, want):
    if got != want:
        failures.append(f"{name}: got {got!r}, want {want!r}")


def client(service, endpoint, verify=None):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIDBOTO",
        aws_secret_access_key="secret",
        verify=verify,
        config=botocore.config.Config(retries={"total_max_attempts": 1}),
    )


def refused(name, code, message, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as e:
        check(f"{name}: code", e.response["Error"]["Code"], code)
        check(f"{name}: message", e.response["Error"]["Message"], message)
        check(f"{name}: status", e.response["ResponseMetadata"]["HTTPStatusCode"], 400)
    else:
        failures.append(f"{name}: accepted")


def open_shards(kinesis):
    shards = kinesis.list_shards(StreamName="boto", ShardFilter={"Type": "AT_LATEST"})["Shards"]
    return sorted(shards, key=lambda s: int(s["HashKeyRange"]["StartingHashKey"]))


def owner(kinesis, hash_key):
    for shard in open_shards(kinesis):
        keys = shard["HashKeyRange"]
        if int(keys["StartingHashKey"]) <= hash_key <= int(keys["EndingHashKey"]):
            return shard["ShardId"]


def read(kinesis, shard, **position):
    iterator = kinesis.get_shard_iterator(StreamName="boto", ShardId=shard, **position)["ShardIterator"]
    return kinesis.get_records(ShardIterator=iterator)


def streams(kinesis):
    kinesis.create_stream(StreamName="boto", ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName="boto", WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    d = kinesis.describe_stream(StreamName="boto")["StreamDescription"]
    check("describe: status", d["StreamStatus"], "ACTIVE")
    check("describe: ARN", d["StreamARN"], "arn:aws:kinesis:us-east-1:000000000000:stream/boto")
    check("describe: shards", [s["ShardId"] for s in d["Shards"]], ["shardId-000000000000", "shardId-000000000001"])
    check("describe: last key", d["Shards"][1]["HashKeyRange"]["EndingHashKey"], str(MAX_HASH_KEY))
    age = datetime.datetime.now(datetime.timezone.utc) - d["StreamCreationTimestamp"]
    check("describe: created just now", abs(age.total_seconds()) < 60, True)
    summary = kinesis.describe_stream_summary(StreamName="boto")["StreamDescriptionSummary"]
    check("summary: open shards", summary["OpenShardCount"], 2)
    check("list streams", "boto" in kinesis.list_streams()["StreamNames"], True)
    # Not by boto3's paginator: it sends the stream's name with the token, which the service refuses.
    page = kinesis.list_shards(StreamName="boto", MaxResults=1)
    rest = kinesis.list_shards(NextToken=page["NextToken"], MaxResults=1)
    check("pages of shards", [s["ShardId"][-1] for s in page["Shards"] + rest["Shards"]], ["0", "1"])
    check("last page", rest.get("NextToken"), None)


def records(kinesis):
    data = [b"", b"text", bytes(range(256)), "é".encode()]
    keys = ["a", "b", "é", "日本"]
    answer = kinesis.put_records(StreamName="boto", Records=[{"Data": d, "PartitionKey": k} for d, k in zip(data, keys)])
    check("put: failed", answer["FailedRecordCount"], 0)
    for key, result in zip(keys, answer["Records"]):
        check(f"shard of {key}", result["ShardId"], owner(kinesis, int(hashlib.md5(key.encode()).hexdigest(), 16)))
    one = kinesis.put_record(StreamName="boto", Data=b"one", PartitionKey="x", ExplicitHashKey=str(MAX_HASH_KEY))
    check("explicit hash key", one["ShardId"], "shardId-000000000001")

    got = []
    for shard in open_shards(kinesis):
        page = read(kinesis, shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        got += [(r["PartitionKey"], r["Data"]) for r in page["Records"]]
        check("behind", page["MillisBehindLatest"], 0)
    check("read back", sorted(got), sorted(list(zip(keys, data)) + [("x", b"one")]))

    shard, number = one["ShardId"], one["SequenceNumber"]
    at = read(kinesis, shard, ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)["Records"]
    check("at sequence number", [r["SequenceNumber"] for r in at], [number])
    check("after sequence number", read(kinesis, shard, ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=number)["Records"], [])
    check("latest", read(kinesis, shard, ShardIteratorType="LATEST")["Records"], [])
    since = read(kinesis, shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=at[0]["ApproximateArrivalTimestamp"])["Records"]
    check("at timestamp", number in [r["SequenceNumber"] for r in since], True)


def resharding(kinesis):
    kinesis.split_shard(StreamName="boto", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**126))
    check("after the split", [s["ShardId"][-1] for s in open_shards(kinesis)], ["2", "3", "1"])
    closed = read(kinesis, "shardId-000000000000", ShardIteratorType="TRIM_HORIZON")
    check("children", [s["ShardId"][-1] for s in closed["ChildShards"]], ["2", "3"])
    check("end of a closed shard", closed.get("NextShardIterator"), None)
    kinesis.merge_shards(StreamName="boto", ShardToMerge="shardId-000000000003", AdjacentShardToMerge="shardId-000000000001")
    check("after the merge", [s["ShardId"][-1] for s in open_shards(kinesis)], ["2", "4"])
    counts = kinesis.update_shard_count(StreamName="boto", TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    check("update shard count", (counts["CurrentShardCount"], counts["TargetShardCount"]), (2, 4))
    ranges = [(int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"])) for s in open_shards(kinesis)]
    check("even shards", ranges, [(i * 2**126, (i + 1) * 2**126 - 1) for i in range(4)])


def refusals(kinesis):
    none = "Stream none under account 000000000000 not found."
    refused("unknown stream", "ResourceNotFoundException", none, kinesis.put_record, StreamName="none", Data=b"", PartitionKey="k")
    refused("existing stream", "ResourceInUseException", "Stream boto under account 000000000000 already exists.",
            kinesis.create_stream, StreamName="boto", ShardCount=1)
    refused("closed shard", "ResourceInUseException",
            "Shard shardId-000000000000 in stream boto under account 000000000000 has already been merged or split, and thus is not eligible for merging or splitting.",
            kinesis.split_shard, StreamName="boto", ShardToSplit="shardId-000000000000", NewStartingHashKey="9")
    refused("hash key", "InvalidArgumentException",
            f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {2**128}",
            kinesis.put_record, StreamName="boto", Data=b"", PartitionKey="k", ExplicitHashKey=str(2**128))
    refused("iterator", "InvalidArgumentException", "Invalid ShardIterator.", kinesis.get_records, ShardIterator="AAAA")
    refused("501 records", "ValidationException",
            "1 validation error detected: Value '[501 PutRecordsRequestEntry]' at 'records' failed to satisfy constraint: Member must have length less than or equal to 500",
            kinesis.put_records, StreamName="boto", Records=[{"Data": b"", "PartitionKey": "k"}] * 501)
    try:
        kinesis.delete_stream(StreamName="none")
    except kinesis.exceptions.ResourceNotFoundException:
        pass
    kinesis.delete_stream(StreamName="boto")
    kinesis.get_waiter("stream_not_exists").wait(StreamName="boto", WaiterConfig={"Delay": 1, "MaxAttempts": 5})


def metrics(cloudwatch):
    now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    dimensions = [{"Name": "StreamName", "Value": "boto"}]
    datum = {"MetricName": "Sent", "Dimensions": dimensions, "Timestamp": now, "Unit": "Count"}
    cloudwatch.put_metric_data(Namespace="Boto", MetricData=[
        dict(datum, Value=1.5),
        dict(datum, StatisticValues={"SampleCount": 2, "Sum": 20, "Minimum": -4, "Maximum": 24}),
        dict(datum, Values=[2, 8], Counts=[3, 1]),
    ])
    # Large enough for botocore to pack it.
    cloudwatch.put_metric_data(Namespace="Boto", MetricData=[{"MetricName": f"m{i}", "Value": i, "Unit": "Bytes"} for i in range(600)])
    points = cloudwatch.get_metric_statistics(
        Namespace="Boto", MetricName="Sent", Dimensions=dimensions, StartTime=now, EndTime=now + datetime.timedelta(minutes=1),
        Period=60, Statistics=["SampleCount", "Sum", "Minimum", "Maximum", "Average"])["Datapoints"]
    check("datapoints", len(points), 1)
    p = points[0]
    check("statistics", (p["SampleCount"], p["Sum"], p["Minimum"], p["Maximum"], p["Unit"], p["Timestamp"]), (7, 35.5, -4, 24, "Count", now))
    names = [m["MetricName"] for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="Boto") for m in page["Metrics"]]
    check("metrics", len(names), 601)
    refused("namespace of AWS", "InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.",
            cloudwatch.put_metric_data, Namespace="AWS/Kinesis", MetricData=[{"MetricName": "m", "Value": 1}])


def main(http, https, ca):
    kinesis = client("kinesis", http)
    streams(kinesis)
    records(kinesis)
    resharding(kinesis)
    refusals(kinesis)
    check("over TLS", client("kinesis", https, verify=ca).list_streams()["StreamNames"], [])
    metrics(client("cloudwatch", http))
    sts = client("sts", http)
    check("account", sts.get_caller_identity()["Account"], "000000000000")
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/writer", RoleSessionName="boto")
    check("role", role["AssumedRoleUser"]["Arn"], "arn:aws:sts::123456789012:assumed-role/writer/boto")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
