"""How fast the library is, how its speed scales, and whether it computes what the reference did."""

from pyamlz.bench._conform import Conformance, Failure, conform
from pyamlz.bench._scaling import CURVES, Curve, Point
from pyamlz.bench._speed import COMPARED, ROUNDS

__all__ = [
    "COMPARED",
    "CURVES",
    "ROUNDS",
    "Conformance",
    "Curve",
    "Failure",
    "Point",
    "conform",
]
