"""One step on a GPU by gcstep and by torch's optimizers, with a centring pass before them and
without. Each peer has tensors of its own, all with the same first values."""
import math

import torch

from gcstep import Plan
from peers.spec import HYPER, STATE

OPTIMIZERS = {"sgdm": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
FORMS = {"loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
# The state is read and bias corrections are near 1, as in most steps of a training run.
FIRST_STEP = 1000
# A prime times a power of two: no row length of a network divides it.
PERIOD = 1021 << 10


def first_patterns(device):
    """Values of a trainer's size, as those of workload.py. The mean of g is not 0."""
    generator = torch.Generator().manual_seed(20040146)
    u = [2 * torch.rand(PERIOD, generator=generator) - 1 for _ in range(4)]
    patterns = {"w": 0.05 * u[0], "g": 0.003 + 0.01 * u[1], "m": 0.01 * u[2],
                "v": 1e-4 * (0.5 + 0.25 * u[3])}
    return {name: values.to(device.name) for name, values in patterns.items()}


class Tensors:
    """One peer's, by name in the order of the network's shapes."""

    def __init__(self, shapes, rule, patterns):
        self.shapes = shapes
        for name in ("w", "g", *STATE[rule]):
            setattr(self, name, [self.fill(s, patterns[name]) for s in shapes])
        self.centred = [(g, s.mean_axes) for g, s in zip(self.g, shapes) if s.mean_axes is not None]

    @staticmethod
    def fill(shape, pattern):
        times = -(-shape.elements // PERIOD)
        return pattern.repeat(times)[:shape.elements].reshape(shape.dims).clone()


def centre_loop(tensors):
    """As the GC authors' optimizers do it, tensor by tensor."""
    for g, axes in tensors.centred:
        g.add_(-g.mean(dim=axes, keepdim=True))


def centre_foreach(tensors):
    means = [g.mean(dim=axes, keepdim=True) for g, axes in tensors.centred]
    torch._foreach_sub_([g for g, _ in tensors.centred], means)


CENTRINGS = {"loop": centre_loop, "foreach": centre_foreach}


def gcstep_tensor(c, shape):
    if shape.layout == "rows":
        return c.gcs_rows(shape.dims[0], math.prod(shape.dims[1:]))
    if shape.layout == "cols":
        return c.gcs_cols(math.prod(shape.dims[:-1]), shape.dims[-1])
    return c.gcs_flat(shape.elements)


class GcstepPeer:
    def __init__(self, library, device, rule, centred, tensors):
        self.name, self.centred, self.tensors = "gcstep", centred, tensors
        spec = library.spec(rule.upper(), "GRADIENT" if centred else "NONE")
        shapes = [gcstep_tensor(library.c, s) for s in tensors.shapes]
        self.plan = Plan(library, spec, shapes, target=device.target(library))
        self.hyper = library.hyper(**HYPER[rule], t=FIRST_STEP)
        names = ("w", "g", *STATE[rule])
        self.addresses = self.plan.addresses(
            [dict(zip(names, of)) for of in zip(*(getattr(tensors, n) for n in names))])

    def step(self):
        self.plan.step_at(self.hyper, self.addresses)
        self.hyper.t += 1


def optimizer_arguments(rule):
    """In torch's names."""
    given = dict(HYPER[rule])
    if "beta1" in given:
        given["betas"] = (given.pop("beta1"), given.pop("beta2"))
    return given


def make_optimizer(rule, form, tensors):
    parameters = [torch.nn.Parameter(w) for w in tensors.w]
    for parameter, g in zip(parameters, tensors.g):
        parameter.grad = g
    optimizer = OPTIMIZERS[rule](parameters, **optimizer_arguments(rule), **form)
    on_device = form.get("fused") or form.get("capturable")
    for i, parameter in enumerate(parameters):
        if rule == "sgdm":
            optimizer.state[parameter] = {"momentum_buffer": tensors.m[i]}
            continue
        step = torch.tensor(FIRST_STEP - 1.0, device=parameter.device if on_device else "cpu")
        optimizer.state[parameter] = {"step": step, "exp_avg": tensors.m[i],
                                      "exp_avg_sq": tensors.v[i]}
    return optimizer


class TorchPeer:
    def __init__(self, rule, form, centring, tensors):
        self.name = f"torch {form}" + (f", {centring} centring before" if centring else "")
        self.centred, self.tensors = centring is not None, tensors
        self.centre = CENTRINGS.get(centring)
        self.optimizer = make_optimizer(rule, FORMS[form], tensors)

    def step(self):
        if self.centre:
            self.centre(self.tensors)
        self.optimizer.step()


class CompiledPeer:
    """torch.compile of the centring and the step as one function. It compiles in the first call."""
    name, centred = "torch.compile", True

    def __init__(self, rule, tensors):
        self.tensors = tensors
        form = {"foreach": True}
        if rule != "sgdm":
            form["capturable"] = True  # the number of the step is no constant of the code
        optimizer = make_optimizer(rule, form, tensors)

        def step():
            centre_foreach(tensors)
            optimizer.step()
        self.compiled = torch.compile(step)

    def step(self):
        self.compiled()


def makers(library, device, network, rule):
    """Pairs of a name and what makes the peer, gcstep's first."""
    patterns = first_patterns(device)

    def tensors():
        return Tensors(network, rule, patterns)
    offered = [("gcstep", lambda c=c: GcstepPeer(library, device, rule, c, tensors()))
               for c in (True, False)]
    for form, centrings in (("fused", (None, "loop", "foreach")),
                            ("foreach", (None, "loop", "foreach")), ("loop", (None, "loop"))):
        offered += [(f"torch {form}", lambda f=form, c=c: TorchPeer(rule, f, c, tensors()))
                    for c in centrings]
    return offered


def compiled_makers(library, device, network, rule):
    """torch.compile's, beside the gcstep that it is compared with."""
    patterns = first_patterns(device)

    def tensors():
        return Tensors(network, rule, patterns)
    offered = [("gcstep", lambda c=c: GcstepPeer(library, device, rule, c, tensors()))
               for c in (True, False)]
    return [*offered, ("torch.compile", lambda: CompiledPeer(rule, tensors()))]
