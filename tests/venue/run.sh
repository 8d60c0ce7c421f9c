#!/bin/sh
# Starts the simulated exchange on a free port and runs the unmodified public clients on it.
# usage: tests/venue/run.sh PATH/OF/pinstripe-venue [ccxt|sdks|faults]
# Exit status 77 (skipped) where Node or the packages are missing; `tools/setup --tests` brings both.
set -eu
venue=$1
which=${2:-}
here=$(cd "$(dirname "$0")" && pwd)

node=node
[ ! -x "$here/node_modules/node/bin/node" ] || node=$here/node_modules/node/bin/node
if ! "$node" -e 'const [a, b] = process.versions.node.split(".").map(Number);
                 process.exit(a > 20 || (a === 20 && b >= 18) ? 0 : 1)' 2>/dev/null; then
  echo "skipped: Node 20.18 or newer is not here; tools/setup --tests brings it"
  exit 77
fi
for package in ccxt binance bybit-api okx-api; do
  [ -d "$here/node_modules/$package" ] && continue
  echo "skipped: the npm package $package is not installed; tools/setup --tests installs it"
  exit 77
done

work=$(mktemp -d)
pid=
finish() {
  [ -z "$pid" ] || kill -INT "$pid" 2>/dev/null || true
  [ -z "$pid" ] || wait "$pid" || true
  rm -rf "$work"
}
trap finish EXIT INT TERM
"$venue" --config "$here/venue.json" --ca "$work/ca.pem" --port 0 --port-file "$work/ready" --json &
pid=$!
tries=0
while [ ! -s "$work/ready" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; then
    echo "the venue did not get ready" >&2
    exit 1
  fi
  sleep 0.1
done
port=$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$work/ready")
cd "$here"
VENUE_PORT=$port NODE_EXTRA_CA_CERTS=$work/ca.pem "$node" clients.mjs $which
# Ctrl-C ends it in order: exit status 0.
kill -INT "$pid"
wait "$pid"
pid=
