"""How much longer an epoch of training gets by GC: the paper's own headline. ResNet-50 on images of
32 x 32, 100 classes, batches of 128: an epoch of CIFAR-100 is 391 steps. Data are random."""
import statistics
import time

import torch

from gcstep import Plan

BATCH, CLASSES, SIDE, STEPS_OF_EPOCH = 128, 100, 32, 391
LR, MOMENTUM, WEIGHT_DECAY = 1e-4, 0.9, 5e-4
STEPS_OF_BLOCK = 4
WARM_UP_BLOCKS = 2
COLUMNS = ("optimizer", "centres", "ms a step", "s an epoch", "by GC")


class AuthorsSGD:
    """The step of the GC authors' SGD_GC: torch's loop of that time, and one line in it."""

    def __init__(self, parameters, centred):
        self.parameters, self.centred = parameters, centred
        self.momenta = [torch.zeros_like(p) for p in parameters]

    @torch.no_grad()
    def step(self):
        for p, m in zip(self.parameters, self.momenta):
            d = p.grad
            d.add_(p, alpha=WEIGHT_DECAY)
            if self.centred and d.dim() > 1:
                d.add_(-d.mean(dim=tuple(range(1, d.dim())), keepdim=True))
            m.mul_(MOMENTUM).add_(d)
            p.add_(m, alpha=-LR)


class TorchSGD:
    """torch's fused step, behind a pass that centres."""

    def __init__(self, parameters, centred):
        self.optimizer = torch.optim.SGD(parameters, lr=LR, momentum=MOMENTUM,
                                         weight_decay=WEIGHT_DECAY, fused=True)
        self.centred = [p for p in parameters if p.dim() > 1] if centred else []

    def step(self):
        with torch.no_grad():
            for p in self.centred:
                g = p.grad
                g.add_(-g.mean(dim=tuple(range(1, g.dim())), keepdim=True))
        self.optimizer.step()


class GcstepSGD:
    """gcstep as a trainer calls it: gradients may be elsewhere in each step."""

    def __init__(self, parameters, centred, library, device):
        self.parameters = parameters
        self.momenta = [torch.zeros_like(p) for p in parameters]
        c = library.c
        tensors = [c.gcs_rows(p.shape[0], p.numel() // p.shape[0]) if p.dim() > 1
                   else c.gcs_flat(p.numel()) for p in parameters]
        spec = library.spec("SGDM", "GRADIENT" if centred else "NONE")
        self.plan = Plan(library, spec, tensors, target=device.target(library))
        self.hyper = library.hyper(lr=LR, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
        self.at = None

    def step(self):
        at = [p.grad.data_ptr() for p in self.parameters]
        if at != self.at:
            self.at = at
            self.addresses = self.plan.addresses(
                [{"w": p, "g": p.grad, "m": m} for p, m in zip(self.parameters, self.momenta)])
        self.plan.step_at(self.hyper, self.addresses)
        self.hyper.t += 1


class Trainer:
    """One network and one batch, which all optimizers have in turn."""

    def __init__(self, model, device):
        self.model, self.device = model.to(device.name), device
        self.parameters = list(self.model.parameters())
        self.images = torch.randn(BATCH, 3, SIDE, SIDE, device=device.name)
        self.labels = torch.randint(CLASSES, (BATCH,), device=device.name)
        self.loss = torch.nn.CrossEntropyLoss()

    def block(self, optimizer, steps=STEPS_OF_BLOCK):
        """Milliseconds of a step, from the first call to the end of all work."""
        self.device.synchronize()
        start = time.perf_counter()
        for _ in range(steps):
            for p in self.parameters:
                p.grad = None
            self.loss(self.model(self.images), self.labels).backward()
            optimizer.step()
        self.device.synchronize()
        return (time.perf_counter() - start) * 1e3 / steps


def optimizers(parameters, library, device):
    """Triples: name, without centring, with it. And pairs of name and reason of those that cannot
    be made."""
    makers = [("as the authors' code does it", AuthorsSGD), ("torch fused", TorchSGD),
              ("gcstep", lambda p, centred: GcstepSGD(p, centred, library, device))]
    made, absent = [], []
    for name, make in makers:
        try:
            made.append((name, make(parameters, False), make(parameters, True)))
        except Exception as error:  # whatever torch throws is the reason
            absent.append((name, f"{type(error).__name__}: {error}"))
    return made, absent


def run(library, device, steps, model=None):
    """The result as JSON has it; `steps` of each optimizer, in blocks that take turns."""
    if model is None:
        import torchvision
        model = torchvision.models.resnet50(num_classes=CLASSES)
    torch.backends.cudnn.benchmark = True
    trainer = Trainer(model, device)
    trainer.block(AuthorsSGD(trainer.parameters, True))  # the gradients exist
    made, absent = optimizers(trainer.parameters, library, device)
    times = {(name, centred): [] for name, *_ in made for centred in (False, True)}
    for number in range(WARM_UP_BLOCKS + -(-steps // STEPS_OF_BLOCK)):
        for name, *both in made:
            for centred, optimizer in enumerate(both):
                taken = trainer.block(optimizer)
                if number >= WARM_UP_BLOCKS:
                    times[name, bool(centred)].append(taken)
    rows = []
    for name, *_ in made:
        without, with_gc = times[name, False], times[name, True]
        longer = statistics.median(a / b for a, b in zip(with_gc, without)) - 1
        for centred, taken in ((False, without), (True, with_gc)):
            ms = statistics.median(taken)
            rows.append({"optimizer": name, "centres": centred, "step_ms": ms,
                         "epoch_s": ms * STEPS_OF_EPOCH * 1e-3,
                         "longer_by_gc": longer if centred else None})
    return {"batch": BATCH, "steps_of_epoch": STEPS_OF_EPOCH, "steps_timed": steps, "rows": rows,
            "absent": [{"name": name, "why": why} for name, why in absent]}


def cells(row):
    longer = row["longer_by_gc"]
    return (row["optimizer"], "yes" if row["centres"] else "no", f"{row['step_ms']:.3f}",
            f"{row['epoch_s']:.2f}", "" if longer is None else f"{100 * longer:+.2f} %")


def print_epoch(epoch, print_table):
    print(f"\nResNet-50, batches of {epoch['batch']} of {SIDE}x{SIDE}, SGDM: an epoch of "
          f"{epoch['steps_of_epoch']} steps, extrapolated from {epoch['steps_timed']} of each")
    print_table(COLUMNS, [cells(row) for row in epoch["rows"]])
    for gone in epoch["absent"]:
        print(f"absent: {gone['name']}: {gone['why']}")
