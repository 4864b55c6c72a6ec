#!/usr/bin/env bash
# Compares what the Kinesis Producer Library 1.0.7 stores with what pkg/kpl stores, in a kinesis-local that this starts and ends.
#
#   compare-kpl.sh [RECORDS [SHARDS]]
#
# Needs Python and Node (servers.sh check), a JDK (17 or later) and Maven.
set -euo pipefail

scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$scripts/.."
build=${ADAPTERD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/adapterd}/compare-kpl
for tool in java mvn go; do
  command -v "$tool" >/dev/null || { echo "compare-kpl.sh: $tool is missing" >&2; exit 1; }
done
"$scripts/servers.sh" check

mvn -q -B -f test/comparekpl/java/pom.xml "-Doutput=$build" compile dependency:build-classpath "-Dmdep.outputFile=$build/classpath"
python=$("$scripts/servers.sh" python)
node=$("$scripts/servers.sh" node)
endpoint=$("$scripts/servers.sh" start kinesis-local)
trap '"$scripts/servers.sh" stop "$endpoint"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

go run ./test/comparekpl -endpoint "$endpoint" -records "${1:-20000}" -shards "${2:-4}" \
  -java-classpath "$build/classes:$(cat "$build/classpath")" -python "$python" -node-path "$node"
