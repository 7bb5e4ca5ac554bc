"""What the studies of the paper's sections S9 and S10 share: variants of the method, compared by accuracy."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from pyamlz import lab, plot
from pyamlz._lib.random import derived_seed
from pyamlz.lab import Experiment
from pyamlz.lab._toml import tables_of
from pyamlz.study._framework import Interrupted, Settings, Study, examples_in
from pyamlz.study._rawdata import Record
from pyamlz.study._table import ResultTable
from pyamlz.study.statistics import mean, wilson

__all__ = ["AccuracyStudy", "Method"]

_COMPARED: Final = ("linear_regressor", "neural_network")  # the first is logistic regression on these tasks
_ENOUGH: Final = 10**15  # evaluations: what ends a run is its training steps


@dataclass(frozen=True, slots=True)
class Method:
    """What a variant of the method has.

    Attributes:
        migration: between processes, if there is more than one.
        caches: of structural keys and of functional equivalence.
        diversity: a second data set, which every other process has.
        hurdles: programs that do badly on few examples are not tried on more.
    """

    migration: bool = False
    caches: bool = False
    diversity: bool = False
    hurdles: bool = False


class AccuracyStudy(Study):
    """Runs of a preset, with settings that differ from variant to variant, on as many training steps a process.

    What a run finds is chosen on select tasks, and measured on final ones, of other pairs of classes or images; so are
    logistic regression and the network, with tuned learning rates. Runs with one seed have the same tasks.

    Attributes:
        METHODS: the variants, by name.
        PAPER: what the paper found, for the table's notes.
    """

    METHODS: ClassVar[dict[str, Method]]
    PAPER: ClassVar[str]

    SETTINGS: ClassVar[Settings] = {
        "preset": "baseline",
        "override": "",  # of the preset's settings, with spaces between them
        "methods": "",  # with commas between them; all
        "dataset": "fashion-mnist",
        "train_examples": "8000",
        "second_dataset": "digits",
        "second_train_examples": "all",
        "second_epochs": 20,
        "train_steps": 3_000_000_000,  # of a process
        "look_every": 200,  # evaluations of a process; a run goes on after its last step until it looks
        "hurdle_train_examples": 200,  # not more than the second data set has for a pair of classes
        "hurdle_valid_examples": 50,
    }
    SMALL: ClassVar[Settings] = {
        "dataset": "digits",
        "train_examples": "all",
        "second_epochs": 2,
        "train_steps": 300_000,
        "hurdle_train_examples": 50,
        "hurdle_valid_examples": 20,
    }

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._methods = self.chosen("methods", self.METHODS)

    def run(self, method: Method, processes: int, seed: int) -> dict[str, Any]:
        """One run, as what comes out of a unit."""
        outcome = lab.run(self._preset(method, processes), seed=derived_seed(seed, "accuracy"))
        if outcome.stop_reason == "interrupted":
            raise Interrupted
        assert outcome.final is not None
        return {
            "select": outcome.select_fitness,
            "test": outcome.final.fitness,
            **{comparison.name: comparison.fitness for comparison in outcome.comparisons},
            "evaluations": outcome.evaluations,
            "train_steps": outcome.train_steps,
            "program": str(outcome.simplified),
        }

    def _preset(self, method: Method, processes: int) -> Experiment:
        s = self.settings
        tasks: dict[str, Any] = {"dataset": s["dataset"], "n_train": examples_in(s["train_examples"])}
        changes: dict[str, Any] = {
            "tasks": tasks,
            "select": {"every": s["look_every"]},
            "final": {"compare": _COMPARED},
            "max_evaluations": _ENOUGH,
            "max_train_steps": int(s["train_steps"]) * processes,
        }
        if method.hurdles:
            changes["hurdles"] = [(s["hurdle_train_examples"], s["hurdle_valid_examples"])]
        if not method.caches:
            changes.update(fec={"size": 0}, cache_size=0)
        if processes > 1:
            changes["islands"] = processes
            if not method.migration:
                changes["migration"] = {"every": _ENOUGH}
        preset = Experiment.load(str(s["preset"])).replace(**tables_of(str(s["override"]).split())).replace(**changes)
        if not method.diversity or processes == 1:
            return preset
        first = preset.task_tables[0]
        second = {
            **first,
            "dataset": s["second_dataset"],
            "n_train": examples_in(s["second_train_examples"]),
            "epochs": s["second_epochs"],
        }
        return preset.replace(tasks=[first, second])

    def rows(self, records: list[Record], names: Iterable[str]) -> ResultTable:
        """A row for each cell that has records, headed by the values of the parameters `names`."""
        columns = [*names, "runs", "accuracy", "low", "high", "standard deviation", "on select tasks"]
        for name in ("logistic regression", "the network"):
            columns += [f"above {name}", f"above {name}: low", f"above {name}: high"]
        columns += ["logistic regression", "the network", "programs a run"]
        rows = []
        for cell in self.cells():
            results = [record.result for record in self.of(records, cell)]
            if not results:
                continue
            values = {name: [result[name] for result in results] for name in results[0] if name != "program"}
            test, count = values["test"], len(results)
            row: list[Any] = [*(cell[name] for name in names), count]
            row += [v if math.isfinite(v) else None for v in mean(test)]
            row += [statistics.stdev(test) if count > 1 else None, statistics.fmean(values["select"])]
            for name in _COMPARED:
                row += wilson(sum(a > b for a, b in zip(test, values[name], strict=True)), count)
            row += [statistics.fmean(values[name]) for name in _COMPARED]
            row.append(round(statistics.fmean(values["evaluations"])))
            rows.append(row)
        notes = [
            "Accuracy: mean over runs of that on final tasks, which no search sees and nothing is chosen on. Low and "
            "high: 95 % intervals, of means by the normal approximation, of shares of runs Wilson's. Logistic "
            "regression and the network: their mean accuracy on the same tasks, with the learning rate that does best "
            "on the select tasks.",
            f"Training steps: {self.settings['train_steps']:,} a process. {self.PAPER}",
        ]
        return ResultTable(columns, rows, notes)

    def draw(self, records: list[Record], figure: Any) -> None:
        axes = figure.subplots()
        cells = [cell for cell in self.cells() if self.of(records, cell)]
        for place, cell in enumerate(cells):
            test = [record.result["test"] for record in self.of(records, cell)]
            axes.plot([place] * len(test), test, "o", color="tab:blue", alpha=0.4)
            axes.plot([place - 0.2, place + 0.2], [statistics.fmean(test)] * 2, color="black")
        for name, color in zip(_COMPARED, ("tab:orange", "tab:green"), strict=True):
            level = statistics.fmean(record.result[name] for record in records)
            axes.axhline(level, linestyle="--", color=color, label=f"{name.replace('_', ' ')}, tuned")
        axes.set_xticks(range(len(cells)), ["\n".join(str(value) for value in cell.values()) for cell in cells])
        axes.set(xlabel="\n".join(["a point a run, a line their mean"]), ylabel="accuracy on final tasks")
        plot.legend(axes)
