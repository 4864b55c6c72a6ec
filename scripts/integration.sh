#!/usr/bin/env bash
# Starts LocalStack, kinesis-local and moto, runs the integration tests against them and ends them. Prints `go test -json` lines.
#
# With LOCALSTACK_ENDPOINT set (https://localhost:4566) that instance is used, and left running. Where Python or Node is
# missing the tests are skipped with a word; under CI=true that is a failure.
set -euo pipefail

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$scripts/.."
servers=$scripts/servers.sh

if ! "$servers" check; then
  if [ "${CI:-}" = true ]; then
    echo "integration tests cannot run: install what is missing" >&2
    exit 1
  fi
  echo "integration tests skipped" >&2
  exit 0
fi

ours=()
work=$(mktemp -d)
finish() {
  for endpoint in ${ours[@]+"${ours[@]}"}; do "$servers" stop "$endpoint" || true; done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Side by side: most of the wait is LocalStack's start.
"$servers" start kinesis-local >"$work/kinesis-local" & kinesis_local=$!
"$servers" start moto >"$work/moto" & moto=$!
"$servers" python >"$work/python" & python=$!
"$servers" schemathesis >"$work/schemathesis" & schemathesis=$!
if [ -z "${LOCALSTACK_ENDPOINT:-}" ]; then
  "$servers" start localstack >"$work/localstack" & localstack=$!
fi
code=0
wait "$kinesis_local" || code=1
[ "$code" -ne 0 ] || ours+=("$(cat "$work/kinesis-local")")
if wait "$moto"; then
  ours+=("$(cat "$work/moto")")
else
  code=1
fi
if [ -z "${LOCALSTACK_ENDPOINT:-}" ]; then
  if wait "$localstack"; then
    LOCALSTACK_ENDPOINT=$(cat "$work/localstack")
    ours+=("$LOCALSTACK_ENDPOINT")
  else
    code=1
  fi
fi
wait "$python" || code=1
wait "$schemathesis" || code=1
[ "$code" -eq 0 ] || { echo "integration tests cannot run: a server or a reader did not start" >&2; exit 1; }

export ADAPTERD_INTEGRATION=1 LOCALSTACK_ENDPOINT
KINESIS_LOCAL_ENDPOINT=$(cat "$work/kinesis-local")
MOTO_ENDPOINT=$(cat "$work/moto")
ADAPTERD_PYTHON=$(cat "$work/python")
ADAPTERD_SCHEMATHESIS=$(cat "$work/schemathesis")
export KINESIS_LOCAL_ENDPOINT MOTO_ENDPOINT ADAPTERD_PYTHON ADAPTERD_SCHEMATHESIS
go test -json -count 1 -timeout 10m ./test/integration/... ./pkg/kinesislocal/...
