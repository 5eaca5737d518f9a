#!/bin/sh
# The program's arguments and input: what is wrong gives exit status 2, a message on stderr that
# names it, and nothing on stdout. Usage: test_tune_cli.sh BUILD_DIR
set -u
gcstep=$1/gcstep
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# refused STATUS TEXT ARGUMENT...: exit status STATUS, stderr holds TEXT, stdout nothing.
refused() {
    want=$1 text=$2
    shift 2
    "$gcstep" "$@" >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" -eq "$want" ] || fail "gcstep $*: exit status $got, not $want"
    grep -qF -e "$text" "$work/err" || fail "gcstep $*: stderr lacks '$text': $(cat "$work/err")"
    [ ! -s "$work/out" ] || fail "gcstep $*: stdout is not empty"
}

# accepted TEXT ARGUMENT...: exit status 0, stdout holds TEXT, stderr nothing.
accepted() {
    text=$1
    shift
    "$gcstep" "$@" >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" -eq 0 ] || fail "gcstep $*: exit status $got: $(cat "$work/err")"
    grep -qF -e "$text" "$work/out" || fail "gcstep $*: stdout lacks '$text'"
    [ ! -s "$work/err" ] || fail "gcstep $*: stderr is not empty: $(cat "$work/err")"
}

# The program itself.
refused 2 'Usage: gcstep COMMAND'
refused 2 "unknown command 'tone'" tone
refused 2 "unknown option '--tune'" --tune
accepted 'Commands:' --help
accepted 'gcstep 0.' --version
for command in info verify tune merge builtin show explain; do
    accepted "Usage: gcstep $command" "$command" --help
    refused 2 "unknown option '--bad'" "$command" --bad
    refused 2 "unknown option '-x'" "$command" -x
done

# info
accepted 'portable' info
if [ -w /dev/full ] && "$gcstep" info >/dev/full 2>/dev/null; then
    echo 'FAIL: info succeeds although its output could not be written'
    failures=$((failures + 1))
fi
# OpenMP binds the thread that asks, not the process.
plain=$(OMP_PROC_BIND=false "$gcstep" info | grep ' threads ')
bound=$(OMP_PROC_BIND=true "$gcstep" info | grep ' threads ')
[ "$plain" = "$bound" ] || fail "info with OMP_PROC_BIND=true: $bound; without: $plain"
accepted 'built-in' info
accepted 'shared library: ' info
refused 2 "unexpected argument 'more'" info more

# verify
refused 2 'nokernel' verify --kernel nokernel
refused 2 'noisa' verify --isa noisa
refused 2 '--kernel' verify --kernel

# explain
shape='--layout rows --rows 64 --cols 147'
accepted 'rows 64 x 147' explain $shape
accepted 'adamw_update bf16-bf16 rows 64 x 147' explain --spec adamw_update_bf16-bf16 $shape
accepted 'any_update_rows_any_' explain --spec adamw_update_bf16-bf16 $shape
accepted 'amsgradw_grad f16-bf16s rows' explain --spec amsgradw_raw_f16-bf16s $shape
accepted 'RULE_CENTRE_TYPES' explain --help
accepted 'flat' explain --layout flat --cols 100
accepted 'conv1.weight: ' explain --model resnet50
refused 2 'give one of --model' explain
refused 2 'give one of --model' explain --model resnet50 $shape
refused 2 '--rows is missing' explain --layout rows --cols 3
refused 2 '--cols is missing' explain --layout rows --rows 3
refused 2 '--layout is missing' explain --rows 3 --cols 3
refused 2 "--layout: 'diagonal'" explain --layout diagonal --rows 3 --cols 3
refused 2 "--rows: '0'" explain --layout rows --rows 0 --cols 3
refused 2 "--rows: '-1'" explain --layout rows --rows -1 --cols 3
refused 2 "--cols: '3x'" explain --layout rows --rows 3 --cols 3x
refused 2 "--cols: ''" explain --layout rows --rows 3 --cols ''
refused 2 "--cols: '99999999999999999999'" explain --layout rows --rows 3 --cols 99999999999999999999
refused 2 'rows x cols' explain --layout rows --rows 4611686018427387904 --cols 4611686018427387904
refused 2 '--rows: a flat tensor has one row' explain --layout flat --rows 2 --cols 3
refused 2 "unknown spec 'lion'" explain --spec lion $shape
refused 2 "unknown spec 'adamw_up'" explain --spec adamw_up $shape
refused 2 "unknown spec 'adamw_grad_bf17'" explain --spec adamw_grad_bf17 $shape
refused 2 "--threads: '0'" explain --threads 0 $shape
refused 2 "--threads: '9999999'" explain --threads 9999999 $shape
refused 2 "$work/none.tsv: no such file" explain --table "$work/none.tsv" $shape
refused 2 'nonet' explain --model nonet
refused 2 "option '--layout' needs a value" explain --layout
refused 2 "unexpected argument 'more'" explain $shape more

# show
accepted 'built-in' show
refused 2 "$work/none.tsv" show "$work/none.tsv"
refused 2 "unexpected argument 'two'" show one two
printf 'no table\n' >"$work/bad.tsv"
refused 2 "$work/bad.tsv:1: " explain --table "$work/bad.tsv" $shape
refused 2 "$work/none.tsv: there is no such file" show "$work/none.tsv"
refused 2 "$work/bad.tsv:1:" show "$work/bad.tsv"
: >"$work/empty.tsv"
refused 2 "$work/empty.tsv:1:" show "$work/empty.tsv"
refused 2 "$work" show "$work"

# tune
out=$work/out.tsv
model='--model resnet50'
refused 2 '--model or --shapes is missing' tune --table "$out"
refused 2 'nonet' tune --model nonet --table "$out"
refused 2 "$work/none.txt" tune --shapes "$work/none.txt" --table "$out"
printf 'a\t3x4\tlinear\trows\nb\t3x0\tlinear\trows\n' >"$work/bad.txt"
refused 2 "$work/bad.txt:2:" tune --shapes "$work/bad.txt" --table "$out"
refused 2 "unknown spec 'lion'" tune $model --spec sgdm,lion --table "$out"
refused 2 "unknown spec ''" tune $model --spec '' --table "$out"
refused 2 "unknown spec 'adamw_f32'" tune $model --spec sgdm,adamw_f32 --table "$out"
refused 2 "--time: '0'" tune $model --time 0 --table "$out"
refused 2 "--time: 'soon'" tune $model --time soon --table "$out"
refused 2 "--rigor: 'none'" tune $model --rigor none --table "$out"
refused 2 "--rigor: 'very'" tune $model --rigor very --table "$out"
refused 2 "--threads: '-2'" tune $model --threads -2 --table "$out"
refused 2 "--table: ''" tune $model --table ''
refused 2 'is not the name of a file' tune $model --table "$work/"
refused 2 "$work/bad.tsv:1:" tune $model --table "$work/bad.tsv"
[ "$(cat "$work/bad.tsv")" = 'no table' ] || fail 'tune wrote over a file that is no table'
refused 2 "$work/bad.tsv" tune $model --table "$work/bad.tsv/under/a/file.tsv"
refused 2 "unexpected argument 'more'" tune $model --table "$out" more
[ ! -e "$out" ] || fail 'a refused tune wrote a table'

# A table of another machine is not written over.
printf 'gcstep-table\t1\nmachine\tx86_64 Nobody family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=portable\n' \
    >"$work/other.tsv"
refused 2 "$work/other.tsv:2:" tune $model --table "$work/other.tsv"

# The environment's switches.
GCSTEP_ISA=mmx
export GCSTEP_ISA
for command in info show "tune $model --table $out" "explain $shape"; do
    "$gcstep" $command >"$work/out" 2>"$work/err"
    got=$?
    [ "$got" -eq 2 ] || fail "GCSTEP_ISA=mmx gcstep $command: exit status $got, not 2"
    grep -q 'GCSTEP_ISA' "$work/err" || fail "gcstep $command does not name GCSTEP_ISA"
done
unset GCSTEP_ISA
GCSTEP_KERNEL=sgdm_grad_rows_f32_portable_pipe_u32
export GCSTEP_KERNEL
refused 2 'GCSTEP_KERNEL' tune $model --table "$out"
unset GCSTEP_KERNEL

[ "$failures" -eq 0 ] || { echo "$failures failures"; exit 1; }
echo 'all arguments behave'
