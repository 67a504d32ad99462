#!/bin/sh
# usage: exports.sh FILE...   Each plugin must export exactly one symbol, the entry; nothing of a C++ runtime, and no
# unique symbol ('u'), which would tie two plugins together.
set -eu
failed=0
for file in "$@"; do
  symbols=$(nm --dynamic --defined-only "$file" | awk '{print $2, $3}')
  if [ "$symbols" != "T tessera_plugin_v0" ]; then
    echo "$file exports, besides or instead of tessera_plugin_v0:"
    echo "$symbols" | head -20
    failed=1
  fi
done
exit $failed
