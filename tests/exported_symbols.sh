#!/bin/sh
# exported_symbols.sh BUILD_DIR: what the built libraries show to the outside.
#
# The shared library exports exactly the functions that the public header declares; every external
# symbol of the static one begins with gcs_; nothing is needed but libc, libm, the OpenMP run time
# and what belongs to libc; and no code of ours runs when the library is loaded.
set -eu

build=$(cd "${1:?usage: exported_symbols.sh BUILD_DIR}" && pwd)
include=$(cd "$(dirname "$0")/../include" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

fail() {
    echo "FAILED: $1"
    shift
    printf '  %s\n' "$@"
    failures=$((failures + 1))
}

# library PATTERN: the one such file in the build folder.
library() {
    found=$(find "$build" -name "$1" \( -type f -o -type l \))
    if [ "$(printf '%s' "$found" | grep -c .)" -ne 1 ]; then
        echo "expected one $1 in $build, found: $found" >&2
        exit 1
    fi
    echo "$found"
}

shared=$(library libgcstep.so)
static=$(library libgcstep.a)

# Functions that the header declares: its text without comments and macros, one declaration a line.
echo '#include <gcstep/gcstep.h>' | ${CC:-cc} -E -P -I "$include" - | tr '\n' ' ' |
    sed 's/;/;\n/g' | grep 'visibility("default")' |
    sed 's/__attribute__((visibility("default")))//' | grep -o 'gcs_[a-z0-9_]* *(' |
    tr -d ' (' | sort -u >"$scratch/declared"
nm -D --defined-only "$shared" | awk '{ print $NF }' | sort -u >"$scratch/exported"
[ -s "$scratch/declared" ] || fail "no declaration was found in the header"

extra=$(comm -13 "$scratch/declared" "$scratch/exported")
missing=$(comm -23 "$scratch/declared" "$scratch/exported")
# shellcheck disable=SC2086 # one line for each symbol
{
    [ -z "$extra" ] || fail "exported, but not declared in the public header:" $extra
    [ -z "$missing" ] || fail "declared in the public header, but not exported:" $missing
}
foreign=$(nm -g --defined-only "$static" | awk 'NF == 3 { print $3 }' | grep -v '^gcs_' || true)
# shellcheck disable=SC2086
[ -z "$foreign" ] || fail "external in the static library without the prefix gcs_:" $foreign
ours=$(nm -g --defined-only "$static" | awk 'NF == 3 && $3 ~ /^gcs_/' | grep -c . || true)
[ "$ours" -gt 0 ] || fail "no symbol was found in the static library"

readelf -dW "$shared" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' >"$scratch/needed"
grep -q '^libc\.' "$scratch/needed" || fail "libc is not among the needed libraries"
unwanted=$(grep -vE '^(libc|libm|libgomp|libomp|libpthread|ld-linux[a-z0-9_-]*)\.so' \
    "$scratch/needed" || true)
# shellcheck disable=SC2086
[ -z "$unwanted" ] || fail "needed beyond libc, libm and the OpenMP run time:" $unwanted

# Constructors: none in our objects, and in the shared library only what the compiler's start files
# bring (frame_dummy: one pointer).
constructors=$(readelf -SW "$static" | grep -oE '\.(preinit_array|init_array|ctors)[^ ]*' || true)
# shellcheck disable=SC2086
[ -z "$constructors" ] || fail "the static library has constructors:" $constructors
size=$(readelf -SW "$shared" | sed 's/^ *\[ *[0-9]*\] *//' | awk '$1 == ".init_array" { print $5 }')
[ -z "$size" ] || [ $((0x$size)) -le 8 ] || fail "the shared library has constructors of its own"

if [ "$failures" -gt 0 ]; then
    exit 1
fi
echo "$(wc -l <"$scratch/exported") exported functions, $ours external symbols in the static library"
echo "needed: $(tr '\n' ' ' <"$scratch/needed")"
