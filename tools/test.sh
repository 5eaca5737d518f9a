#!/bin/sh
# Every check of the project, set-up included: three builds with sanitizers or without libraries,
# a build with clang, one for 64-bit Arm that runs under an emulator, and last the release build,
# whose CTest summary ends the output. Stops at
# the first failure. Warnings are errors in each build.
set -eu
cd "$(dirname "$0")/.."

jobs=$(getconf _NPROCESSORS_ONLN)
timings=

# stage NAME COMMAND...: runs it and notes how long it took.
stage() {
    name=$1
    shift
    printf '\n== %s\n' "$name"
    start=$(date +%s)
    "$@"
    taken=$(($(date +%s) - start))
    timings="$timings$(printf '%6d s  %s' "$taken" "$name")
"
    printf '== %s: %d s\n' "$name" "$taken"
}

# build PRESET [OPTION...]: options are CMake's.
build() {
    preset=$1
    shift
    cmake --preset "$preset" -DCMAKE_COMPILE_WARNING_AS_ERROR=ON "$@" >/dev/null
    cmake --build --preset "$preset" -j "$jobs"
}

# Tests that measure time run alone (RUN_SERIAL); the others share the processors.
test_preset() {
    ctest --preset "$1" -j "$jobs"
}

stage 'packages' sh tools/packages.sh tests

# Its kernels are the portable ones of the release build, which are verified there in full: here they
# are compiled quickly. (A build of Release has -O3 for kernels besides.)
portable() {
    build portable -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-Og -DNDEBUG"
    build/portable/gcstep verify --kernel any_update_rows_any_portable_pass2_u32
}
stage 'portable (a C compiler and CMake alone)' portable

# What is optimised by another compiler: the library, gcstep and the program of tests/same_bits/.
stage 'build: clang' build clang
stage 'test: clang' test_preset clang

stage 'build: asan-ubsan' build asan-ubsan
stage 'test: asan-ubsan' test_preset asan-ubsan

stage 'build: tsan' build tsan
stage 'test: tsan' test_preset tsan

# On Arm itself the other builds are of it.
case $(uname -m) in
aarch64 | arm64) ;;
*)
    stage 'packages: aarch64' sh tools/aarch64_packages.sh
    stage 'build: aarch64' build aarch64
    stage 'test: aarch64 (emulated)' test_preset aarch64
    ;;
esac

stage 'build: release' build release
printf '\n== time of each stage so far\n%s\n== test: release\n' "$timings"
test_preset release
