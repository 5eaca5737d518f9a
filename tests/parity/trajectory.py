"""Steps an optimizer of authors.py, one of torch.optim, and the library over the same tensors, and
compares what they had after each step."""
import torch

from gcstep import Plan
from network import PARAMETERS, STEPS, Gradient, start
from rounding import Rounded

STATE = ("m", "v", "v_max")
DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16, "F16": torch.float16}


class Case:
    """One optimizer: the class of authors.py with its hyper-parameters and flags, and the rule and
    centre that are the same in the library. `built_in`: the class of torch.optim, and its
    arguments, that is the same too. Gradients in 16 bits do not depend on the weights: a small
    difference could round them to different sides."""

    def __init__(self, name, optimizer, rule, center, hyper, flags=None, built_in=None,
                 gradient="F32", copy="NONE", untold=()):
        self.name, self.optimizer, self.rule, self.center = name, optimizer, rule, center
        self.hyper, self.flags, self.built_in = hyper, flags or {}, built_in
        self.gradient, self.copy = gradient, copy
        self.untold = untold  # hyper-parameters too small to tell

    def gradients(self):
        stiffness = 0.5 if self.gradient == "F32" else 0
        return [Gradient(p.shape, index, stiffness, DTYPES[self.gradient])
                for index, p in enumerate(PARAMETERS)]

    def spec(self, library):
        flags = {k: v for k, v in self.flags.items() if k in ("maximize", "authors_form")}
        return library.spec(self.rule, self.center, self.gradient, self.copy, **flags)


def expected(case):
    """For each step and tensor a dict of Rounded: w and what state the rule has."""
    gradients = case.gradients()
    optimizers = [case.optimizer(**case.hyper, **case.flags) for _ in PARAMETERS]
    weights = [Rounded(start(p, index)) for index, p in enumerate(PARAMETERS)]
    steps = []
    for t in range(1, STEPS + 1):
        weights = [o.step(w, g.bounded_at(t, w))
                   for o, w, g in zip(optimizers, weights, gradients)]
        steps.append([{"w": w, **{s: getattr(o, s) for s in STATE if hasattr(o, s)}}
                      for o, w in zip(optimizers, weights)])
    return steps


def of_torch(case):
    """For each step and tensor the weights that torch.optim has, in float64."""
    make, arguments = case.built_in
    gradients = case.gradients()
    weights = [torch.nn.Parameter(start(p, index)) for index, p in enumerate(PARAMETERS)]
    optimizer = make(weights, **arguments)
    steps = []
    for t in range(1, STEPS + 1):
        for w, gradient in zip(weights, gradients):
            w.grad = gradient.at(t, w.detach())
        optimizer.step()
        steps.append([{"w": w.detach().clone()} for w in weights])
    return steps


def library_buffers(case):
    """One dict for each tensor, as gcstep.Plan takes them."""
    for index, p in enumerate(PARAMETERS):
        w = p.to_memory(start(p, index)).float().flatten()
        # What the state holds before the first step is not looked at.
        buffers = {s: torch.full_like(w, float("nan")) for s in STATE}
        buffers.update(w=w, g=torch.empty_like(w, dtype=DTYPES[case.gradient]))
        if case.copy != "NONE":
            buffers["copy"] = torch.empty_like(w, dtype=DTYPES[case.copy])
        yield buffers


def in_library(library, case, spec, hyper, least_rank, threads):
    """For each step and tensor a dict of what the library has, in float64 and torch's order."""
    plan = Plan(library, spec, [p.tensor(library, least_rank) for p in PARAMETERS], threads)
    gradients, buffers, steps = case.gradients(), list(library_buffers(case)), []
    for t in range(1, STEPS + 1):
        for p, b, gradient in zip(PARAMETERS, buffers, gradients):
            g = gradient.at(t, p.from_memory(b["w"].double()))
            b["g"].copy_(p.to_memory(g).flatten())
        hyper.t = t
        plan.step(hyper, buffers)
        steps.append([{k: p.from_memory(b[k].double()) for k in b} for p, b in
                      zip(PARAMETERS, buffers)])
    return steps


def worst(want, have, keys=None):
    """The largest error in units of its bound, and where: (ratio, what). An error that is no number
    counts as infinite."""
    found = (0.0, "")
    for t, (want_tensors, have_tensors) in enumerate(zip(want, have), start=1):
        for p, w, h in zip(PARAMETERS, want_tensors, have_tensors):
            for key in keys or w:
                ratio = (h[key] - w[key].value).abs() / w[key].error
                largest = ratio.nan_to_num(nan=float("inf")).max().item()
                if largest > found[0]:
                    found = (largest, f"{key} of {p.name} at step {t}")
    return found


def coarseness(want):
    """How much the bound allows: the median over the weights of bound / |change since the start|
    after the last step. Infinite where some bound is."""
    if any(not x.error.isfinite().all() for step in want for d in step for x in d.values()):
        return float("inf")
    ratios = [(w["w"].error / (w["w"].value - start(p, index)).abs()).flatten()
              for index, (p, w) in enumerate(zip(PARAMETERS, want[-1]))]
    return torch.cat(ratios).median().item()
