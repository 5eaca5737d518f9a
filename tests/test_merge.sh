#!/bin/sh
# gcstep merge: which line of several is kept, sections, and what is refused. Usage: test_merge.sh
# BUILD_DIR
set -eu
gcstep=$1/gcstep
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAIL: $*"
    cat "$work/err" 2>/dev/null || true
    exit 1
}

a=sgdm_grad_rows_f32_portable_pipe_u32
b=sgdm_grad_rows_f32_portable_pass2_u32
short=sgdm_grad_rows_f32_portable_block_u16
rev=$("$gcstep" info | awk '$1 == "portable" { print $2 }')
old=0123456789ab
other='x86_64 Nobody family=1 model=1 cores=1 l1d=1 l2=1 l3=1 isa=portable'
another='x86_64 Nobody family=1 model=2 cores=1 l1d=1 l2=1 l3=1 isa=portable'

# table NAME IDENTITY: begins a table. line NAME ROWS KERNEL REV RIGOR DATE MEDIAN_NS: adds a line.
table() {
    printf 'gcstep-table\t1\nmachine\t%s\n# a comment\n' "$2" >"$work/$1"
}
line() {
    printf 'line\tsgdm_grad\trows\tf32\t%s\t576\t1\t%s\t%s\t%s\t%s\t%s\t0.02\t0.91\t1.08\t0.03\t-\t41\n' \
        "$2" "$3" "$4" "$5" "$6" "$7" >>"$work/$1"
}
merge() {
    (cd "$work" && "$gcstep" merge "$@") >"$work/out" 2>"$work/err"
}
# kept FILE ROWS: kernel, revision, rigor and date of the lines for these rows.
kept() {
    awk -F '\t' -v rows="$2" '$1 == "line" && $5 == rows { print $8, $9, $10, $11 }' "$work/$1"
}
refused() {
    text=$1
    shift
    status=0
    merge "$@" || status=$?
    [ "$status" -eq 2 ] || fail "merge $*: exit status $status, not 2"
    grep -qF -e "$text" "$work/err" || fail "merge $*: stderr lacks '$text'"
    [ ! -s "$work/out" ] || fail "merge $*: stdout is not empty"
}

# --- Revision, then rigor, then date, then the first; never the smaller time.
table one.tsv "$other"
table two.tsv "$other"
line one.tsv 1 $a $old exhaustive 2024-05-09 1
line two.tsv 1 $b "$rev" quick 2024-05-01 2
line one.tsv 2 $a "$rev" normal 2024-05-01 2
line two.tsv 2 $b "$rev" quick 2024-05-09 1
line one.tsv 3 $a "$rev" normal 2024-05-01 1
line two.tsv 3 $b "$rev" normal 2024-05-09 2
line one.tsv 4 $a "$rev" normal 2024-05-09 2
line two.tsv 4 $b "$rev" normal 2024-05-09 1
line one.tsv 5 $a - normal 2024-05-01 2
line two.tsv 5 $b $old exhaustive 2024-05-09 1
line one.tsv 6 sgdm_grad_rows_f32_nosuchisa_pipe_u4 - exhaustive 2024-05-09 1
line two.tsv 6 $b "$rev" quick 2024-05-01 2
line one.tsv 7 sgdm_grad_rows_f32_nosuchisa_pipe_u4 $old quick 2024-05-01 2
merge one.tsv two.tsv -o both.tsv || fail 'merging failed'
grep -qF '7 of 13 lines, 1 section, in both.tsv' "$work/out" || fail "$(cat "$work/out")"
expect() {
    [ "$(kept both.tsv "$1")" = "$2" ] || fail "rows $1: '$(kept both.tsv "$1")' is kept, not '$2'"
}
expect 1 "$b $rev quick 2024-05-01"
expect 2 "$a $rev normal 2024-05-01"
expect 3 "$b $rev normal 2024-05-09"
expect 4 "$a $rev normal 2024-05-09"
expect 5 "$a - normal 2024-05-01"
expect 6 "$b $rev quick 2024-05-01"
expect 7 "sgdm_grad_rows_f32_nosuchisa_pipe_u4 $old quick 2024-05-01"
merge two.tsv one.tsv || fail 'merging to stdout failed'
cp "$work/out" "$work/turned.tsv"
[ "$(kept turned.tsv 4)" = "$b $rev normal 2024-05-09" ] || fail 'of equal lines not the first is kept'

# --- Every number comes through, and merging again changes nothing.
grep '^line' "$work/one.tsv" | sed -n 2p >"$work/want"
grep '^line' "$work/both.tsv" | sed -n 2p | cmp -s - "$work/want" || fail 'a line changed'
merge both.tsv --output both.tsv one.tsv || fail 'merging into one of the tables failed'
merge both.tsv || fail 'merging one table failed'
grep -v '^date' "$work/out" >"$work/again"
grep -v '^date' "$work/both.tsv" | cmp -s - "$work/again" || fail 'merging again changed the table'

# --- Sections stay apart, and are recognised whatever ISAs the build that measured had.
table three.tsv "$another"
line three.tsv 1 $a "$rev" exhaustive 2024-05-09 1
printf 'machine\t%s+avx2\n' "$other" >>"$work/three.tsv"
line three.tsv 9 $a "$rev" normal 2024-05-09 1
printf 'machine\tany\n' >>"$work/three.tsv"
line three.tsv 1 $a - normal 2024-05-09 1
merge one.tsv three.tsv -o sections.tsv || fail 'merging several machines failed'
[ "$(grep '^machine' "$work/sections.tsv" | cut -f 2 | tr '\n' ';')" = "$other;$another;any;" ] ||
    fail "sections: $(grep '^machine' "$work/sections.tsv")"
[ "$(kept sections.tsv 1 | wc -l)" -eq 3 ] || fail 'a line of another section was dropped'
[ "$(grep -n "^line.*	9	576" "$work/sections.tsv" | cut -d : -f 1)" -lt \
    "$(grep -n "family=1 model=2" "$work/sections.tsv" | cut -d : -f 1)" ] ||
    fail 'a line went to another section'

# --- For any machine: a line for each ISA, the best first, and one of each.
table any.tsv any
for kernel in $a sgdm_grad_rows_f32_avx2_pipe_u4 $b; do
    printf 'line\tsgdm_grad\trows\tf32\t*\t*\t*\t%s\t-\tnone\t-\t0\t0\t0\t0\t0\t-\t0\n' $kernel \
        >>"$work/any.tsv"
done
merge any.tsv || fail 'merging a table for any machine failed'
[ "$(grep '^line' "$work/out" | cut -f 8 | tr '\n' ' ')" = "sgdm_grad_rows_f32_avx2_pipe_u4 $a " ] ||
    fail "lines of several ISAs: $(cat "$work/out")"

# --- Refused, and nothing is written.
refused 'which tables?'
refused 'none.tsv: no such file' one.tsv none.tsv
printf 'no table\n' >"$work/bad.tsv"
refused 'bad.tsv:1: ' one.tsv bad.tsv -o new.tsv
refused 'bad.tsv:1: ' one.tsv -o bad.tsv
[ "$(cat "$work/bad.tsv")" = 'no table' ] || fail 'a file that is no table was written over'
refused "option '-o' needs a value" one.tsv -o
refused 'is not the name of a file' one.tsv -o ''
table wrong.tsv "$other"
line wrong.tsv 0 $a - normal 2024-05-09 1
line wrong.tsv 4 $short - normal 2024-05-09 1
line wrong.tsv 4 sgdm_grad_cols_f32_portable_panel_u16 - normal 2024-05-09 1
line wrong.tsv 4 $a - normal 2024-05-09 1
refused "wrong.tsv:4: rows '0'" one.tsv wrong.tsv -o new.tsv
refused 'wrong.tsv:6: ' one.tsv wrong.tsv -o new.tsv
refused 'wrong.tsv:5: ' one.tsv wrong.tsv -o new.tsv
refused '3 bad lines: nothing is written' one.tsv wrong.tsv -o new.tsv
table headonly.tsv "$other"
refused 'has a line' headonly.tsv -o new.tsv
[ ! -e "$work/new.tsv" ] || fail 'a refused merge wrote a table'
printf 'gcstep-table\t1\nmachine\tnonsense\n' >"$work/nonsense.tsv"
refused 'nonsense.tsv:2: ' one.tsv nonsense.tsv
[ -z "$(find "$work" -name '*.tsv.*')" ] || fail 'a temporary file was left'

echo 'tables are merged'
