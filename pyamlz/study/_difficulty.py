"""Figure 4: what evolution gains over random search, by how rare acceptable programs are (section 4.1).

Difficulty is one over the density of acceptable programs, which random search measures. All methods draw from the same
space, on tasks of the same kind, in experiments of as many programs. As in the paper, random search is credited with
all acceptable programs that it finds, evolution with one an experiment at the most, since more may be copies.

*Acceptable* is a program whose mean fitness is at least the preset's sufficient_fitness, .9999, on the experiment's
three tasks and on 100 tasks that no search sees: about what gradient descent with a learning rate of 0.01 has there.

Evolution comes as the paper has it, and in the `fast` profile, where programs that cannot learn score 0. Random search
does not run such programs either; but it counts them, and none could be acceptable, so there this changes nothing but
the time it takes. All use the exact cache only.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Final, NamedTuple

from pyamlz import plot
from pyamlz._lib.random import derived_seed
from pyamlz.lab import Experiment
from pyamlz.program import Program
from pyamlz.search import Evaluator, Search
from pyamlz.study._framework import Interrupted, Settings, Study
from pyamlz.study._rawdata import Cell, Record
from pyamlz.study._table import ResultTable
from pyamlz.study.statistics import Estimate, rate_ratio, wilson

__all__ = ["Difficulty"]

SPACES: Final = ("linear_learn", "linear", "affine_learn", "affine")  # presets
RANDOM, EVOLUTION, FAST = "random search", "evolution", "evolution, fast profile"

_METHODS: Final[dict[str, dict[str, Any]]] = {
    RANDOM: {"algorithm": "random_search", "must_learn": True, "cache_size": 10_000},
    EVOLUTION: {"algorithm": "evolution"},
    FAST: {"algorithm": "evolution", "must_learn": True},
}
_PAPER: Final = ((1e7, 5.0), (1e12, 2e4))  # difficulty and ratio: the ends of figure 4


class Difficulty(Study):
    """See the module."""

    NAME = "difficulty"
    SUMMARY = "figure 4: evolution against random search, on tasks of rising difficulty"
    SETTINGS: ClassVar[Settings] = {
        "spaces": "",  # with commas between them; all
        "random_evaluations": 100_000_000,  # of a unit
        "evolution_evaluations": 10_000_000,
    }
    SMALL: ClassVar[Settings] = {"random_evaluations": 20_000, "evolution_evaluations": 10_000}
    SEEDS = (10, 2)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._spaces = self.chosen("spaces", SPACES)

    def cells(self) -> list[Cell]:
        return [{"space": space, "method": method} for space in self._spaces for method in _METHODS]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        space, method = cell["space"], cell["method"]
        preset = Experiment.load(space).replace(fec={"size": 0}, **_METHODS[method])
        each, goal = preset.max_evaluations, preset.sufficient_fitness
        assert each is not None
        assert goal is not None
        wanted = self.settings["random_evaluations" if method == RANDOM else "evolution_evaluations"]
        experiments = max(int(wanted) // each, 1)
        unseen = preset.tasks("select", derived_seed(seed, self.NAME, space, "select"))
        assert unseen is not None
        judge = _Judge(preset.evaluator(unseen), goal)
        for experiment in range(experiments):
            tasks = preset.tasks("tasks", derived_seed(seed, self.NAME, space, "tasks", experiment))
            assert tasks is not None
            labels = (self.NAME, space, method, experiment)
            if method != RANDOM:
                judge.first_acceptable(preset.search(tasks, seed=derived_seed(seed, *labels)), each)
                continue
            left = each
            while left > 0:  # a search ends with a program that is good enough; then comes another
                search = preset.search(tasks, seed=derived_seed(seed, *labels, left))
                judge.next_sufficient(search, left, judge.goal)
                left -= search.progress.evaluations
        return {
            "experiments": experiments,
            "evaluations": experiments * each,
            "sufficient": judge.sufficient,
            "acceptable": judge.acceptable,
            "example": None if judge.example is None else str(judge.example),
        }

    def table(self, records: list[Record]) -> ResultTable:
        columns = ["space", "method", "programs", "experiments", "successes", "rate", "rate low", "rate high"]
        columns += ["ratio", "ratio low", "ratio high"]
        rows = []
        for space in self._spaces:
            random = self._counts(records, space, RANDOM)
            for method in _METHODS:
                counts = self._counts(records, space, method)
                if counts is not None:
                    ratio = None if method == RANDOM else _ratio(counts, random)
                    row = [space, method, counts.programs, counts.experiments, counts.successes]
                    rows.append([*row, *_rate(counts, method), *(ratio or (None, None, None))])
        notes = [
            "Successes: of random search, acceptable programs; of evolution, experiments that found one. Acceptable: "
            "mean fitness .9999 or more on three tasks and on 100 unseen ones. Rate: successes over all programs in "
            "the experiments; of random search it is the density of acceptable programs. Ratio: rate over that of "
            "random search. Low and high: 95 % intervals; of rates Wilson's (experiments are the trials of evolution), "
            "of ratios the exact conditional one. The paper: ratio 5 where the density is about 1e-7 (linear), 2e4 "
            "near 1e-12.",
        ]
        return ResultTable(columns, rows, notes)

    def _counts(self, records: list[Record], space: str, method: str) -> _Counts | None:
        results = [record.result for record in self.of(records, {"space": space, "method": method})]
        if not results:
            return None
        return _Counts(*(sum(r[name] for r in results) for name in ("evaluations", "experiments", "acceptable")))

    def draw(self, records: list[Record], figure: Any) -> None:
        axes = figure.subplots()
        axes.loglog(*zip(*_PAPER, strict=True), "x--", color="gray", label="the paper, both ends of its figure 4")
        for method, color in ((EVOLUTION, "tab:blue"), (FAST, "tab:orange")):
            is_labelled = False
            for space in self._spaces:
                random, counts = self._counts(records, space, RANDOM), self._counts(records, space, method)
                ratio = None if counts is None else _ratio(counts, random)
                if random is None or ratio is None or ratio.high == 0:
                    continue
                density = _rate(random, RANDOM)
                is_bound = random.successes == 0  # difficulty and ratio are at least so much
                x = 1 / (density.high if is_bound else density.value)
                y = ratio.low if is_bound else ratio.value if ratio.value > 0 else ratio.high
                if y <= 0:
                    continue
                errors = [[y - ratio.low], [ratio.high - y]] if 0 < ratio.value < math.inf else None
                marker = "^" if is_bound else "o" if ratio.value > 0 else "v"
                label = {} if is_labelled else {"label": method}
                axes.errorbar([x], [y], errors, fmt=marker, color=color, capsize=3, **label)
                axes.annotate(space, (x, y), xytext=(6, 3), textcoords="offset points", fontsize="small")
                is_labelled = True
        axes.axhline(1.0, color="lightgray", zorder=0)
        notes = ["difficulty: random programs for an acceptable one"]
        notes.append("95 % intervals; triangles: bounds, where one side found none")
        axes.set(xlabel="\n".join(notes), ylabel="evolution / random search")
        plot.legend(axes)


class _Counts(NamedTuple):
    """Sums over units."""

    programs: int
    experiments: int
    successes: int


def _rate(counts: _Counts, method: str) -> Estimate:
    """Successes a program."""
    trials = counts.programs if method == RANDOM else counts.experiments
    return Estimate(*(value * trials / counts.programs for value in wilson(counts.successes, trials)))


def _ratio(counts: _Counts, random: _Counts | None) -> Estimate | None:
    """The rate over that of random search; None if nothing is known of it."""
    if random is None or counts.successes + random.successes == 0:
        return None
    return rate_ratio(counts.successes, counts.programs, random.successes, random.programs)


class _Judge:
    """Counts programs that are good enough on a search's tasks, and of these the ones that are so on unseen tasks."""

    def __init__(self, evaluator: Evaluator, goal: float) -> None:
        self.evaluator, self.goal = evaluator, goal
        self.sufficient = self.acceptable = 0
        self.example: Program | None = None

    def next_sufficient(self, search: Search, evaluations: int, goal: float) -> bool:
        """Runs a search, for so many programs at the most, until one has this fitness; whether it is acceptable."""
        result = search.run(max_evaluations=evaluations, sufficient_fitness=goal)
        if result.stop_reason == "interrupted":
            raise Interrupted
        if result.stop_reason != "sufficient_fitness":
            return False
        self.sufficient += 1
        if self.evaluator.evaluate(result.program).fitness < self.goal:
            return False
        self.acceptable += 1
        self.example = self.example or result.program.simplified(search.space.dims)
        return True

    def first_acceptable(self, search: Search, evaluations: int) -> None:
        """Runs a search, for so many programs at the most, until one is acceptable."""
        goal = self.goal
        while goal <= 1.0 and search.progress.evaluations < evaluations:
            if self.next_sufficient(search, evaluations - search.progress.evaluations, goal):
                return
            # Those seen so far were not acceptable; so something better is needed.
            goal = max(goal, math.nextafter(search.best.fitness, 2.0))
