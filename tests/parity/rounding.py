"""How far float32 can be from a formula: running error analysis on torch tensors.

A Rounded is a tensor in float64, standing for what the formula gives, and beside each element a
bound on the error of the same formula evaluated in float32, one rounding per operation. So the
bound of a whole trajectory falls out of the formulas as they are written, without a factor chosen
by hand (Higham, Accuracy and Stability of Numerical Algorithms, section 3.3). float64's own
roundings are 2^-29 of these and are left out.
"""
import torch

UNIT = 2.0**-24  # the largest relative error of one rounding to float32
TINY = 2.0**-126  # below it float32 loses digits, and the library stores its state as 0


def longest_chain(count):
    """Additions that one of `count` values goes through, at most, in the orders of summation of
    docs/arithmetic.md: runs of 64, then the sums of the runs. The 32 lanes of a contiguous group
    have shorter chains."""
    return count if count <= 64 else 64 + longest_chain(-(-count // 64))


class Rounded:
    """A tensor and the bound of its error. Supports what the optimizers' formulas use."""

    def __init__(self, value, error=None):
        self.value = value
        self.error = torch.zeros_like(value) if error is None else error

    @staticmethod
    def of(number):
        """Of a coefficient: rounded once from a Python float."""
        if isinstance(number, Rounded):
            return number
        value = torch.tensor(float(number), dtype=torch.float64)
        return Rounded(value, UNIT * value.abs())

    @staticmethod
    def result(value, error):
        """Of one operation; `error` is what its operands brought along."""
        return Rounded(value, error + UNIT * (value.abs() + error) + TINY)

    def __add__(self, other):
        other = Rounded.of(other)
        return Rounded.result(self.value + other.value, self.error + other.error)

    def __neg__(self):
        return Rounded(-self.value, self.error)

    def __sub__(self, other):
        return self + -Rounded.of(other)

    def __mul__(self, other):
        other = Rounded.of(other)
        error = (self.value.abs() * other.error + other.value.abs() * self.error +
                 self.error * other.error)
        return Rounded.result(self.value * other.value, error)

    __radd__ = __add__
    __rmul__ = __mul__

    def __truediv__(self, other):
        """Infinite where the divisor may be 0; the caller refuses such a bound."""
        other = Rounded.of(other)
        value = self.value / other.value
        smallest = (other.value.abs() - other.error).clamp(min=0)
        return Rounded.result(value, (self.error + value.abs() * other.error) / smallest)

    def sqrt(self):
        root = self.value.sqrt()
        below = root - (self.value - self.error).clamp(min=0).sqrt()
        return Rounded.result(root, below)  # the root is steeper below than above

    def maximum(self, other):
        return Rounded(torch.maximum(self.value, other.value),
                       torch.maximum(self.error, other.error))

    def dim(self):
        return self.value.dim()

    def mean(self, dim, keepdim):
        """Each addition rounds a partial sum, which the sum of the magnitudes bounds."""
        count = 1
        for d in dim:
            count *= self.value.shape[d]
        share = longest_chain(count) * UNIT
        share += share * share
        error = self.error.mean(dim, keepdim)
        magnitude = self.value.abs().mean(dim, keepdim) + error
        return Rounded.result(self.value.mean(dim, keepdim), error + share * magnitude)
