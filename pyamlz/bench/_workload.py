"""What is run to measure speed, and how fast it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Literal, NamedTuple, TypeAlias, cast, get_args

from pyamlz._lib.checks import MAX_COUNT, MAX_FEATURES, Precision, checked_choice, checked_int
from pyamlz.program import OPS, Dims, FunctionSpace, Program, SearchSpace
from pyamlz.program.baselines import linear_regressor, neural_network
from pyamlz.tasks import TaskSet, linear

__all__ = ["Burst", "ProgramName", "Rate", "Workload"]

ProgramName: TypeAlias = Literal["linear", "nn", "random"]

_N_RANDOM = 200  # programs
_N_VALID = 1  # examples: training should take all of the time
_MIN_TRAIN = 100
_MOST_TRAIN = 1000
_PASS_STEPS = 20_000  # a pass, once over all tasks with all programs, has so many steps,
_PASS_NUMBERS = 2**22  # or features,
_PASS_COST = 1e8  # or work, in units of a scalar sum; whichever is the least, but _MIN_TRAIN examples at least


@dataclass(frozen=True, slots=True, eq=False)
class Workload:
    """Programs and the tasks that each of them is trained on.

    Features have a variance of 1 / F and labels one of about 1, so that gradient descent with the built-in programs'
    learning rate converges at any F.

    Attributes:
        programs: "linear": the linear regressor; "nn": the neural network; "random": 200 random programs of all ops,
            with 21, 21 and 45 instructions on 8 scalars, 14 vectors and 3 matrices (section 4.2 of the paper).
        tasks: linear regression.
    """

    programs: tuple[Program, ...]
    tasks: TaskSet

    @classmethod
    def of(
        cls,
        program: ProgramName,
        n_features: int,
        n_tasks: int,
        precision: Precision = "float32",
        n_train: int | None = None,
    ) -> Workload:
        """A workload, by default with as many examples as training needs to take nearly all of the time.

        Raises:
            InputError: an argument is wrong.
        """
        name = checked_choice("program", program, get_args(ProgramName))
        n_features = checked_int("n_features", n_features, 1, MAX_FEATURES)
        n_tasks = checked_int("n_tasks", n_tasks, 1, MAX_COUNT)
        programs = _programs(cast(ProgramName, name), n_features)
        if n_train is None:
            cost = n_tasks * sum(p.cost(n_features) for p in programs)
            n_train = min(_PASS_STEPS // n_tasks, _PASS_NUMBERS // (n_tasks * n_features), int(_PASS_COST / cost))
            n_train = min(max(n_train, _MIN_TRAIN), _MOST_TRAIN)
        return cls(programs, _tasks(n_features, n_tasks, n_train, precision))

    @property
    def steps(self) -> int:
        """Training steps of a pass in which no task is stopped early."""
        return len(self.programs) * self.tasks.n_tasks * self.tasks.n_train


def _programs(name: ProgramName, n_features: int) -> tuple[Program, ...]:
    if name == "linear":
        return (linear_regressor(),)
    if name == "nn":
        return (neural_network(),)
    setup, predict, learn = (FunctionSpace.fixed(size, OPS) for size in (21, 21, 45))
    dims = Dims(n_features=n_features, n_scalars=8, n_vectors=14, n_matrices=3)
    space = SearchSpace(dims, setup=setup, predict=predict, learn=learn)
    return tuple(Program.random(space, seed) for seed in range(_N_RANDOM))


def _tasks(n_features: int, n_tasks: int, n_train: int, precision: Precision) -> TaskSet:
    tasks = linear(n_features, n_tasks, n_train, _N_VALID, precision=precision)
    scale = tasks.train_x.dtype.type(n_features**-0.5)
    names = ("train_x", "train_y", "valid_x", "valid_y")
    return replace(tasks, source={}, **{name: getattr(tasks, name) * scale for name in names})


class Burst(NamedTuple):
    """Training without a pause.

    Attributes:
        steps: training steps that were done.
        seconds: how long they took.
    """

    steps: int
    seconds: float

    @property
    def rate(self) -> float:
        """Training steps per second."""
        return self.steps / self.seconds


class Rate(NamedTuple):
    """A figure that was measured several times.

    Attributes:
        median: the median.
        low: the lowest.
        high: the highest.
    """

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Rate:
        """Median and range of the figures."""
        return cls(median(figures), min(figures), max(figures))
