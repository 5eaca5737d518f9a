"""The steps that are compared, and what an engine is told. Needs the standard library alone."""
from dataclasses import asdict, dataclass

from peers.shapes import Shape

STATE = {"sgdm": ("m",), "adam": ("m", "v"), "adamw": ("m", "v")}

# No L2 term: torch adds it behind a centring pass, the paper before it, and a step must be the
# same to be compared. The rates change the weights by 1e4 times their rounding.
HYPER = {"sgdm": {"lr": 0.01, "momentum": 0.9},
         "adam": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
         "adamw": {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.01}}


def step_bytes(shapes, rule):
    """Of w, g and the state of one set of tensors."""
    return 4 * (2 + len(STATE[rule])) * sum(s.elements for s in shapes)


@dataclass
class Setup:
    shapes: list
    rule: str
    hyper: dict
    threads: int
    sets: int  # of tensors, which the steps go round
    build: str  # gcstep's build folder
    compile: bool  # whether torch.compile takes part

    def to_message(self):
        return asdict(self)

    @classmethod
    def from_message(cls, message):
        shapes = [Shape(**s) for s in message["shapes"]]
        return cls(**{**message, "shapes": shapes})
