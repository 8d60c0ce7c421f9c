#!/bin/sh
# Runs Autobahn's own test suite against our WebSocket client, over TLS.
# usage: tests/shm/net/autobahn.sh PATH/OF/net_tests [WSTEST]
# WSTEST is the suite's command, by default `wstest` (PyPI: autobahntestsuite 0.8.2, which needs
# Python 2.7; the 25.10 release installs on Python 3 and does not run there). Exit status 77
# (skipped) where it is not found or does not start. REPORTS keeps the suite's reports in a folder.
set -eu
net_tests=$1
wstest=${2:-wstest}
here=$(cd "$(dirname "$0")" && pwd)

if ! "$wstest" --help >/dev/null 2>&1; then
  echo "skipped: '$wstest' (Autobahn's test suite, Python 2) is not here or does not run"
  exit 77
fi
work=$(mktemp -d)
pid=
finish() {
  [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
  [ -z "${REPORTS:-}" ] || cp -r "$work/reports" "$REPORTS" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT INT TERM
"$here/peer/make_certificates.sh" "$work" >"$work/log" 2>&1
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$work/spec.json" <<END
{"url": "wss://127.0.0.1:$port", "outdir": "$work/reports", "key": "$work/good.key",
 "cert": "$work/good.pem", "cases": ["*"], "exclude-cases": [], "exclude-agent-cases": {}}
END
"$wstest" -m fuzzingserver -u 0 -s "$work/spec.json" >"$work/suite.log" 2>&1 &
pid=$!
tries=0
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port)).close()" 2>/dev/null; do
  tries=$((tries + 1))
  if [ "$tries" -gt 100 ] || ! kill -0 "$pid" 2>/dev/null; then
    cat "$work/suite.log" >&2
    echo "the suite did not start" >&2
    exit 1
  fi
  sleep 0.2
done
PINSTRIPE_AUTOBAHN_PORT=$port PINSTRIPE_AUTOBAHN_CA=$work/ca.pem \
  "$net_tests" --gtest_filter='Autobahn.*'
python3 - "$work/reports/index.json" <<'END'
import collections
import json
import sys
cases = json.load(open(sys.argv[1]))["pinstripe"]
# Unimplemented: parameters of compression that the client does not offer.
good = {"OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"}
bad = {n: (c["behavior"], c["behaviorClose"]) for n, c in cases.items()
       if c["behavior"] not in good or c["behaviorClose"] not in good}
print(len(cases), "cases:", dict(collections.Counter(c["behavior"] for c in cases.values())))
for name, verdict in sorted(bad.items()):
    print("case", name, *verdict)
sys.exit(1 if bad else 0)
END
