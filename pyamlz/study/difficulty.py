"""Figure 4: what evolution gains over random search, by how rare acceptable programs are (section 4.1).

Difficulty is one over the density of acceptable programs, which random search measures. Both methods draw from the same
space, on tasks of the same kind, in experiments of as many programs. As in the paper, random search is credited with
all acceptable programs that it finds, evolution with one an experiment at the most, since more may be copies.

*Acceptable* is a program whose mean fitness is at least the preset's sufficient_fitness, .9999, on the experiment's
three tasks and on 100 tasks that no search sees: about what gradient descent with a learning rate of 0.01 has there.

Random search does not run programs that cannot learn (`must_learn`). It counts them, and none of them could be
acceptable, so this changes nothing but the time it takes. Evolution is the paper's, with the exact cache only.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Final

from pyamlz.evaluate import Evaluator
from pyamlz.experiment import derived_seed
from pyamlz.presets import Preset
from pyamlz.program import Program
from pyamlz.search import Search
from pyamlz.study.framework import Interrupted, Settings, Study, Table
from pyamlz.study.rawdata import Cell, Record
from pyamlz.study.statistics import Estimate, rate_ratio, wilson

__all__ = ["Difficulty"]

SPACES: Final = ("linear_learn", "linear", "affine_learn", "affine")  # presets
RANDOM, EVOLUTION = "random_search", "evolution"

_OVERRIDES: Final = {
    RANDOM: ["fec.size=0", "cache_size=10_000", "must_learn=true"],
    EVOLUTION: ["fec.size=0"],
}
_PAPER: Final = ((1e7, 5.0), (1e12, 2e4))  # difficulty and ratio: the ends of figure 4


class Difficulty(Study):
    """See the module."""

    NAME = "difficulty"
    SUMMARY = "figure 4: evolution against random search, on tasks of rising difficulty"
    SETTINGS: ClassVar[Settings] = {"random_evaluations": 100_000_000, "evolution_evaluations": 10_000_000}
    SMALL: ClassVar[Settings] = {"random_evaluations": 100_000, "evolution_evaluations": 100_000}
    SEEDS = (30, 2)

    def cells(self) -> list[Cell]:
        return [{"space": space, "method": method} for space in SPACES for method in (RANDOM, EVOLUTION)]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        space, method = cell["space"], cell["method"]
        preset = _preset(space).changed([f"algorithm={method}", *_OVERRIDES[method]])
        each = preset.config["max_evaluations"]
        wanted = self.settings["random_evaluations" if method == RANDOM else "evolution_evaluations"]
        experiments = max(int(wanted) // each, 1)
        unseen = preset.tasks("select", derived_seed(seed, self.NAME, space, "select"))
        assert unseen is not None
        judge = _Judge(preset.evaluator(unseen), preset.config["sufficient_fitness"])
        for experiment in range(experiments):
            tasks = preset.tasks("tasks", derived_seed(seed, self.NAME, space, "tasks", experiment))
            assert tasks is not None
            labels = (self.NAME, space, method, experiment)
            if method == EVOLUTION:
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

    def table(self, records: list[Record]) -> Table:
        columns = ["space", "random programs", "acceptable", "density", "density low", "density high"]
        columns += ["evolved programs", "experiments", "successful", "rate", "rate low", "rate high"]
        columns += ["ratio", "ratio low", "ratio high"]
        rows = []
        for space in SPACES:
            random, evolution = self._sums(records, space, RANDOM), self._sums(records, space, EVOLUTION)
            row: list[Any] = [space]
            for sums, trials in ((random, "evaluations"), (evolution, "experiments")):
                row.append(sums["evaluations"])
                if sums is evolution:
                    row.append(sums["experiments"])
                row.append(sums["acceptable"])
                row.extend(_a_program(sums, trials) or (None, None, None))
            row.extend(self._ratio(records, space) or (None, None, None))
            rows.append(row)
        return Table(
            columns,
            rows,
            [
                "Density: of acceptable programs among random ones. Rate: experiments of evolution that found an "
                "acceptable program, over all programs in experiments. Ratio: rate over density. Acceptable: mean "
                "fitness .9999 or more on three tasks and on 100 unseen ones. Low and high: 95 % intervals; of the "
                "density and the rate Wilson's (experiments are the trials of evolution), of the ratio the exact "
                "conditional one. The paper: ratio 5 at a density of about 1e-7 (linear), 2e4 near 1e-12.",
            ],
        )

    def _sums(self, records: list[Record], space: str, method: str) -> dict[str, int]:
        mine = self.of(records, {"space": space, "method": method})
        return {name: sum(r.result[name] for r in mine) for name in ("experiments", "evaluations", "acceptable")}

    def _ratio(self, records: list[Record], space: str) -> Estimate | None:
        random, evolution = self._sums(records, space, RANDOM), self._sums(records, space, EVOLUTION)
        if random["evaluations"] == 0 or evolution["evaluations"] == 0:
            return None
        if random["acceptable"] + evolution["acceptable"] == 0:
            return None
        counts = [(sums["acceptable"], sums["evaluations"]) for sums in (evolution, random)]
        return rate_ratio(*counts[0], *counts[1])

    def draw(self, records: list[Record], figure: Any) -> None:
        axes = figure.subplots()
        axes.loglog(*zip(*_PAPER, strict=True), "x--", color="gray", label="the paper, both ends of its figure 4")
        for space in SPACES:
            ratio = self._ratio(records, space)
            density = _a_program(self._sums(records, space, RANDOM), "evaluations")
            if ratio is None or density is None:
                continue
            bounded = density.value == 0  # nothing found at random: both are at least so much
            x = 1 / (density.high if bounded else density.value)
            y = ratio.low if bounded else ratio.value
            if y <= 0:
                continue
            errors = None if bounded else [[y - ratio.low], [ratio.high - y]]
            axes.errorbar([x], [y], errors, fmt="^" if bounded else "o", capsize=3, label=space)
        axes.axhline(1.0, color="lightgray", zorder=0)
        axes.set(xlabel="difficulty: random programs for an acceptable one", ylabel="evolution / random search")
        axes.set_title("triangles: lower bounds, where random search found none", fontsize="medium")
        axes.legend()


def _a_program(sums: dict[str, int], trials: str) -> Estimate | None:
    """Successes a program, counted in `trials`; None if there were none of these."""
    if sums[trials] == 0:
        return None
    share = sums[trials] / sums["evaluations"]
    return Estimate(*(value * share for value in wilson(sums["acceptable"], sums[trials])))


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
        if self.evaluator.evaluate(result.best).fitness < self.goal:
            return False
        self.acceptable += 1
        self.example = self.example or result.best.simplified(search.space.dims)
        return True

    def first_acceptable(self, search: Search, evaluations: int) -> None:
        """Runs a search, for so many programs at the most, until one is acceptable."""
        goal = self.goal
        while goal <= 1.0 and search.progress.evaluations < evaluations:
            if self.next_sufficient(search, evaluations - search.progress.evaluations, goal):
                return
            # Those seen so far were not acceptable; so something better is needed.
            goal = max(goal, math.nextafter(search.best.fitness, 2.0))


# The two presets in which only Learn evolves, until they come with the package.
_ONLY_LEARN: Final = {
    "linear_learn": "def Setup():\n  s2 = 0.05\ndef Predict():\n  s1 = dot(v0, v1)\n",
    "affine_learn": "def Setup():\n  s2 = 0.05\ndef Predict():\n  s1 = dot(v0, v1)\n  s1 = s1 + s3\n",
}


def _preset(space: str) -> Preset:
    if space not in _ONLY_LEARN:
        return Preset.load(space)
    config = Preset.load(space.partition("_")[0]).config
    config["space"] = {**config["space"], "setup": {}, "predict": {}}
    return Preset.of({**config, "fixed_program": _ONLY_LEARN[space], "max_evaluations": 10_000}, space)
