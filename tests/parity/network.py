"""The tensors that the optimizers step here, how each lies in the library's memory, and gradients
that depend on the weights, so that a difference in one step is felt in the next."""
import torch

from rounding import UNIT, Rounded

STEPS = 20


class Parameter:
    """`shape` is torch's, output channel first. `to_memory` gives the order of the library's
    buffer, `from_memory` takes a flat buffer back; without them it is torch's order. `centred`
    makes the gcs_tensor whose groups are the output channels."""

    def __init__(self, name, shape, centred, to_memory=None, from_memory=None):
        self.name, self.shape, self.centred = name, shape, centred
        self.to_memory = to_memory or (lambda x: x)
        self.from_memory = from_memory or (lambda x: x.reshape(shape))

    def tensor(self, library, least_rank):
        if len(self.shape) >= least_rank:
            return self.centred(library.c)
        return library.c.gcs_flat(torch.Size(self.shape).numel())


PARAMETERS = [
    Parameter("conv OIHW", (24, 16, 3, 3), lambda c: c.gcs_rows(24, 144)),
    Parameter("conv 7x7 OIHW", (4, 32, 7, 7), lambda c: c.gcs_rows(4, 1568)),
    Parameter("conv HWIO", (20, 12, 3, 3), lambda c: c.gcs_cols(108, 20),
              lambda x: x.permute(2, 3, 1, 0),
              lambda x: x.reshape(3, 3, 12, 20).permute(3, 2, 0, 1)),
    Parameter("linear (out, in)", (30, 77), lambda c: c.gcs_rows(30, 77)),
    Parameter("linear (in, out)", (33, 70), lambda c: c.gcs_cols(70, 33),
              lambda x: x.t(), lambda x: x.reshape(70, 33).t()),
    # Three matrices (in, out), as a mixture of experts keeps them.
    Parameter("experts (3, in, out)", (3 * 8, 11), lambda c: c.gcs_general(3, 11, 8),
              lambda x: x.reshape(3, 8, 11).transpose(1, 2),
              lambda x: x.reshape(3, 11, 8).transpose(1, 2).reshape(24, 11)),
    Parameter("bias", (24,), lambda c: c.gcs_flat(24)),
]


class Gradient:
    """Of a quadratic that ties each weight to a target and to its neighbours (as the elements lie
    in `shape`), and fresh noise. The noise becomes smaller from step to step, as a gradient does,
    so that second moments rise and fall; its mean is not 0. With stiffness 0 the gradient is noise
    alone, rounded to `dtype`, and so the same on both sides."""

    def __init__(self, shape, seed, stiffness, dtype=torch.float32):
        generator = torch.Generator().manual_seed(seed)
        size = (0.2 + 2 * 0.7**torch.arange(STEPS)).reshape(STEPS, *[1] * len(shape))
        noise = size * (0.5 + torch.randn((STEPS, *shape), generator=generator))
        self.noise = noise.to(dtype).double()
        self.target = torch.randn(shape, generator=generator).double()
        self.own, self.tie = stiffness, stiffness / 4

    def at(self, t, w):
        """In float64, at the weights w of step t = 1, 2, ..."""
        neighbours = w.roll(1, 0) + w.roll(-1, 0)
        return self.own * (w - self.target) - self.tie * neighbours + self.noise[t - 1]

    def bounded_at(self, t, w):
        """As the library gets it, rounded once to float32, at weights with an error."""
        value = self.at(t, w.value)
        if self.own == 0:
            return Rounded(value)
        error = self.own * w.error + self.tie * (w.error.roll(1, 0) + w.error.roll(-1, 0))
        return Rounded(value, error + UNIT * (value.abs() + error))


def start(parameter, index):
    """Weights at t = 1: float32 values in float64."""
    generator = torch.Generator().manual_seed(1000 + index)
    return torch.randn(parameter.shape, generator=generator).double()
