#!/bin/sh
# The same bits from gcc and from clang, at -O0 and at -O3.
#
# Compiles the library's sources and the program in this folder by plain compiler calls, once for
# each compiler and level, and compares what the programs print with each other and with
# x86_64.txt, which an x86-64 build wrote and other architectures are held to. A compiler that is
# not here is left out; with fewer than two programs to compare the test is skipped. OpenMP is used
# where the compiler has it; the program also brings a thread pool of its own.
#
# usage: same_bits.sh [--write]   (--write: x86_64.txt becomes what the programs agree on)
set -eu

write=
case ${1:-} in
'') ;;
--write) write=yes ;;
*)
    echo "usage: same_bits.sh [--write]" >&2
    exit 2
    ;;
esac
if [ -n "$write" ] && [ "$(uname -m)" != x86_64 ]; then
    echo "same_bits.sh: --write is for x86-64" >&2
    exit 2
fi

root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

flags="-std=c11 -ffp-contract=off -fno-math-errno -fvisibility=hidden -D_POSIX_C_SOURCE=200809L
    -D_DEFAULT_SOURCE -I$root -I$root/include"

builtin=builtin.tsv
case $(uname -m) in aarch64 | arm64) builtin=builtin_aarch64.tsv ;; esac
cmake -DFILE="$root/tables/$builtin" -DSYMBOL=gcs_table_builtin \
    -DOUTPUT="$scratch/builtin_table.c" -P "$root/cmake/embed_file.cmake"
cmake -DROOT="$root" -DOUTPUT="$scratch/opencl_source.c" -P "$root/cmake/embed_opencl.cmake"

# Each kernel folder with its flags, joined by commas, as kernels/CMakeLists.txt has them.
case $(uname -m) in
x86_64 | amd64) folders="portable avx2:-mavx2,-mf16c avx512:-mavx512f"
    have="-DGCSTEP_HAVE_AVX2 -DGCSTEP_HAVE_AVX512" ;;
aarch64 | arm64) folders="portable neon" have=-DGCSTEP_HAVE_NEON ;;
*) folders=portable have= ;;
esac

# flags_of ISA[:FLAG,FLAG...]: the flags, or nothing.
flags_of() {
    case $1 in *:*) echo "${1#*:}" | tr ',' ' ' ;; esac
}

# build COMPILER LEVEL FOLDER: makes FOLDER/program.
build() {
    mkdir "$3"
    printf '#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n' >"$3/omp.c"
    openmp=
    if "$1" -fopenmp "$3/omp.c" -o "$3/omp" 2>/dev/null && "$3/omp"; then openmp=-fopenmp; fi
    # shellcheck disable=SC2086,SC2046 # the flags are words
    {
        for source in $folders; do
            isa=${source%%:*}
            "$1" $flags "$2" $(flags_of "$source") -DGCSTEP_IMPL_REV='"same_bits"' \
                -c "$root/kernels/$isa/kernels.c" -o "$3/kernels_$isa.o" || return 1
        done
        "$1" $flags "$2" $openmp $have -DGCSTEP_CUDA_IMPL_REV='"same_bits"' \
            -DGCSTEP_OPENCL_IMPL_REV='"same_bits"' "$root"/dispatch/*.c "$root"/dispatch/cuda/*.c \
            "$root"/dispatch/opencl/*.c "$root"/kernels/cuda/list.c "$root"/kernels/opencl/list.c \
            "$scratch/builtin_table.c" "$scratch/opencl_source.c" \
            "$root"/tests/same_bits/*.c "$3"/kernels_*.o -o "$3/program" -pthread -lm -ldl || return 1
    }
    echo "$(basename "$3"): built${openmp:+ with OpenMP}"
}

# build_and_run COMPILER LEVEL FOLDER: leaves the program's output in FOLDER/hashes.
build_and_run() {
    if ! build "$1" "$2" "$3"; then
        echo "FAILED: $1 $2: could not be built"
        return 1
    fi
    # Unoptimised, the program takes its time; the optimised ones go through all ways.
    ways=
    if [ "$2" = -O0 ]; then ways=few; fi
    # shellcheck disable=SC2086 # no argument where there is none
    if ! "$3/program" $ways >"$3/hashes" 2>"$3/ways"; then
        echo "FAILED: $1 $2: not all ways agree"
        cat "$3/ways"
        return 1
    fi
}

# The compilers run beside each other; most of the time is theirs.
status=0
for level in -O0 -O3; do
    running=
    for compiler in gcc clang; do
        command -v "$compiler" >/dev/null || continue
        build_and_run "$compiler" "$level" "$scratch/$compiler$level" &
        running="$running $!"
    done
    for process in $running; do
        wait "$process" || status=1
    done
done
[ "$status" -eq 0 ] || exit 1

first=
compared=0
for hashes in "$scratch"/*/hashes; do
    if [ ! -s "$hashes" ]; then
        continue # no compiler: the pattern itself
    elif [ -z "$first" ]; then
        first=$hashes
        cat "$first" "$(dirname "$first")/ways"
    elif ! diff "$first" "$hashes"; then
        echo "FAILED: $(basename "$(dirname "$hashes")") differs from" \
            "$(basename "$(dirname "$first")")"
        status=1
    fi
    compared=$((compared + 1))
done
if [ "$compared" -lt 2 ]; then
    echo "skipped: neither gcc nor clang is here"
    exit 77
fi
[ "$status" -eq 0 ] || exit 1
expected=$root/tests/same_bits/x86_64.txt
if [ -n "$write" ]; then
    cp "$first" "$expected"
elif ! diff "$expected" "$first"; then
    echo "FAILED: these are not the bits of tests/same_bits/x86_64.txt; where a change of results is" \
        "meant, 'same_bits.sh --write' on x86-64 writes it anew"
    exit 1
fi
echo "the same bits from $compared programs"
