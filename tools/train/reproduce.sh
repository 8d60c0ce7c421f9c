#!/usr/bin/env bash
# Fits the shipped models again and compares them byte for byte with models/shipped.
#
#   tools/train/reproduce.sh [--write] PROGRAM [DATA]
#
# PROGRAM is pinstripe-train; DATA the folder of recorded data (default: $PINSTRIPE_DATA, else
# ../shared/data). --write replaces the shipped files and their evaluation texts: needed after every
# change of the feature registry, the feed, the synthetic market or the shipped configs.
# Exit: 0 the same, 3 they differ, 77 the data is not there.
set -euo pipefail
cd "$(dirname "$0")/../.."
write=0
if [ "${1:-}" = "--write" ]; then write=1; shift; fi
if [ $# -lt 1 ]; then
  echo "usage: tools/train/reproduce.sh [--write] PROGRAM [DATA]" >&2
  exit 2
fi
program=$1
data=${2:-${PINSTRIPE_DATA:-../shared/data}}
raw=$data/binance_l2_raw
if [ ! -d "$raw" ]; then
  echo "reproduce: no recorded data at $raw; set PINSTRIPE_DATA" >&2
  exit 77
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

fit() {  # fit NAME CONFIG ARGUMENTS...
  local name=$1 config=$2
  shift 2
  echo "fitting $name" >&2
  "$program" "tools/configs/$config" "$@" --out "$out" --name "$name" \
    > "$out/$name.evaluation.txt" 2> "$out/log" || { cat "$out/log" >&2; exit 1; }
}

fit fold_a recorded.json --decision-interval 100ms --data \
  "$raw"/usdm_btcusdt_20230404.txt.gz "$raw"/usdm_btcusdt_20230405.txt.gz \
  "$raw"/usdm_btcusdt_20240718.txt.gz "$raw"/usdm_btcusdt_20240719.txt.gz
fit fold_b recorded.json --decision-interval 100ms --data \
  "$raw"/usdm_btcusdt_20240808.txt.gz "$raw"/usdm_ethusdt_20240808.txt.gz \
  "$raw"/spot_btcusdt_20240808.txt.gz "$raw"/spot_btcusdt_20240809.txt.gz \
  "$raw"/spot_ethusdt_20240808.txt.gz "$raw"/spot_ethusdt_20240809.txt.gz \
  "$raw"/cm_btcusd_perp_20240808.txt.gz "$raw"/cm_btcusd_perp_20240809.txt.gz
fit demo demo.json --decision-interval 100ms --synthetic-seed 7 --synthetic-for 3600s
rm -f "$out/log"

status=0
for file in "$out"/*; do
  shipped=models/shipped/$(basename "$file")
  if [ $write = 1 ]; then
    cp "$file" "$shipped"
  elif ! cmp -s "$file" "$shipped"; then
    echo "reproduce: $shipped differs from what the data gives" >&2
    status=3
  fi
done
[ $status = 0 ] && echo "reproduce: $(ls "$out" | wc -l) files $([ $write = 1 ] && echo written || echo equal)" >&2
exit $status
