#!/usr/bin/env python3
"""parity.py LIBRARY HEADER: the library beside torch.

Steps each optimizer class of the GC authors, written anew from the formulas in float64
(authors.py), and torch.optim's own classes beside the library: 20 steps over convolutions, linear
layers and a bias, with weight decay and gradients that depend on the weights. After each step
every weight and all state must agree within the bound on what float32 can do to the formulas
(rounding.py): a ratio above 1 is an error. Each comparison must also fail when one hyper-parameter
is a thousandth off, or the rule, the centre, a flag or the rank that is centred is another.

Then what trainers do around a step: scaling and clipping, copies in 16 bits (around.py).
"""
import sys

import torch

import around
from cases import authors_cases, mixed_cases, torch_cases
from gcstep import Library
from sabotage import untruths
from trajectory import DTYPES, coarseness, expected, in_library, of_torch, worst

COARSEST = 1e-3  # a bound that is a larger share of the change of w would tell too little
NEGLIGIBLE = 1e-3  # of the bound: what two evaluations in float64 may differ by


def check_torch(case, want):
    """Puts the values of torch.optim in the place of the class's own; they must be the same."""
    values = of_torch(case)
    ratio, where = worst(want, values, ["w"])
    for tensors, own in zip(values, want):
        for value, w in zip(tensors, own):
            w["w"].value = value["w"]
    if not ratio <= NEGLIGIBLE:
        return [f"authors.py and torch.optim differ in {where}: {ratio:.3g} x bound"]
    return []


def check_copies(case, have):
    """The copy is torch's rounding of the library's own new weights."""
    dtype = DTYPES[case.copy]
    for tensors in have:
        for h in tensors:
            if not torch.equal(h["copy"], h["w"].float().to(dtype).double()):
                return ["a copy is not its weights rounded"]
    return []


def check(library, case):
    """What is wrong with one case, as sentences. Prints its line."""
    want, wrong = expected(case), []
    if case.built_in:
        wrong += check_torch(case, want)
    coarse = coarseness(want)
    if not coarse <= COARSEST:
        wrong.append(f"the bound allows {coarse:.1e} of the change of w")
    have = in_library(library, case, case.spec(library), library.hyper(**case.hyper),
                      case.optimizer.least_rank, threads=2)
    ratio, where = worst(want, have)
    if not ratio <= 1:
        wrong.append(f"{where} is off: {ratio:.3g} x bound")
    if case.copy != "NONE":
        wrong += check_copies(case, have)
    noticed = []
    for label, spec, hyper, rank in untruths(library, case):
        # One thread: waiting for a second would be most of the time that this test takes.
        other = in_library(library, case, spec, library.hyper(**hyper), rank, threads=1)
        seen, _ = worst(want, other, ["w"])
        if not seen > 1:
            wrong.append(f"a wrong {label} is not noticed: {seen:.3g} x bound")
        noticed.append((seen, label))
    least, label = min(noticed)
    print(f"{case.name:36} {ratio:5.2f} x bound, {len(noticed)} untruths from {least:.3g} x bound "
          f"({label})")
    return wrong


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    library = Library(sys.argv[1], sys.argv[2])
    checks = [(case.name, lambda case=case: check(library, case))
              for case in (*authors_cases(), *torch_cases(), *mixed_cases())]
    checks += [(name, lambda call=call: call(library)) for name, call in around.CHECKS]
    failed = 0
    for name, call in checks:
        wrong = call()
        for sentence in wrong:
            print(f"FAILED: {name}: {sentence}")
        failed += bool(wrong)
    print(f"{len(checks)} comparisons with torch {torch.__version__}, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
