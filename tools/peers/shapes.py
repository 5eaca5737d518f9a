"""Reads the parameter shapes of a network (models/README.md)."""
import math
from dataclasses import dataclass

KINDS = ("conv", "linear", "norm", "bias", "embedding")
LAYOUTS = ("rows", "cols", "flat")


class BadShapes(Exception):
    """A sentence with file and line."""


@dataclass
class Shape:
    dims: list
    layout: str  # rows: a group is an index of the first dimension; cols: of the last; flat: none

    @property
    def elements(self):
        return math.prod(self.dims)

    @property
    def mean_axes(self):
        """The axes that the mean of a group runs over; None where nothing is centred."""
        rank = len(self.dims)
        return {"rows": tuple(range(1, rank)), "cols": tuple(range(rank - 1))}.get(self.layout)


def parse_dims(text):
    fields = text.split("x")
    if not all(f.isascii() and f.isdigit() and int(f) > 0 for f in fields):
        raise ValueError(f"dims: '{text}' is not positive integers joined by x")
    return [int(f) for f in fields]


def parse_line(line):
    fields = line.split("\t")
    if len(fields) != 4:
        raise ValueError("a line is name, dims, kind and layout, separated by one tab each")
    _, dims, kind, layout = fields
    if kind not in KINDS:
        raise ValueError(f"kind: '{kind}' is none of {', '.join(KINDS)}")
    if layout not in LAYOUTS:
        raise ValueError(f"layout: '{layout}' is none of {', '.join(LAYOUTS)}")
    shape = Shape(parse_dims(dims), layout)
    if len(shape.dims) == 1 and layout != "flat":
        raise ValueError("layout: a tensor of one dimension is never centred and must be flat")
    return shape


def read(path):
    """The tensors of a file, in its order."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadShapes(f"{path}: {getattr(error, 'strerror', 'not a text file')}") from None
    shapes = []
    for number, line in enumerate(lines, start=1):
        if not line or line.startswith("#"):
            continue
        try:
            shapes.append(parse_line(line))
        except ValueError as error:
            raise BadShapes(f"{path}:{number}: {error}") from None
    if not shapes:
        raise BadShapes(f"{path}: there is no tensor in it")
    return shapes
