"""Figure 5: how often a search finds the two-layer network with backpropagation, by many restarts (section 4.1).

A unit is one restart: a run of a preset on tasks of a two-layer teacher. It succeeds if the program that it found,
with fresh memory on unseen tasks, gets at least halfway from the tuned linear regressor to the tuned network, and so
beyond what any linear model can; and if its code has a hidden layer, a ReLU and gradient steps.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Final

from pyamlz import experiment
from pyamlz.experiment import derived_seed
from pyamlz.interpret import recognise
from pyamlz.presets import Preset
from pyamlz.study.framework import Interrupted, Settings, Study, Table
from pyamlz.study.rawdata import Cell, Record
from pyamlz.study.statistics import Estimate, wilson

__all__ = ["Nonlinear"]

_COMPARED: Final = ("linear_regressor", "neural_network")
_PARTS: Final = frozenset({"hidden_layer", "relu", "gradient_step"})
_HALFWAY: Final = 0.5


class Nonlinear(Study):
    """See the module."""

    NAME = "nonlinear"
    SUMMARY = "figure 5: the network with backpropagation from random programs, in many restarts"
    SETTINGS: ClassVar[Settings] = {"preset": "nonlinear", "evaluations": 5_000_000, "override": ""}
    SMALL: ClassVar[Settings] = {
        "evaluations": 2000,
        "override": "tasks.n_train=200 tasks.n_tasks=2 final.n_train=500 select.n_train=500 select.every=1000",
    }
    SEEDS = (100, 3)

    def _preset(self) -> Preset:
        compared = f"final.compare={list(_COMPARED)}".replace(" ", "")
        changes = [*str(self.settings["override"]).split(), compared]
        return Preset.load(str(self.settings["preset"]), [*changes, f"max_evaluations={self.settings['evaluations']}"])

    def cells(self) -> list[Cell]:
        return [{"preset": str(self.settings["preset"])}]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        outcome = experiment.run(
            self._preset(), seed=derived_seed(seed, self.NAME), max_evaluations=int(self.settings["evaluations"])
        )
        if outcome.stop_reason == "interrupted":
            raise Interrupted
        assert outcome.final is not None
        compared = {comparison.name: comparison.fitness for comparison in outcome.comparisons}
        found = sorted({finding.name for finding in recognise(outcome.program, outcome.dims)})
        linear, network = (compared[name] for name in _COMPARED)
        beyond = outcome.final.fitness >= linear + _HALFWAY * (network - linear)
        return {
            "success": beyond and set(found) >= _PARTS,
            "beyond_linear": beyond,
            "fitness": outcome.final.fitness,
            **compared,
            "findings": found,
            "evaluations": outcome.evaluations,
            "program": str(outcome.simplified),
        }

    def table(self, records: list[Record]) -> Table:
        results = [record.result for record in records]
        columns = ["preset", "restarts", "programs", "beyond linear", "successes", "share", "share low", "share high"]
        columns += ["programs for a success", "programs low", "programs high", "core hours for a success"]
        successes = sum(result["success"] for result in results)
        programs = sum(result["evaluations"] for result in results)
        share = wilson(successes, len(results))
        cost = _for_a_success(share, programs / len(results))
        hours = sum(record.seconds for record in records) / 3600
        row = [self.settings["preset"], len(results), programs, sum(r["beyond_linear"] for r in results), successes]
        row += [*share, *cost, hours / successes if successes else None]
        notes = [
            "Success: on unseen tasks at least halfway from the tuned linear regressor to the tuned network, with a "
            "hidden layer, a ReLU and gradient steps in its code; beyond linear: the first alone. Low and high: "
            "Wilson's 95 % interval of the share, and programs a restart over its ends. Hours are of a unit's thread, "
            "on a machine that may have had other work.",
        ]
        best = max(results, key=lambda result: result["fitness"])
        notes.append(
            f"The best restart: fitness {best['fitness']:.4f} on the unseen tasks, where the linear regressor has "
            f"{best[_COMPARED[0]]:.4f} and the network {best[_COMPARED[1]]:.4f}."
        )
        return Table(columns, [row], notes)

    def draw(self, records: list[Record], figure: Any) -> None:
        axes = figure.subplots()
        for success, color in ((False, "tab:gray"), (True, "tab:red")):
            mine = [record.result for record in records if record.result["success"] is success]
            label = "a success" if success else "another restart"
            x, y = [result["evaluations"] for result in mine], [result["fitness"] for result in mine]
            axes.plot(x, y, "o", color=color, alpha=0.6, label=label)
        for name, style in zip(_COMPARED, ("--", ":"), strict=True):
            level = sum(record.result[name] for record in records) / len(records)
            axes.axhline(level, linestyle=style, color="black", label=f"{name.replace('_', ' ')}, tuned")
        axes.set(xlabel="programs of the restart", ylabel="fitness on unseen tasks")
        axes.legend()


def _for_a_success(share: Estimate, programs: float) -> Estimate:
    """Programs for a success, of a share of restarts that succeed, each with so many programs."""

    def over(value: float) -> float:
        return programs / value if value > 0 else math.inf

    return Estimate(over(share.value), over(share.high), over(share.low))
