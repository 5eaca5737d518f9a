#!/bin/sh
# test_cuda_bench.sh PROGRAM: bench_models --backend=cuda, linked with the stand-in for CUDA's driver:
# it goes through everything and ends well, the JSON has what is to be there, and what fails is said.
# The times mean nothing.
set -eu

models=${1:?usage: test_cuda_bench.sh PROGRAM}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $1"
    [ ! -f "$scratch/output" ] || sed 's/^/  | /' "$scratch/output"
    exit 1
}

# on_standin arguments...: with what it says in $scratch/output.
on_standin() {
    "$models" --backend=cuda "$@" >"$scratch/output" 2>&1
}

# refuses STATUS WORDS arguments...
refuses() {
    wanted=$1 words=$2 status=0
    shift 2
    on_standin "$@" || status=$?
    [ "$status" -eq "$wanted" ] || fail "status $status instead of $wanted: $*"
    grep -q -- "$words" "$scratch/output" || fail "the message does not say '$words': $*"
}

# Of buffers few sets: the stand-in has few streams.
few='--elements=4000000 --rounds=3'
# shellcheck disable=SC2086  # a list of options
on_standin $few --model=resnet50 --shape=cols:768x1024 --shape=rows:64x9 --all-kernels=1 \
    --spec=sgdm --spec=adam --benchmark_out="$scratch/out.json" || fail "networks and shapes"
python3 - "$scratch/out.json" <<'END_OF_PYTHON' || fail "the JSON"
import json, sys

result = json.load(open(sys.argv[1]))
assert "Stand-in 0" in result["context"]["gcstep_gpu"], result["context"]
found = {b["name"].removesuffix("/iterations:3/manual_time"): b for b in result["benchmarks"]}
common = {"gc_cost", "ceiling", "copy_fraction", "over_copy", "ns_per_element", "rounds"}
of_step = {"plain_copy_fraction", "ceiling_copy_fraction", "copy_GBps", "host_us", "sets"}
for spec, size in ("sgdm", 20), ("adam", 28):
    kernel = f"{spec}_grad_cols_f32_cuda_"
    for name in ("resnet50", "cols:768x1024", "rows:64x9"):
        step = found.pop(f"{name}/{spec}")
        assert not (common | of_step) - set(step), step
        assert step["bytes_per_element"] == size and step["rounds"] == 3, step
        assert abs(step["copy_fraction"] * step["over_copy"] - 1) < 1e-9, step
        assert step["label"] == "4 kernels" or step["label"].startswith(spec), step
    assert "vs_step" in found.pop(f"resnet50/{spec}/graph")
    forced = [n for n in found if n.startswith(f"cols:768x1024/{spec}/{kernel}")]
    assert len(forced) > 2 and any("_cluster" in n for n in forced), found.keys()
    # Rows of 9: none of those that have a block for each.
    assert not [n for n in found if "rows:64x9" in n and ("keep" in n or "split" in n)]
for name, b in found.items():
    assert "vs_step" in b and not common - set(b), (name, b)
END_OF_PYTHON
grep -q '^resnet50/sgdm/graph ' "$scratch/output" || fail "no table"

# shellcheck disable=SC2086
on_standin $few --shapes=1 --benchmark_list_tests=true || fail "the list of shapes"
[ "$(wc -l <"$scratch/output")" -ge 35 ] || fail "few shapes"

refuses 1 'there is no GPU number 7' --device=7
refuses 2 "option '--threads' is none of --backend=cuda" --threads=2
refuses 2 "'--backend' must be cpu, cuda or opencl, not 'tpu'" --backend=tpu
status=0
"$models" --shapes=1 >"$scratch/output" 2>&1 || status=$?
if [ "$status" -ne 2 ] || ! grep -q "'--shapes' needs --backend=cuda or --backend=opencl" "$scratch/output"; then
    fail "--shapes on the CPU"
fi
echo "bench_models --backend=cuda: networks, graphs, shapes, forced kernels, refusals"
