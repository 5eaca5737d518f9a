#!/bin/sh
# test_peers_cuda.sh BUILD_DIR: tools/peers.py --device cuda with the CPU in the GPU's place: its
# peers take gcstep's step, one that takes another is refused, the epoch is timed, the JSON is
# whole; and without a GPU it says so. Skipped (77) without torch.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: test_peers_cuda.sh BUILD_DIR}" && pwd)
tools=$here/../tools
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$tools"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $1" >&2
    cat "$scratch/output" >&2
    exit 1
}

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

tab=$(printf '\t')
sed "s/ /$tab/g" >"$scratch/tiny.txt" <<'END_OF_SHAPES'
conv 64x32x3x3 conv rows
channels-last 3x3x40x64 conv cols
linear 300x257 linear cols
bias 300 bias flat
END_OF_SHAPES

cat >"$scratch/on_cpu.py" <<'END_OF_PYTHON'
import sys
import time

import torch

from gcstep import Library
from peers import cuda_device, cuda_epoch, cuda_program, cuda_steps, program


class Device:
    name = "cpu"

    def describe(self):
        return "the CPU"

    def target(self, library):
        target = library.c.gcs_cpu()
        target.threads = 1
        return target

    def synchronize(self):
        pass

    release = synchronize

    def time_behind(self, step, lead_ms):
        start = time.perf_counter()
        step()
        return (time.perf_counter() - start) * 1e3

    def time_alone(self, step):
        return (self.time_behind(step, 0),) * 2


def epoch(library):
    cuda_epoch.BATCH = 4
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.AdaptiveAvgPool2d(1),
                                torch.nn.Flatten(), torch.nn.Linear(8, 100))
    found = cuda_epoch.run(library, Device(), 8, model)
    names = [(r["optimizer"], r["centres"]) for r in found["rows"]]
    for name in "as the authors' code does it", "gcstep":
        assert (name, False) in names and (name, True) in names, names
    for row in found["rows"]:
        assert abs(row["epoch_s"] - 0.391 * row["step_ms"]) < 1e-9 and row["step_ms"] > 0, row
        assert (row["longer_by_gc"] is not None) == row["centres"], row


cuda_device.CudaDevice = Device
action, build, *arguments = sys.argv[1:]
if action == "epoch":
    epoch(Library(build, cuda_program.HEADER))
else:
    if action == "wrong":  # a mean over another group
        cuda_steps.CENTRINGS["foreach"] = lambda tensors: [g.sub_(g.mean()) for g in tensors.g]
    program.main(["--device", "cuda", "--build", build, *arguments])
END_OF_PYTHON

short="$build --shapes $scratch/tiny.txt --rounds 4 --json $scratch/out.json"
# shellcheck disable=SC2086  # a list of options
"$python" "$scratch/on_cpu.py" right $short --spec sgdm --spec adamw --compile \
    >"$scratch/output" 2>&1 || fail "peers.py --device cuda"
"$python" - "$scratch/out.json" <<'END_OF_PYTHON' >>"$scratch/output" 2>&1 || fail "its JSON"
import json, sys

result = json.load(open(sys.argv[1]))
assert result["gpu"] == "the CPU" and "failed" not in result
trials = result["trials"]
assert [(t["spec"], "compile" in t) for t in trials] == [
    ("sgdm", False), ("adamw", False), ("sgdm", True), ("adamw", True)], trials
for trial in trials[:2]:
    assert (trial["model"], trial["rounds"]) == ("tiny", 4)
    names = {(p["name"], p["centres"]) for p in trial["peers"]}
    for form in "loop", "foreach":
        assert {(f"torch {form}", False), (f"torch {form}, loop centring before", True)} <= names
    assert ("torch foreach, foreach centring before", True) in names
    for p in trial["peers"]:
        assert p["deviation"] <= 1e-4 and min(p["gpu_ms"], p["host_ms"], p["alone_ms"]) > 0, p
        assert p["ratio"]["lower_quartile"] <= p["ratio"]["median"], p
    assert trial["fastest_that_centres"]["goal"] == 2
END_OF_PYTHON

status=0
# shellcheck disable=SC2086
"$python" "$scratch/on_cpu.py" wrong $short --spec sgdm >"$scratch/output" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "status $status where a peer takes another step"
grep -q '^refused: torch foreach, foreach centring before: its weights are off by' \
    "$scratch/output" || fail "another step is not refused"

library=$(find "$build" -name libgcstep.so | head -n 1)
"$python" "$scratch/on_cpu.py" epoch "$library" >"$scratch/output" 2>&1 || fail "the epoch"

status=0
"$python" "$tools/peers.py" --device cuda --threads 2 --build "$build" \
    >"$scratch/output" 2>&1 || status=$?
if [ "$status" -ne 2 ] || ! grep -q -- '--threads and --install are none of' "$scratch/output"; then
    fail "--threads with --device cuda"
fi
if "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    echo "a GPU is here: not tried without"
else
    status=0
    "$python" "$tools/peers.py" --device cuda --build "$build" >"$scratch/output" 2>&1 || status=$?
    if [ "$status" -ne 1 ] || ! grep -q '^peers.py: --device cuda: torch' "$scratch/output"; then
        fail "no GPU, but status $status"
    fi
fi
echo "peers.py --device cuda: rounds, JSON, epoch, refusals"
