"""The Python that the workers run with: one that has numpy, and torch and JAX if possible."""
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build/peers"
PACKAGES = ("numpy", "torch", "jax", "optax")
DEBIAN = "/usr/bin/python3"  # python3-torch belongs to it, which may not be the first in PATH


class NoInterpreter(Exception):
    """A sentence that says what is missing."""


def install():
    """A virtual environment with the newest releases of the peers, from pip's own index. torch
    comes with the libraries of several GPUs: about 6 GB on disk."""
    if not (FOLDER / "bin/python").exists():
        venv.create(FOLDER, with_pip=True)
    command = [FOLDER / "bin/python", "-m", "pip", "install", "--upgrade", *PACKAGES]
    print(f"installing {', '.join(PACKAGES)} into {FOLDER.relative_to(ROOT)}", flush=True)
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
        raise NoInterpreter("--install: pip failed; what it said is above")
    return str(FOLDER / "bin/python")


def has(python, module):
    """Whether it is installed; whether it can be imported, its worker finds out and says."""
    look = f"import importlib.util as u, sys; sys.exit(u.find_spec('{module}') is None)"
    try:
        return subprocess.run([python, "-c", look], capture_output=True).returncode == 0
    except OSError as error:
        raise NoInterpreter(f"--python: {python}: {error.strerror}") from None


def find(given=None):
    """The given one, or the first with torch, or else the first with numpy."""
    if given:
        if not has(given, "numpy"):
            raise NoInterpreter(f"--python: {given} has no numpy, which every peer needs")
        return given
    candidates = [p for p in (str(FOLDER / "bin/python"), sys.executable, DEBIAN)
                  if Path(p).exists()]
    for module in ("torch", "numpy"):
        for python in candidates:
            if has(python, module) and has(python, "numpy"):
                return python
    raise NoInterpreter("no Python with numpy, which every peer needs (Debian: python3-numpy); "
                        "--install makes one with all peers")
