#!/bin/sh
# usage: weak_symbols.sh NM ARCHIVE...
# Fails when an archive defines a weak or unique symbol: the linker would keep one copy for all tiers.
# References of the exception tables (DW.ref.*) hold no code.
set -eu
nm=$1
shift
status=0
for archive in "$@"; do
  shared=$("$nm" -C --defined-only "$archive" | grep -E ' [VWuw] ' | grep -v ' DW\.ref\.' || true)
  if [ -n "$shared" ]; then
    printf '%s defines symbols that tiers would share:\n%s\n' "$archive" "$shared"
    status=1
  fi
done
exit $status
