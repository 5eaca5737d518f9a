#!/bin/sh
# as_x86_64.sh COMMAND...: the program of this folder, run by that command, gives the results that
# an x86-64 build wrote to x86_64.txt: those of plans and of every kernel that this machine can run.
set -eu

: "${1:?usage: as_x86_64.sh COMMAND...}"
expected=$(cd "$(dirname "$0")" && pwd)/x86_64.txt
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# An emulator is slow.
few=
if [ $# -gt 1 ]; then few=few; fi
# shellcheck disable=SC2086 # no argument where there is none
if ! "$@" $few >"$scratch/results" 2>"$scratch/ways"; then
    echo "FAILED: not all ways agree"
    cat "$scratch/ways"
    exit 1
fi
if ! diff "$expected" "$scratch/results"; then
    echo "FAILED: the results of x86-64 are others"
    exit 1
fi
echo "the results of x86-64, by these ways:"
cat "$scratch/ways"
