#!/bin/sh
# test_tune.sh PROGRAM: gcstep tune --backend opencl on the first device that is here (PoCL in the
# checks), from the program's arguments to the plan that takes what the table says. Nothing depends on
# who is fastest. Flat tensors alone: their kernels are the fewest to be built.
set -eu
program=${1:?usage: test_tune.sh PROGRAM}
work=$(mktemp -d)
run_pid=
trap '[ -z "$run_pid" ] || kill -9 "$run_pid" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
"$program" info >info.txt
identity=$(sed -n 's/^  in tables  opencl /opencl /p' info.txt | head -n 1)
if [ -z "$identity" ] || ! grep -q '^  device 0 .*keeps the bits' info.txt; then
    echo 'skipped: no OpenCL device here'
    exit 77
fi

fail() {
    echo "FAILED: $1"
    for file in err out; do
        [ ! -s $file ] || sed "s/^/  $file | /" $file
    done
    exit 1
}
run() {
    want=$1 status=0
    shift
    "$program" "$@" >out 2>err || status=$?
    [ "$status" -eq "$want" ] || fail "status $status instead of $want: $*"
}
says() {
    grep -qF -e "$1" "$2" || fail "$2 does not say '$1'"
}
is() {
    [ "$1" = "$2" ] || fail "$3: '$1' instead of '$2'"
}
# field FILE COLS NUMBER: of the line for that tensor.
field() {
    awk -F '\t' -v c="$2" -v n="$3" '$1 == "line" && $6 == c { print $n }' "$1"
}
tune='tune --backend opencl --rigor quick --time 100'
revision=$(sed -n 's/^  kernels    in source, revision //p' info.txt)
printf 'a\t70000\tbias\tflat\nb\t3000\tbias\tflat\n' >shapes.txt
printf 'a\t70000\tbias\tflat\n' >one.txt

# --- Killed in the second tensor: the first stays, and the same run goes on.
"$program" $tune --shapes shapes.txt --output out.tsv >out 2>err &
run_pid=$!
while ! grep -q '^result' out.tsv.opencl-0.journal 2>/dev/null; do
    kill -0 $run_pid 2>/dev/null || fail 'the run ended without a result'
    sleep 0.05
done
kill -9 $run_pid 2>/dev/null || true
wait $run_pid 2>/dev/null || true
run_pid=
results=$(grep -c '^result' out.tsv.opencl-0.journal)
[ "$results" -eq 2 ] || [ ! -e out.tsv ] || fail 'a killed run wrote a table'
grep -q "^device	$identity\$" out.tsv.opencl-0.journal || fail 'the journal is of another device'
grep -q "^impl_revs	opencl=$revision\$" out.tsv.opencl-0.journal || fail 'of other kernels'
run 2 tune --resume --backend opencl --device 1 --table out.tsv
says 'out.tsv.opencl-1.journal: no such file' err
run 0 tune --resume --backend opencl --table out.tsv
says "$((2 - results)) of 2 shapes to measure on" err

# --- The table: one section, of the device.
is "$(grep -c '^device' out.tsv)" 1 'sections of devices'
grep -q "^device	$identity\$" out.tsv || fail 'the section names another device'
grep -q '^machine' out.tsv && fail 'a section of a machine'
for cols in 70000 3000; do
    is "$(field out.tsv $cols 7)" '*' 'threads'
    is "$(field out.tsv $cols 9)" "$revision" 'the revision'
    case $(field out.tsv $cols 8) in
    any_none_flat_any_opencl_linear*) ;;
    *) fail "the winner for $cols is '$(field out.tsv $cols 8)'" ;;
    esac
    awk -v t="$(field out.tsv $cols 12)" -v c="$(field out.tsv $cols 14)" -v n="$(field out.tsv $cols 18)" \
        'BEGIN { exit !(t > 0 && c > 0 && c < 10 && n >= 8) }' || fail "no evidence for $cols"
done
lines=$(grep -c '^line' out.tsv) # perhaps with a default line
# On a CPU those of one work-item, elsewhere those of many.
case $identity in
*type=CPU*) other=linear256x1_u4 same=linear1x8_u2 ;;
*) other=linear1x8_u2 same=linear256x4_u1 ;;
esac
grep -q "^candidate	any_none_flat_any_opencl_$same	" out.tsv.opencl-0.journal ||
    fail "$same was not timed"
! grep -q "$other" out.tsv.opencl-0.journal || fail "$other was timed"

# --- A plan takes its line, and says so.
number=$(awk -F '\t' '$1 == "line" && $6 == 70000 { print NR }' out.tsv)
kernel=$(field out.tsv 70000 8)
GCSTEP_TABLE=out.tsv run 0 explain --backend opencl --layout flat --cols 70000
says ": $kernel; exact: line $number of out.tsv; measured" out
run 0 explain --backend opencl --layout flat --cols 70000
says 'fixed rule: no table' out
for kernel in $same $other; do # whichever it is
    awk -F '\t' -v OFS='\t' -v k="any_none_flat_any_opencl_$kernel" \
        '$1 == "line" && $6 == 70000 { $8 = k } { print }' out.tsv >edited.tsv
    run 0 explain --backend opencl --table edited.tsv --layout flat --cols 70000
    says "any_none_flat_any_opencl_$kernel; exact: line $number of edited.tsv" out
    GCSTEP_TUNED=0 run 0 explain --backend opencl --table edited.tsv --layout flat --cols 70000
    says 'fixed rule: no table' out
done
run 0 explain --table out.tsv --layout flat --cols 70000
says 'of built-in' out
sed 's/\(driver=[^ ]*\)$/\1-next/' out.tsv >elsewhere.tsv
run 0 explain --backend opencl --table elsewhere.tsv --layout flat --cols 70000
says 'fixed rule: no table' out

# --- The other commands.
run 0 merge out.tsv elsewhere.tsv -o both.tsv
is "$(grep -c '^device' both.tsv)" 2 'sections of the merged table'
run 0 show both.tsv
says "$identity" out
says 'any_none_flat_any_opencl_linear' out
run 0 verify --table both.tsv --time 20
says "$((2 * lines)) of $((2 * lines)) lines resolve to a kernel" out
says 'timed again: 2 of the 2 lines of this machine that can be' out
says "not timed: $lines lines of a device that is not here: $identity-next" out
run 0 $tune --shapes one.txt --output both.tsv
is "$(grep -c '^device' both.tsv)" 2 'sections after the other was tuned'

# --- Bad input.
run 2 $tune --shapes one.txt --output none.tsv --device 99
says 'there is no OpenCL device 99' err
run 2 $tune --shapes one.txt --output none.tsv --threads 2
says '--threads goes with --backend cpu' err
run 2 tune --device 0 --shapes one.txt --output none.tsv
says '--device goes with --backend cuda or opencl' err
[ ! -e none.tsv ] || fail 'a table was written in vain'
echo 'tune --backend opencl: killed and resumed, the section, exact lines, other devices, merge, verify'
