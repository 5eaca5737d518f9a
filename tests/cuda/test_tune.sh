#!/bin/sh
# test_tune.sh PROGRAM: gcstep tune --backend cuda, linked with the stand-in for CUDA's driver: times
# are those that this script says, so that it knows who wins. What is verified runs in the twin.
set -eu
program=${1:?usage: test_tune.sh PROGRAM}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $1"
    for file in err out; do
        [ ! -s $file ] || sed "s/^/  $file | /" $file
    done
    exit 1
}
# run STATUS ARGUMENT...: `gcstep ARGUMENT...` ends so, with TWIN_TIMES and the like as they are set.
run() {
    want=$1 status=0
    shift
    "$program" "$@" >out 2>err || status=$?
    [ "$status" -eq "$want" ] || fail "status $status instead of $want: $*"
}
says() {
    grep -qF -e "$1" "$2" || fail "$2 does not say '$1'"
}
# field FILE ROWS COLS NUMBER: of the line for that shape.
field() {
    awk -F '\t' -v r="$2" -v c="$3" -v n="$4" \
        '$1 == "line" && $5 == r && $6 == c { print $n }' "$1"
}
is() {
    [ "$1" = "$2" ] || fail "$3: '$1' instead of '$2'"
}
tune='tune --backend cuda --rigor quick --time 60'
b128=sgdm_grad_rows_f32_cuda_block128_u2
flat=any_none_flat_any_cuda_linear256_u1

printf 'a\t64x147\tconv\trows\nb\t40x576\tlinear\trows\nc\t700\tbias\tflat\n' >shapes.txt
printf 'b\t40x576\tlinear\trows\n' >one.txt

# --- Who is fastest wins, with the evidence; a plan takes it. gpu-check.sh calls it in this form.
TWIN_TIMES="$b128=800,sgdm_none_flat_f32_cuda_traffic256_u1=600"
export TWIN_TIMES
run 0 $tune --shapes one.txt --output out.tsv
says '1 of 1 shapes to measure on Stand-in 0, sm_90' err
is "$(field out.tsv 40 576 8)" $b128 'the winner'
is "$(field out.tsv 40 576 7)" '*' 'threads'
is "$(field out.tsv 40 576 14)" 0.75 'the ceiling, a kernel of 600 us'
is "$(field out.tsv 40 576 15)" 1.25 'times the default'
is "$(field out.tsv 40 576 16)" 0.25 'the gap'
is "$(field out.tsv 40 576 17)" - 'ties'
# 122 tensors of 40 x 576 x 12 bytes are half of 64 MiB.
awk -v ns="$(field out.tsv 40 576 12)" 'BEGIN { d = ns - 800000 / 122; exit !(d * d < 1) }' ||
    fail "the time of one tensor is $(field out.tsv 40 576 12) ns"
identity=$(sed -n 's/^device\t//p' out.tsv)
is "$identity" 'cuda name=Stand-in_0 arch=sm_90 units=8 l2=1048576 bus=384' 'the identity'
run 0 info
says "in tables  $identity" out
run 0 explain --backend cuda --table out.tsv --layout rows --rows 40 --cols 576
says "on Stand-in 0: $b128; exact: line 6 of out.tsv; measured" out
run 0 explain --backend cuda --device 1 --table out.tsv --layout rows --rows 40 --cols 576
says 'fixed rule: no table' out
run 0 explain --layout rows --rows 40 --cols 576 --table out.tsv
says 'of built-in' out
grep -q '	final	' out.tsv.cuda-0.journal || fail 'the journal has no finalist'
! grep -q '^candidate	[a-z_0-9]*keep512_u2	final' out.tsv.cuda-0.journal ||
    fail 'a slower kernel came into the final'

# --- The journal resumes: what is there is not measured again.
TWIN_TIMES="$b128=1200"
run 0 $tune --shapes shapes.txt --output out.tsv
says '2 of 3 shapes to measure' err
says '1 are in out.tsv.cuda-0.journal already' err
is "$(field out.tsv 40 576 8)" $b128 'the winner that was measured before'
run 0 $tune --shapes shapes.txt --output out.tsv --fresh
says '3 of 3 shapes to measure' err
is "$(field out.tsv 40 576 15)" 1 'a default that was kept'
[ "$(field out.tsv 40 576 8)" != $b128 ] || fail 'a slower kernel won'

# --- The copy is the ceiling where it is faster than the traffic kernel: 1 % of the default's time.
TWIN_TIMES="sgdm_none_flat_f32_cuda_traffic256_u1=900"
TWIN_COPY=1
export TWIN_COPY
run 0 $tune --shapes one.txt --output copy.tsv
awk -v c="$(field copy.tsv 40 576 14)" 'BEGIN { exit !(c > 0.001 && c < 0.2) }' ||
    fail "the ceiling of the copy is $(field copy.tsv 40 576 14)"
TWIN_COPY=250

# --- A default within 3 % of the ceiling needs no final; ties go to the default.
TWIN_TIMES="$b128=995,sgdm_none_flat_f32_cuda_traffic256_u1=980"
run 0 $tune --shapes one.txt --output near.tsv
is "$(field near.tsv 40 576 18)" 8 'rounds of a default near the ceiling'
! grep -q '	final	' near.tsv.cuda-0.journal || fail 'a final beside the ceiling'
TWIN_TIMES="$b128=995,sgdm_none_flat_f32_cuda_traffic256_u1=500"
run 0 $tune --shapes one.txt --output tie.tsv
[ "$(field tie.tsv 40 576 8)" != $b128 ] || fail 'half a per cent took the place of the default'

# --- A default line: for shapes that are near none that was measured.
TWIN_TIMES="$flat=500,sgdm_none_flat_f32_cuda_traffic256_u1=100"
run 0 $tune --shapes shapes.txt --spec sgdm_none --output flat.tsv
is "$(field flat.tsv '*' '*' 8)" $flat 'the default line'
run 0 explain --backend cuda --table flat.tsv --layout flat --cols 99999999
says "$flat; default: line" out

# --- Other steps, by general kernels, and columns.
printf 'a\t96x40\tlinear\tcols\n' >cols.txt
TWIN_TIMES='any_update_cols_any_cuda_split512_u2=400' # twice: it takes two launches
run 0 $tune --shapes cols.txt --spec adamw_update_bf16-bf16s,sgdm --output other.tsv
is "$(awk -F '\t' '$2 == "adamw_update" { print $8, $4 }' other.tsv)" \
    'any_update_cols_any_cuda_split512_u2 bf16-bf16s' 'the winner for a general step'
grep -q '^line	sgdm_grad	cols	f32	96	40	\*' other.tsv || fail 'no line for columns'

# --- What does not give the right bits is never timed.
TWIN_TIMES="$b128=100"
TWIN_TROUBLE="wrong:$b128"
export TWIN_TROUBLE
run 1 $tune --shapes one.txt --output wrong.tsv
says "not timed, since it fails verification: $b128: " err
says '1 times a kernel failed verification' err
[ "$(field wrong.tsv 40 576 8)" != $b128 ] || fail 'a wrong kernel won'
grep -q "^candidate	$b128	failed	" wrong.tsv.cuda-0.journal || fail 'the journal does not say so'
TWIN_TROUBLE=none

# --- Killed in the second shape: the first stays, and the same command goes on.
TWIN_TIMES="$b128=800"
TWIN_TROUBLE=kill TWIN_AT=350
export TWIN_AT
run 137 $tune --shapes shapes.txt --output killed.tsv
[ ! -e killed.tsv ] || fail 'a killed run wrote a table'
results=$(grep -c '^result' killed.tsv.cuda-0.journal)
[ "$results" -ge 1 ] && [ "$results" -le 2 ] || fail "$results results before it was killed"
TWIN_TROUBLE=none TWIN_AT=0
run 0 tune --resume --backend cuda --table killed.tsv
says "$((3 - results)) of 3 shapes to measure" err
is "$(grep -c '^line' killed.tsv)" 3 'lines of the resumed run'
run 0 tune --resume --backend cuda --table killed.tsv
says '0 of 3 shapes to measure' err
run 2 tune --resume --backend cuda --device 1 --table killed.tsv
says 'killed.tsv.cuda-1.journal: no such file' err
run 2 tune --resume --table killed.tsv
says 'killed.tsv.journal: no such file' err
TWIN_TROUBLE=interrupt TWIN_AT=350
run 130 $tune --shapes shapes.txt --output stopped.tsv
says "'gcstep tune --resume --backend cuda --device 0 --table stopped.tsv'" err
TWIN_TROUBLE=none TWIN_AT=0

# --- A journal of another GPU is none to go on with.
TWIN_L2=2097152
export TWIN_L2
run 2 tune --resume --backend cuda --table killed.tsv
says 'is of another device or of other kernels' err
run 0 $tune --shapes one.txt --output killed.tsv
says 'is of another device or of other kernels: set aside' err
says '1 of 1 shapes' err
[ "$(grep -c '^device' killed.tsv)" -eq 2 ] || fail 'not two devices in one table'
TWIN_L2=1048576
run 2 builtin killed.tsv.cuda-0.journal
says 'is of a device' err

# --- Sections of others stay, whoever writes.
run 0 $tune --shapes one.txt --output both.tsv --device 1
"$program" tune --threads 1 --rigor quick --time 60 --shapes one.txt --table both.tsv >out 2>err ||
    fail 'a tune of the CPU'
cp both.tsv before.tsv
run 0 $tune --shapes one.txt --output both.tsv
for identity in 'device	cuda name=Stand-in_0 ' 'device	cuda name=Stand-in_1 ' 'machine	'; do
    [ "$(grep -c "^$identity" both.tsv)" -eq 1 ] || fail "not one section of $identity"
done
grep '^line' before.tsv >lines
while read -r line; do
    grep -qF -e "$line" both.tsv || fail "lost: $line"
done <lines
ls both.tsv.journal both.tsv.cuda-0.journal both.tsv.cuda-1.journal >out || fail 'three journals'
run 0 explain --backend cuda --table both.tsv --layout rows --rows 40 --cols 576
says 'exact: line' out
run 0 explain --threads 1 --table both.tsv --layout rows --rows 40 --cols 576
says 'exact: line' out
run 0 explain --backend cuda --device 1 --table both.tsv --layout rows --rows 40 --cols 576
says 'exact: line' out
run 0 merge both.tsv killed.tsv -o merged.tsv
[ "$(grep -c '^device' merged.tsv)" -eq 3 ] || fail 'not three devices in the merged table'

# --- Timed again where the device is here: it holds, or it has drifted.
TWIN_TIMES="$b128=800"
run 0 $tune --shapes one.txt --output again.tsv
run 0 verify --table again.tsv --time 20
says 'timed again: 1 of the 1 lines of this machine that can be, 0 with drift' out
says "device, $b128: times the default's speed 1.250 (1.250 to 1.250), now 1.250" out
TWIN_TIMES="$b128=1100"
run 0 verify --table again.tsv --time 20
says 'DRIFT' out
sed 's/l2=1048576/l2=1/' again.tsv >elsewhere.tsv
run 0 verify --table elsewhere.tsv --time 20
says 'not timed: 1 line of a device that is not here: cuda name=Stand-in_0' out

# --- What may go wrong on the GPU: it is said, and nothing is left there.
TWIN_TROUBLE=fault TWIN_AT=350
run 1 $tune --shapes shapes.txt --output fault.tsv
says 'CUDA_ERROR_ILLEGAL_ADDRESS' err
says 'not measured: a step failed: ' err
[ "$(grep -c 'not measured' err)" -eq 1 ] || fail 'a lost GPU was used again'
TWIN_TROUBLE=fault TWIN_AT=0
run 1 $tune --shapes one.txt --output fault2.tsv
says 'CUDA_ERROR_ILLEGAL_ADDRESS' err
TWIN_TROUBLE=memory
for TWIN_AT in 0 1 2 3 4 5 6 8 12 20; do
    run_status=0
    "$program" $tune --shapes one.txt --output "memory$TWIN_AT.tsv" >out 2>err || run_status=$?
    [ "$run_status" -le 2 ] || fail "status $run_status without memory at call $TWIN_AT"
    says 'CUDA_ERROR_OUT_OF_MEMORY' err
done
TWIN_AT=0 TWIN_TROUBLE=no_gpu
run 2 $tune --shapes one.txt --output none.tsv
says 'CUDA_ERROR_NO_DEVICE' err
run 2 explain --backend cuda --layout rows --rows 40 --cols 576
says 'CUDA_ERROR_NO_DEVICE' err
[ ! -e none.tsv ] && [ ! -e none.tsv.cuda-0.journal ] || fail 'something was written without a GPU'
TWIN_TROUBLE=none

# --- Bad input.
run 2 $tune --shapes one.txt --output none.tsv --device 7
says 'there is no GPU number 7: of 2 they count from 0' err
run 2 $tune --shapes one.txt --output none.tsv --threads 2
says '--threads goes with --backend cpu' err
run 2 tune --shapes one.txt --output none.tsv --device 0
says '--device goes with --backend cuda' err
run 2 tune --backend tpu --shapes one.txt --output none.tsv
says "unknown backend 'tpu'; there are cpu, cuda and opencl" err
run 2 explain --backend tpu --layout flat --cols 5
says "unknown backend 'tpu'; there are cpu, cuda and opencl" err
run 2 explain --device 1 --layout flat --cols 5
says '--device goes with --backend cuda' err
run 2 explain --backend cuda --threads 2 --layout flat --cols 5
says '--threads goes with --backend cpu' err
printf 'no table\n' >bad.tsv
run 2 $tune --shapes one.txt --output bad.tsv
says 'bad.tsv:1: ' err
is "$(cat bad.tsv)" 'no table' 'a file that is no table'
run 2 explain --backend cuda --table bad.tsv --layout flat --cols 5
says 'bad.tsv:1: ' err
export GCSTEP_KERNEL=$b128
run 2 $tune --shapes one.txt --output none.tsv
says 'GCSTEP_KERNEL is set' err
echo 'tune --backend cuda: winners, ceilings, ties, journals, sections, troubles'
