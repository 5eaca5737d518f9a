#!/bin/sh
# test_aarch64.sh BUILD_DIR EMULATOR...: the programs of a build for 64-bit Arm, run by that command.
# They know that they are emulated: times are shown with a word about that, and enter no table. The
# processor that is played is named, and its best kernels are taken.
set -eu

build=$(cd "${1:?usage: test_aarch64.sh BUILD_DIR EMULATOR...}" && pwd)
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# run ARGUMENT...: the emulator with the arguments; output in $scratch/output, errors in it too.
emulator=$*
run() {
    # shellcheck disable=SC2086 # words
    $emulator "$@" >"$scratch/output" 2>&1
}

fail() {
    echo "FAILED: $1"
    sed 's/^/  | /' "$scratch/output"
    exit 1
}

expect() {
    grep -q -- "$1" "$scratch/output" || fail "the output does not say '$1'"
}

nothing_written() {
    left=$(find "$scratch" -mindepth 1 ! -name output ! -name results.json)
    [ -z "$left" ] || fail "these were written: $left"
}

run "$build/gcstep" info || fail 'gcstep info'
expect '^  identity   aarch64 '
expect '^  emulated   yes'
expect '^  neon .* yes$'
expect '^  portable .* yes$'
run -cpu neoverse-n1 "$build/gcstep" info || fail 'gcstep info on a Neoverse N1'
expect '^  identity   aarch64 ARM family=65 model=3340 '
expect '^  emulated   yes'
run -cpu cortex-a72 "$build/gcstep" info || fail 'gcstep info on a Cortex-A72'
expect '^  identity   aarch64 ARM family=65 model=3336 '

for layout in rows cols flat; do
    rows=64
    [ $layout != flat ] || rows=1
    run "$build/gcstep" explain --layout $layout --rows $rows --cols 576 || fail "gcstep explain"
    expect "_${layout}_f32_neon_"
    if grep -q avx "$scratch/output"; then fail 'a kernel of x86-64 is spoken of'; fi
done
if run -E GCSTEP_ISA=avx2 "$build/gcstep" explain --layout rows --rows 64 --cols 576; then
    fail 'GCSTEP_ISA=avx2 was taken on Arm'
fi
expect "GCSTEP_ISA is 'avx2'; it may be portable or neon"

printf 'small\t8x72\tconv\trows\nbias\t8\tbias\tflat\n' >"$scratch/shapes"
for seconds in 8 60 200; do # where other programs are running, 8 can pass before a shape is measured
    run -cpu neoverse-n1 "$build/gcstep" tune --shapes "$scratch/shapes" --spec sgdm --time $seconds \
        --threads 1 --table "$scratch/new/table.tsv" || fail 'gcstep tune'
    grep -q ': 0 of 2 shapes measured' "$scratch/output" || break
done
expect 'this processor is emulated'
expect '_neon_'
expect 'times of an emulator: nothing was written'
rm "$scratch/shapes"
nothing_written

if [ -x "$build/bench/bench_models" ]; then
    run "$build/bench/bench_models" --shape=rows:8x72 --spec=sgdm --threads=1 \
        --benchmark_min_time=0.01 --benchmark_out="$scratch/results.json" \
        --benchmark_out_format=json || fail 'bench_models'
    expect 'gcstep_emulated: yes'
    python3 "$(dirname "$0")/../tools/compare_bench.py" "$scratch/results.json" \
        >"$scratch/output" || fail 'compare_bench.py'
    expect '^emulated: yes'
    run "$build/bench/bench_kernels" --benchmark_min_time=0.01 \
        --benchmark_filter='sgdm_grad_rows_f32_neon_tile_u1/.*hot' || fail 'bench_kernels'
    expect 'gcstep_emulated: yes'
    expect 'sgdm_grad_rows_f32_neon_tile_u1'
fi
nothing_written
echo "the programs run, and say that they are emulated"
