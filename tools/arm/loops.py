#!/usr/bin/env python3
"""What the loops of the NEON kernels cost on models of Arm cores: the evidence for their speed
until they are timed.

    tools/arm/loops.py [--object FILE | --compiler COMMAND] [--kernel REGEX] [--details]
                       [--markdown] [--dispatch CORE=N]

Finds, in the disassembly of each specialised kernel of kernels/neon/variants.h, the loop over whole
vectors, runs llvm-mca on it and prints, per vector, that is per 16 bytes of each stream, cycles,
ports and the margins; with --details all of these, loop by loop:

  fixed   vectors read or written where they were in the round before, or read twice: what the
          compiler spilled or had no register for
  cycles  what the model takes
  ports   what its load and store pipes alone would take, by llvm-mca's own count; ratio: to that
  binds   the pipes with the most work, and in how many of the cycles. Far below 100 %, latencies
          bind, which the model's window does not hide
  margin  bytes a second if memory were endlessly fast, over those that one core gets from DRAM. The
          bytes are what a step has to read and write, per element 12 of SGD, 20 of SGDM, 28 of Adam
          (part_sums: reads 8). From 2 on, memory is what a step waits for
  shared  the same over a core's share of what all cores together get

Each kernel has its loop twice, with the decay term and without. The first in the code is taken that
reads, writes and calculates exactly what the formulas with decay say, for as many vectors as the
kernel's name says. A kernel without one is named, and the exit status is 1. Of a loop of several
blocks the path with the most vectors counts. Where a group is walked twice there are two loops, and
"both" adds them up. The sum of a tile is no loop: it is the path from one run of the step loop to
the next that loads just what rows of 9 or 16 floats have.

What this cannot tell: llvm-mca knows no caches (each load hits the L1), no prefetching, no fetching
of instructions and no branch that is mispredicted, and takes loads and stores for independent, so
that a vector that goes through the stack costs more. What is around the loops is left out: folds of
sums, the division per row, rests; and the sum loop of block is for rows of 32 floats and more. A
store that also moves its address is split in two, as the cores do; llvm-mca would have the address
wait for the data. For Apple's cores LLVM has CycloneModel alone, that of the A7: 2 pipes for loads
and stores, 3 for vectors, division for free. So "firestorm" is no simulation but a bound by the
ports of that core, which it cannot beat. FDIV and FSQRT take 9.5 cycles a vector together in the
model of Neoverse V2, 7 to 9 in Arm's guide to it. Standard library only."""
import argparse
import collections
import itertools
import json
import pathlib
import re
import shutil
import tempfile

from disassembly import (accesses, blocks_of, codes_of, disassemble, fail, inner_loops, output_of,
                         paths)

ROOT = pathlib.Path(__file__).resolve().parents[2]

# GHz, GB/s from DRAM of one core alone, and of one of all when all are busy; None: no source found.
# V2, N1: Graviton4, Graviton2. GHz: github.com/aws/aws-graviton-getting-started, README.md. GB/s:
#   learn.arm.com/learning-paths/servers-and-cloud-computing/memory-subsystem/, streaming-bandwidth
#   and multicore-bandwidth (two reads to one write, 64 cores).
# M1: GHz: anandtech.com/show/16252. GB/s, reading (writing: 30): github.com/MALTF/Bandwidth
CORES = {"neoverse-v2": (2.8, 37.0, 430.1 / 64), "neoverse-n1": (2.5, 20.9, 157.3 / 64),
         "apple-m1": (3.2, 50.0, None), "firestorm": (3.2, 50.0, None)}

# The pipes of loads and stores in LLVM's models: names, how many, whether for stores alone.
PORTS = {"neoverse-v2": [("L01|L2", 3, False), ("L01", 2, True), ("V[01]", 2, True)],
         "neoverse-n1": [("L", 2, False), ("V[01]", 2, True)],
         "apple-m1": [("LS", 2, False)]}
KINDS = [("L|L2|L01|LS", "load/store"), (r"V\w*", "FP"), ("B|BR", "branch"), (".*", "integer")]

# Streams: read and written by a step, read by a sum. Arithmetic instructions per vector: of a step
# that does not centre, and of a sum with its addition.
Rule = collections.namedtuple("Rule", "reads writes sum_reads step_math sum_math")
RULES = {"sgd": Rule(2, 1, 2, 5, 4), "sgdm": Rule(3, 2, 2, 8, 4), "adam": Rule(4, 3, 2, 16, 4),
         "adamw": Rule(4, 3, 1, 16, 2)}

# A shape's loops: whether they sum and step; bytes per vector that they read and write in arrays of
# their own; vectors, if not as many as the kernel's name says.
Part = collections.namedtuple("Part", "name sums steps reads writes vectors", defaults=(0, 0, 0))
SHAPES = {
    **dict.fromkeys(("linear", "grouped", "traffic"), [Part("", 0, 1)]),
    **dict.fromkeys(("pipe", "fours", "fetch"), [Part("", 1, 1)]),
    **dict.fromkeys(("pass2", "strip"), [Part("sum", 1, 0), Part("step", 0, 1)]),
    "sums": [Part("", 1, 0)],
    "panel": [Part("sum", 1, 0, 16, 16), Part("step", 0, 1, 16)],
    "block": [Part("sum", 1, 0, vectors=8), Part("step", 0, 1, 16)],
    "tile": [Part("step", 0, 1, 16)],
}
TILE_ROWS, TILE_LENGTHS = 4, (9, 16)


Kernel = collections.namedtuple("Kernel", "name rule view shape vectors")
Loop = collections.namedtuple("Loop", "kernel length part vectors body")
Cost = collections.namedtuple("Cost", "cycles ports binds")


def compile_kernels(compiler, folder):
    target = f"{folder}/kernels.o"
    output_of(compiler.split() + [
        "-std=c11", "-O3", "-DNDEBUG", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off",
        "-fno-math-errno", "-D_DEFAULT_SOURCE", "-D_POSIX_C_SOURCE=200809L",
        '-DGCSTEP_IMPL_REV=""', f"-I{ROOT}", f"-I{ROOT}/include", "-c",
        f"{ROOT}/kernels/neon/kernels.c", "-o", target])
    return target


def listed_kernels():
    text = (ROOT / "kernels/neon/variants.h").read_text(encoding="utf-8").split("GCS_GENERAL")[0]
    listed = r"X\((?:(sum), GCS_RULE_SGD, )?(\w+), (\w+), (\d+)\)"
    for prefix, view, shape, u in re.findall(listed, text):
        for rule in ["sgd"] if prefix else RULES:
            yield Kernel(f"{prefix or rule}_{view}_{shape}_u{u}", rule, view, shape, int(u))


def work_of(body):
    """Bytes read and written in streams, and arithmetic instructions."""
    streams = [a for a in accesses(body) if a.vector and a.moves]
    return [sum(a.bytes for a in streams if not a.store), sum(a.bytes for a in streams if a.store),
            sum(bool(re.fullmatch("f(add|sub|mul|div|sqrt)", insn.op)) for insn in body)]


def expected_work(kernel, part, vectors):
    rule = RULES[kernel.rule]
    math = part.steps * (rule.step_math + (kernel.view != "flat")) + part.sums * rule.sum_math
    if kernel.shape == "traffic":
        math = 2 + rule.writes  # a zero made of g, taken from all that is written
    return [(16 * (part.steps * rule.reads + part.sums * rule.sum_reads) + part.reads) * vectors,
            (16 * part.steps * rule.writes + part.writes) * vectors, math * vectors]


def tile_sum(blocks, step, rule, length):
    """The shortest path round a tile's step loop that loads as many whole vectors, and as many
    floats, as its rows have."""
    wanted = [TILE_ROWS * rule.sum_reads * n for n in (length // 4, 0, length % 4)]

    def loaded(insns):
        sizes = [a.bytes for a in accesses(insns) if a.vector and not a.store and a.moves]
        return [sizes.count(size) for size in (16, 8, 4)]

    def allowed(insns, _):
        return insns[-1].op not in ("bl", "ret") and all(map(int.__le__, loaded(insns), wanted))

    ways = [way for after in blocks[step][1] if after != step
            for way in paths(blocks, after, step, allowed) if loaded(way) == wanted]
    return min(ways, key=len, default=None)


def loops_of(functions, kernel):
    """The kernel's [Loop], or a text that says what is missing."""
    if kernel.shape not in SHAPES:
        return f"{kernel.name}: a shape that SHAPES does not have"
    codes = [blocks_of(code) for code in codes_of(functions, kernel.name)]
    candidates = [(blocks, *loop) for blocks in codes for loop in inner_loops(blocks)]
    found = []
    for part in SHAPES[kernel.shape]:
        vectors = part.vectors or kernel.vectors
        wanted = expected_work(kernel, part, vectors)
        fits = [c for c in candidates if work_of(c[2]) == wanted]
        if not fits:
            largest = sorted((work_of(c[2]) for c in candidates), reverse=True)[:4]
            return (f"{kernel.name}: no {part.name or 'loop'} of {vectors} vectors with {wanted} "
                    f"bytes read, written and arithmetic; largest loops: {largest or 'none'}")
        if kernel.shape != "tile":
            found.append(Loop(kernel, "", part.name, vectors, fits[0][2]))
            continue
        for length in TILE_LENGTHS:
            sums = ((tile_sum(blocks, at, RULES[kernel.rule], length), step)
                    for blocks, at, step in fits)
            both = next((pair for pair in sums if pair[0]), None)
            if not both:
                return f"{kernel.name}: no path that sums a tile of rows of {length} floats"
            found += [Loop(kernel, f"of {length}", "sum", length, both[0]),
                      Loop(kernel, f"of {length}", "step", 1, both[1])]
    return found


def assembly(body):
    """For llvm-mca, which does not follow branches."""
    lines = [re.sub(r"(?:0x)?[0-9a-f]+ <.*>", "elsewhere", insn.text) for insn in body]
    moved = re.compile(r"(st\w+ .*\[(\w+)\]), #(\w+)$")
    return "\n".join(moved.sub(r"\1\nadd \2, \2, #\3", line) for line in lines).split("\n")


def simulate(mca, cpu, width, iterations, loops):
    bodies = [assembly(loop.body) for loop in loops]
    text = "\n".join("\n".join(["# LLVM-MCA-BEGIN", *body, "# LLVM-MCA-END"]) for body in bodies)
    report = json.loads(output_of(
        [mca, "-mtriple=aarch64-linux-gnu", f"-mcpu={cpu}", f"-dispatch={width}",
         f"-iterations={iterations}", "-json", "-"], text + "\n"))
    units = [re.sub(r"^(?:\w\w)?Unit|\..*", "", u) for u in report["TargetInfo"]["Resources"]]
    read = [r["SummaryView"]["Instructions"] // iterations for r in report["CodeRegions"]]
    if read != list(map(len, bodies)):
        fail(f"{mca} did not read all instructions, or all loops")
    return [cost_of(cpu, iterations, units, *three)
            for three in zip(report["CodeRegions"], bodies, loops)]


def cost_of(cpu, iterations, units, region, body, loop):
    use = collections.Counter()  # by instruction and unit; after the last instruction, all of them
    for entry in region["ResourcePressureView"]["ResourcePressureInfo"]:
        use[entry["InstructionIndex"], entry["ResourceIndex"]] = entry["ResourceUsage"]

    def pressure(ops, name):
        return sum(use[i, u] for i, line in enumerate(body) if re.match(ops, line)
                   for u, unit in enumerate(units) if re.fullmatch(name, unit))

    ports = max(pressure("st" if stores else "ld|st|prfm", name) / count
                for name, count, stores in PORTS[cpu])
    summary, top = region["SummaryView"], max(range(len(units)), key=lambda u: use[len(body), u])
    kind = next(kind for name, kind in KINDS if re.fullmatch(name, units[top]))
    divisions = sum(use[i, top] for i, line in enumerate(body) if re.match("fdiv|fsqrt", line))
    work = {"divider" if divisions > use[len(body), top] / 2 else kind: use[len(body), top],
            "dispatch": summary["TotaluOps"] / iterations / summary["DispatchWidth"]}
    return cost(loop, summary["TotalCycles"] / iterations, ports, work)


def cost(loop, cycles, ports, work):
    most = max(work, key=work.get)
    return Cost(cycles / loop.vectors, ports / loop.vectors,
                f"{most} {100 * work[most] / cycles:.0f} %")


def firestorm(loop):
    """By measurements of jiegec's (jia.je: Apple M1, Firestorm & Icestorm) a cycle has room for 8
    instructions, 4 vector operations, 3 loads, 2 stores, 4 of both; one pipe takes 1 cycle for FDIV
    and 2 for FSQRT."""
    loads, stores = (sum(a.store == store for a in accesses(loop.body)) for store in (False, True))
    ops = [insn.op for insn in loop.body]
    vector = sum(not re.match("ld|st", i.op) and " v" in i.text for i in loop.body)
    ports = max(loads / 3, stores / 2, (loads + stores) / 4)
    work = {"load/store": ports, "FP": vector / 4, "dispatch": len(ops) / 8,
            "divider": ops.count("fdiv") + 2 * ops.count("fsqrt")}
    return cost(loop, max(work.values()), ports, work)


def margins(core, kernel, cycles):
    rule, (clock, *bandwidths) = RULES[kernel.rule], CORES[core]
    streams = rule.sum_reads if kernel.shape == "sums" else rule.reads + rule.writes
    return (f"{16 * streams / cycles * clock / b:.1f}" if clock and b else "-" for b in bandwidths)


def rows_of(core, group):
    """Of the loops that step the same elements: one line each, and one for both."""
    kernel, title = group[0][0].kernel, f"{group[0][0].kernel.name} {group[0][0].length}".strip()

    def line(part, counts, cycles, ports, binds, last):
        return (f"{title} {part}", *counts, f"{cycles:.2f}", f"{ports:.2f}",
                f"{cycles / ports:.2f}", binds,
                *(margins(core, kernel, cycles) if last else ("", "")))

    for loop, of_loop in group:
        fixed = sum(a.bytes / 16 for a in accesses(loop.body) if a.vector and not a.moves)
        counts = str(loop.vectors), *(f"{n / loop.vectors:.1f}" for n in (len(loop.body), fixed))
        yield line(loop.part, counts, *of_loop, len(group) == 1)
    if len(group) > 1:
        yield line("both", ("", "", ""), *(sum(c[i] for _, c in group) for i in (0, 1)), "", True)


def print_table(head, rows, markdown):
    widths = [max(len(r[i]) for r in [head, *rows]) for i in range(len(head))]
    rule = ["-" * (w - 1) + (":" if i else "-") for i, w in enumerate(widths)]
    for row in [head, rule, *rows] if markdown else [head, *rows]:
        cells = [c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))]
        print("| " + " | ".join(cells) + " |" if markdown else "  ".join(cells).rstrip())
    print()


def summary_rows(groups_of):
    """One line for each kernel, with its loops added up: cycles, ports and margins of each core."""
    for groups in zip(*groups_of.values()):
        kernel = groups[0][0][0].kernel
        cells = [f"{kernel.name} {groups[0][0][0].length}".strip()]
        for core, group in zip(groups_of, groups):
            cycles, ports = (sum(cost[i] for _, cost in group) for i in (0, 1))
            cells += [f"{cycles:.2f} / {ports:.2f}", " / ".join(margins(core, kernel, cycles))]
        yield tuple(cells)


def best_rows(groups_of):
    """By rule and view those within 1 % of the fewest cycles; shapes for short rows apart."""
    totals = collections.defaultdict(lambda: collections.defaultdict(dict))
    for core, (loop, *_), cycles in ((core, group[0], sum(c.cycles for _, c in group))
                                     for core, groups in groups_of.items() for group in groups):
        name, rule, view, shape, _ = loop.kernel
        if shape not in ("traffic", "sums"):
            short = f" {shape} {loop.length}".rstrip() if shape in ("block", "tile") else ""
            totals[f"{rule} {view}{short}"][core][name[len(rule + view) + 2:]] = cycles
    for title, cores in totals.items():
        best = [(min(of.values()), of) for of in cores.values()]
        yield (title, *(" ".join([k for k, cycles in of.items() if cycles <= 1.01 * least]
                                 + [f"{least:.2f}"]) for least, of in best))


def arguments():
    def first(*commands):
        return next(filter(shutil.which, commands), commands[0])

    parser = argparse.ArgumentParser(description="Costs of the NEON kernels' loops by llvm-mca.")
    parser.add_argument("--object", help="object file of kernels/neon/kernels.c")
    parser.add_argument("--compiler", default="aarch64-linux-gnu-gcc", help="with its options")
    parser.add_argument("--objdump", default=first("aarch64-linux-gnu-objdump", "llvm-objdump"))
    parser.add_argument("--mca", default=first("llvm-mca-19", "llvm-mca-20", "llvm-mca-18",
                                               "llvm-mca-17", "llvm-mca"))
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--kernel", default="", help="only the functions that this matches")
    parser.add_argument("--dispatch", action="append", default=[], metavar="CORE=N",
                        help="operations that enter the core in a cycle, other than in its model")
    parser.add_argument("--details", action="store_true", help="a table of all loops for each core")
    parser.add_argument("--markdown", action="store_true")
    return parser.parse_args()


def main():
    options = arguments()
    if int(re.search(r"version (\d+)", output_of([options.mca, "--version"]))[1]) < 17:
        fail(f"{options.mca} is older than LLVM 17, which knows less of these cores")
    widths = {}
    for text in options.dispatch:
        core, _, width = text.partition("=")
        if core not in PORTS or not re.fullmatch("[1-9][0-9]?", width):
            fail(f"--dispatch {text}: not of the form CORE=N with a core of {', '.join(PORTS)}")
        widths[core] = width
    with tempfile.TemporaryDirectory() as folder:
        path = options.object or compile_kernels(options.compiler, folder)
        functions = disassemble(options.objdump, path)
    found = [loops_of(functions, k) for k in listed_kernels() if re.search(options.kernel, k.name)]
    if not found:
        fail(f"no kernel is called {options.kernel}")
    loops = [loop for f in found if not isinstance(f, str) for loop in f]
    groups_of = {core: [] for core in CORES if loops}
    for core, groups in groups_of.items():
        costs = (map(firestorm, loops) if core not in PORTS else
                 simulate(options.mca, core, widths.get(core, 0), options.iterations, loops))
        groups += map(list, (pairs for _, pairs in itertools.groupby(
            zip(loops, costs), key=lambda pair: (pair[0].kernel, pair[0].length))))
        print("{}: {} GHz, {} GB/s from DRAM, shared {}\n".format(
            core, *(f"{n:.3g}" if n else "-" for n in CORES[core])))
        if options.details:
            print_table(("kernel", "vectors", "instructions", "fixed", "cycles", "ports", "ratio",
                         "binds", "margin", "shared"),
                        [r for g in groups for r in rows_of(core, g)], options.markdown)
    print_table(("kernel", *(text for core in groups_of
                             for text in (f"{core}: cycles / ports", "margin / shared"))),
                list(summary_rows(groups_of)), options.markdown)
    print("Fewest cycles, and what is within 1 % of them\n")
    print_table(("", *groups_of), list(best_rows(groups_of)), options.markdown)
    if missing := [f for f in found if isinstance(f, str)]:
        fail("\n".join(["cross-check failed", *missing]))


if __name__ == "__main__":
    main()
