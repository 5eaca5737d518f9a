#!/bin/sh
# gcstep verify --table: lines that name no kernel, lines that still hold and lines that do not.
# Usage: test_verify_table.sh BUILD_DIR
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
# verify STATUS [OPTION]...: of t.tsv
verify() {
    want=$1
    shift
    status=0
    "$gcstep" verify --table t.tsv "$@" >out 2>err || status=$?
    [ "$status" -eq "$want" ] || fail "verify $*: exit status $status, not $want"
}
says() {
    grep -qF -e "$1" "$2" || fail "$2 lacks '$1'"
}

this=$("$gcstep" info | awk '$1 == "identity" { $1 = ""; print substr($0, 2) }')
other='x86_64 Nobody family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=portable'
rev=$("$gcstep" info | awk '$1 == "portable" { print $2 }')
slow=sgdm_grad_rows_f32_portable_pass2_u32
default=$("$gcstep" explain --layout rows --rows 64 --cols 576 --threads 1 | sed 's/.*: \([a-z0-9_]*\);.*/\1/')
[ "$default" != "$slow" ] || fail 'the default is the kernel that this test takes for another'

# table IDENTITY: begins t.tsv. line ROWS KERNEL REV SPREAD CEILING VS_DEFAULT: adds a line.
table() {
    printf 'gcstep-table\t1\nmachine\t%s\n' "$1" >t.tsv
}
line() {
    printf 'line\tsgdm_grad\trows\tf32\t%s\t576\t1\t%s\t%s\tnormal\t2024-05-06\t1000\t%s\t%s\t%s\t0.03\t-\t64\n' \
        "$1" "$2" "$3" "$4" "$5" "$6" >>t.tsv
}

# --- What a tune has just written resolves, and can be timed again.
printf 'a\t64x147\tconv\trows\nb\t40x576\tlinear\trows\nc\t700\tbias\tflat\n' >shapes.txt
"$gcstep" tune --table t.tsv --threads 1 --rigor quick --time 3 --shapes shapes.txt >out 2>err ||
    fail 'tune failed'
verify 0 --time 4
says 't.tsv: ' out
says ' lines resolve to a kernel' out
says 'timed again: 3 of the 3 lines' out
verify 0 --time 0
! grep -q 'timed again' out || fail '--time 0 timed'

# --- Drift is named, and is no error: gains of 9 and 0.001, 9 times the ceiling's speed, no noise.
table "$this"
line 64 $slow "$rev" 0 0.5 9
line 65 "$default" - 0 9 1
line 66 $slow - 0 9 0.001
verify 0 --time 4
[ "$(grep -c ': DRIFT$' out)" -eq 3 ] || fail 'drift is not named three times'
says "$slow: times the default's speed 9.000 (9.000 to 9.000), now " out
says "$default: the default itself, of the ceiling 9.000 (9.000 to 9.000), now " out
says '3 with drift' out

# --- Within the noise nothing has drifted: intervals of 0.1 to 1.9 and more.
table "$this"
line 64 $slow "$rev" 9 0.5 1.1
line 65 "$default" - 9 0.5 1
verify 0 --time 4
[ "$(grep -c ': holds$' out)" -eq 2 ] || fail 'lines with much noise do not hold'
says '0 with drift' out

# --- A stale line is said to be one.
table "$this"
line 64 $slow 0123456789ab 9 0.5 1.1
verify 0 --time 2
says 'stale: 1 lines' out
says ', stale: ' out
line 65 $slow - 9 0.5 1.1
verify 0 --time 0
says 'stale: 1 lines' out

# --- Lines of other machines, lines that were not measured, and lines above the cap of GCSTEP_ISA or
# the number of threads are resolved and not timed.
table "$other"
line 64 $slow "$rev" 0 0.5 9
printf 'machine\tany\n' >>t.tsv
line 64 $slow "$rev" 0 0.5 9
printf 'machine\t%s\n' "$this" >>t.tsv
line 64 $slow "$rev" 0 0.5 9
sed -i '$ s/64$/0/' t.tsv
line 65 $slow "$rev" 0 0.5 9
sed -i '$ s/	576	1	/	576	4000	/' t.tsv
verify 0 --time 1
says '4 of 4 lines resolve' out
says 'timed again: 0 of the 0 lines' out
says 'not timed: 2 lines of other machines' out
case $default in *portable*) ;; *)
    table "$this"
    line 64 "$default" - 0 9 1
    export GCSTEP_ISA=portable
    verify 0 --time 1
    unset GCSTEP_ISA
    says 'timed again: 0 of the 0 lines' out
    ;;
esac

# --- A line without a kernel is named, in whatever section, and the exit status is 1.
table "$this"
line 64 $slow "$rev" 9 0.5 1.1
line 65 sgdm_grad_rows_f32_portable_nosuchshape_u1 - 0 1 1
verify 1 --time 0
says "t.tsv:4: kernel 'sgdm_grad_rows_f32_portable_nosuchshape_u1' is not in this build" err
says '1 of 2 lines resolve' out
table "$other"
line 65 sgdm_grad_cols_f32_portable_panel_u16 - 0 1 1
line 66 sgdm_grad_rows_f32_portable_block_u16 - 0 1 1
line 0 $slow - 0 1 1
verify 1 --time 0
for n in 3 4 5; do says "t.tsv:$n: " err; done
says '0 of 3 lines resolve' out

# --- What is no table, and arguments.
printf 'no table\n' >t.tsv
verify 2
says 't.tsv:1: ' err
rm t.tsv
verify 2
says 't.tsv: no such file' err
verify 2 --isa portable
says '--table goes neither with' err
verify 2 --time -1
says "--time: '-1'" err
status=0
"$gcstep" verify --time 3 >out 2>err || status=$?
[ "$status" -eq 2 ] || fail '--time without --table is accepted'
says '--time goes with --table' err
table "$this"
line 64 $slow "$rev" 9 0.5 1.1
export GCSTEP_KERNEL=$slow
verify 2
says 'GCSTEP_KERNEL' err

echo 'tables are verified'
