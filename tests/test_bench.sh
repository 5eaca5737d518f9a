#!/bin/sh
# test_bench.sh BUILD_DIR: the bench programs end, their JSON has what compare.py and our own
# table need, and bad arguments are refused by name.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: test_bench.sh BUILD_DIR}" && pwd)
models=$build/bench/bench_models
kernels=$build/bench/bench_kernels
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
"$models" --model=mobilenet_v2 --spec=sgdm --spec=adamw --threads=1 --benchmark_min_time=0.02 \
    --benchmark_out="$scratch/models.json" >"$scratch/output" 2>&1 || fail "bench_models"
python3 - "$scratch/models.json" <<'END' || fail "the JSON of bench_models"
import json, sys

result = json.load(open(sys.argv[1]))
assert "gcstep_machine" in result["context"], "no machine in the context"
names = [b["name"] for b in result["benchmarks"]]
want = ["mobilenet_v2/sgdm/manual_time", "mobilenet_v2/adamw/manual_time"]
assert names == want, names
for b in result["benchmarks"]:
    # What compare.py reads.
    for field in ("run_name", "run_type", "iterations", "real_time", "cpu_time", "time_unit"):
        assert field in b, field
    # Wide bounds: a busy machine must not fail the test, a counter of another thing must.
    assert 0.3 < b["gc_cost"] < 3, b["gc_cost"]
    assert 0.1 < b["ceiling"] < 3, b["ceiling"]
    assert 0.3 < b["vs_default"] < 3, b["vs_default"]
    assert b["threads_used"] == 1 and b["rounds"] >= 9
    # bytes / time: 3,504,872 elements, 20 bytes each in SGDM and 28 in AdamW.
    bytes_of_step = 3504872 * (20 if "sgdm" in b["name"] else 28)
    seconds = b["real_time"] * {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[b["time_unit"]]
    assert abs(b["bytes_per_second"] * seconds / bytes_of_step - 1) < 0.01, b
END
python3 "$here/../tools/compare_bench.py" "$scratch/models.json" >"$scratch/output" ||
    fail "compare_bench.py"
grep -q '^mobilenet_v2/adamw  .* %' "$scratch/output" || fail "compare_bench.py's table"

refuses "unknown model 'resnet51'; known: resnet50" "$models" --model=resnet51
refuses "unknown spec 'lion'; known: sgd, sgdm, adam, adamw" "$models" --spec=lion
refuses "'--threads' must be" "$models" --threads=0
refuses "'--threads' must be" "$models" --threads=2x
refuses "none.tsv: no such file" "$models" --table="$scratch/none.tsv"
printf 'no table\n' >"$scratch/bad.tsv"
refuses "bad.tsv:1: " "$models" --table="$scratch/bad.tsv"
refuses "unknown option '--modle=vgg16'" "$models" --modle=vgg16
refuses "'--model' needs a value" "$models" --model
refuses "unknown option 'resnet50'" "$models" resnet50
"$models" --help >"$scratch/output" || fail "bench_models --help"
grep -q -- '--model=NAME' "$scratch/output" || fail "the help of bench_models"

# --- bench_kernels
filter='^sgdm_grad_rows_f32_.*/rows:64/cols:147/(cold|hot)/|^sgd_.*part.*/cols:8192/hot|traffic.*/cols:512/hot'
"$kernels" --benchmark_filter="$filter" --benchmark_min_time=0.002 \
    --benchmark_out="$scratch/kernels.json" >"$scratch/output" 2>&1 || fail "bench_kernels"
python3 - "$scratch/kernels.json" <<'END' || fail "the JSON of bench_kernels"
import json, sys

benchmarks = json.load(open(sys.argv[1]))["benchmarks"]
names = [b["name"] for b in benchmarks]
for part in ("sgdm_grad_rows_f32_portable_", "/cold", "/hot", "_part_", "_traffic_"):
    assert any(part in n for n in names), part
for b in benchmarks:
    assert not b.get("error_occurred"), b
    assert b["bytes_per_second"] > 1e6, b
END
refuses "unknown option '--kernel=x'" "$kernels" --kernel=x

# Every kernel of the registry is there: as many steps, sums and ceilings as gcstep info counts.
listed=$("$kernels" --benchmark_list_tests=true | cut -d/ -f1 | sort -u | wc -l)
counted=$("$build/gcstep" info | awk '
    /CPU and OS allow it/ { inside = 1; next }
    inside && $NF == "yes" { total += $3 + $4 + $5 }
    inside && NF == 0 { exit }
    END { print total }')
[ "$listed" -eq "$counted" ] || fail "bench_kernels has $listed kernels, gcstep info $counted"
echo "bench_models and bench_kernels: counters, JSON, refusals"
