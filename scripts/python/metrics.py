"""Prints every metric of a CloudWatch namespace, summed over the last hour, one JSON object a line.

    metrics.py --endpoint https://localhost:4566 --namespace KinesisProducerLibrary
    metrics.py --endpoint https://localhost:4566 --namespace KinesisProducerLibrary --stream NAME     those of one stream

Fields: name, dimensions (an object), unit, and the statistics Sum, SampleCount, Minimum, Maximum.
"""

import argparse
import datetime
import json
import warnings

import boto3


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--endpoint", required=True)
    options.add_argument("--region", default="us-east-1")
    options.add_argument("--namespace", required=True)
    options.add_argument("--stream")
    args = options.parse_args()

    warnings.filterwarnings("ignore", message="Unverified HTTPS request")
    client = boto3.client(
        "cloudwatch", endpoint_url=args.endpoint, region_name=args.region, aws_access_key_id="test", aws_secret_access_key="test", verify=False
    )
    now = datetime.datetime.now(datetime.timezone.utc)
    wanted = [{"Name": "StreamName", "Value": args.stream}] if args.stream else []
    for page in client.get_paginator("list_metrics").paginate(Namespace=args.namespace, Dimensions=wanted):
        for metric in page["Metrics"]:
            dimensions = metric.get("Dimensions", [])
            points = client.get_metric_statistics(
                Namespace=args.namespace,
                MetricName=metric["MetricName"],
                Dimensions=dimensions,
                StartTime=now - datetime.timedelta(hours=1),
                EndTime=now + datetime.timedelta(minutes=5),
                Period=60,
                Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
            )["Datapoints"]
            if not points:
                continue
            row = {
                "name": metric["MetricName"],
                "dimensions": {d["Name"]: d["Value"] for d in dimensions},
                "unit": points[0].get("Unit", ""),
                "sum": sum(p["Sum"] for p in points),
                "sampleCount": sum(p["SampleCount"] for p in points),
                "minimum": min(p["Minimum"] for p in points),
                "maximum": max(p["Maximum"] for p in points),
            }
            print(json.dumps(row))


if __name__ == "__main__":
    main()
