#!/bin/sh
# The same rules and the same packets to DPDK's librte_acl and to flowtrie: matches compared, then both rates.
#   apt-get install gcc pkg-config libdpdk-dev; npm run build
#   bench/librte-acl/compare.sh acl1_1k fw1_1k …
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dist=$here/../../dist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
gcc -O3 -march=native "$here/acl.c" -o "$work/acl" $(pkg-config --cflags --libs libdpdk)
for rules in "$@"; do
  node "$dist/bench/librte-acl/trace.js" "$rules" >"$work/trace"
  "$work/acl" "$rules" "$work/trace" "$work/acl-matches"
  node "$dist/src/cli/main.js" bench rules --classbench "$rules" --trace "$work/trace" --matches "$work/matches"
  cmp "$work/acl-matches" "$work/matches"
  node "$dist/src/cli/main.js" bench rules --classbench "$rules"
done
