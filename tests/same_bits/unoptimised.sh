#!/bin/sh
# The same bits from gcc and from clang at -O0 as from optimised builds.
#
# Compiles the library's sources and the program in this folder by plain compiler calls, once for each
# compiler, and compares what the programs print with x86_64.txt, as same_bits.sh does for the
# program of a build. A compiler that is not here is left out. For vectors gcc takes over a minute at
# -O0, and an operation on them is an instruction whatever the level: beside clang it compiles the
# portable kernels alone. OpenMP is used where the compiler has it; the program also brings a thread
# pool of its own.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

flags="-std=c11 -O0 -ffp-contract=off -fno-math-errno -fvisibility=hidden -D_POSIX_C_SOURCE=200809L
    -D_DEFAULT_SOURCE -I$root -I$root/include"

builtin=builtin.tsv
case $(uname -m) in aarch64 | arm64) builtin=builtin_aarch64.tsv ;; esac
cmake -DFILE="$root/tables/$builtin" -DSYMBOL=gcs_table_builtin \
    -DOUTPUT="$scratch/builtin_table.c" -P "$root/cmake/embed_file.cmake"
cmake -DROOT="$root" -DOUTPUT="$scratch/opencl_source.c" -P "$root/cmake/embed_opencl.cmake"

# folders_of COMPILER: each kernel folder that it compiles with its flags, joined by commas, as
# kernels/CMakeLists.txt has them.
folders_of() {
    vectors=
    case $(uname -m) in
    x86_64 | amd64) vectors="avx2:-mavx2,-mf16c avx512:-mavx512f" ;;
    aarch64 | arm64) vectors=neon ;;
    esac
    if [ "$1" = gcc ] && command -v clang >/dev/null; then vectors=; fi
    echo "portable $vectors"
}

# flags_of ISA[:FLAG,FLAG...]: the flags, or nothing.
flags_of() {
    case $1 in *:*) echo "${1#*:}" | tr ',' ' ' ;; esac
}

# build COMPILER FOLDER: makes FOLDER/program.
build() {
    mkdir "$2"
    printf '#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n' >"$2/omp.c"
    openmp=
    if "$1" -fopenmp "$2/omp.c" -o "$2/omp" 2>/dev/null && "$2/omp"; then openmp=-fopenmp; fi
    # shellcheck disable=SC2086,SC2046 # the flags are words
    {
        have=
        for source in $(folders_of "$1"); do
            isa=${source%%:*}
            have="$have -DGCSTEP_HAVE_$(echo "$isa" | tr '[:lower:]' '[:upper:]')"
            "$1" $flags $(flags_of "$source") -DGCSTEP_IMPL_REV='"same_bits"' \
                -c "$root/kernels/$isa/kernels.c" -o "$2/kernels_$isa.o" || return 1
        done
        "$1" $flags $openmp $have -DGCSTEP_CUDA_IMPL_REV='"same_bits"' \
            -DGCSTEP_OPENCL_IMPL_REV='"same_bits"' "$root"/dispatch/*.c "$root"/dispatch/cuda/*.c \
            "$root"/dispatch/opencl/*.c "$root"/kernels/cuda/list.c "$root"/kernels/opencl/list.c \
            "$scratch/builtin_table.c" "$scratch/opencl_source.c" \
            "$root"/tests/same_bits/*.c "$2"/kernels_*.o -o "$2/program" -pthread -lm -ldl || return 1
    }
    echo "$1: built${openmp:+ with OpenMP}"
}

# build_and_compare COMPILER: unoptimised, the program takes its time, so not by all ways.
build_and_compare() {
    if ! build "$1" "$scratch/$1"; then
        echo "FAILED: $1: could not be built"
        return 1
    fi
    if ! "$scratch/$1/program" few >"$scratch/$1/hashes" 2>"$scratch/$1/ways"; then
        echo "FAILED: $1: not all ways agree"
        cat "$scratch/$1/ways"
        return 1
    fi
    if ! diff "$root/tests/same_bits/x86_64.txt" "$scratch/$1/hashes"; then
        echo "FAILED: $1: these are not the bits of tests/same_bits/x86_64.txt"
        return 1
    fi
    cat "$scratch/$1/ways"
}

# Beside each other; most of the time is the compilers'.
running=
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    build_and_compare "$compiler" &
    running="$running $!"
done
if [ -z "$running" ]; then
    echo "skipped: neither gcc nor clang is here"
    exit 77
fi
status=0
for process in $running; do
    wait "$process" || status=1
done
[ "$status" -eq 0 ] || exit 1
echo "the same bits from $(echo "$running" | wc -w) programs"
