#!/bin/sh
# test_arm_tools.sh BUILD_DIR: the programs of tools/arm on the kernels of a build for 64-bit Arm. Every
# loop that loops.py is asked for is found, and not in an object that has none; what counts.py counts
# agrees with it.
set -eu

build=$(cd "${1:?usage: test_arm_tools.sh BUILD_DIR}" && pwd)
tools=$(cd "$(dirname "$0")/../tools/arm" && pwd)
object=$build/kernels/CMakeFiles/gcstep_kernels_neon.dir/neon/kernels.c.o
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $1"
    sed 's/^/  | /' "$scratch/output"
    exit 1
}

# instructions FILE LABEL COLUMN: the number in that column of the line of that label.
instructions() {
    awk -v label="$2" -v column="$3" 'index($0, label) == 1 { print $column; exit }' "$1"
}

python3 "$tools/counts.py" --build "$build" --kernel '^sgdm_grad_rows_f32_neon_pipe_u8$' \
    >"$scratch/output" 2>&1 || fail counts.py
counted=$(instructions "$scratch/output" '| sgdm_grad_rows' 6)
[ -n "$counted" ] || fail 'counts.py counted nothing'

mca=
for version in 17 18 20 19; do # the last that is here
    if command -v "llvm-mca-$version" >/dev/null; then mca=llvm-mca-$version; fi
done
if [ -z "$mca" ]; then
    echo "skipped: no llvm-mca of LLVM 17 to 20 here (Debian: llvm-19)"
    exit 77
fi
python3 "$tools/loops.py" --object "$object" --kernel '^sgdm_(flat|rows|cols)_' --mca "$mca" \
    --iterations 20 --details >"$scratch/output" 2>&1 || fail loops.py
modelled=$(instructions "$scratch/output" 'sgdm_rows_pipe_u8' 3)
[ -n "$modelled" ] || fail 'loops.py has no line for sgdm_rows_pipe_u8'
# A row has more than its loop: some hundredths.
awk -v a="$counted" -v b="$modelled" 'BEGIN { exit !(a >= b && a <= 1.03 * b) }' ||
    fail "the loop of sgdm_rows_pipe_u8 has $modelled instructions a vector, executed were $counted"

# With room for two operations in a cycle, half the instructions are a bound.
python3 "$tools/loops.py" --object "$object" --kernel '^sgdm_rows_pipe_u8$' --mca "$mca" \
    --iterations 20 --dispatch neoverse-n1=2 --details >"$scratch/output" 2>&1 || fail '--dispatch'
awk -v n="$modelled" '/^neoverse-n1/ { n1 = 1 }
    n1 && /^sgdm_rows_pipe_u8/ { seen = 1; exit $5 < n / 2 }
    END { if (!seen) exit 1 }' "$scratch/output" || fail '--dispatch did not narrow the core'
if python3 "$tools/loops.py" --object "$object" --kernel '^sgdm_rows_pipe_u8$' --mca "$mca" \
    --dispatch n1=2 >"$scratch/output" 2>&1; then
    fail 'loops.py took --dispatch of a core that it does not know'
fi

foreign=$build/dispatch/CMakeFiles/gcstep_dispatch.dir/plan.c.o
if python3 "$tools/loops.py" --object "$foreign" --kernel '^sgdm_rows_pipe' --mca "$mca" \
    >"$scratch/output" 2>&1; then
    fail 'loops.py found a loop where there is none'
fi
echo "a vector of sgdm_rows_pipe_u8: $modelled instructions by the loop, $counted executed"
