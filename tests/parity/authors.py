"""The optimizer classes of the authors of Gradient Centralization (arXiv 2004.01461), written anew
from the formulas. One object steps one tensor whose first dimension is the output channel.

They compute with whatever they are given: torch tensors, or Rounded (rounding.py).

`_GC` centres tensors of rank 2 and more, `_GCC` convolutions alone (rank 4 and more); in the GC2
forms it is not the gradient that is centred, but the whole change of the weights.
"""
import math


def centralize(x):
    """Phi: takes from each element the mean of all that feed the same output channel."""
    return x - x.mean(dim=tuple(range(1, x.dim())), keepdim=True)


class Optimizer:
    """What all have in common. `where`: "gradient" (with its L2 term), "raw" (before it), "update"
    or None. A class names its hyper-parameters as `struct gcs_hyper` does."""

    least_rank = 2
    where = "gradient"
    decoupled = False
    maximize = False

    def __init__(self, **hyper):
        self.weight_decay = 0.0
        self.__dict__.update(hyper)
        self.t = 0

    def phi(self, place, x):
        return centralize(x) if place == self.where and x.dim() >= self.least_rank else x

    def step(self, w, g):
        """The new w."""
        self.t += 1
        x = self.phi("raw", -g if self.maximize else g)
        if self.weight_decay and not self.decoupled:
            x = x + self.weight_decay * w
        change = self.change(self.phi("gradient", x))
        if self.weight_decay and self.decoupled:
            change = self.decay_rate() * self.weight_decay * w + change
        return w - self.phi("update", change)

    def decay_rate(self):
        return self.lr


class SGD(Optimizer):
    momentum = dampening = 0.0
    nesterov = False

    def change(self, x):
        if not self.momentum:
            return self.lr * x
        self.m = x if self.t == 1 else self.momentum * self.m + (1 - self.dampening) * x
        return self.lr * (x + self.momentum * self.m if self.nesterov else self.m)


class Adam(Optimizer):
    amsgrad = False
    authors_form = False  # the bias corrections meet the step size alone, not eps

    def change(self, x):
        if self.t == 1:
            self.m, self.v = 0 * x, 0 * x
            if self.amsgrad:
                self.v_max = self.v
        self.m = self.beta1 * self.m + (1 - self.beta1) * x
        self.v = self.beta2 * self.v + (1 - self.beta2) * (x * x)
        second = self.v
        if self.amsgrad:
            second = self.v_max = self.v_max.maximum(self.v)
        corrected = 1.0 if self.authors_form else 1 / math.sqrt(1 - self.beta2**self.t)
        return self.step_size() * self.m / (second.sqrt() * corrected + self.eps)

    def step_size(self):
        size = self.lr / (1 - self.beta1**self.t)
        return size * math.sqrt(1 - self.beta2**self.t) if self.authors_form else size

    def decay_rate(self):
        return self.step_size() if self.authors_form else self.lr


class Adagrad(Optimizer):
    def change(self, x):
        squares = x * x
        self.v = squares if self.t == 1 else self.v + squares
        size = self.lr / (1 + (self.t - 1) * self.lr_decay)
        return size * x / (self.v.sqrt() + self.eps)


class SGD_GC(SGD):
    pass


class SGD_GCC(SGD):
    least_rank = 4


class SGDW_GC(SGD):
    decoupled = True


class SGDW_GCC(SGDW_GC):
    least_rank = 4


class Adam_GC(Adam):
    pass


class Adam_GCC(Adam):
    least_rank = 4


class AdamW_GC(Adam):
    decoupled = True


class AdamW_GCC(AdamW_GC):
    least_rank = 4


class Adagrad_GC(Adagrad):
    pass


class Adagrad_GCC(Adagrad):
    least_rank = 4


class Adam_GC2(Adam):
    where = "update"


class AdamW_GC2(AdamW_GC):
    where = "update"
