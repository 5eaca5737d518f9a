#!/usr/bin/env python3
"""Counts the instructions that NEON kernels execute, by a plugin of qemu's user-mode emulator.

    tools/arm/counts.py [--build build/aarch64] [--kernel REGEX]

For each kernel: one step of a tensor of its layout by bench_models, with the kernel forced, under
qemu-aarch64; instructions, loads and stores of its function per vector of 4 elements, with all that
an iteration has beside its arithmetic, and with what rows and their ends cost. General kernels
("any_...") step Nesterov's rule, with the same streams as SGDM. A load or store of several
registers counts once. It is the code as it is executed, and backs the static figures of
loops.py; how long an instruction takes, an emulator cannot say.

Needs gcc, qemu-aarch64 and the build of the preset aarch64. Standard library only.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

EMULATOR = ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]
# A tensor for each layout, of 2^18 elements, so that bench_models makes one copy of it. Short rows
# for the shapes that are made for them.
SHAPES = {"flat": "flat:262144", "rows": "rows:64x4096", "cols": "cols:1024x256"}
SHORT_ROWS = {"tile": "rows:29128x9", "block": "rows:4096x64"}
ELEMENTS = {"rows:29128x9": 262152}
VECTOR = 4
STREAMS_WRITTEN = {"sgd": 1, "sgdm": 2, "adam": 3, "adamw": 3, "any": 2}
NAME = re.compile(r"(?P<rule>[a-z]+)_(?P<center>none|grad|update)_(?P<view>flat|rows|cols)_"
                  r"(?:f32|any)_neon_(?P<shape>[a-z0-9]+)_u(?P<unroll>\d+)$")
NO_STEPS = re.compile("_(traffic|measure|change)_")


def kernels(build):
    """The kernels that step whole tensors, as gcstep verify would list them."""
    text = (build / "gcstep").read_bytes()
    names = {n.decode() for n in re.findall(rb"[a-z]+_[a-z]+_[a-z]+_[a-z0-9]+_neon_\w+", text)}
    return sorted(n for n in names if NAME.match(n) and not NO_STEPS.search(n))


def build_plugin(folder):
    plugin = folder / "count.so"
    source = pathlib.Path(__file__).with_name("count.c")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", str(source), "-o", str(plugin)], check=True)
    return plugin


def shape_for(part):
    if part["view"] == "rows":
        return SHORT_ROWS.get(part["shape"], SHAPES["rows"])
    return SHAPES[part["view"]]


def run(build, plugin, name):
    """calls, instructions, loads and stores of the kernel's function in one short bench."""
    part = NAME.match(name)
    general = part["rule"] == "any"
    function = (f"{part['rule']}_{part['center'] + '_' if general else ''}{part['view']}_"
                f"{part['shape']}_u{part['unroll']}")
    spec = f"{'nesterov' if general else part['rule']}_{part['center']}"
    command = EMULATOR + [
        "-E", f"GCSTEP_KERNEL={name}", "-plugin", f"{plugin},function={function}", "-d", "plugin",
        str(build / "bench" / "bench_models"), f"--shape={shape_for(part)}", f"--spec={spec}",
        "--threads=1", "--benchmark_min_time=0"]
    done = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"calls (\d+) instructions (\d+) loads (\d+) stores (\d+)",
                      done.stdout + done.stderr)
    if done.returncode != 0 or not found:
        sys.exit(f"counts.py: {name}: {done.stdout}{done.stderr}")
    return [int(number) for number in found.groups()]


def per_vector(name, counted):
    """Each count by the vectors that were stepped. That each call steps the whole tensor is seen
    from the stores: every element of every stream that a step writes is stored once."""
    calls, *counts = counted
    part = NAME.match(name)
    shape = shape_for(part)
    vectors = calls * ELEMENTS.get(shape, 1 << 18) / VECTOR
    if calls == 0:
        sys.exit(f"counts.py: {name}: its function was never entered; is it inlined or renamed?")
    written = counts[2] / vectors
    if not STREAMS_WRITTEN[part["rule"]] / 4 <= written <= 5 + STREAMS_WRITTEN[part["rule"]]:
        sys.exit(f"counts.py: {name}: {written:.2f} stores a vector: not one tensor a call")
    return [shape] + [f"{count / vectors:.2f}" for count in counts]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/aarch64"))
    parser.add_argument("--kernel", default="", help="regular expression for kernels' names")
    options = parser.parse_args()
    names = [n for n in kernels(options.build) if re.search(options.kernel, n)]
    if not names:
        sys.exit(f"counts.py: no such kernel in {options.build}")
    print("| kernel | tensor | instructions | loads | stores |\n|---|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        plugin = build_plugin(pathlib.Path(folder))
        for name in names:
            print("| " + " | ".join([name] + per_vector(name, run(options.build, plugin, name))),
                  "|", flush=True)


if __name__ == "__main__":
    main()
