#!/bin/sh
# usage: abidiff.sh BASELINE WITNESS   Fails on any difference, an appended member too, so that nothing changes by
# accident. Who means it accepts it: TESSERA_ACCEPT=1 rewrites the baseline and reports "skipped".
set -eu
baseline=$1 witness=$2
# Without debug information abidiff sees no types and reports no difference.
readelf --sections "$witness" | grep -q '\.debug_info' || { echo "$witness has no debug information"; exit 1; }
if [ -n "${TESSERA_ACCEPT:-}" ]; then
  abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$witness" > "$baseline"
  echo "rewrote $baseline"
  exit 77
fi
abidiff --harmless --no-show-locs "$baseline" "$witness"
