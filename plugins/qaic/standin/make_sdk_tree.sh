#!/bin/sh
# make_sdk_tree.sh LIBRARY COMPILER FOLDER MACHINE STAMP: an SDK's tree of links to the stand-in.
set -eu
mkdir -p "$3/dev/lib/$4" "$3/exec"
ln -srf "$1" "$3/dev/lib/$4/libQAic.so"
ln -srf "$2" "$3/exec/qaic-compile"
touch "$5"
