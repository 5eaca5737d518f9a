"""What trainers do around a step: a loss scale, clipping by the global norm, copies in 16 bits."""
import math

import torch

from authors import SGD_GC, centralize
from gcstep import Plan
from network import PARAMETERS, STEPS, Gradient, start
from rounding import UNIT, Rounded, longest_chain
from sabotage import SHARE
from trajectory import Case, library_buffers, worst

LOSS_SCALE = 1000.0
MAX_NORM = 100.0  # the gradients' norm is above it in the first steps, and falls below
HYPER = {"lr": 0.05, "momentum": 0.8, "dampening": 0.15, "weight_decay": 0.1}
CASE = Case("clipped", SGD_GC, "SGDM", "GRADIENT", HYPER)


def clipped_gradients():
    """For each step: torch's norm of the gradients, that of the centred ones, and the gradients
    clipped by torch, as dicts of lists."""
    noise = [Gradient(p.shape, index, 0) for index, p in enumerate(PARAMETERS)]
    for t in range(STEPS):
        weights = [torch.nn.Parameter(start(p, index)) for index, p in enumerate(PARAMETERS)]
        for w, gradient in zip(weights, noise):
            w.grad = gradient.noise[t].clone()
        unclipped = [w.grad.clone() for w in weights]
        centred = [centralize(g) if g.dim() > 1 else g for g in unclipped]
        yield {"unclipped": unclipped,
               "norm": torch.nn.utils.clip_grad_norm_(weights, MAX_NORM).item(),
               "centred": math.sqrt(sum(c.square().sum().item() for c in centred)),
               "max": max(g.abs().max().item() for g in unclipped),
               "max_centred": max(c.abs().max().item() for c in centred),
               "clipped": [w.grad for w in weights]}


def norm_share():
    """Relative error of a norm: each square is rounded and added at most along two chains, one in
    its group and one over the groups; the root halves that. The scaled gradient that the library
    gets is rounded once, and so is the result."""
    chain = max(2 * longest_chain(math.prod(p.shape)) for p in PARAMETERS)
    return (chain + 1) / 2 * UNIT + 2 * UNIT


def expected_weights(steps):
    """Rounded weights after each step with the clipped gradients."""
    optimizers = [SGD_GC(**HYPER) for _ in PARAMETERS]
    weights = [Rounded(start(p, index)) for index, p in enumerate(PARAMETERS)]
    # The scaled gradient and grad_scale x clip are rounded; the clip factor has the norm's error.
    share = 2 * UNIT + norm_share()
    for step in steps:
        gradients = [Rounded.result(g, share * g.abs()) for g in step["clipped"]]
        weights = [o.step(w, g) for o, w, g in zip(optimizers, weights, gradients)]
        yield [{"w": w} for w in weights]


def clipped_by_library(library, steps, scale, max_norm):
    """For each step its Measures' totals, the clip factor, and the weights after it."""
    plan = Plan(library, CASE.spec(library), [p.tensor(library, 2) for p in PARAMETERS], 2)
    buffers = list(library_buffers(CASE))
    for t, step in enumerate(steps, start=1):
        for p, b, g in zip(PARAMETERS, buffers, step["unclipped"]):
            b["g"].copy_(p.to_memory(g * LOSS_SCALE).flatten())
        hyper = library.hyper(**HYPER, t=t, grad_scale=scale)
        measures = plan.measure(hyper, buffers)
        norm = plan.total_norm(measures)
        hyper.clip = library.c.gcs_clip_factor(norm, max_norm)
        plan.step(hyper, buffers)
        yield {"norm": norm, "clip": hyper.clip, "finite": all(m.finite for m in measures),
               "centred": math.sqrt(sum(m.norm_centered**2 for m in measures)),
               "max": max(m.max for m in measures),
               "max_centred": max(m.max_centered for m in measures),
               "weights": [{"w": p.from_memory(b["w"].double())}
                           for p, b in zip(PARAMETERS, buffers)]}


def measures_wrong(want, have):
    """What is wrong with the measures of one step."""
    # A mean is off by at most this share of the mean magnitude, so the centred gradient is by this
    # share of the norm of the whole; its maximum by this share of the maximum.
    mean_share = (max(longest_chain(math.prod(p.shape)) for p in PARAMETERS) + 4) * UNIT
    allowed = {"norm": norm_share() * want["norm"],
               "centred": norm_share() * want["centred"] + mean_share * want["norm"],
               "max": 3 * UNIT * want["max"], "max_centred": mean_share * want["max"]}
    for name, bound in allowed.items():
        if not abs(have[name] - want[name]) <= bound:
            yield f"{name} is {have[name]!r}, torch has {want[name]!r}"
    if not have["finite"]:
        yield "finite gradients are said not to be"


def check_clipping(library):
    steps = list(clipped_gradients())
    want = list(expected_weights(steps))
    have = list(clipped_by_library(library, steps, 1 / LOSS_SCALE, MAX_NORM))
    wrong = [sentence for w, h in zip(steps, have) for sentence in measures_wrong(w, h)]
    clipped = sum(h["clip"] < 1 for h in have)
    if not 0 < clipped < STEPS:
        wrong.append(f"{clipped} of {STEPS} steps were clipped: it takes some and not all")
    ratio, where = worst(want, [h["weights"] for h in have])
    if not ratio <= 1:
        wrong.append(f"{where} is off: {ratio:.3g} x bound")
    seen = []
    for scale, max_norm in [((1 - SHARE) / LOSS_SCALE, MAX_NORM),
                            (1 / LOSS_SCALE, MAX_NORM * (1 - SHARE))]:
        other = clipped_by_library(library, steps, scale, max_norm)
        seen.append(worst(want, [h["weights"] for h in other])[0])
    if not min(seen) > 1:
        wrong.append(f"a wrong grad_scale, or a wrong max_norm, is not noticed: {seen}")
    print(f"{'clip_grad_norm_, loss scale':36} {ratio:5.2f} x bound, {len(seen)} untruths from "
          f"{min(seen):.3g} x bound; {clipped} of {STEPS} steps clipped")
    return wrong


def telling_weights(dtype):
    """float32 values around every one of the 65,536 of the type: itself, the middle between it and
    the next, and the float32 neighbours of all these; and random bits."""
    every = torch.arange(-32768, 32768, dtype=torch.int32).to(torch.int16).view(dtype).float()
    power = 2.0 ** (128 if dtype == torch.bfloat16 else 16)  # first beyond the finite ones
    finite = every.double().clamp(-power, power)
    middles = (finite[:-1] + finite[1:]).div(2).float()
    bits = torch.cat([every, middles]).view(torch.int32)
    generator = torch.Generator().manual_seed(7)
    random = torch.randint(-2**31, 2**31, (100000,), generator=generator).to(torch.int32)
    return torch.cat([bits, bits + 1, bits - 1, random]).view(torch.float32)


def same_numbers(a, b):
    """Bit for bit; one NaN is as good as another."""
    nan = a.isnan() & b.isnan()
    return bool((nan | (a.view(torch.int16) == b.view(torch.int16))).all())


def check_copies(library):
    wrong = []
    for name, dtype in [("BF16", torch.bfloat16), ("F16", torch.float16)]:
        w = telling_weights(dtype)
        copy = torch.empty_like(w, dtype=dtype)
        tensors = [library.c.gcs_flat(len(w))]
        plan = Plan(library, library.spec("SGD", "NONE", copy=name), tensors, 2)
        plan.step(library.hyper(lr=0.0), [{"w": w, "g": torch.zeros_like(w), "copy": copy}])
        if not same_numbers(copy, w.to(dtype)):
            wrong.append(f"the {name} copy is not torch's")
        for target in (math.inf, -math.inf):  # the next float32 rounds to another value somewhere
            if same_numbers(copy, torch.nextafter(w, torch.tensor(target)).to(dtype)):
                wrong.append(f"a wrong {name} copy is not noticed")
        print(f"{name + ' copy':36} {len(w)} weights rounded as torch does")
    return wrong


CHECKS = [("clipping", check_clipping), ("copies", check_copies)]
