#!/bin/sh
# A small tuning run from end to end: table, look-up, resuming after a kill, merging.
# Usage: test_tune.sh BUILD_DIR
set -eu
gcstep=$1/gcstep
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null; rm -rf "$work"' EXIT

fail() {
    echo "FAIL: $*"
    echo '--- stderr of the last run'
    cat "$work/err" 2>/dev/null || true
    exit 1
}

# The run's stderr holds this text.
says() {
    grep -qF -e "$1" "$work/err" || fail "stderr lacks '$1'"
}

count() {
    grep -c "$1" "$2" || true
}

printf 'conv\t64x147\tconv\trows\nlinear\t40x1152\tlinear\trows\nbias\t700\tbias\tflat\n' \
    >"$work/shapes.txt"
printf 'conv\t64x147\tconv\trows\nhead\t96x10\tlinear\tcols\n' >"$work/more.txt"
table=$work/tables/table.tsv
journal=$table.journal
tune() {
    "$gcstep" tune --table "$table" --threads 1 --rigor quick "$@" >"$work/out" 2>"$work/err"
}
explain() {
    "$gcstep" explain --threads 1 "$@"
}

# --- A run that is killed in the middle leaves a journal, from which the next one goes on.
"$gcstep" tune --table "$table" --threads 1 --rigor exhaustive --shapes "$work/shapes.txt" \
    --time 60 >"$work/out" 2>"$work/err" &
pid=$!
tries=0
until grep -q '^result' "$journal" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 3000 ] || fail 'no result in the journal after a minute'
    kill -0 "$pid" 2>/dev/null || fail 'the run ended too early'
    sleep 0.02
done
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
pid=
done_before=$(count '^result' "$journal")
[ "$done_before" -lt 3 ] || fail 'the run was over before it was killed'
[ ! -e "$table" ] || fail 'a killed run wrote a table'
grep '^result' "$journal" >"$work/results"
printf 'candidate\tsgdm_gra' >>"$journal" # as if killed while it wrote

# --resume knows what the run was asked for; what is given now counts before that.
"$gcstep" tune --table "$table" --resume --rigor quick --time 6 >"$work/out" 2>"$work/err" ||
    fail 'tune --resume failed'
says "$((3 - done_before)) of 3 shapes to measure with 1 thread,"
says "$done_before are in $journal already"
[ "$(count '^result' "$journal")" -eq 3 ] || fail 'the journal has not one result per shape'
head -n "$done_before" "$work/results" | while IFS= read -r line; do
    grep -qF -e "$line" "$journal" || fail 'a result of the killed run is lost'
done
grep -q '3 of 3 shapes measured' "$work/out" || fail 'the summary does not tell of 3 shapes'
for word in speed-up ceiling regret; do
    grep -q "$word" "$work/out" || fail "the summary lacks '$word'"
done

# --- The table is one that the program and a plan read.
"$gcstep" show "$table" >"$work/show" 2>"$work/show_err" || fail 'show failed'
[ ! -s "$work/show_err" ] || fail "show has warnings: $(cat "$work/show_err")"
for shape in 'rows 64x147' 'rows 40x1152' 'flat 1x700'; do
    grep -q "$shape" "$work/show" || fail "show lacks $shape"
done
explain --shapes "$work/shapes.txt" --table "$table" >"$work/explain"
[ "$(grep -c "exact: line [0-9]* of $table; measured" "$work/explain")" -eq 3 ] ||
    fail "not 3 exact lines of the table: $(cat "$work/explain")"
explain --shapes "$work/shapes.txt" >"$work/explain"
[ "$(count 'exact' "$work/explain")" -eq 0 ] || fail 'a plan without the table uses its lines'
GCSTEP_TABLE=$table explain --shapes "$work/shapes.txt" >"$work/explain"
[ "$(count 'exact' "$work/explain")" -eq 3 ] || fail 'GCSTEP_TABLE is not used'
chosen=$(awk -F '\t' '$2 == "sgdm_grad" && $5 == 64 && $6 == 147 { print $8 }' "$table")
[ -n "$chosen" ] || fail 'the table has no line for 64x147'
explain --table "$table" --layout rows --rows 64 --cols 147 | grep -qF "$chosen" ||
    fail "a plan takes another kernel than the table's $chosen"

# --- Each kernel that can step the shape was timed or is said to be wrong; the default is first.
awk -F '\t' '$1 == "candidate" { n++; if (n == 1 && $3 != "default") bad = 1
                                 if ($3 != "failed" && !($4 > 0 && $5 <= $4 && $4 <= $6)) bad = 1 }
             $1 == "result" { if (n < 2) bad = 1; n = 0 }
             END { exit bad }' "$journal" || fail 'the journal has a malformed result'

# --- Once more: nothing to do, and the table stays as it is but for its date.
grep '^line' "$table" >"$work/lines"
tune --shapes "$work/shapes.txt" --time 6 || fail 'the second run failed'
says '0 of 3 shapes to measure'
grep '^line' "$table" | cmp -s - "$work/lines" || fail 'a run without work changed the table'

# --- Another network: its new shape is measured, the lines of the others stay.
tune --shapes "$work/more.txt" --time 3 || fail 'the third run failed'
says '1 of 2 shapes to measure'
"$gcstep" show "$table" >"$work/show"
for shape in 'rows 64x147' 'rows 40x1152' 'flat 1x700' 'cols 96x10'; do
    grep -q "$shape" "$work/show" || fail "after merging, show lacks $shape"
done

# --- Other steps of the same network: by general kernels, with lines and journal keys of their own.
steps=adamw_update_bf16-bf16,amsgrad_raw_f32-f16s,adamw_raw,adamw_grad,nesterovw_none_f16
tune --shapes "$work/more.txt" --spec "$steps" --time 10 || fail 'tuning other steps failed'
says '8 of 8 shapes to measure' # adamw_raw is adamw_grad
[ "$(count '^adamw_\(raw\|grad\): 2 of 2 shapes' "$work/out")" -eq 1 ] ||
    fail 'adamw_raw and adamw_grad are not one step'
for key in adamw_update,rows,bf16-bf16,64,147 adamw_update,cols,bf16-bf16,96,10 \
    amsgrad_raw,rows,f32-f16s,64,147 adamw_grad,cols,f32,96,10 nesterovw_none,flat,f16,1,9408; do
    [ "$(cut -f 2-6 "$table" | tr '\t' , | grep -cxF -e "$key")" -eq 1 ] ||
        fail "the table has not one line for $key"
done
grep '^result' "$journal" | cut -f 2-4 | grep -q 'amsgrad_raw	cols	f32-f16s' ||
    fail "the journal's key has no types"
explain --spec adamw_update_bf16-bf16 --shapes "$work/more.txt" --table "$table" >"$work/explain"
[ "$(count 'exact' "$work/explain")" -eq 2 ] || fail "not 2 exact lines: $(cat "$work/explain")"
explain --spec adamw_raw --shapes "$work/more.txt" --table "$table" >"$work/explain"
[ "$(count 'exact' "$work/explain")" -eq 2 ] || fail 'adamw_raw does not find the lines of grad'
explain --spec adamw_update_bf16-bf16s --shapes "$work/more.txt" --table "$table" >"$work/explain"
[ "$(count 'exact' "$work/explain")" -eq 0 ] || fail 'a step of other types uses the lines'
tune --shapes "$work/more.txt" --spec "$steps" --time 10 || fail 'resuming other steps failed'
says '0 of 8 shapes to measure'

# --- The time is kept (with allowance for setting up on a busy machine), and --fresh starts anew.
start=$(date +%s)
tune --shapes "$work/shapes.txt" --time 4 --fresh || fail '--fresh failed'
end=$(date +%s)
says '3 of 3 shapes to measure'
[ -e "$journal.old" ] || fail '--fresh did not keep the old journal'
[ $((end - start)) -le 8 ] || fail "--time 4 took $((end - start)) seconds"

# --- Ctrl-C: status 130, and the journal is whole. A whole network is not over within a second.
"$gcstep" tune --table "$work/stopped.tsv" --threads 1 --rigor exhaustive --model resnet50 \
    --time 60 >"$work/out" 2>"$work/err" &
pid=$!
sleep 1
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
pid=
[ "$status" -eq 130 ] || fail "an interrupted run has status $status, not 130"
says 'interrupted'
[ ! -e "$work/stopped.tsv" ] || fail 'an interrupted run wrote a table'
"$gcstep" tune --table "$work/stopped.tsv" --threads 1 --rigor quick --time 4 \
    --shapes "$work/shapes.txt" >"$work/out" 2>"$work/err" || fail 'going on after Ctrl-C failed'
! grep -q 'not understood' "$work/err" || fail 'the journal of an interrupted run is damaged'
[ -e "$work/stopped.tsv" ] || fail 'going on after Ctrl-C wrote no table'

# --- After Ctrl-C too, and then the journal has the options of both runs.
printf 'run\t--shapes\t%s\t--spec\tadam,sgd\t--rigor\tquick\t--threads\t1\n' "$work/more.txt" \
    >>"$work/stopped.tsv.journal"
"$gcstep" tune --table "$work/stopped.tsv" --resume --spec sgd --time 3 >"$work/out" 2>"$work/err" ||
    fail 'tune --resume --spec failed'
says '2 of 2 shapes to measure with 1 thread,' # sgd alone
tail -n 100 "$work/stopped.tsv.journal" | grep '^run' | tail -n 1 | tr '\t' ' ' >"$work/run"
for words in '--spec sgd ' '--time 3' "--shapes $work/more.txt" '--rigor quick' '--threads 1'; do
    grep -qF -e "$words" "$work/run" || fail "the journal does not say $words: $(cat "$work/run")"
done
"$gcstep" tune --table "$work/stopped.tsv" --resume >"$work/out" 2>"$work/err" ||
    fail 'tune --resume after the end failed'
says '0 of 2 shapes to measure'

# --- --resume wants a journal of this machine and these kernels, and says which is missing.
# unresumable TEXT [OPTION]...: exit status 2, stderr holds TEXT, the journal stays as it is.
unresumable() {
    text=$1
    shift
    cp "$work/r.tsv.journal" "$work/before" 2>/dev/null || : >"$work/before"
    status=0
    "$gcstep" tune --table "$work/r.tsv" --resume "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" -eq 2 ] || fail "--resume $*: status $status, not 2"
    says "$text"
    [ ! -s "$work/before" ] || cmp -s "$work/before" "$work/r.tsv.journal" ||
        fail 'a refused --resume changed the journal'
    [ ! -e "$work/r.tsv" ] && [ ! -e "$work/r.tsv.journal.old" ] || fail 'a refused --resume wrote'
}
unresumable "$work/r.tsv.journal: no such file"
[ ! -e "$work/r.tsv.journal" ] || fail 'a refused --resume made a journal'
printf 'no journal\n' >"$work/r.tsv.journal"
unresumable "$work/r.tsv.journal: is no journal"
sed 's/^impl_revs.*/impl_revs\tportable=000000000000/' "$journal" >"$work/r.tsv.journal"
unresumable "$work/r.tsv.journal is of another machine or of other kernels"
sed 's/family=[0-9]*/family=9999/' "$journal" >"$work/r.tsv.journal"
unresumable "$work/r.tsv.journal is of another machine or of other kernels"
grep -v '^run' "$journal" >"$work/r.tsv.journal"
unresumable "$work/r.tsv.journal does not say what its run was asked for"
unresumable '--resume and --fresh contradict' --fresh
printf 'run\t--model\tresnet50\t--colour\tred\n' >>"$work/r.tsv.journal"
unresumable "'--colour'"
printf 'run\t--model\tnonet\n' >>"$work/r.tsv.journal"
unresumable 'nonet'

# --- A journal of other kernels is set aside.
sed 's/^impl_revs.*/impl_revs\tportable=000000000000/' "$journal" >"$work/stale"
cp "$work/stale" "$journal"
tune --shapes "$work/shapes.txt" --time 3 || fail 'tuning beside a stale journal failed'
says 'of other kernels'
says '3 of 3 shapes to measure'

# --- Few long rows: threads share them by pieces, no kernel is chosen, no line is written.
printf 'position\t1x151296\tlinear\trows\n' >"$work/long.txt"
"$gcstep" tune --table "$work/long.tsv" --threads 2 --rigor quick --time 2 \
    --shapes "$work/long.txt" >"$work/out" 2>"$work/err" || fail 'tuning long rows failed'
says 'left out: 1 tensor'
[ "$(count '^line' "$work/long.tsv")" -eq 0 ] || fail 'a row that is shared by pieces has a line'

echo 'tuning works from end to end'
