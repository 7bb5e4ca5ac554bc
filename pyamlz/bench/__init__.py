"""How fast the library is, how its speed scales, and whether it computes what the reference did.

>>> from pyamlz import bench
>>> print(bench.steps("linear", n_features=4, n_tasks=10, seconds=2.0).rate)  # doctest: +SKIP
"""

from pyamlz.bench._conform import Conformance, Failure, conform
from pyamlz.bench._plain import plain_command
from pyamlz.bench._scaling import CURVES, Curve, Point, draw_scaling, scaling
from pyamlz.bench._speed import COMPARED, ROUNDS, Case, CaseSpeed, SearchSpeed, StepSpeed, compare, search, steps
from pyamlz.bench._workload import ProgramName, Rate, Workload

__all__ = [
    "COMPARED",
    "CURVES",
    "ROUNDS",
    "Case",
    "CaseSpeed",
    "Conformance",
    "Curve",
    "Failure",
    "Point",
    "ProgramName",
    "Rate",
    "SearchSpeed",
    "StepSpeed",
    "Workload",
    "compare",
    "conform",
    "draw_scaling",
    "plain_command",
    "scaling",
    "search",
    "steps",
]
