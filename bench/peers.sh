#!/usr/bin/env bash
# Runs the Kinesis Producer Library 1.0.7, the yardsticks and pkg/kpl in turn against a sink, and prints one table.
#
#   peers.sh [FLAGS OF bench/peers]      for example -runs 3 -only 200B,rate2000
#
# Needs Go, a JDK (17 or later) and Maven. WITHOUT_KPL=1 leaves the KPL out, and with it JDK and Maven.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

classpath=()
if [ -z "${WITHOUT_KPL:-}" ]; then
  for tool in java mvn; do
    command -v "$tool" >/dev/null || { echo "peers.sh: $tool is missing; WITHOUT_KPL=1 leaves the KPL out" >&2; exit 1; }
  done
  build=${ADAPTERD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/adapterd}/bench-kpl
  mvn -q -B -f bench/kpl/pom.xml "-Doutput=$build" compile dependency:build-classpath "-Dmdep.outputFile=$build/classpath"
  classpath=(-kpl "$build/classes:$(cat "$build/classpath")")
fi
go run ./bench/peers "${classpath[@]}" "$@"
