// Reads Kinesis records as `deaggregate.py --raw` prints them and prints their user records, one JSON object a line.
// The reader of aggregated records is the npm package aws-kinesis-agg, with its checksum check on.
'use strict';

const readline = require('readline');
const { deaggregate } = require('aws-kinesis-agg');

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (!line) continue;
    const { shard, sequenceNumber, partitionKey, data } = JSON.parse(line);
    const rows = [];
    let failure = null;
    deaggregate(
      { sequenceNumber, partitionKey, data },
      true,
      (error, user) => {
        if (error) failure = error;
        else rows.push({ shard, sequenceNumber, subSequenceNumber: user.subSequenceNumber, partitionKey: user.partitionKey, data: user.data });
      },
      (error) => {
        if (error) failure = error;
      },
    );
    if (failure) throw new Error(`record ${sequenceNumber} of ${shard}: ${failure.message || failure}`);
    process.stdout.write(rows.map((row) => JSON.stringify(row) + '\n').join(''));
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
