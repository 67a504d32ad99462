#!/bin/sh
# usage: out_of_tree.sh BUILD_DIR EXAMPLES PLUGIN_TEST   Builds the samples of the guide as a stranger would: against an
# installation (staged), with pkg-config and a compiler alone; then the tests of the samples run on the results.
set -eu
build=$1 examples=$2 plugin_test=$3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
DESTDIR=$stage meson install -C "$build" --no-rebuild --quiet --tags devel
pc=$(find "$stage" -name tessera-sdk.pc)
flags() { PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-prefix "$1" tessera-sdk; }
# shellcheck disable=SC2046  # flags are words
${CXX:-c++} -std=c++20 -fPIC -shared $(flags --cflags) "$examples/skeleton/plugin.cpp" -o "$stage/tessera-skeleton.so" $(flags --libs)
# shellcheck disable=SC2046
${CC:-cc} -std=c99 -fPIC -shared $(flags --cflags) "$examples/plain_c/plugin.c" -o "$stage/tessera-plain-c.so" $(flags --libs)
"$(dirname "$0")/exports.sh" "$stage/tessera-skeleton.so" "$stage/tessera-plain-c.so"
TESSERA_TEST_PLUGINS=$stage "$plugin_test" --gtest_filter='Skeleton.*:PlainC.*'
