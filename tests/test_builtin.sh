#!/bin/sh
# gcstep builtin: the default lines that it makes from journals which are made up, and what it
# refuses. Usage: test_builtin.sh BUILD_DIR
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

# journal NAME MODEL: begins one, of a machine that is not this one.
journal() {
    printf 'gcstep-journal\t2\nmachine\tx86_64 Nobody family=1 model=%s cores=1 l1d=1 l2=1 l3=1 isa=portable\nimpl_revs\tportable=000000000000\n' \
        "$2" >"$1"
}
# result NAME SPEC LAYOUT ROWS COLS KERNEL=RATIO...: the first is the default; the winner is the one
# with the least ratio.
result() {
    file=$1 spec=$2 layout=$3 rows=$4 cols=$5
    shift 5
    fate=default best=
    for pair; do
        ratio=${pair#*=}
        printf 'candidate\t%s_%s_f32_%s\t%s\t%s\t%s\t%s\t64\n' "$spec" "$layout" "${pair%=*}" $fate \
            "$ratio" "$ratio" "$ratio" >>"$file"
        fate=raced
        best=$(printf '%s %s\n%s\n' "$ratio" "${pair%=*}" "$best" | grep . | sort -n | head -n 1)
    done
    printf 'result\t%s\t%s\tf32\t%s\t%s\t1\tnormal\t2024-05-06\t%s_%s_f32_%s\t1\t1\t0\t1\t1\t0\t64\t1\t1\t0\t-\n' \
        "$spec" "$layout" "$rows" "$cols" "$spec" "$layout" "${best#* }" >>"$file"
}
builtin() {
    "$gcstep" builtin "$@" >out 2>err
}
# expect SPEC LAYOUT COLS KERNEL...: the default lines of that key, in this order.
expect() {
    spec=$1 layout=$2 cols=$3
    shift 3
    want=
    for kernel; do
        want="$want${spec}_${layout}_f32_$kernel "
    done
    got=$(awk -F '\t' -v s="$spec" -v l="$layout" -v c="$cols" \
        '$1 == "line" && $2 == s && $3 == l && $6 == c { printf "%s ", $8 }' out)
    [ "$got" = "$want" ] || fail "$spec $layout $cols: '$got', not '$want'"
}

pipe=avx2_pipe_u4 pass=avx2_pass2_u8 block=avx2_block_u2
slow_pipe=portable_pipe_u32 slow_pass=portable_pass2_u32 slow_block=portable_block_u16

# --- The least summed regret counts, over the shapes of all machines; a line for each ISA.
journal a 1
result a sgdm_grad rows 64 1600 $pipe=1 $pass=0.9 $slow_pipe=2 $slow_pass=1.9
builtin a || fail 'one journal failed'
expect sgdm_grad rows '*' $pass $slow_pass
grep -q '^# regret 0.0 %, at most 0.0 %, over 1 shape$' out || fail 'the regret is not said'
grep -q 'Nobody family=1 model=1 cores=1 .* (1 shapes)$' out || fail 'the machine is not named'
journal b 2
result b sgdm_grad rows 64 5760 $pipe=1 $pass=1.3 $slow_pipe=2 $slow_pass=2.1
builtin a b || fail 'two journals failed'
expect sgdm_grad rows '*' $pipe $slow_pass # 0.111 + 0 against 0 + 0.3; 0.053 + 0 against 0 + 0.05
grep -q '^# regret 5.6 %, at most 11.1 %, over 2 shapes$' out || fail 'the regret is not that of both'
cp out first
builtin a b && cmp -s out first || fail 'the same journals give another table'

# --- A machine without AVX2 has its say for the portable line only.
journal c 3
result c sgdm_grad rows 64 3000 $slow_pipe=1 $slow_pass=1.5
builtin a b c || fail 'three journals failed'
expect sgdm_grad rows '*' $pipe $slow_pipe

# --- A kernel that was not timed on all shapes is no candidate.
journal d 4
result d sgdm_grad rows 64 3000 $pass=1 $slow_pipe=1.1
builtin a b d || fail 'journals with a gap failed'
expect sgdm_grad rows '*' $pass $slow_pipe

# --- Where a kernel of a lesser ISA is the best, its line is the only one.
journal e 5
result e sgdm_grad rows 64 576 $pipe=1 $slow_pipe=0.5
builtin e || fail 'a journal with a fast portable kernel failed'
expect sgdm_grad rows '*' $slow_pipe

# --- Bounds: where short rows want another kernel, all ISAs have a line for them; otherwise none.
journal f 6
for cols in 9 10 11; do
    result f sgdm_grad rows 64 $cols $block=1 $pipe=1.2 $slow_block=2 $slow_pipe=2.1
    result f adam_grad rows 64 $cols $pipe=1 $slow_pipe=2
done
result f sgdm_grad rows 64 25 $block=1 $pipe=1.1 $slow_block=2 $slow_pipe=2.1
for cols in 49 100 1000; do
    result f sgdm_grad rows 64 $cols $pipe=1 $block=1.1 $slow_pipe=2 $slow_block=2.1
    result f adam_grad rows 64 $cols $pipe=1 $slow_pipe=2
done
result f sgdm_grad cols 64 9 avx2_panel_u2=1 portable_panel_u16=2
builtin f || fail 'a journal with short rows failed'
expect sgdm_grad rows '*' $pipe $slow_pipe
expect sgdm_grad rows '<=12'
expect sgdm_grad rows '<=32' $block $slow_block
expect sgdm_grad rows '<=64'
expect adam_grad rows '*' $pipe $slow_pipe
expect adam_grad rows '<=12'
expect sgdm_grad cols '*' avx2_panel_u2 portable_panel_u16

# --- The same for rows that the L1 holds.
journal i 9
result i sgdm_grad rows 64 576 $pass=1 $pipe=1.2 $slow_pass=2 $slow_pipe=2.1
result i sgdm_grad rows 64 4608 $pipe=1 $pass=1.2 $slow_pass=2 $slow_pipe=2.1
builtin i || fail 'a journal with rows of 576 and 4608 failed'
expect sgdm_grad rows '<=1536' $pass $slow_pass
expect sgdm_grad rows '*' $pipe $slow_pass

# --- A block accepts no rows of any length, and short rows alone say nothing of long ones.
journal g 7
result g sgdm_grad rows 64 9 $block=1 $pipe=1.2
builtin g || fail 'a journal with short rows only failed'
expect sgdm_grad rows '<=12' $block
present() { # SPEC: the kernels of the present lines for all rows
    awk -F '\t' -v s="$1" '$2 == s && $3 == "rows" && $6 == "*" { print $8 }' \
        "$(dirname "$0")/../tables/builtin.tsv" | sed 's/.*_f32_//' | tr '\n' ' '
}
expect sgdm_grad rows '*' $(present sgdm_grad)
result g sgdm_grad rows 64 100 $block=1 $pipe=1.2
builtin g || fail 'a journal with rows of 9 and 100 failed'
expect sgdm_grad rows '<=256' $block
expect sgdm_grad rows '*' $(present sgdm_grad)
result g sgdm_grad rows 64 300 $pipe=1
builtin g || fail 'a journal with rows of 9, 100 and 300 failed'
expect sgdm_grad rows '<=256' $block
expect sgdm_grad rows '*' $pipe
journal h 8
result h adam_grad rows 64 9 $pass=1 $pipe=1.2
builtin h || fail 'another journal with short rows only failed'
expect adam_grad rows '<=12' $pass
expect adam_grad rows '*' $(present adam_grad)

# --- A bound that saves next to nothing is none.
result h sgdm_grad rows 64 9 $block=1 $pipe=1.005
result h sgdm_grad rows 64 100 $pipe=1 $block=1.2
builtin h || fail 'a journal with near ties failed'
expect sgdm_grad rows '<=12'
expect sgdm_grad rows '*' $pipe

# --- Lines for which nothing was measured are kept; the table is one that programs read.
for class in 'sgd_none flat' 'adamw_grad rows' 'adamw_grad cols'; do
    awk -F '\t' -v c="$class" '$1 == "line" && $2 " " $3 == c' \
        "$(dirname "$0")/../tables/builtin.tsv" >want
    awk -F '\t' -v c="$class" '$1 == "line" && $2 " " $3 == c' out | cmp -s - want ||
        fail "$class is not kept"
done
cp out out.tsv
"$gcstep" verify --table out.tsv --time 0 >out 2>err || fail 'the table has lines without a kernel'
builtin a -o out.tsv || fail '-o failed'
grep -q ' lines in out.tsv$' out || fail 'it does not say what it wrote'
builtin a && cmp -s out out.tsv || fail '-o wrote something else than standard output gets'

# --- Refused, and nothing is written.
refused() {
    text=$1
    shift
    status=0
    builtin "$@" || status=$?
    [ "$status" -eq 2 ] || fail "builtin $*: exit status $status, not 2"
    grep -qF -e "$text" err || fail "builtin $*: stderr lacks '$text'"
    [ ! -s out ] || fail "builtin $*: stdout is not empty"
}
refused 'which journals?'
refused 'none: no such file' a none
printf 'no journal\n' >bad
refused 'bad: is no journal' a bad -o new.tsv
sed 's/^candidate.*pass2_u8/&_/' a >bad # the winner is none of the candidates
refused 'bad:8: is not understood' a bad -o new.tsv
[ ! -e new.tsv ] || fail 'a refused builtin wrote a table'
printf 'no table\n' >no.tsv
refused 'no.tsv:1: ' a -o no.tsv
[ "$(cat no.tsv)" = 'no table' ] || fail 'a file that is no table was written over'
refused "option '-o' needs a value" a -o

echo 'the built-in table is made'
