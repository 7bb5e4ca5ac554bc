"""Figure 5: how often a search finds the two-layer network with backpropagation (section 4.1).

A unit is one run on tasks of a two-layer teacher: of a preset from random programs, or of :func:`pyamlz.lab.climb`,
which climbs from easier tasks. It succeeds if the program that it found, with fresh memory on unseen tasks, gets at
least halfway from the tuned linear regressor to the tuned network, and so beyond what any linear model can; and if
its code has a hidden layer, a ReLU and gradient steps. A maximum counts as a ReLU too if zeros in place of one of its
inputs make no difference: in what evolution finds that is often a small vector left over from somewhere else.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any, ClassVar, Final, NamedTuple

from pyamlz import lab, plot
from pyamlz._lib.errors import InputError
from pyamlz._lib.random import derived_seed
from pyamlz.explain import recognise
from pyamlz.lab import Experiment, Section, climb, nonlinear_stages, tuned
from pyamlz.lab._toml import tables_of
from pyamlz.program import Program
from pyamlz.search import Evaluator
from pyamlz.study._framework import Interrupted, Settings, Study
from pyamlz.study._rawdata import Cell, Record
from pyamlz.study._table import ResultTable
from pyamlz.study.statistics import Estimate, wilson

__all__ = ["Nonlinear"]

RESTART, STAGES = METHODS = ("restart", "stages")

_COMPARED: Final = ("linear_regressor", "neural_network")
_PARTS: Final = frozenset({"hidden_layer", "relu", "gradient_step"})
_HALFWAY: Final = 0.5
_NO_DIFFERENCE: Final = 0.01  # in mean fitness
_DRAWS: Final = range(5)  # seeds of initial weights, which make more of a difference than that


class Nonlinear(Study):
    """See the module."""

    NAME = "nonlinear"
    SUMMARY = "figure 5: the network with backpropagation from random programs, by restarts and in stages"
    SETTINGS: ClassVar[Settings] = {
        "methods": "",  # with commas between them; all
        "preset": "nonlinear",
        "override": "",  # of the preset's settings, with spaces between them
        "evaluations": 5_000_000,  # of a restart
        "stages_evaluations": 100_000_000,  # of a run in stages
    }
    SMALL: ClassVar[Settings] = {
        "override": "tasks.n_train=200 tasks.n_tasks=2 final.n_train=500 select.n_train=500 select.every=1000",
        "evaluations": 2000,
        "stages_evaluations": 1,
    }
    SEEDS = (20, 3)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._methods = self.chosen("methods", METHODS)

    def _preset(self) -> Experiment:
        changes = tables_of(str(self.settings["override"]).split())
        changes["max_evaluations"] = self.settings["evaluations"]
        return Experiment.load(str(self.settings["preset"])).replace(**changes)

    def cells(self) -> list[Cell]:
        return [{"method": method} for method in self._methods]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        found = self._restart(seed) if cell["method"] == RESTART else self._stages(seed)
        preset = self._preset()
        select, final = (self._evaluator(preset, section, seed) for section in ("select", "final"))
        draws = derived_seed(seed, self.NAME, "draws")
        fitness = final.evaluate(found.program, draws).fitness
        linear, network = (final.evaluate(tuned(name, select)[0], draws).fitness for name in _COMPARED)
        plainer = _with_zeros(found.program, select)
        findings = sorted({finding.name for finding in recognise(plainer, select.tasks.dims(plainer))})
        beyond = fitness >= linear + _HALFWAY * (network - linear)
        return {
            "success": beyond and set(findings) >= _PARTS,
            "beyond_linear": beyond,
            "fitness": fitness,
            "linear_regressor": linear,
            "neural_network": network,
            "findings": findings,
            "evaluations": found.evaluations,
            "program": str(found.program.simplified(final.tasks.dims(found.program))),
        }

    def _evaluator(self, preset: Experiment, section: Section, seed: int) -> Evaluator:
        tasks = preset.tasks(section, derived_seed(seed, self.NAME, section))
        if tasks is None:
            raise InputError(f"preset: expected one that has the table {section}")
        return preset.evaluator(tasks)

    def _restart(self, seed: int) -> _Found:
        """A run of the preset."""
        seed = derived_seed(seed, self.NAME)
        outcome = lab.run(self._preset(), seed=seed, max_evaluations=int(self.settings["evaluations"]))
        if outcome.stop_reason == "interrupted":
            raise Interrupted
        return _Found(outcome.program, outcome.evaluations)

    def _stages(self, seed: int) -> _Found:
        """A climb; what its last attempt had if it did not arrive."""
        most = int(self.settings["stages_evaluations"])
        result = climb(nonlinear_stages(), derived_seed(seed, self.NAME), most)
        if result.stop_reason == "interrupted":
            raise Interrupted
        return _Found(result.attempts[-1].program if result.program is None else result.program, result.evaluations)

    def table(self, records: list[Record]) -> ResultTable:
        columns = ["method", "runs", "programs", "beyond linear", "successes", "share", "share low", "share high"]
        columns += ["programs for a success", "programs low", "programs high", "core hours for a success"]
        rows = [self._row(method, self.of(records, {"method": method})) for method in self._methods]
        notes = [
            "Success: on unseen tasks at least halfway from the tuned linear regressor to the tuned network, with a "
            "hidden layer, a ReLU and gradient steps in its code; beyond linear: the first alone. Low and high: "
            "Wilson's 95 % interval of the share, and programs a run over its ends. Hours are of a unit's thread, on a "
            "machine that may have had other work.",
        ]
        results = [record.result for record in records]
        best = max(results, key=lambda result: result["fitness"])
        notes.append(
            f"The best run: fitness {best['fitness']:.4f} on the unseen tasks, where the linear regressor has "
            f"{best[_COMPARED[0]]:.4f} and the network {best[_COMPARED[1]]:.4f}."
        )
        return ResultTable(columns, [row for row in rows if row], notes)

    def _row(self, method: str, records: list[Record]) -> list[Any]:
        if not records:
            return []
        results = [record.result for record in records]
        successes = sum(result["success"] for result in results)
        programs = sum(result["evaluations"] for result in results)
        share = wilson(successes, len(results))
        cost = _for_a_success(share, programs / len(results))
        hours = sum(record.seconds for record in records) / 3600
        row = [method, len(results), programs, sum(result["beyond_linear"] for result in results), successes]
        return [*row, *share, *cost, hours / successes if successes else None]

    def draw(self, records: list[Record], figure: Any) -> None:
        axes = figure.subplots()
        for method, marker in zip(METHODS, "os", strict=True):
            mine = [record.result for record in self.of(records, {"method": method})]
            for success, color in ((False, "tab:gray"), (True, "tab:red")):
                some = [result for result in mine if result["success"] is success]
                if some:
                    x, y = [result["evaluations"] for result in some], [result["fitness"] for result in some]
                    label = f"{method}, {'a success' if success else 'none'}"
                    axes.plot(x, y, marker, color=color, alpha=0.6, label=label)
        for name, style in zip(_COMPARED, ("--", ":"), strict=True):
            level = sum(record.result[name] for record in records) / len(records)
            axes.axhline(level, linestyle=style, color="black", label=f"{name.replace('_', ' ')}, tuned")
        axes.set(xscale="log", xlabel="programs of a run", ylabel="fitness on unseen tasks")
        plot.legend(axes)


class _Found(NamedTuple):
    """What a run found, and how many programs it took."""

    program: Program
    evaluations: int


def _with_zeros(program: Program, evaluator: Evaluator) -> Program:
    """The program with zeros in place of an input of each maximum in Predict where that makes no difference."""

    def fitness(program: Program) -> float:
        return statistics.fmean(evaluator.evaluate(program, draws).fitness for draws in _DRAWS)

    wanted = fitness(program)
    for index, line in enumerate(program.predict):
        if line.op == "vector_maximum":
            zeros = evaluator.tasks.dims(program).n_vectors  # an address that nothing writes
            for changed in (replace(line, in1=zeros), replace(line, in2=zeros)):
                plainer = program.replaced("predict", index, changed)
                if abs(fitness(plainer) - wanted) <= _NO_DIFFERENCE:
                    program = plainer
                    break
    return program


def _for_a_success(share: Estimate, programs: float) -> Estimate:
    """Programs for a success, of a share of restarts that succeed, each with so many programs."""

    def over(value: float) -> float:
        return programs / value if value > 0 else math.inf

    return Estimate(over(share.value), over(share.high), over(share.low))
