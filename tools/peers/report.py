"""What a trial found: its table, its two verdicts, and both as JSON."""
import json
import os
import statistics

from peers.trial import gcstep_of, ratio

# How many times gcstep's centred step must be as fast as the fastest peer.
GOALS = {True: 1.5, False: 1.0}
COLUMNS = ("peer", "centres", "ms", "time / gcstep's", "quartiles", "off by", "version")


def describe(entry, base):
    """One row, as JSON has it. The ratio is to gcstep's centred step."""
    row = {"name": entry.peer.name, "version": entry.peer.version, "centres": entry.peer.centred,
           "deviation": entry.deviation}
    if entry.refused:
        return {**row, "refused": entry.refused}
    return {**row, "median_ms": statistics.median(entry.times) * 1e-6, "ratio": ratio(entry, base)}


def median_ratio(row):
    return row["ratio"]["median"] if "ratio" in row else float("inf")


def verdict(rows, centres):
    """Against the fastest peer that centres, or that does not."""
    others = [r for r in rows if r["centres"] == centres and r["name"] != "gcstep" and "ratio" in r]
    if not others:
        return None
    fastest = min(others, key=median_ratio)
    return {"peer": fastest["name"], "version": fastest["version"], "ratio": fastest["ratio"],
            "goal": GOALS[centres], "met": fastest["ratio"]["median"] >= GOALS[centres]}


def summarize(trial, entries, absent):
    """`trial` says what was run: model, spec, threads, and so on."""
    base = gcstep_of(entries, centred=True)
    rows = [describe(e, base) for e in entries]
    return {**trial, "rounds": len(base.times), "peers": rows,
            "absent": [{"name": name, "why": why} for name, why in absent],
            "fastest_that_centres": verdict(rows, True),
            "fastest_that_does_not": verdict(rows, False)}


def cells(row):
    first = (row["name"], "yes" if row["centres"] else "no")
    off = "-" if row["deviation"] is None else f"{row['deviation']:.1e}"
    if "refused" in row:
        return (*first, "-", "refused", "-", off, row["version"])
    r = row["ratio"]
    return (*first, f"{row['median_ms']:.2f}", f"{r['median']:.2f}",
            f"{r['lower_quartile']:.2f} to {r['upper_quartile']:.2f}", off, row["version"])


def print_table(rows):
    lines = [COLUMNS, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    for line in lines:
        # Words to the left, numbers to the right.
        aligned = [c.rjust(w) if 2 <= i < 6 else c.ljust(w)
                   for i, (c, w) in enumerate(zip(line, widths))]
        print("  ".join(aligned).rstrip())


def verdict_line(found, what, goal):
    if found is None:
        return f"the fastest that {what}: there is none here"
    r = found["ratio"]
    return (f"the fastest that {what}: {found['peer']}, {r['median']:.2f} times gcstep's time "
            f"({r['lower_quartile']:.2f} to {r['upper_quartile']:.2f}); goal {goal}: "
            f"{'met' if found['met'] else 'NOT MET'}")


def print_summary(summary):
    print(f"\n{summary['model']}/{summary['spec']}, threads: {summary['threads']}, "
          f"{summary['elements']:,} parameters, {summary['rounds']} rounds")
    print_table(sorted(summary["peers"], key=median_ratio))
    for row in summary["peers"]:
        if "refused" in row:
            kind = "centring" if row["centres"] else "not centring"
            print(f"refused: {row['name']}, {kind}: {row['refused']}")
    for gone in summary["absent"]:
        print(f"absent: {gone['name']}: {gone['why']}")
    print(verdict_line(summary["fastest_that_centres"], "centres", GOALS[True]))
    print(verdict_line(summary["fastest_that_does_not"], "does not", GOALS[False]), flush=True)


def write(path, result):
    """By another name, so that a file is whole or not there."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")
    os.replace(path + ".new", path)
