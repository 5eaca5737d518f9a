"""One trial on a GPU: all peers are held to gcstep's weights, then timed against it in rounds."""
import math
import random
import statistics
from dataclasses import dataclass, field

import torch

from peers.trial import CHECK_STEPS, TOLERANCE

LEAST_LEAD_MS = 0.5
WARM_UP_ROUNDS = 3
# How many times gcstep's centred step must be as fast as the fastest that centres; and as torch's
# fused one that does not.
GOALS = {True: 2.0, False: 1.0}
COLUMNS = ("peer", "centres", "GPU ms", "/ gcstep's", "quartiles", "host ms", "alone ms",
           "/ gcstep's", "off by")


@dataclass
class Entry:
    peer: object
    deviation: float = None
    refused: str = None
    gpu: list = field(default_factory=list)  # ms, one for each round; the others likewise
    host: list = field(default_factory=list)
    alone: list = field(default_factory=list)


def make_entries(makers):
    """Of the peers that can be made and stepped; the reasons of the others by name. gcstep itself
    must be there."""
    entries, absent = [], {}
    for name, make in makers:
        try:
            peer = make()
            before = [w.clone() for w in peer.tensors.w]
            for _ in range(CHECK_STEPS):
                peer.step()
            after = peer.tensors.w
            if any(torch.equal(a, b) for a, b in zip(before, after)):
                raise RuntimeError("a tensor has not been stepped")
        except Exception as error:  # whatever torch throws is the reason
            if name == "gcstep":
                raise
            first_line = str(error).strip().partition("\n")[0]
            absent[name] = f"{type(error).__name__}: {first_line}"
            continue
        entries.append((Entry(peer), before))
    check_weights(entries)
    return [entry for entry, _ in entries], absent


def gcstep_of(entries, centred):
    return next(e for e in entries if e.peer.name == "gcstep" and e.peer.centred == centred)


def deviation(weights, expected, before):
    """The largest difference, in units of the largest change of its tensor; infinite where
    something is no number."""
    def largest(a, b):
        return float((a - b).abs().max())
    off = [largest(w, e) / largest(e, b) for w, e, b in zip(weights, expected, before)]
    return max(off) if all(map(math.isfinite, off)) else math.inf


def check_weights(entries):
    """Refuses the peers that take another step than gcstep does."""
    for centred in (True, False):
        of_kind = [(e, before) for e, before in entries if e.peer.centred == centred]
        ours = gcstep_of([e for e, _ in of_kind], centred).peer.tensors.w
        for entry, before in of_kind:
            entry.deviation = deviation(entry.peer.tensors.w, ours, before)
            if not entry.deviation <= TOLERANCE:  # NaN too
                entry.refused = (f"its weights are off by {entry.deviation:.2g} of their change in "
                                 f"{CHECK_STEPS} steps")


def take_rounds(entries, device, rounds):
    """Every peer once in each round, in random order: once behind other work and once alone."""
    order = [e for e in entries if not e.refused]
    for number in range(WARM_UP_ROUNDS + rounds):
        if number == WARM_UP_ROUNDS:
            for e in order:
                e.gpu, e.host, e.alone = [], [], []
        random.shuffle(order)
        for e in order:
            host, alone = device.time_alone(e.peer.step)
            # The host is ahead of the GPU where the GPU is busy for longer than it takes.
            e.gpu.append(device.time_behind(e.peer.step, max(LEAST_LEAD_MS, 2 * host)))
            e.host.append(host)
            e.alone.append(alone)


def ratio(times, base):
    """Median and quartiles of the ratios of paired times."""
    lower, median, upper = statistics.quantiles([a / b for a, b in zip(times, base)], n=4,
                                                method="inclusive")
    return {"median": median, "lower_quartile": lower, "upper_quartile": upper}


def describe(entry, base):
    """One row, as JSON has it. Ratios are to gcstep's centred step."""
    row = {"name": entry.peer.name, "centres": entry.peer.centred, "deviation": entry.deviation}
    if entry.refused:
        return {**row, "refused": entry.refused}
    return {**row, "gpu_ms": statistics.median(entry.gpu),
            "host_ms": statistics.median(entry.host), "alone_ms": statistics.median(entry.alone),
            "ratio": ratio(entry.gpu, base.gpu), "alone_ratio": ratio(entry.alone, base.alone)}


def verdict(rows, centres):
    """Against the fastest that centres, or torch's fused one that does not, by the GPU's time."""
    others = [r for r in rows if "ratio" in r and r["name"] != "gcstep" and
              (r["centres"] if centres else r["name"] == "torch fused")]
    if not others:
        return None
    fastest = min(others, key=lambda r: r["ratio"]["median"])
    return {"peer": fastest["name"], "ratio": fastest["ratio"], "goal": GOALS[centres],
            "met": fastest["ratio"]["median"] >= GOALS[centres]}


def run(makers, device, rounds):
    """The trial as JSON has it."""
    entries, absent = make_entries(makers)
    take_rounds(entries, device, rounds)
    base = gcstep_of(entries, centred=True)
    rows = [describe(e, base) for e in entries]
    return {"rounds": rounds, "peers": rows,
            "absent": [{"name": name, "why": why} for name, why in absent.items()],
            "fastest_that_centres": verdict(rows, True),
            "fused_that_does_not": verdict(rows, False)}


# ---- As text

def cells(row):
    first = (row["name"], "yes" if row["centres"] else "no")
    off = f"{row['deviation']:.1e}"
    if "refused" in row:
        return (*first, "refused", "-", "-", "-", "-", "-", off)
    r = row["ratio"]
    return (*first, f"{row['gpu_ms']:.3f}", f"{r['median']:.2f}",
            f"{r['lower_quartile']:.2f} to {r['upper_quartile']:.2f}", f"{row['host_ms']:.3f}",
            f"{row['alone_ms']:.3f}", f"{row['alone_ratio']['median']:.2f}", off)


def print_table(columns, lines, words=2):
    """Words, in the first columns, to the left; numbers to the right."""
    widths = [max(len(line[i]) for line in [columns, *lines]) for i in range(len(columns))]
    for line in [columns, *lines]:
        aligned = [c.ljust(w) if i < words else c.rjust(w)
                   for i, (c, w) in enumerate(zip(line, widths))]
        print("  ".join(aligned).rstrip())


def print_verdict(what, found):
    if not found:
        print(f"{what}: there is none here")
        return
    r = found["ratio"]
    print(f"{what}: {found['peer']}, {r['median']:.2f} times gcstep's time "
          f"({r['lower_quartile']:.2f} to {r['upper_quartile']:.2f}); goal {found['goal']}: "
          f"{'met' if found['met'] else 'NOT MET'}")


def print_trial(title, trial):
    print(f"\n{title}, {trial['rounds']} rounds")
    print_table(COLUMNS, [cells(r) for r in sorted(
        trial["peers"], key=lambda r: r.get("gpu_ms", float("inf")))])
    for row in trial["peers"]:
        if "refused" in row:
            print(f"refused: {row['name']}: {row['refused']}")
    for gone in trial["absent"]:
        print(f"absent: {gone['name']}: {gone['why']}")
    print_verdict("the fastest that centres", trial["fastest_that_centres"])
    print_verdict("fused without centring", trial["fused_that_does_not"])
