#!/bin/sh
# The programs that work on tables, on sections of devices: merge, show, verify --table, explain.
# Usage: test_table_device.sh BUILD_DIR
set -eu
gcstep=$1/gcstep
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAIL: $*"
    cat err out 2>/dev/null || true
    exit 1
}
# run STATUS ARGUMENT...: the program ends so.
run() {
    want=$1
    shift
    status=0
    "$gcstep" "$@" >out 2>err || status=$?
    [ "$status" -eq "$want" ] || fail "gcstep $*: exit status $status, not $want"
}
says() {
    grep -qF -e "$1" "$2" || fail "$2 lacks '$1'"
}

this=$("$gcstep" info | awk '$1 == "identity" { $1 = ""; print substr($0, 2) }')
gpu='cuda name=Some_GPU arch=sm_90 units=8 l2=1048576 bus=4096'
turned='cuda bus=4096 l2=1048576 units=8 arch=sm_90 name=Some_GPU'
another='cuda name=Other_GPU arch=sm_80 units=9 l2=1048576 bus=4096'
future='quantum qubits=7'
cpu_kernel=sgdm_grad_rows_f32_portable_pipe_u32
a=sgdm_grad_rows_f32_cuda_block128_u2
b=sgdm_grad_rows_f32_cuda_keep512_u2

# line THREADS KERNEL RIGOR
line() {
    printf 'line\tsgdm_grad\trows\tf32\t64\t576\t%s\t%s\t-\t%s\t2024-05-06\t1000\t0.02\t0.91\t1.08\t0.03\t-\t64\n' \
        "$1" "$2" "$3"
}
{
    printf 'gcstep-table\t1\nmachine\t%s\n' "$this"
    line 1 $cpu_kernel normal
    printf 'device\t%s\n' "$gpu"
    line '*' $a normal
    printf 'device\t%s\n' "$future"
    line '*' sgdm_grad_rows_f32_quantum_q7 normal
} >one.tsv
{
    printf 'gcstep-table\t1\ndevice\t%s\n' "$another"
    line '*' $b normal
    printf 'device\t%s\n' "$turned"
    line '*' $b exhaustive
} >two.tsv

# --- Each device keeps a section of its own; those of one device become one.
run 0 merge one.tsv two.tsv -o both.tsv
says '4 of 5 lines, 4 sections, in both.tsv' out
{
    printf 'machine\t%s\n' "$this"
    line 1 $cpu_kernel normal
    printf 'device\t%s\n' "$gpu"
    line '*' $b exhaustive
    printf 'device\t%s\n' "$future"
    line '*' sgdm_grad_rows_f32_quantum_q7 normal
    printf 'device\t%s\n' "$another"
    line '*' $b normal
} >wanted
sed '/^gcstep-table\|^tool\|^date\|^columns/d' both.tsv >got
cmp -s wanted got || fail "the merged table: $(cat got)"
run 0 merge both.tsv
sed '/^tool\|^date\|^columns\|^gcstep-table/d' out | cmp -s - wanted || fail 'merging again changes it'
{
    printf 'gcstep-table\t1\ndevice\t%s\n' "$gpu"
    line 4 $a normal
} >bad.tsv
run 2 merge one.tsv bad.tsv
says "bad.tsv:3: threads '4' is not '*', as devices have it" err
printf 'gcstep-table\t1\ndevice\tcuda name=x\n' >bad.tsv
run 2 merge one.tsv bad.tsv
says 'bad.tsv:2: device is malformed' err

# --- Shown, whatever devices they are.
run 0 show both.tsv
for identity in "$gpu" "$future" "$another"; do
    says "device $identity" out
done
[ "$(grep -c "64x576 .* any .*both.tsv:" out)" -eq 3 ] || fail 'not three lines of devices'
[ "$(grep -c "$cpu_kernel" out)" -eq 1 ] || fail 'not one line of the CPU'
run 0 show two.tsv
says '0 lines' out
says "device $another" out

# --- Looked at by verify: kernels that there are not, and what is not timed.
run 1 verify --table both.tsv --time 1
says "both.tsv:10: kernel 'sgdm_grad_rows_f32_quantum_q7' is not in this build" err
says '3 of 4 lines resolve to a kernel' out
run 0 verify --table two.tsv --time 1
says '2 of 2 lines resolve to a kernel' out
says "not timed: 1 line of a device that is not here: $another" out
says "not timed: 1 line of a device that is not here: $turned" out

# --- A plan of the CPU takes the CPU's lines, and no warning is worth the others.
GCSTEP_LOG=warn
export GCSTEP_LOG
run 0 explain --table both.tsv --layout rows --rows 64 --cols 576 --threads 1
says "$cpu_kernel; exact: line 6 of both.tsv" out
[ ! -s err ] || fail "explain warns: $(cat err)"
run 0 explain --table two.tsv --layout rows --rows 64 --cols 576 --threads 1
says 'of built-in' out
[ ! -s err ] || fail "explain warns: $(cat err)"

echo 'tables of devices: merged, shown, verified, and none of the CPU'
