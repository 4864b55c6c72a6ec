#!/usr/bin/env bash
# Test servers that this project did not write, and the programs that read them back. No container engine. They are used on
# loopback; LocalStack listens on all addresses whatever it is told.
#
#   servers.sh check                 says what is missing on this machine; exit 1 if something is
#   servers.sh start SERVER [PORT]   starts one and prints its endpoint when it answers; without PORT a free one
#   servers.sh stop  ENDPOINT|PORT   ends it, and waits until it is gone
#   servers.sh log   ENDPOINT|PORT   prints what it wrote
#   servers.sh python                prints a Python that has boto3 and aws-kinesis-agg
#   servers.sh node                  prints a folder for NODE_PATH that has aws-kinesis-agg
#   servers.sh schemathesis          prints a schemathesis, which tests an HTTP API by its description
#
# SERVER is one of
#   localstack      LocalStack 4.9.2: Kinesis, CloudWatch and STS; TLS and plain HTTP on the same port
#   kinesis-local   kinesis-local 0.6.2: Kinesis alone; TLS on the endpoint, plain HTTP on the port that `log` names
#   moto            moto 5.2.5: Kinesis (in part), CloudWatch, STS; plain HTTP
#
# Everything is installed on first use, pinned, into $ADAPTERD_CACHE (default: adapterd in the user's cache folder).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${ADAPTERD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/adapterd}
kinesis_local_version=0.6.2
# The version that LocalStack 4.9.2 fetches by itself at the first Kinesis call; here it is put in its place beforehand.
localstack_kinesis_version=0.4.13

fail() { echo "servers.sh: $*" >&2; exit 1; }
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}" >&2; exit 2; }

# stamp FILE... : a short name for the content of the pin files, so that changed pins make a new folder.
stamp() { cat "$@" | cksum | cut -d' ' -f1; }

# locked NAME COMMAND... : one process at a time; mkdir is the lock because macOS has no flock.
locked() {
  local lock=$cache/$1.lock holder
  shift
  mkdir -p "$cache"
  until mkdir "$lock" 2>/dev/null; do
    holder=$(cat "$lock/pid" 2>/dev/null || true)
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf "$lock" # its owner died
    else
      sleep 0.2
    fi
  done
  echo $$ >"$lock/pid"
  local code=0
  ("$@") || code=$?
  rm -rf "$lock"
  return "$code"
}

# venv FOLDER REQUIREMENTS-OR-SPEC... : a virtual environment, complete or not there at all.
venv() {
  local dir=$1
  shift
  [ -e "$dir/complete" ] && return
  rm -rf "$dir"
  python3 -m venv "$dir"
  "$dir/bin/python" -m pip install --quiet --no-compile "$@"
  touch "$dir/complete"
}

# packages FOLDER NPM-ARGUMENTS... : node packages, complete or not there at all.
packages() {
  local dir=$1
  shift
  [ -e "$dir/complete" ] && return
  mkdir -p "$dir"
  npm "$@" --silent --no-audit --no-fund --prefix "$dir" >&2
  touch "$dir/complete"
}

install_localstack() {
  venv "$localstack" -r "$here/python/localstack.txt"
  packages "$localstack/lib-root/kinesis-local/$localstack_kinesis_version" install "kinesis-local@$localstack_kinesis_version"
}
localstack=$cache/localstack-$(stamp "$here/python/localstack.txt")
moto=$cache/moto-5.2.5
kinesis_local=$cache/kinesis-local-$kinesis_local_version
readers=$cache/python-$(stamp "$here/python/requirements.txt")
schemathesis=$cache/schemathesis-$(stamp "$here/python/schemathesis.txt")
scripts=$cache/node-$(stamp "$here/javascript/package.json" "$here/javascript/package-lock.json")

install_readers_js() {
  [ -e "$scripts/complete" ] && return
  mkdir -p "$scripts"
  cp "$here/javascript/package.json" "$here/javascript/package-lock.json" "$scripts/"
  packages "$scripts" ci
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# answers URL PID : waits until something answers there; gives up when the process ends or after a minute.
answers() {
  local _
  for _ in $(seq 240); do
    python3 - "$1" <<'PY' && return 0
import ssl, sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=2, context=ssl._create_unverified_context())
except urllib.error.HTTPError:
    pass
except Exception:
    sys.exit(1)
PY
    kill -0 "$2" 2>/dev/null || return 1
    sleep 0.25
  done
  return 1
}

# launch FOLDER COMMAND... : in the background with a process group of its own, so that stop can end its children too.
launch() {
  local dir=$1
  shift
  set -m
  "$@" >"$dir/log" 2>&1 </dev/null &
  echo $! >"$dir/pid"
  set +m
}

run_localstack() { # PORT RUN
  # A root folder of its own for each instance (it keeps a certificate and state there), with the installed packages shared.
  mkdir -p "$2/root/var/lib/localstack"
  ln -sfn "$localstack/lib-root" "$2/root/var/lib/localstack/lib"
  launch "$2" env FILESYSTEM_ROOT="$2/root" OVERRIDE_IN_DOCKER=0 GATEWAY_LISTEN="127.0.0.1:$1" SERVICES=kinesis,cloudwatch,sts,sqs \
    KINESIS_PERSISTENCE=0 KINESIS_LATENCY=100 KINESIS_MOCK_VERSION="$localstack_kinesis_version" \
    SKIP_SSL_CERT_DOWNLOAD=1 DISABLE_EVENTS=1 ACTIVATE_PRO=0 DNS_ADDRESS=0 TMPDIR="$2" \
    "$localstack/bin/python" -m localstack.runtime.main
}

run_kinesis_local() { # PORT RUN
  local plain
  plain=$(free_port)
  # It opens its certificate in the working directory.
  cd "$kinesis_local/node_modules/kinesis-local"
  launch "$2" env KINESIS_MOCK_TLS_PORT="$1" KINESIS_MOCK_PLAIN_PORT="$plain" LOG_LEVEL="${LOG_LEVEL:-ERROR}" SHARD_LIMIT=200 node main.js
  cd "$here"
  echo "http://localhost:$plain" >"$2/plain"
}

run_moto() { # PORT RUN
  launch "$2" "$moto/bin/python" -m moto.server -H 127.0.0.1 -p "$1"
}

alive() { [ -s "$1/pid" ] && kill -0 "$(cat "$1/pid")" 2>/dev/null; }

start() { # SERVER [PORT]
  local server=$1 wanted=${2:-} port run path scheme=https tries=3
  case $server in
    localstack) locked localstack install_localstack; path=/_localstack/health ;;
    kinesis-local) locked kinesis-local packages "$kinesis_local" install "kinesis-local@$kinesis_local_version"; path=/ ;;
    moto) locked moto venv "$moto" 'moto[server]==5.2.5'; path=/ scheme=http ;;
    *) echo "servers.sh: no server $server; there are localstack, kinesis-local and moto" >&2; exit 2 ;;
  esac
  [ -z "$wanted" ] || tries=1
  while [ $((tries--)) -gt 0 ]; do # another process may take the free port first
    port=${wanted:-$(free_port)}
    run=$cache/run/$port
    if alive "$run"; then
      [ "$(cat "$run/server")" = "$server" ] || fail "port $port has $(cat "$run/server") already; stop it first"
    else
      rm -rf "$run"
      mkdir -p "$run"
      echo "$server" >"$run/server"
      "run_${server//-/_}" "$port" "$run"
    fi
    if answers "$scheme://127.0.0.1:$port$path" "$(cat "$run/pid")"; then
      echo "$scheme://localhost:$port"
      return
    fi
    tail -5 "$run/log" >&2
    stop "$port"
  done
  fail "$server did not answer"
}

stop() { # ENDPOINT|PORT
  local run=$cache/run/${1##*:} pid _
  alive "$run" || { rm -rf "$run"; return 0; }
  pid=$(cat "$run/pid")
  kill -TERM -- "-$pid" 2>/dev/null || true
  for _ in $(seq 50); do
    kill -0 -- "-$pid" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-$pid" 2>/dev/null || true
  rm -rf "$run"
}

check() {
  local missing=0
  if ! python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "python3, 3.11 or later, with venv is missing" >&2
    missing=1
  fi
  if ! node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null || ! npm --version >/dev/null 2>&1; then
    echo "node, 18 or later, with npm is missing" >&2
    missing=1
  fi
  return "$missing"
}

case ${1:-} in
  check) check ;;
  start) [ $# -ge 2 ] || usage; start "$2" "${3:-}" ;;
  stop) [ $# -eq 2 ] || usage; stop "$2" ;;
  log) [ $# -eq 2 ] || usage; cat "$cache/run/${2##*:}/plain" 2>/dev/null || true; cat "$cache/run/${2##*:}/log" ;;
  python) locked python venv "$readers" -r "$here/python/requirements.txt"; echo "$readers/bin/python" ;;
  schemathesis) locked schemathesis venv "$schemathesis" -r "$here/python/schemathesis.txt"; echo "$schemathesis/bin/schemathesis" ;;
  node) locked node install_readers_js; echo "$scripts/node_modules" ;;
  *) usage ;;
esac
