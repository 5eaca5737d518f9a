#!/bin/sh
# bench_models.sh PROGRAM: bench_models --backend=opencl on whatever OpenCL there is: it ends well, the
# table and the JSON have what is to be there, of a size that it can be, and what fails is said. Ends
# with 77 where there is no OpenCL platform.
set -eu

models=${1:?usage: bench_models.sh PROGRAM}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $1"
    [ ! -f "$scratch/output" ] || sed 's/^/  | /' "$scratch/output"
    exit 1
}

# refuses STATUS WORDS arguments...
refuses() {
    wanted=$1 words=$2 status=0
    shift 2
    "$models" "$@" >"$scratch/output" 2>&1 || status=$?
    [ "$status" -eq "$wanted" ] || fail "status $status instead of $wanted: $*"
    grep -q -- "$words" "$scratch/output" || fail "the message does not say '$words': $*"
}

# What needs no device.
refuses 2 "option '--threads' is none of --backend=opencl" --backend=opencl --threads=2
refuses 2 "option '--measure' is none of --backend=opencl" --measure=1 --backend=opencl
refuses 2 "'--backend' must be cpu, cuda or opencl, not 'cl'" --backend=cl
refuses 2 "'--device' needs --backend=cuda or --backend=opencl" --device=1
refuses 2 "'--device' must be a whole number" --backend=opencl --device=first

# Few kernels in few sets: a device's compiler takes seconds for each of the first.
status=0
"$models" --backend=opencl --model=mobilenet_v2 --spec=sgdm --rounds=3 \
    --benchmark_out="$scratch/model.json" >"$scratch/output" 2>&1 || status=$?
if [ "$status" -eq 1 ] && grep -qE 'there is no OpenCL loader|finds no platform|no device here' \
    "$scratch/output"; then
    echo "skipped: $(grep 'backend=opencl' "$scratch/output")"
    exit 77
fi
[ "$status" -eq 0 ] || fail "a network"
grep -qE '^ +ms +GB/s +host +ceiling +gc cost +of copy +vs nat. +native +nat.ceil' \
    "$scratch/output" || fail "no headings"
grep -qE '^mobilenet_v2/sgdm +[0-9.]+ +[0-9]+ ( +[0-9.]+){4}' "$scratch/output" || fail "no table"
"$models" --backend=opencl --shape=rows:2500x1600 --elements=16000000 --all-kernels=1 --spec=sgdm \
    --rounds=3 --benchmark_out="$scratch/shape.json" >"$scratch/output" 2>&1 || fail "a shape"
python3 - "$scratch/model.json" "$scratch/shape.json" <<'END_OF_PYTHON' || fail "the JSON"
import json, sys

results = [json.load(open(name)) for name in sys.argv[1:]]
device = results[0]["context"]["gcstep_opencl"]
assert "OpenCL" in device and "driver" in device and "platform" in device, device
cpu = ", CPU, " in device
found = {b["name"].removesuffix("/iterations:3/manual_time"): b
         for result in results for b in result["benchmarks"]}
common = {"gc_cost", "ceiling", "copy_fraction", "over_copy", "ns_per_element", "rounds"}
of_step = {"plain_copy_fraction", "ceiling_copy_fraction", "copy_GBps", "host_us", "sets"}
if cpu:
    common |= {"vs_native"}
    of_step |= {"native_us", "native_ceiling", "ceiling_vs_native"}
for name, size, count in ("mobilenet_v2/sgdm", 20, 3504872), ("rows:2500x1600/sgdm", 20, 16000000):
    step = found[name]
    assert not (common | of_step) - set(step), step
    assert step["bytes_per_element"] == size and step["rounds"] == 3, step
    assert abs(step["copy_fraction"] * step["over_copy"] - 1) < 1e-9, step
    assert step["label"].endswith(" kernels") or "_opencl_" in step["label"], step
    # Microseconds: the device's time lies within the host's, and is of a step of this size: no
    # device moves more than 20 TB/s, and a CPU that is busy with much else 20 MB/s.
    us = step["ns_per_element"] * count / 1e3
    assert step["host_us"] >= 0.9 * us, (us, step)
    assert size * count / 2e7 < us < size * count / 20, (us, step)
    if cpu: # medians of the same times
        assert 1 / 3 < step["native_us"] / step["host_us"] / step["vs_native"] < 3, step
forced = [name for name in found if name.startswith("rows:2500x1600/sgdm/any_grad_rows_")]
assert len(forced) > 2, found.keys()
for name, b in found.items():
    assert not common - set(b), (name, b)
    # Ratios of things that move as many bytes; a busy machine must not fail this.
    assert all(0.01 < b[c] < 100 for c in common - {"rounds", "ns_per_element"}), (name, b)
END_OF_PYTHON
"$models" --backend=opencl --elements=4000000 --shapes=1 --benchmark_list_tests=true \
    >"$scratch/output" 2>&1 || fail "the list of shapes"
[ "$(grep -cE '^(flat|rows|general):' "$scratch/output")" -eq 15 ] || fail "other shapes"

refuses 1 'there is no OpenCL device 1023' --backend=opencl --device=1023
echo "bench_models --backend=opencl: a network, a shape, forced kernels, refusals"
