"""The command line of tools/peers.py, and its order of events."""
import argparse
import datetime
import os
import subprocess
import sys
from pathlib import Path

from peers import cuda_program, interpreter, report, shapes, trial
from peers.session import Session, WorkerFailed, cold_bytes, processors_for
from peers.spec import HYPER, Setup, step_bytes

DESCRIPTION = """\
gcstep beside what a user would pick instead: one optimizer step of a network, on the same f32
tensors, interleaved in one session. Prints for each peer its time over that of gcstep's centred
step, and against the fastest peers whether gcstep meets its goals.

Peers: torch's optimizers (loop over the tensors, foreach and, where it has them, fused), optax
jitted, and plain C loops; each with a pass that centres the gradients before it, and without. What
is not installed is named.

On a GPU (--device cuda): gcstep beside torch's fused, foreach and plain optimizers, and with
--compile torch.compile, by the GPU's own time behind other work and by the time of a step alone;
and how much longer an epoch of training ResNet-50 gets by GC.

Before it is timed, a peer's weights after three steps must be gcstep's: one that takes another
step is refused. Steps are cold: tensors are rotated beyond the last-level cache. SGD and Adam have
no weight decay here, since torch adds it behind such a pass and the paper before."""

EPILOG = """\
Exit status: 0; 1 when a peer was refused or gcstep failed; 2 for bad arguments."""


class BadArguments(Exception):
    pass


def positive(kind):
    def parse(text):
        value = kind(text)
        if not 0 < value < float("inf"):
            raise ValueError
        return value
    parse.__name__ = f"positive {kind.__name__}"  # argparse puts it into its message
    return parse


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        prog="peers.py", description=DESCRIPTION, epilog=EPILOG, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    known = sorted(path.stem for path in (interpreter.ROOT / "models").glob("*.txt")
                   if path.stem != "CMakeLists")
    add = parser.add_argument
    add("--model", action="append", choices=known, metavar="NAME",
        help=f"repeated; default: resnet50; known: {', '.join(known)}")
    add("--shapes", action="append", metavar="FILE",
        help="a network of your own (models/README.md); repeated")
    add("--spec", action="append", choices=list(HYPER), help="repeated; default: sgdm and adam")
    add("--device", choices=["cpu", "cuda"], default="cpu", help="default: cpu; cuda: the first GPU "
        "that the process sees")
    add("--threads", action="append", type=positive(int), metavar="N",
        help="repeated; default: 1, and all that the process may use")
    add("--time", type=positive(float), default=20, metavar="SECONDS",
        help="for the rounds of one network, spec and number of threads; default: 20")
    add("--rounds", type=positive(int), metavar="N", help="as many, whatever the time (at least 2)")
    add("--json", metavar="FILE", help="write the result there")
    add("--build", default="build/release", metavar="DIR",
        help="gcstep's build folder; default: build/release")
    add("--python", metavar="FILE", help="the Python that has the peers; default: that of "
        "--install where it is, else the first of this one and Debian's that has torch")
    add("--install", action="store_true", help="first get torch, JAX and optax with pip into "
        "build/peers (6 GB)")
    add("--compile", action="store_true", help="torch.compile takes part too; it compiles for a "
        "minute and more")
    return parser.parse_args(arguments)


def check(options):
    """What argparse cannot know. Fills in the defaults."""
    available = len(os.sched_getaffinity(0))
    if options.device == "cuda" and (options.threads or options.install):
        raise BadArguments("--threads and --install are none of --device cuda")
    options.threads = options.threads or sorted({1, available})
    options.spec = options.spec or ["sgdm", "adam"]
    if not options.model and not options.shapes:
        options.model = ["resnet50"]
    if max(options.threads) > available:
        raise BadArguments(f"--threads: this process may use {available} processors, not "
                           f"{max(options.threads)}")
    if options.rounds == 1:
        raise BadArguments("--rounds: there are no quartiles of one round; at least 2")
    options.build = os.path.abspath(options.build)
    if not any(Path(options.build).rglob("libgcstep.so")):
        raise BadArguments(f"--build: no libgcstep.so in {options.build}; build it first, or name "
                           "another folder")
    folder = os.path.dirname(options.json) if options.json else None
    if folder and not os.path.isdir(folder):
        raise BadArguments(f"--json: there is no folder {folder}")


def read_networks(options):
    """Pairs of name and shapes."""
    paths = [interpreter.ROOT / "models" / f"{name}.txt" for name in options.model or []]
    return [(Path(path).stem, shapes.read(path)) for path in [*paths, *(options.shapes or [])]]


def machine(build):
    """The identity that `gcstep info` prints."""
    info = subprocess.run([os.path.join(build, "gcstep"), "info"], capture_output=True, text=True)
    if info.returncode != 0:
        raise trial.Mismatch(info.stderr.strip())
    return next(line.split(None, 1)[1] for line in info.stdout.splitlines()
                if line.split()[:1] == ["identity"])


def setup_for(engine, network, rule, threads, options):
    """What one engine is told: all are told the same."""
    sets = -(-cold_bytes() // step_bytes(network, rule))
    return Setup(network, rule, HYPER[rule], threads, sets, options.build, options.compile)


def run_trial(name, network, rule, threads, python, options):
    """Its summary."""
    def setup_of(engine):
        return setup_for(engine, network, rule, threads, options).to_message()
    with Session(python, processors_for(threads), setup_of) as session:
        entries = trial.run(session, step_bytes(network, rule), options.time, options.rounds)
        about = {"model": name, "spec": rule, "threads": threads,
                 "elements": sum(s.elements for s in network),
                 "sets": setup_of(None)["sets"]}
        return report.summarize(about, entries, session.absent)


def run_all(options):
    """All trials; whether every peer took part that could. The result is written after each."""
    networks = read_networks(options)
    python = interpreter.install() if options.install else interpreter.find(options.python)
    result = {"schema_version": 1, "machine": machine(options.build),
              "date": datetime.date.today().isoformat(), "trials": []}
    print(f"machine: {result['machine']}")
    refused = False
    for threads in options.threads:
        for name, network in networks:
            for rule in options.spec:
                summary = run_trial(name, network, rule, threads, python, options)
                result["trials"].append(summary)
                report.print_summary(summary)
                refused = refused or any("refused" in row for row in summary["peers"])
                if options.json:
                    report.write(options.json, result)
    return not refused


def main(arguments=None):
    options = parse_arguments(arguments)
    try:
        check(options)
        if options.device == "cuda":
            sys.exit(0 if cuda_program.run(options, read_networks(options)) else 1)
        sys.exit(0 if run_all(options) else 1)
    except (BadArguments, shapes.BadShapes, interpreter.NoInterpreter) as error:
        print(f"peers.py: {error}", file=sys.stderr)
        sys.exit(2)
    except (WorkerFailed, trial.Mismatch, cuda_program.NoGpu, OSError) as error:
        print(f"peers.py: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
