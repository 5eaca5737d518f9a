"""tools/peers.py --device cuda: its order of events. One process: all peers share the GPU and its
stream. What fails does not stop the rest, and the result is written after each part."""
import datetime
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from peers import interpreter, report

HEADER = interpreter.ROOT / "include/gcstep/gcstep.h"
ROUNDS = 25
EPOCH_STEPS = 40


class Run:
    def __init__(self, options, device, library):
        self.options, self.device, self.library = options, device, library
        self.failed = False
        self.result = {"schema_version": 1, "gpu": device.describe(),
                       "date": datetime.date.today().isoformat(), "trials": []}
        print(f"GPU: {self.result['gpu']}", flush=True)

    def part(self, name, do):
        """Runs one part; an error is said, and is the program's status."""
        try:
            do()
        except Exception as error:  # also CUDA's own
            self.failed = True
            print(f"\n{name}: FAILED: {type(error).__name__}: {error}", flush=True)
            self.result.setdefault("failed", []).append({"part": name, "why": str(error)})
        sys.stdout.flush()
        if self.options.json:
            report.write(self.options.json, self.result)
        self.device.release()

    def trial(self, title, makers, about):
        from peers import cuda_trial
        found = cuda_trial.run(makers, self.device, self.options.rounds or ROUNDS)
        self.result["trials"].append({**about, **found})
        cuda_trial.print_trial(title, found)
        self.failed = self.failed or any("refused" in row for row in found["peers"])

    def epoch(self):
        from peers import cuda_epoch, cuda_trial
        self.result["epoch"] = found = cuda_epoch.run(self.library, self.device, EPOCH_STEPS)
        cuda_epoch.print_epoch(found, cuda_trial.print_table)

    def all(self, networks):
        from peers import cuda_steps
        steps = [(name, network, rule) for name, network in networks for rule in self.options.spec]

        def about(name, network, rule):
            return {"model": name, "spec": rule, "elements": sum(s.elements for s in network)}
        for name, network, rule in steps:
            title = f"{name}/{rule}"
            self.part(title, lambda: self.trial(
                title, cuda_steps.makers(self.library, self.device, network, rule),
                about(name, network, rule)))
        try:
            import torchvision  # noqa: F401
        except Exception as error:  # of another torch it may not even load
            print(f"\nepoch: skipped: no torchvision ({error})")
        else:
            self.part("epoch", self.epoch)
        # Last: compiling takes a minute, and may need more than is there.
        for name, network, rule in steps if self.options.compile else ():
            title = f"{name}/{rule}, torch.compile"
            self.part(title, lambda: self.trial(
                title, cuda_steps.compiled_makers(self.library, self.device, network, rule),
                {**about(name, network, rule), "compile": True}))


class NoGpu(Exception):
    """A sentence that says why there is none to use."""


def use_interpreter(options):
    """Goes on in the Python that has torch, where it is another."""
    if not options.python and importlib.util.find_spec("torch"):
        return
    python = interpreter.find(options.python)
    python = os.path.abspath(shutil.which(python) or python)
    if python != sys.executable:
        os.execv(python, [python, *sys.argv])


def open_device():
    try:
        from peers import cuda_device
    except ImportError as error:
        raise interpreter.NoInterpreter(f"--device cuda: no torch ({error})") from None
    try:
        return cuda_device.CudaDevice()
    except (cuda_device.NoDevice, RuntimeError) as error:
        raise NoGpu(f"--device cuda: {error}") from None


def run(options, networks):
    """Whether all went well."""
    use_interpreter(options)
    device = open_device()
    from gcstep import Library
    library = Library(str(next(Path(options.build).rglob("libgcstep.so"))), HEADER)
    of = Run(options, device, library)
    of.all(networks)
    return not of.failed
