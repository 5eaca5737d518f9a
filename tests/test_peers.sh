#!/bin/sh
# test_peers.sh BUILD_DIR: tools/peers.py times torch beside gcstep and writes its JSON, refuses a
# peer that takes another step, and names what is wrong with its arguments. Skipped (77) without
# torch.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: test_peers.sh BUILD_DIR}" && pwd)
tools=$here/../tools
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$tools"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $1" >&2
    cat "$scratch/output" >&2
    exit 1
}

# Not the newest torch that `peers.py --install` may have left: it takes long to load.
python=
for candidate in python3 /usr/bin/python3; do
    if "$candidate" -c 'import numpy, torch' 2>/dev/null; then
        python=$(command -v "$candidate")
        break
    fi
done
if [ -z "$python" ]; then
    echo "skipped: no Python with torch (Debian: python3-torch)"
    exit 77
fi

# peers ARGUMENTS...: a short run on a network of every layout.
tab=$(printf '\t')
sed "s/ /$tab/g" >"$scratch/tiny.txt" <<'END'
# name dims kind layout
conv 64x32x3x3 conv rows
depthwise 96x1x3x3 conv rows
channels-last 3x3x40x64 conv cols
linear 300x257 linear cols
tokens 1x50x64 embedding rows
left-alone 20x300 embedding flat
bias 300 bias flat
END
short="--shapes $scratch/tiny.txt --build $build --python $python --threads 1 --rounds 4"
short="$short --json $scratch/out.json"

# --- Every peer takes gcstep's step. (Adam: below.)
# shellcheck disable=SC2086  # a list of options
"$python" "$tools/peers.py" $short --spec sgdm --spec adamw >"$scratch/output" 2>&1 ||
    fail "peers.py"
"$python" - "$scratch/out.json" <<'END' >>"$scratch/output" 2>&1 || fail "the JSON of peers.py"
import json, sys

result = json.load(open(sys.argv[1]))
assert "cores=" in result["machine"] and result["schema_version"] == 1
assert [t["spec"] for t in result["trials"]] == ["sgdm", "adamw"]
for trial in result["trials"]:
    assert (trial["model"], trial["threads"], trial["rounds"]) == ("tiny", 1, 4), trial
    assert trial["elements"] == 64*288 + 96*9 + 360*64 + 300*257 + 3200 + 6000 + 300
    peers = {(p["name"], p["centres"]): p for p in trial["peers"]}
    assert len(peers) == len(trial["peers"])
    for name in ("gcstep", "torch loop", "torch foreach", "plain C -O3", "plain C -Ofast"):
        for centres in (True, False):
            peer = peers[name, centres]
            assert "refused" not in peer and peer["version"] and peer["median_ms"] > 0, peer
            ratio = peer["ratio"]
            assert 0 < ratio["lower_quartile"] <= ratio["median"] <= ratio["upper_quartile"], peer
            # Other code rounds otherwise: 0 would mean that nothing was compared.
            assert (peer["deviation"] == 0) == (name == "gcstep"), peer
            assert peer["deviation"] < 1e-4, peer
    assert peers["gcstep", True]["ratio"]["median"] == 1
    for centres, found in ((True, trial["fastest_that_centres"]),
                           (False, trial["fastest_that_does_not"])):
        others = [p for (name, c), p in peers.items() if c == centres and name != "gcstep"]
        least = min(p["ratio"]["median"] for p in others)
        assert found["ratio"]["median"] == least == peers[found["peer"], centres]["ratio"]["median"]
        assert found["goal"] == (1.5 if centres else 1) and found["met"] == (least >= found["goal"])
    assert {"name": "torch.compile", "why": "not asked for (--compile)"} in trial["absent"]
END
grep -q '^the fastest that centres: .* times gcstep' "$scratch/output" || fail "the verdict"
grep -q '^torch foreach  *yes .* torch [0-9]' "$scratch/output" || fail "the table"

# --- A peer that takes another step is refused, and is not timed.
# refused CHANGE PATTERN: with torch's set-up changed.
refused() {
    status=0
    # shellcheck disable=SC2086
    "$python" - "$1" $short --spec adam >"$scratch/output" 2>&1 <<'END' || status=$?
import dataclasses, sys
from peers import program

change, honest = sys.argv[1], program.setup_for

def setup_for(engine, *arguments):
    setup = honest(engine, *arguments)
    if engine == "torch" and change == "rate":
        setup.hyper = {**setup.hyper, "lr": setup.hyper["lr"] * 1.01}
    if engine == "torch" and change == "groups":
        setup.shapes = [dataclasses.replace(s, layout="flat") if s.dims == [3, 3, 40, 64] else s
                        for s in setup.shapes]
    if engine == "torch" and change == "size":
        setup.shapes = setup.shapes[:-1]
    return setup

program.setup_for = setup_for
program.main(sys.argv[2:])
END
    [ "$status" -eq 1 ] || fail "status $status instead of 1 with another $1"
    grep -q "^refused: torch loop, centring: $2" "$scratch/output" || fail "another $1 passes"
    "$python" - "$scratch/out.json" "$1" <<'END' >>"$scratch/output" 2>&1 || fail "refused: JSON"
import json, sys

[trial] = json.load(open(sys.argv[1]))["trials"]
for peer in trial["peers"]:
    # Without the centring pass it is still the same step.
    wrong = peer["name"].startswith("torch") and (peer["centres"] or sys.argv[2] != "groups")
    assert ("refused" in peer) == wrong and ("ratio" in peer) != wrong, peer
assert not trial["fastest_that_centres"]["peer"].startswith("torch")
END
}
refused rate 'its weights are off by 0.01 of their change in 3 steps'
refused groups 'its weights are off by '
refused size 'it works on [0-9]* bytes of weights, gradients and state, not [0-9]*'

# --- Bad arguments.
# refuses WORDS arguments...: status 2 and a message with these words.
refuses() {
    words=$1
    shift
    status=0
    "$python" "$tools/peers.py" --build "$build" "$@" >"$scratch/output" 2>&1 || status=$?
    [ "$status" -eq 2 ] || fail "status $status instead of 2: $*"
    grep -q -- "$words" "$scratch/output" || fail "the message does not say '$words': $*"
}
refuses "'resnet51' (choose from 'fasterrcnn" --model resnet51
refuses "'lion' (choose from 'sgdm'" --spec lion
refuses "--threads: this process may use [0-9]* processors, not 65536" --threads 65536
refuses "--threads: invalid positive int value: '0'" --threads 0
refuses "--time: invalid positive float value: 'nan'" --time nan
refuses "--rounds: .* at least 2" --rounds 1
refuses "--json: there is no folder $scratch/none" --json "$scratch/none/out.json"
refuses "--python: $scratch/none: No such file" --python "$scratch/none"
refuses "none.txt: No such file" --shapes "$scratch/none.txt"
refuses "--build: no libgcstep.so in $scratch" --build "$scratch"
bad() {
    printf '# a comment\n%b\n' "$1" >"$scratch/bad.txt"
    refuses "bad.txt:2: $2" --shapes "$scratch/bad.txt"
}
bad 'a\t3x0\tconv\trows' "dims: '3x0'"
bad 'a\t3x4\tconv' "a line is name, dims, kind and layout"
bad 'a\t3x4\tconv\tdiagonal' "layout: 'diagonal'"
bad 'a\t3x4\tdense\trows' "kind: 'dense'"
bad 'a\t3\tbias\trows' ".* must be flat"
printf '\n' >"$scratch/bad.txt"
refuses "bad.txt: there is no tensor in it" --shapes "$scratch/bad.txt"

# A gcstep that cannot be stepped is said to be so.
status=0
# shellcheck disable=SC2086
GCSTEP_KERNEL=nonesuch "$python" "$tools/peers.py" $short >"$scratch/output" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "status $status instead of 1 for a kernel that does not exist"
grep -q "GCSTEP_KERNEL is 'nonesuch'" "$scratch/output" || fail "not the library's own sentence"
echo "peers.py: every peer takes gcstep's step, other steps are refused"
