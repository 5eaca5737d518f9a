#!/bin/sh
# verify.sh CMAKE BUILD_DIR GCSTEP: builds the AVX-512 kernels made of AVX2 and verifies them, where the
# CPU has no AVX-512 to verify them on, but AVX2. GCSTEP: the program of the build.
set -eu

cmake=${1:?usage: verify.sh CMAKE BUILD_DIR GCSTEP}
build=${2:?}
gcstep=${3:?}

# The last word of an ISA's line: whether CPU and system allow it.
allowed() {
    "$gcstep" info | sed -n "s/^  $1 .* //p"
}

if [ "$(allowed avx512)" != no ]; then
    echo "skipped: the kernels are verified on this CPU itself"
    exit 77
fi
if [ "$(allowed avx2)" != yes ]; then
    echo "skipped: this CPU has no AVX2"
    exit 77
fi
"$cmake" --build "$build" --target check_emulated
exec "$build/tests/check_emulated" avx512
