#!/bin/sh
# test_bench.sh BUILD_DIR: the bench programs end, their JSON has what compare.py and our own
# table need, and bad arguments are refused by name.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: test_bench.sh BUILD_DIR}" && pwd)
models=$build/bench/bench_models
kernels=$build/bench/bench_kernels
calls=$build/bench/bench_calls
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $1"
    [ ! -f "$scratch/output" ] || sed 's/^/  | /' "$scratch/output"
    exit 1
}

# refuses WORDS program arguments...: status 2 and a message with these words.
refuses() {
    words=$1
    shift
    status=0
    "$@" >"$scratch/output" 2>&1 || status=$?
    [ "$status" -eq 2 ] || fail "status $status instead of 2: $*"
    grep -q -- "$words" "$scratch/output" || fail "the message does not say '$words': $*"
}

# --- bench_models
"$models" --model=mobilenet_v2 --spec=sgdm --spec=adamw --spec=amsgrad_update_bf16-bf16 --threads=1 \
    --measure=1 --benchmark_min_time=0.02 \
    --benchmark_out="$scratch/models.json" >"$scratch/output" 2>&1 || fail "bench_models"
python3 - "$scratch/models.json" <<'END' || fail "the JSON of bench_models"
import json, sys

result = json.load(open(sys.argv[1]))
assert "gcstep_machine" in result["context"], "no machine in the context"
names = [b["name"] for b in result["benchmarks"]]
# Bytes per element: f32 w, m (and v, v_max) read and written, g read once, and once more to
# measure it. With means given and an L2 term in what is centred, w is read to measure too, but for
# the biases and norms, less than 2 % of all.
want = {
    "sgdm": 20,
    "sgdm/measure": 4,
    "sgdm/measure+step": 24,
    "sgdm/measure+means": 28,
    "adamw": 28,
    "adamw/measure": 4,
    "adamw/measure+step": 32,
    "adamw/measure+means": 32,
    "amsgrad_update_bf16-bf16": 36,
    "amsgrad_update_bf16-bf16/measure": 2,
    "amsgrad_update_bf16-bf16/measure+step": 38,
}
assert names == ["mobilenet_v2/" + n + "/manual_time" for n in want], names
for b, wanted in zip(result["benchmarks"], want.values()):
    # What compare.py reads.
    for field in ("run_name", "run_type", "iterations", "real_time", "cpu_time", "time_unit"):
        assert field in b, field
    # Wide bounds: a busy machine must not fail the test, a counter of another thing must.
    if "measure" in b["name"]:
        least, most = (0.9, 9) if "+" in b["name"] else (0.02, 2)
        assert least < b["vs_step"] < most, b["vs_step"]
    else:
        assert 0.3 < b["gc_cost"] < 3, b["gc_cost"]
        assert 0.3 < b["vs_default"] < 3, b["vs_default"]
    assert 0.05 < b["ceiling"] < 3, b["ceiling"]
    assert b["threads_used"] == 1 and b["rounds"] >= 9
    assert wanted * 0.98 <= b["bytes_per_element"] <= wanted, b
    # Bytes / time.
    bytes_of_step = 3504872 * b["bytes_per_element"]
    seconds = b["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[b["time_unit"]]
    assert abs(b["bytes_per_second"] * seconds / bytes_of_step - 1) < 0.01, b
END
python3 "$here/../tools/compare_bench.py" "$scratch/models.json" >"$scratch/output" ||
    fail "compare_bench.py"
grep -q '^mobilenet_v2/adamw  .* %' "$scratch/output" || fail "compare_bench.py's table"
grep -q '^mobilenet_v2/adamw/measure+means  .* %' "$scratch/output" ||
    fail "compare_bench.py's table of measuring"

# One tensor in the place of a network; a small one in copies, which the time per element shows.
"$models" --shape=rows:2x100000 --shape=cols:9x64 --shape=general:3x9x16 --shape=flat:1000000 \
    --threads=1 --benchmark_min_time=0.02 --benchmark_out="$scratch/shapes.json" \
    >"$scratch/output" 2>&1 || fail "bench_models --shape"
python3 - "$scratch/shapes.json" <<'END' || fail "the JSON of bench_models --shape"
import json, sys

benchmarks = json.load(open(sys.argv[1]))["benchmarks"]
elements = {"rows:2x100000": 200000, "cols:9x64": 576, "general:3x9x16": 432, "flat:1000000": 10**6}
assert [b["name"].split("/")[0] for b in benchmarks] == list(elements), benchmarks
for b, count in zip(benchmarks, elements.values()):
    # As many copies as it takes to move 4 MiB.
    copies = -(-(4 << 20) // (count * 20))
    bytes_of_step = copies * count * 20
    seconds = b["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[b["time_unit"]]
    assert abs(b["bytes_per_second"] * seconds / bytes_of_step - 1) < 0.01, b
    # A median beside a mean.
    assert 0.02 < b["ns_per_element"] * copies * count * 1e-9 / seconds < 3, b
    # What is centred: 20 bytes, and g and w once more for their mean.
    more = 1 if b["name"].startswith("flat") else 28 / 20
    assert ("two_reads" in b) == (more > 1), b
    assert more == 1 or abs(b["two_reads"] / b["ceiling"] / more - 1) < 1e-6, b
END

refuses "unknown model 'resnet51'; known: resnet50" "$models" --model=resnet51
refuses "unknown spec 'lion'" "$models" --spec=lion
refuses "unknown spec 'adamw_grad_bf17'" "$models" --spec=adamw_grad_bf17
refuses "'--measure' must be 0 or 1" "$models" --measure=yes
refuses "'--threads' must be" "$models" --threads=0
refuses "'--threads' must be" "$models" --threads=2x
refuses "none.tsv: no such file" "$models" --table="$scratch/none.tsv"
printf 'no table\n' >"$scratch/bad.tsv"
refuses "bad.tsv:1: " "$models" --table="$scratch/bad.tsv"
refuses "unknown option '--modle=vgg16'" "$models" --modle=vgg16
refuses "'--model' needs a value" "$models" --model
refuses "unknown option 'resnet50'" "$models" resnet50
for shape in rows:5 rows:5x rows:x5 rows:5x6x7 cols:-5x6 general:5x6 flat:5x6 flat:5a flat row:5x6 \
    flat:99999999999999999999; do
    refuses "'--shape' must be rows:AxB, cols:AxB, general:AxBxC or flat:A, not '$shape'" \
        "$models" --shape=$shape
done
refuses "'--shape': 'rows:0x5': shape.rows is 0" "$models" --shape=rows:0x5
refuses "'--shape': 'rows:4294967296x4294967296': shape" \
    "$models" --shape=rows:4294967296x4294967296
"$models" --help >"$scratch/output" || fail "bench_models --help"
grep -q -- '--model=NAME' "$scratch/output" || fail "the help of bench_models"

# --- bench_calls
"$calls" --spec=sgdm --spec=amsgrad_update_bf16-bf16 --tensors=1 --tensors=20 --elements=32 \
    --benchmark_min_time=0.002 --benchmark_out="$scratch/calls.json" >"$scratch/output" 2>&1 ||
    fail "bench_calls"
python3 - "$scratch/calls.json" <<'END' || fail "the JSON of bench_calls"
import json, sys

benchmarks = json.load(open(sys.argv[1]))["benchmarks"]
names = [f"{call}/{step}/{layout}/tensors:{count}/manual_time"
         for step in ("sgdm", "amsgrad_update_bf16-bf16") for call in ("gcs_step", "gcs_step_tensor")
         for count in (1, 20) for layout in ("rows", "cols", "flat")]
assert [b["name"] for b in benchmarks] == names, benchmarks
for b in benchmarks:
    count = 20 if "tensors:20" in b["name"] else 1
    # 20 microseconds each even on a busy machine; a call takes longer than what it calls, but for
    # the noise of medians.
    assert 0 < b["kernel_ns"] < b["call_ns"] < 2e4 * count, b
    assert abs(b["over_kernel_ns"] - (b["call_ns"] - b["kernel_ns"])) < 0.5 * b["call_ns"], b
    assert abs(b["per_tensor_ns"] * count - b["over_kernel_ns"]) < 0.01, b
    assert b["rounds"] >= 9 and b["threads_used"] == 1, b
    # 1,000 tensors a round.
    round_ns = b["real_time"] * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[b["time_unit"]]
    assert 0.05 < b["call_ns"] / count * 1000 / round_ns < 3, b
END
refuses "'--tensors' must be a whole number from 1 to 65536, not '0'" "$calls" --tensors=0
refuses "'--elements' must be a multiple of 16, not '65'" "$calls" --elements=65
refuses "unknown spec 'lion'" "$calls" --spec=lion
refuses "unknown option '--model=vgg16'" "$calls" --model=vgg16

# --- bench_kernels
filter='^sgdm_grad_rows_f32_.*/rows:64/cols:147/(cold|hot)/|^sgd_.*part.*/cols:8192/hot|traffic.*/cols:512/hot'
filter="$filter"'|^any_.*(rows:64/cols:147|rows:147/cols:64|cols:8192|rows:1/cols:512)/hot'
"$kernels" --benchmark_filter="$filter" --benchmark_min_time=0.002 \
    --benchmark_out="$scratch/kernels.json" >"$scratch/output" 2>&1 || fail "bench_kernels"
python3 - "$scratch/kernels.json" <<'END' || fail "the JSON of bench_kernels"
import json, sys

benchmarks = json.load(open(sys.argv[1]))["benchmarks"]
names = [b["name"] for b in benchmarks]
for part in ("sgdm_grad_rows_f32_portable_", "/cold", "/hot", "_part_", "_traffic_",
             "_given_u", "_measure_u", "_change_u", "_sums_u",
             "any_grad_rows_any_portable_pipe_u32/sgdm_grad/rows:64/cols:147/hot",
             "any_update_cols_any_portable_panel_u32/adamw_update_bf16-bf16/rows:147/cols:64/hot",
             "any_none_flat_any_portable_linear_u32/amsgrad_none/rows:1/cols:512/hot"):
    assert any(part in n for n in names), part
for b in benchmarks:
    assert not b.get("error_occurred"), b
    assert b["bytes_per_second"] > 1e6, b
END
refuses "unknown option '--kernel=x'" "$kernels" --kernel=x
refuses "unknown spec 'lion'" "$kernels" --spec=lion

# General kernels on the step that is asked for, and on no other; what is not centred as none.
"$kernels" --spec=adagrad_raw_f16-f16s --benchmark_list_tests=true >"$scratch/output" ||
    fail "bench_kernels --spec"
steps=$(grep '^any_' "$scratch/output" | cut -d/ -f2 | sort -u | tr '\n' ' ')
[ "$steps" = 'adagrad_none_f16-f16s adagrad_raw_f16-f16s ' ] || fail "steps with --spec: $steps"
grep -q '^any_update_' "$scratch/output" && fail "a kernel for another centre than the spec's"

# Every kernel of the registry is there, as many as gcstep info counts.
listed=$("$kernels" --benchmark_list_tests=true | cut -d/ -f1 | sort -u | wc -l)
counted=$("$build/gcstep" info | awk '
    /CPU and OS allow it/ { inside = 1; next }
    inside && $NF == "yes" { total += $5 }
    inside && NF == 0 { exit }
    END { print total }')
[ "$listed" -eq "$counted" ] || fail "bench_kernels has $listed kernels, gcstep info $counted"
echo "bench_models, bench_calls and bench_kernels: counters, JSON, refusals"
