"""How fast the library is: training steps, searches, and a straightforward interpreter to compare with.

A training step is one Predict and one Learn on one example of one task. Times are those of a clock on the wall, so
other work on the machine shows in them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import Precision, checked_float
from pyamlz._lib.errors import check
from pyamlz._lib.native import new_struct, text
from pyamlz._lib.random import derived_seed
from pyamlz.bench._plain import PlainInterpreter, plain_interpreter
from pyamlz.bench._workload import Burst, ProgramName, Rate, Workload
from pyamlz.lab import Experiment
from pyamlz.search import Evaluator, Progress, Search, Variant

__all__ = [
    "COMPARED",
    "ROUNDS",
    "Case",
    "CaseSpeed",
    "SearchSpeed",
    "StepSpeed",
    "compare",
    "search",
    "steps",
    "steps_of",
]

ROUNDS: Final = 5  #: bursts that each figure is the median of
_PHASE_SECONDS = 2.0  # at most, to find out what a search spends its time on
_PHASE_EVALUATIONS = 1000  # between two looks at that time


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
        self._result = new_struct("amlz_evaluation")
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


# ---------------------------------------------------------------- the comparison


@dataclass(frozen=True, slots=True)
class Case:
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


COMPARED: Final[tuple[Case, ...]] = (
    Case("linear", 4, 10),
    Case("linear", 4, 16),
    Case("linear", 16, 16),
    Case("nn", 4, 16),
    Case("nn", 16, 10),
    Case("nn", 16, 16),
    Case("nn", 256, 8),
    Case("nn", 784, 1),
    Case("random", 16, 10),
    Case("linear", 4, 1),
    Case("nn", 16, 1),
)  #: what `pyamlz bench` compares


@dataclass(frozen=True, slots=True)
class CaseSpeed:
    """The library and the straightforward interpreter at the same work, in turns.

    Attributes:
        case: what was compared.
        library: the library's training steps per second.
        plain: the interpreter's.
        ratio: of the two, round by round.
        variant: the library's kernels.
        stopped_tasks: tasks of programs that were stopped early, in one pass.
    """

    case: Case
    library: Rate
    plain: Rate
    ratio: Rate
    variant: str
    stopped_tasks: int


def compare(
    cases: Iterable[Case] = COMPARED, *, seconds: float = 2.0, variant: Variant = "auto"
) -> Iterator[CaseSpeed]:
    """Compares the library, in float32, with the straightforward interpreter; yields each case when it is done.

    Args:
        cases: what to run; :data:`COMPARED` is what the command does.
        seconds: how long each should take, over 0; a slow one takes longer, since each burst is one pass at least.
        variant: the library's kernels.

    Raises:
        InputError: an argument is wrong.
        AmlzError: the interpreter cannot be compiled.
    """
    seconds = checked_float("seconds", seconds, 0.0, over=True)
    with plain_interpreter() as plain:
        for case in cases:
            yield _compare(case, plain, seconds / (2 * ROUNDS), variant)


def _compare(case: Case, plain: PlainInterpreter, seconds: float, variant: Variant) -> CaseSpeed:
    workload = Workload.of(case.program, case.n_features, case.n_tasks)
    library = _Library(workload, "float32", variant)
    plain.load(workload)
    bursts = [(library.burst(seconds), plain.burst(seconds)) for _ in range(ROUNDS)]
    return CaseSpeed(
        case=case,
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


def search(experiment: Experiment, *, seed: int, seconds: float = 10.0, variant: Variant = "auto") -> SearchSpeed:
    """Measures programs scored per second in searches of an experiment, on the tasks that a run of it has, one by one.

    A search ends at its max_evaluations, or when it reaches sufficient_fitness on its own tasks. Nothing is
    tried on select and final tasks.

    Args:
        experiment: what is searched.
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
        done.append(_search(experiment, seed, len(done) + 1, left, variant))
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
        phases=_phases(experiment, seed, min(seconds, _PHASE_SECONDS), variant),
    )


def _phases(experiment: Experiment, seed: int, seconds: float, variant: Variant) -> dict[str, float]:
    """Shares of the time that the first experiment spends in its phases."""
    ticks = ffi.new("uint64_t[]", lib.AMLZ_PHASE_COUNT)
    began = time.perf_counter()
    search = _searching(experiment, seed, 1, variant)
    search._engine.measure(ticks)
    search._engine.run(_PHASE_EVALUATIONS)
    while time.perf_counter() - began < seconds:
        search._engine.run(_PHASE_EVALUATIONS)
    search._engine.measure(ffi.NULL)
    return {text(lib.amlz_phase_name(phase)): count / sum(ticks) for phase, count in enumerate(ticks)}


def _searching(experiment: Experiment, seed: int, number: int, variant: Variant) -> Search:
    """The search of the experiment of this number."""
    tasks = experiment.tasks("tasks", derived_seed(seed, "tasks", number))
    assert tasks is not None
    return experiment.search(tasks, seed=derived_seed(seed, "search", number), variant=variant)


def _search(experiment: Experiment, seed: int, number: int, seconds: float, variant: Variant) -> Progress:
    """The experiment of this number."""
    result = _searching(experiment, seed, number, variant).run(
        max_evaluations=experiment.max_evaluations,
        max_seconds=seconds,
        sufficient_fitness=experiment.sufficient_fitness,
    )
    if result.stop_reason == "interrupted":
        raise KeyboardInterrupt
    return result.progress
