#!/bin/sh
# The public header compiles alone, and twice, as C99, C11, C++11 and C++17, without a warning.
set -eu

include=$(cd "$(dirname "$0")/../include" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for suffix in c cpp; do
    cat >"$scratch/alone.$suffix" <<'END'
#include <gcstep/gcstep.h>
#include <gcstep/gcstep.h>
gcs_status (*step)(gcs_plan *, const gcs_hyper *, const gcs_buffers *) = &gcs_step;
END
done

compiled=0

# try COMPILER STANDARD FILE: compiles it unless there is no such compiler.
try() {
    command -v "$1" >/dev/null || return 0
    echo "$1 -std=$2"
    "$1" "-std=$2" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I "$include" \
        -c "$3" -o "$scratch/alone.o"
    compiled=$((compiled + 1))
}

for compiler in gcc clang; do
    try $compiler c99 "$scratch/alone.c"
    try $compiler c11 "$scratch/alone.c"
done
for compiler in g++ clang++; do
    try $compiler c++11 "$scratch/alone.cpp"
    try $compiler c++17 "$scratch/alone.cpp"
done
if [ "$compiled" -eq 0 ]; then
    echo "skipped: none of gcc, clang, g++, clang++ is here"
    exit 77
fi
echo "the header compiles alone: $compiled ways"
