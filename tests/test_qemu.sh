#!/bin/sh
# test_qemu.sh BUILD_DIR: a processor without AVX2, by qemu-x86_64 -cpu Nehalem. The AVX2 kernels
# are there but not allowed: they are refused when forced, and plans take the portable ones, whose
# verification passes.
set -eu

build=$(cd "${1:?usage: test_qemu.sh BUILD_DIR}" && pwd)
gcstep=$build/gcstep
if ! command -v qemu-x86_64 >/dev/null; then
    echo "skipped: no qemu-x86_64 here (Debian: qemu-user)"
    exit 77
fi
if [ "$(uname -m)" != x86_64 ]; then
    echo "skipped: a test of x86-64 programs"
    exit 77
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# nehalem [VARIABLE=value...] -- arguments: gcstep on that processor; output in $scratch/output.
nehalem() {
    settings=
    while [ "$1" != -- ]; do
        settings="$settings -E $1"
        shift
    done
    shift
    # shellcheck disable=SC2086  # a list of options
    qemu-x86_64 -cpu Nehalem $settings "$gcstep" "$@" >"$scratch/output" 2>&1
}

fail() {
    echo "FAILED: $1"
    sed 's/^/  | /' "$scratch/output"
    exit 1
}

expect() {
    grep -q -- "$1" "$scratch/output" || fail "the output does not say '$1'"
}

refuse() {
    if grep -q -- "$1" "$scratch/output"; then
        fail "the output says '$1'"
    fi
}

nehalem -- info || fail "gcstep info"
expect '^  portable .* yes$'
expect '^  avx2 .* no$'
expect '^  avx512 .* no$'
expect 'avx2 no'
expect '^  emulated   yes' # by the same architecture

for kernel in sgdm_grad_rows_f32_portable_pipe_u32 adam_grad_cols_f32_portable_strip_u16; do
    nehalem -- verify --isa portable --kernel "$kernel" || fail "gcstep verify --kernel $kernel"
    expect '^verified 1 kernels, [1-9][0-9]* cases, 0 failures$'
done

avx2=sgdm_grad_rows_f32_avx2_pipe_u4
# A misspelt name would be refused as well, so see first that this one works where AVX2 is.
if "$gcstep" info | grep -q '^  avx2 .* yes$'; then
    GCSTEP_KERNEL=$avx2 "$gcstep" explain --layout rows --rows 64 --cols 576 \
        >"$scratch/output" 2>&1 || fail "$avx2 on this processor"
    expect "$avx2"
fi
if nehalem -- verify --kernel "$avx2"; then
    fail "gcstep verify ran an AVX2 kernel"
fi
expect "$avx2"
if nehalem "GCSTEP_KERNEL=$avx2" -- explain --layout rows --rows 64 --cols 576; then
    fail "a plan took the forced AVX2 kernel"
fi
expect "$avx2"

for layout in rows cols flat; do
    rows=64
    [ $layout != flat ] || rows=1
    nehalem -- explain --layout $layout --rows $rows --cols 576 || fail "gcstep explain $layout"
    expect "${layout}_f32_portable_"
    refuse avx2_
    refuse avx512_
done
echo "on a processor without AVX2 the portable kernels are taken"
