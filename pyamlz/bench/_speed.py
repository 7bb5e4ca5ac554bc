"""How fast the library is: training steps, searches, and a straightforward interpreter to compare with.

A training step is one Predict and one Learn on one example of one task. Times are those of a clock on the wall, so
other work on the machine shows in them.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Final, Literal, NamedTuple, TypeAlias, cast, get_args

import numpy as np

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import MAX_COUNT, MAX_FEATURES, Precision, checked_choice, checked_float, checked_int
from pyamlz._lib.errors import AmlzError, check
from pyamlz._lib.native import text
from pyamlz._lib.random import derived_seed
from pyamlz.lab import Preset
from pyamlz.program import OPS, Dims, FunctionSpace, Instruction, Program, SearchSpace, find_op
from pyamlz.program.baselines import linear_regressor, neural_network
from pyamlz.search import Evaluator, Progress, Search, Variant
from pyamlz.tasks import TaskSet, linear

__all__ = [
    "COMPARED",
    "ROUNDS",
    "Burst",
    "Comparison",
    "PlainInterpreter",
    "ProgramName",
    "Rate",
    "Row",
    "SearchSpeed",
    "StepSpeed",
    "Workload",
    "compare",
    "plain_command",
    "plain_interpreter",
    "search",
    "steps",
    "steps_of",
]

ProgramName: TypeAlias = Literal["linear", "nn", "random"]

ROUNDS: Final = 5  #: bursts that each figure is the median of
_N_RANDOM = 200  # programs
_PHASE_SECONDS = 2.0  # at most, to find out what a search spends its time on
_PHASE_EVALUATIONS = 1000  # between two looks at that time
_N_VALID = 1  # examples: training should take all of the time
_MIN_TRAIN = 100
_MOST_TRAIN = 1000
_PASS_STEPS = 20_000  # a pass, once over all tasks with all programs, has so many steps,
_PASS_NUMBERS = 2**22  # or features,
_PASS_COST = 1e8  # or work, in units of a scalar sum; whichever is the least, but _MIN_TRAIN examples at least
_SOURCE = Path(__file__).resolve().parents[2] / "tests" / "tools" / "plain_steps.c"


# ---------------------------------------------------------------- what is run


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


class _Library:
    """The library's evaluator on a workload, and how often it went through it.

    Attributes:
        evaluator: the evaluator.
        passes: how often.
        stopped_tasks: tasks of programs that were stopped early in these passes.
    """

    def __init__(self, workload: Workload, precision: Precision, variant: Variant) -> None:
        self.evaluator = Evaluator(workload.tasks, precision=precision, variant=variant)
        for program in workload.programs:
            self.evaluator.evaluate(program)  # which makes its memory large enough for them all
        # The library is called without what Python does around it, which would count where programs are short.
        self._programs = [program._c for program in workload.programs]
        self._pointers = (self.evaluator._handle.pointer, self.evaluator.tasks._handle.pointer)
        self._result = ffi.new("amlz_evaluation *")
        self.passes = self.stopped_tasks = 0
        self.burst(0.0)  # memory grows, caches fill: not counted
        self.passes = self.stopped_tasks = 0

    def burst(self, seconds: float) -> Burst:
        """Whole passes, at least one, until so many seconds have passed."""
        done, result = 0, self._result
        began = time.perf_counter()
        while True:
            for program in self._programs:
                check(lib.amlz_evaluate(*self._pointers, program, 0, result, ffi.NULL))
                done += result.train_steps
                self.stopped_tasks += result.n_stopped
            self.passes += 1
            passed = time.perf_counter() - began
            if passed >= seconds:
                return Burst(done, passed)


# ---------------------------------------------------------------- training steps


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


@dataclass(frozen=True, slots=True, eq=False)
class StepSpeed:
    """How fast the library trains.

    Attributes:
        workload: what was run.
        variant: the kernels in use.
        rate: training steps per second.
        train_steps: training steps that were done.
        full_train_steps: what they would be if no task was stopped early.
        stopped_tasks: tasks that were, by NaN or an error over 100, over all programs and passes.
        seconds: what was measured.
    """

    workload: Workload
    variant: str
    rate: Rate
    train_steps: int
    full_train_steps: int
    stopped_tasks: int
    seconds: float


def steps(
    program: ProgramName,
    *,
    n_features: int,
    n_tasks: int,
    precision: Precision = "float32",
    variant: Variant = "auto",
    seconds: float = 2.0,
) -> StepSpeed:
    """Measures training steps per second of :class:`pyamlz.Evaluator`.

    Args:
        program: what is run, see :class:`Workload`.
        n_features: F.
        n_tasks: D.
        precision: "float32" or "float64".
        variant: kernels to use.
        seconds: how long it should take, over 0; a slow workload takes longer, since each round is one pass at least.

    Raises:
        InputError: an argument is wrong.
    """
    workload = Workload.of(program, n_features, n_tasks, precision)
    return steps_of(workload, precision=precision, variant=variant, seconds=seconds)


def steps_of(
    workload: Workload, *, precision: Precision = "float32", variant: Variant = "auto", seconds: float = 2.0
) -> StepSpeed:
    """The same of any workload.

    Raises:
        InputError: an argument is wrong.
    """
    seconds = checked_float("seconds", seconds, 0.0, over=True)
    library = _Library(workload, precision, variant)
    bursts = [library.burst(seconds / ROUNDS) for _ in range(ROUNDS)]
    return StepSpeed(
        workload=workload,
        variant=library.evaluator.variant,
        rate=Rate.of([burst.rate for burst in bursts]),
        train_steps=sum(burst.steps for burst in bursts),
        full_train_steps=library.passes * workload.steps,
        stopped_tasks=library.stopped_tasks,
        seconds=sum(burst.seconds for burst in bursts),
    )


# ---------------------------------------------------------------- the straightforward interpreter


class PlainInterpreter:
    """tests/tools/plain_steps.c at work: one task and one instruction after the other, in float32.

    Args:
        binary: the compiled program; the folder that it is in takes a file of examples.
    """

    def __init__(self, binary: Path) -> None:
        self._binary = binary
        self._input = binary.with_suffix(".input")

    def load(self, workload: Workload) -> None:
        """Takes another workload."""
        tasks = workload.tasks
        examples = [array.astype(np.float64).ravel() for array in (tasks.train_x, tasks.train_y)]
        self._input.write_bytes(np.concatenate([_numbers(workload), *examples]).tobytes())

    def burst(self, seconds: float) -> Burst:
        """Whole passes over the workload, at least one, until so many seconds have passed."""
        done, passed = self._run(repr(seconds)).split()
        return Burst(int(done), float(passed))

    def errors(self) -> list[float]:
        """Absolute errors of each program, task and example in training, NaN from where a task was stopped on."""
        return [float(line) for line in self._run("errors").split()]

    def _run(self, argument: str) -> str:
        with open(self._input, "rb") as numbers:
            try:
                done = subprocess.run([self._binary, argument], stdin=numbers, capture_output=True, text=True)
            except OSError as error:  # a folder where nothing may be run
                raise AmlzError(f"{self._binary}: cannot be run: {error.strerror}") from None
        if done.returncode != 0:
            raise AmlzError(f"plain_steps: ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout


def _numbers(workload: Workload) -> list[float]:
    """A workload but for its examples, as plain_steps.c reads it."""
    tasks, programs = workload.tasks, workload.programs
    dims = [program.dims(tasks.n_features) for program in programs]
    numbers: list[float] = [
        tasks.n_features,
        tasks.n_tasks,
        tasks.n_train,
        max(d.n_scalars for d in dims),
        max(d.n_vectors for d in dims),
        max(d.n_matrices for d in dims),
        len(programs),
    ]
    for program in programs:
        numbers += program.sizes.values()
        for instruction in (*program.setup, *program.predict, *program.learn):
            numbers += _instruction(instruction)
    return numbers


def _instruction(x: Instruction) -> list[float]:
    constants = (*x.constants, 0.0, 0.0, 0.0)[:3]
    return [find_op(x.op).id, x.out, x.in1, x.in2, *constants]


def _compiler() -> str:
    return os.environ.get("CC", "").strip() or "cc"


def plain_command() -> str:
    """What compiles the straightforward interpreter: optimised, for the CPUs that the compiler takes by default."""
    return f"{_compiler()} -std=c99 -O3"


@contextmanager
def plain_interpreter() -> Iterator[PlainInterpreter]:
    """The straightforward interpreter, compiled by `cc`, or what CC names, into a folder that goes with the context.

    Raises:
        AmlzError: its source is not there, as in an installed package, or there is no compiler, or it fails.
    """
    if not _SOURCE.exists():
        raise AmlzError(
            "bench: expected tests/tools/plain_steps.c beside the package, which only the source tree has; "
            "`pyamlz bench steps` and `bench search` do without"
        )
    with tempfile.TemporaryDirectory(prefix="pyamlz-") as folder:
        binary = Path(folder) / "plain_steps"
        try:
            done = subprocess.run(
                [*shlex.split(plain_command()), _SOURCE, "-o", binary, "-lm"], capture_output=True, text=True
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise AmlzError(f"CC: expected a C compiler, got {_compiler()!r}, which cannot be run: {reason}") from None
        if done.returncode != 0:
            raise AmlzError(f"{plain_command()}: failed on {_SOURCE.name}:\n{done.stderr.strip()}")
        yield PlainInterpreter(binary)


# ---------------------------------------------------------------- the comparison


@dataclass(frozen=True, slots=True)
class Row:
    """What is compared.

    Attributes:
        program: see :class:`Workload`.
        n_features: F.
        n_tasks: D.
        floor: the ratio that it must not fall below; None for no such figure.
    """

    program: ProgramName
    n_features: int
    n_tasks: int
    floor: float | None = None


COMPARED: Final[tuple[Row, ...]] = (
    Row("linear", 4, 10),
    Row("linear", 4, 16),
    Row("linear", 16, 16),
    Row("nn", 4, 16),
    Row("nn", 16, 10),
    Row("nn", 16, 16),
    Row("nn", 256, 8),
    Row("nn", 784, 1),
    Row("random", 16, 10),
    Row("linear", 4, 1),
    Row("nn", 16, 1),
)  #: the rows of `pyamlz bench`


@dataclass(frozen=True, slots=True)
class Comparison:
    """The library and the straightforward interpreter at the same work, in turns.

    Attributes:
        row: what was compared.
        library: the library's training steps per second.
        plain: the interpreter's.
        ratio: of the two, round by round.
        variant: the library's kernels.
        stopped_tasks: tasks of programs that were stopped early, in one pass.
    """

    row: Row
    library: Rate
    plain: Rate
    ratio: Rate
    variant: str
    stopped_tasks: int


def compare(rows: Iterable[Row], *, seconds: float = 2.0, variant: Variant = "auto") -> Iterator[Comparison]:
    """Compares the library, in float32, with the straightforward interpreter; yields each row when it is done.

    Args:
        rows: what to run; :data:`COMPARED` is what the command does.
        seconds: how long each row should take, over 0; a slow one takes longer, since each burst is one pass at least.
        variant: the library's kernels.

    Raises:
        InputError: an argument is wrong.
        AmlzError: the interpreter cannot be compiled.
    """
    seconds = checked_float("seconds", seconds, 0.0, over=True)
    with plain_interpreter() as plain:
        for row in rows:
            yield _compare(row, plain, seconds / (2 * ROUNDS), variant)


def _compare(row: Row, plain: PlainInterpreter, seconds: float, variant: Variant) -> Comparison:
    workload = Workload.of(row.program, row.n_features, row.n_tasks)
    library = _Library(workload, "float32", variant)
    plain.load(workload)
    bursts = [(library.burst(seconds), plain.burst(seconds)) for _ in range(ROUNDS)]
    return Comparison(
        row=row,
        library=Rate.of([ours.rate for ours, _ in bursts]),
        plain=Rate.of([theirs.rate for _, theirs in bursts]),
        ratio=Rate.of([ours.rate / theirs.rate for ours, theirs in bursts]),
        variant=library.evaluator.variant,
        stopped_tasks=library.stopped_tasks // library.passes,
    )


# ---------------------------------------------------------------- searches


@dataclass(frozen=True, slots=True)
class SearchSpeed:
    """How fast searches are.

    Attributes:
        experiments: searches that were begun, each on fresh tasks.
        evaluations: programs that they scored.
        cache_hits: of these, known by their structural key.
        fec_hits: known by their fingerprint.
        full_evaluations: run on all examples.
        train_steps: training steps done.
        seconds: time spent searching; making tasks is not counted.
        evaluations_per_second: programs scored in one of these seconds.
        phases: what share of the time each part of the work took, from 0 to 1; from a search of its own, since looking
            at the clock takes time too.
    """

    experiments: int
    evaluations: int
    cache_hits: int
    fec_hits: int
    full_evaluations: int
    train_steps: int
    seconds: float
    evaluations_per_second: float
    phases: dict[str, float]


def search(preset: Preset, *, seed: int, seconds: float = 10.0, variant: Variant = "auto") -> SearchSpeed:
    """Measures programs scored per second in searches of a preset, on the tasks that a run of it has, one by one.

    A search ends at the preset's max_evaluations, or when it reaches sufficient_fitness on its own tasks. Nothing is
    tried on select and final tasks.

    Args:
        preset: the preset.
        seed: of tasks and searches, 0 to 2**64 - 1.
        seconds: how long to search in all, over 0.
        variant: kernels to use.

    Raises:
        InputError: an argument is wrong.
        KeyboardInterrupt: by Ctrl-C.
    """
    left = checked_float("seconds", seconds, 0.0, over=True)
    done: list[Progress] = []
    while left > 0:
        done.append(_search(preset, seed, len(done) + 1, left, variant))
        left -= done[-1].seconds
    evaluations, spent = sum(p.evaluations for p in done), sum(p.seconds for p in done)
    return SearchSpeed(
        experiments=len(done),
        evaluations=evaluations,
        cache_hits=sum(p.cache_hits for p in done),
        fec_hits=sum(p.fec_hits for p in done),
        full_evaluations=sum(p.full_evaluations for p in done),
        train_steps=sum(p.train_steps for p in done),
        seconds=spent,
        evaluations_per_second=evaluations / spent,
        phases=_phases(preset, seed, min(seconds, _PHASE_SECONDS), variant),
    )


def _phases(preset: Preset, seed: int, seconds: float, variant: Variant) -> dict[str, float]:
    """Shares of the time that the first experiment spends in its phases."""
    ticks = ffi.new("uint64_t[]", lib.AMLZ_PHASE_COUNT)
    began = time.perf_counter()
    search = _searching(preset, seed, 1, variant)
    lib.amlz_search_measure(search._handle.pointer, ffi.addressof(lib, "pyamlz_ticks"), ticks)
    check(lib.amlz_search_run(search._handle.pointer, _PHASE_EVALUATIONS, 2.0, ffi.NULL))
    while time.perf_counter() - began < seconds:
        check(lib.amlz_search_run(search._handle.pointer, _PHASE_EVALUATIONS, 2.0, ffi.NULL))
    lib.amlz_search_measure(search._handle.pointer, ffi.NULL, ffi.NULL)
    return {text(lib.amlz_phase_name(phase)): count / sum(ticks) for phase, count in enumerate(ticks)}


def _searching(preset: Preset, seed: int, experiment: int, variant: Variant) -> Search:
    """The search of the experiment of this number."""
    tasks = preset.tasks("tasks", derived_seed(seed, "tasks", experiment))
    assert tasks is not None
    return preset.search(tasks, seed=derived_seed(seed, "search", experiment), variant=variant)


def _search(preset: Preset, seed: int, experiment: int, seconds: float, variant: Variant) -> Progress:
    """The experiment of this number."""
    result = _searching(preset, seed, experiment, variant).run(
        max_evaluations=preset.config.get("max_evaluations"),
        max_seconds=seconds,
        sufficient_fitness=preset.config.get("sufficient_fitness"),
    )
    if result.stop_reason == "interrupted":
        raise KeyboardInterrupt
    return result.stats
