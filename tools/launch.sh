#!/bin/sh
# Starts the five stages of a prepared session one by one under taskset, without a supervisor, and
# the carrier of its journals where it keeps them.
#
#   build/release/bin/pinstripe up tools/configs/demo.json --prepare
#   tools/launch.sh tools/configs/demo.json
#   build/release/bin/pinstripe status        (rings, tap and down work too)
#
# Cores: the stages are spread over the cores this shell may use, in pipeline order; a core named in the
# config wins inside the stage itself. Waits for all five; the exit status is the worst of theirs.
set -eu
if [ $# -lt 1 ] || [ "$1" = --help ] || [ "$1" = -h ]; then
  echo "usage: tools/launch.sh CONFIG [--bin DIR] [--session NAME]" >&2
  echo "example: tools/launch.sh tools/configs/demo.json" >&2
  [ $# -ge 1 ] && exit 0
  exit 2
fi
config=$1
shift
root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/build/release/bin
session=
while [ $# -gt 0 ]; do
  case $1 in
    --bin) bin=$2; shift 2 ;;
    --session) session=$2; shift 2 ;;
    *) echo "tools/launch.sh: unknown argument '$1'; allowed are --bin DIR and --session NAME" >&2
       exit 2 ;;
  esac
done
if [ ! -x "$bin/pinstripe" ]; then
  echo "tools/launch.sh: no programs in '$bin'; build them with tools/run, or give --bin DIR" >&2
  exit 2
fi
# One line a stage: "<kind> <instance name> <core>"; the session must have been prepared.
plan=$("$bin/pinstripe" status --stages --config "$config" ${session:+"$session"})

pids=
carrier=
stop() {
  for pid in $pids; do kill -TERM "$pid" 2>/dev/null || true; done
}
trap stop INT TERM
name=$(printf '%s\n' "$plan" | sed -n 's/^session //p')
while read -r kind stage core; do
  [ "$kind" != session ] || continue
  if [ "$kind" = journal ]; then
    "$bin/pinstripe-journal" --session "$name" &
    carrier=$!
    continue
  fi
  taskset -c "$core" "$bin/pinstripe-$kind" --session "$name" --name "$stage" &
  pids="$pids $!"
done <<EOF
$plan
EOF

worst=0
for pid in $pids; do
  status=0
  wait "$pid" || status=$?
  # A signal interrupts `wait` itself; the stage still stops in order and is waited for again.
  while [ $status -gt 128 ] && kill -0 "$pid" 2>/dev/null; do
    status=0
    wait "$pid" || status=$?
  done
  [ $status -le $worst ] || worst=$status
done
if [ -n "$carrier" ]; then  # it ends when everything is on disk
  kill -TERM "$carrier" 2>/dev/null || true
  status=0
  wait "$carrier" || status=$?
  [ $status -le $worst ] || worst=$status
fi
exit $worst
