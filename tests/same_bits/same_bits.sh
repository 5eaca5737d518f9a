#!/bin/sh
# same_bits.sh [--write] COMMAND...: the program of this folder, run by that command, gives the results
# that are written in x86_64.txt: those of plans and of every kernel that this machine can run. The
# builds that compare themselves with it are those of gcc and clang at -O3 (release, clang), of 64-bit
# Arm, and by unoptimised.sh those at -O0; so all have the same bits.
#
# --write: x86_64.txt becomes what this program says, on x86-64.
set -eu

usage() {
    echo "usage: same_bits.sh [--write] COMMAND..." >&2
    exit 2
}

write=
if [ "${1:-}" = --write ]; then
    write=yes
    shift
fi
[ $# -ge 1 ] || usage
if [ -n "$write" ] && [ "$(uname -m)" != x86_64 ]; then
    echo "same_bits.sh: --write is for x86-64" >&2
    exit 2
fi
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
if [ -n "$write" ]; then
    cp "$scratch/results" "$expected"
elif ! diff "$expected" "$scratch/results"; then
    echo "FAILED: these are not the bits of tests/same_bits/x86_64.txt; where a change of results is" \
        "meant, 'same_bits.sh --write PROGRAM' on x86-64 writes it anew"
    exit 1
fi
echo "the written results, by these ways:"
cat "$scratch/ways"
