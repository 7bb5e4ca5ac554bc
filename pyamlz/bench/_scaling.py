"""How cost grows with the size of what is run: one thing is varied at a time, and all else stays."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from pyamlz._lib.checks import checked_float
from pyamlz._lib.errors import FileError
from pyamlz._lib.extras import imported
from pyamlz.bench._speed import steps_of
from pyamlz.bench._workload import Workload
from pyamlz.lab import Experiment
from pyamlz.program import Instruction, Program
from pyamlz.search import Variant
from pyamlz.search._crew import checked_threads

__all__ = ["CURVES", "Curve", "Point", "draw_scaling", "scaling"]

_ROUNDS: Final = 3  # the median of so many bursts is the figure
# Evaluations after which a preset's search is under way, its programs no longer trivial.
_WARM: Final = {"demo": 20_000, "nonlinear": 8_000, "baseline": 30_000}


@dataclass(frozen=True, slots=True)
class Curve:
    """What is varied, and what its cost is measured in.

    Attributes:
        name: what is varied.
        unit: what one of the costs is for.
        values: what it is set to.
        cost: nanoseconds for one unit at a value, measured in so many seconds.
        expected: what the cost should be proportional to, as a function of the value.
        law: the same in words.
    """

    name: str
    unit: str
    values: tuple[int, ...]
    cost: Callable[[int, float, Variant], float]
    expected: Callable[[int], float]
    law: str


@dataclass(frozen=True, slots=True)
class Point:
    """A measurement.

    Attributes:
        curve: what was varied.
        value: what it was set to.
        nanoseconds: cost of one unit.
        relative: this cost over what is expected of it, by the curve's first value: 1 where it grows as it should,
            less where it grows slower.
    """

    curve: Curve
    value: int
    nanoseconds: float
    relative: float


def _network(n_features: int, n_tasks: int, seconds: float, variant: Variant, n_train: int | None = None) -> float:
    """Nanoseconds for a training step of the network in all tasks together."""
    return _steps(Workload.of("nn", n_features, n_tasks, n_train=n_train), seconds, variant)


def _sums(length: int, seconds: float, variant: Variant) -> float:
    """Nanoseconds for a training step, in 16 tasks, of a program with so many instructions in Learn, all live."""
    first = Instruction("scalar_vector_product", out=1, in1=0, in2=0)
    rest = [Instruction("vector_sum", out=1, in1=1, in2=0) for _ in range(length - 1)]
    program = Program(predict=[Instruction("dot_product", out=1, in1=0, in2=1)], learn=[first, *rest])
    return _steps(Workload((program,), Workload.of("linear", 16, 16).tasks), seconds, variant)


def _steps(workload: Workload, seconds: float, variant: Variant) -> float:
    rate = steps_of(workload, seconds=seconds, variant=variant).rate.median
    return 1e9 * workload.tasks.n_tasks / rate


def _search(seconds: float, variant: Variant, name: str = "demo", threads: int = 1, **settings: int) -> float:
    """Nanoseconds for a program that a search of a preset scores, once it is under way."""
    preset = Experiment.load(name).replace(**settings)
    tasks = preset.tasks("tasks", 1)
    assert tasks is not None
    search = preset.search(tasks, seed=1, variant=variant)
    search.threads = threads
    search.run(max_evaluations=max(_WARM[name], 2 * preset.settings.population_size))
    before = search.progress
    result = search.run(max_seconds=seconds)
    return 1e9 * (result.seconds - before.seconds) / (result.evaluations - before.evaluations)


def _threads(name: str) -> Curve:
    """How much sooner a preset's search scores a program by several threads, up to as many as there are cores."""
    most = checked_threads("auto")
    values = tuple(sorted({*(2**i for i in range(most.bit_length())), most}))
    return Curve(
        f"threads of {name}", f"program in a search of {name}", values,
        lambda n, seconds, variant: _search(seconds, variant, name, n), lambda n: 1 / n, "1 / N",
    )  # fmt: skip


CURVES: Final = (
    Curve(
        "features", "training step of the network, 8 tasks", (4, 8, 16, 32, 64, 128, 256),
        lambda n, seconds, variant: _network(n, 8, seconds, variant), lambda n: n * n, "F^2",
    ),
    Curve(
        "tasks", "training step of the network in all tasks, F = 16", (1, 4, 8, 16, 32, 64, 128),
        lambda n, seconds, variant: _network(16, n, seconds, variant), lambda n: n, "D",
    ),
    Curve(
        "examples", "training step of the network, F = 16, 8 tasks", (100, 1000, 10_000, 100_000),
        lambda n, seconds, variant: _network(16, 8, seconds, variant, n), lambda n: 1, "a constant",
    ),
    Curve(
        "instructions", "training step in 16 tasks, F = 16", (4, 8, 16, 32, 64),
        _sums, lambda n: n, "the number of them",
    ),
    Curve(
        "population_size", "program in a search", (10, 100, 1000, 10_000, 100_000),
        lambda n, seconds, variant: _search(seconds, variant, population_size=n), lambda n: 1, "a constant",
    ),
    Curve(
        "cache_size", "program in a search", (1000, 10_000, 100_000, 1_000_000),
        lambda n, seconds, variant: _search(seconds, variant, cache_size=n), lambda n: 1, "a constant",
    ),
    *map(_threads, _WARM),
)  # fmt: skip


def scaling(*, seconds: float = 0.5, variant: Variant = "auto") -> Iterator[Point]:
    """All points of all curves, one after the other.

    Args:
        seconds: for each of them, over 0.
        variant: kernels to use.

    Raises:
        InputError: an argument is wrong.
    """
    each = checked_float("seconds", seconds, 0.0, over=True) / _ROUNDS
    for curve in CURVES:
        first: float | None = None
        for value in curve.values:
            cost = median(curve.cost(value, each, variant) for _ in range(_ROUNDS))
            share = cost / curve.expected(value)
            first = share if first is None else first
            yield Point(curve, value, cost, share / first)


def draw_scaling(points: list[Point], path: str | os.PathLike[str]) -> None:
    """Draws the curves on logarithmic axes, each with what is expected of it, by matplotlib.

    Raises:
        MissingExtraError: matplotlib is not installed.
        FileError: the file cannot be written.
    """
    figure = imported("matplotlib.figure", "plot").Figure(figsize=(12, 3.5 * (len(CURVES) // 3)), layout="constrained")
    for axes, curve in zip(figure.subplots(len(CURVES) // 3, 3).flat, CURVES, strict=True):
        mine = [point for point in points if point.curve is curve]
        scale = mine[0].nanoseconds / curve.expected(mine[0].value)
        x = [point.value for point in mine]
        y = [point.nanoseconds for point in mine]
        axes.loglog(x, [scale * curve.expected(value) for value in x], "--", color="gray", label=f"as {curve.law}")
        axes.loglog(x, y, "o-", label="measured")
        axes.set(xlabel=curve.name, ylabel="ns", ylim=(min(y) / 3, max(y) * 3))  # so that noise looks small
        axes.set_xticks(x, [f"{value:,}" for value in x], fontsize="small")
        axes.minorticks_off()
        axes.set_title(f"a {curve.unit}", fontsize="medium")
        axes.legend()
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise FileError(f"{os.fspath(path)}: cannot be written: {error}") from None
