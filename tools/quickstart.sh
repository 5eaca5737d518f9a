#!/bin/sh
# From a fresh checkout to a tuned ResNet-50 step: installs what is missing, builds, verifies every
# kernel, tunes, benches, and prints one comparison. About five minutes on two cores.
#
#   sh tools/quickstart.sh [seconds for tuning, default 90]
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-90}
case $seconds in
'' | *[!0-9]* | 0*)
    echo "quickstart.sh: seconds for tuning must be a whole number from 1, not '$seconds'" >&2
    exit 2
    ;;
esac
table=build/tables/resnet50.tsv
results=build/tables/resnet50.json

say() {
    printf '\n== %s\n' "$*"
}

say 'Packages'
sh tools/packages.sh

say 'Build (build/release)'
cmake --preset release
cmake --build --preset release

say 'Verify: every kernel that this machine can run'
build/release/gcstep verify

say "Tune: ResNet-50, SGD with momentum, $seconds s (into $table)"
mkdir -p build/tables
build/release/gcstep tune --model resnet50 --spec sgdm --time "$seconds" --table "$table"

say 'Bench: one whole step of ResNet-50 with that table'
build/release/bench/bench_models --model=resnet50 --spec=sgdm --table="$table" \
    --benchmark_out="$results" --benchmark_out_format=json

say 'Result'
python3 tools/compare_bench.py "$results"

cat <<END

Next:
  build/release/gcstep info                 this machine, and which tables are in use
  build/release/gcstep explain --model resnet50 --spec sgdm --table $table
                                            the kernel of each tensor, and why
  build/release/bench/bench_models --help   other networks and optimizers
  README.md, "Link it"                      the library in a trainer of your own
To use the table in every program, set GCSTEP_TABLE to its path. 'gcstep tune' without --table
writes your own table instead, which the library finds by itself.
END
