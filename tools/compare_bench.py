#!/usr/bin/env python3
"""Prints the JSON of bench_models (--benchmark_out) as one aligned table in plain words.

    compare_bench.py RESULTS.json

Standard library only. To compare two runs of a bench program with each other use Google
Benchmark's own compare.py.
"""
import json
import sys

UNITS_IN_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
COUNTERS = ("ceiling", "bytes_per_second", "bytes_per_element")
OF_A_STEP = ("gc_cost", "vs_default")  # of a row without measuring


def read_runs(path):
    """The runs of a result file, and its context; repetitions are shown one by one, aggregates
    left out."""
    try:
        with open(path, encoding="utf-8") as file:
            contents = json.load(file)
        benchmarks, context = contents["benchmarks"], contents.get("context") or {}
    except OSError as error:
        sys.exit(f"compare_bench.py: {path}: {error.strerror}")
    except (ValueError, KeyError, TypeError):
        sys.exit(f"compare_bench.py: {path}: not a JSON result of Google Benchmark")
    runs = [b for b in benchmarks if b.get("run_type", "iteration") == "iteration"]
    if not runs:
        sys.exit(f"compare_bench.py: {path}: no benchmark in it")
    return runs, context


def row(path, run):
    """One line of the table; a failed benchmark shows its error."""
    name = run["name"].replace("/manual_time", "")
    if run.get("error_occurred"):
        return (name, "failed: " + run.get("error_message", "no reason given"))
    measured = "vs_step" in run
    missing = [c for c in COUNTERS + (() if measured else OF_A_STEP) if c not in run]
    if missing:
        sys.exit(f"compare_bench.py: {path}: {name} has no '{missing[0]}'; "
                 "is it a result of bench_models?")
    return (
        name,
        f"{run['real_time'] * UNITS_IN_MS[run['time_unit']]:.2f}",
        f"{run['bytes_per_second'] / 1e9:.1f}",
        f"{run['bytes_per_element']:.1f}",
        f"{100 * run['ceiling']:.1f} %",
        "-" if measured else f"{100 * (run['gc_cost'] - 1):+.1f} %",
        "-" if measured else f"{run['vs_default']:.3f}",
        f"{run['vs_step']:.2f}" if measured else "-",
    )


def print_table(rows):
    head = ("network/optimizer", "ms", "GB/s", "bytes/element", "of ceiling", "cost of GC",
            "tuned vs default", "vs step")
    full = [head] + [r for r in rows if len(r) == len(head)]
    widths = [max(len(r[i]) for r in full) for i in range(len(head))]
    widths[0] = max(widths[0], *(len(r[0]) for r in rows))
    for r in [head] + rows:
        if len(r) == len(head):
            cells = [r[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(r[1:], widths[1:])]
            print("  ".join(cells))
        else:
            print(r[0].ljust(widths[0]) + "  " + r[1])


LEGEND = """
bytes/element     that it must move
of ceiling        share of the speed of a step that only reads and writes, for the same bytes
cost of GC        time that centring adds to the same step without it; 0 % is free
tuned vs default  how many times as fast as with the default kernels; above 1 the table pays
vs step           measuring (and the step behind it): time / that of the step alone"""


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__.strip())
        sys.exit(0 if sys.argv[1:] == ["--help"] else 2)
    runs, context = read_runs(sys.argv[1])
    rows = [row(sys.argv[1], run) for run in runs]
    if "gcstep_emulated" in context:
        print("emulated:", context["gcstep_emulated"])
    print_table(rows)
    print(LEGEND)
    sys.exit(1 if any(len(r) == 2 for r in rows) else 0)


if __name__ == "__main__":
    main()
