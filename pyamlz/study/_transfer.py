"""Section 4.2: programs on pairs of classes of images at their own size, where they were never searched.

Compared are logistic regression, the two-layer network, the paper's evolved program, and one more if the setting
`evolved` names it. All constants of each are tuned with the same number of trials, for each pair of classes and each
seed by itself, on images of the training part; the best trial is then measured on the test part.

That is the paper's way, and long. With `joint`, the constants of a program are tuned once a seed, on so many pairs
together, and all pairs get them; with `first_examples` all trials are made on so many training examples first, and a
quarter of them on all. `passes` is how often the training examples are gone through.
"""

from __future__ import annotations

import hashlib
import itertools
import statistics
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from pyamlz import plot, tasks
from pyamlz._lib.interrupt import interrupt_flag
from pyamlz._lib.random import derived_seed
from pyamlz.archive import find_program
from pyamlz.lab import Sizes, transfer
from pyamlz.program import Program
from pyamlz.program.baselines import BASELINES
from pyamlz.study._framework import Interrupted, Settings, Study
from pyamlz.study._rawdata import Cell, Record
from pyamlz.study._table import ResultTable
from pyamlz.study.statistics import mean

__all__ = ["Transfer"]

_PROGRAMS: Final = ("linear_regressor", "neural_network", "evolved_linear_form")
_REFERENCE: Final = "neural_network"
_PAPER: Final = {"linear_regressor": 0.9790, "neural_network": 0.9821, "evolved_linear_form": 0.9860}
_CLASSES: Final = 10


class Transfer(Study):
    """See the module."""

    NAME = "transfer"
    SUMMARY = "section 4.2: programs tuned and measured on Fashion-MNIST at its own size"
    SETTINGS: ClassVar[Settings] = {
        "dataset": "fashion-mnist",
        "classes": _CLASSES,  # all pairs of the first so many
        "evolved": "",
        "trials": 10,
        "joint": 0,
        "first_examples": 0,
        "passes": 1,
        "train_examples": 8000,
        "valid_examples": 2000,
        "test_examples": 2000,
    }
    SMALL: ClassVar[Settings] = {
        "dataset": "digits",
        "classes": 2,
        "trials": 2,
        "train_examples": 200,
        "valid_examples": 60,
        "test_examples": 50,
    }
    SEEDS = (5, 2)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._programs: dict[str, Program] = {name: BASELINES[name]() for name in _PROGRAMS}
        if evolved := str(settings["evolved"]):
            program = find_program("evolved", evolved)
            digest = hashlib.sha256(str(program).encode()).hexdigest()[:8]  # raw data of another one do not fit
            self._programs[f"{Path(evolved).stem} {digest}"] = program

    def cells(self) -> list[Cell]:
        if int(self.settings["joint"]):
            return [{"program": name} for name in self._programs]
        return [{"pair": list(pair), "program": name} for pair in self._pairs() for name in self._programs]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        s = self.settings
        program = self._programs[cell["program"]]
        sizes = Sizes(
            int(s["train_examples"]), int(s["valid_examples"]), int(s["test_examples"]), passes=int(s["passes"])
        )
        first = int(s["first_examples"])
        pairs = self._pairs()
        with interrupt_flag() as interrupt:
            transferred = transfer(
                program.simplified(program.dims(1, "binary")),
                partial(tasks.native_binary, tasks.load(str(s["dataset"]))),
                [cell["pair"]] if "pair" in cell else pairs,
                seed=derived_seed(seed, self.NAME),
                trials=int(s["trials"]),
                joint=None if "pair" in cell else pairs[:: max(len(pairs) // int(s["joint"]), 1)][: int(s["joint"])],
                sizes=sizes,
                first=[replace(sizes, train=first)] if first else [],
            )
            if interrupt.is_set:
                raise Interrupted
        best = transferred.tunings[0]
        return {"accuracy": transferred.accuracy, "tuned": best.fitness, "program": str(best.program)}

    def table(self, records: list[Record]) -> ResultTable:
        accuracies = self._accuracies(records)
        columns = ["program", "pairs", "seeds", "accuracy, %", "low", "high", "standard deviation", "above the network"]
        rows: list[list[Any]] = []
        for name, by_seed in accuracies.items():
            values = [100 * value for value in by_seed.values()]
            estimate = mean(values)
            spread = [estimate.low, estimate.high, statistics.stdev(values)] if len(values) > 1 else [None] * 3
            both = [100 * (v - accuracies[_REFERENCE][k]) for k, v in by_seed.items() if k in accuracies[_REFERENCE]]
            above = statistics.fmean(both) if both and name != _REFERENCE else None
            rows.append([name, len(self._pairs()), len(values), estimate.value, *spread, above])
        paper = ", ".join(f"{name} {100 * accuracy:.2f}" for name, accuracy in _PAPER.items())
        notes = [
            "Accuracy: mean over pairs on test images, in percent; of this the mean over seeds, its 95 % interval "
            "(normal approximation) and its standard deviation. Only seeds with all pairs count. Above the network: "
            f"mean difference in points over seeds. The paper, on Fashion-MNIST: {paper}.",
        ]
        return ResultTable(columns, rows, notes)

    def _pairs(self) -> list[tuple[int, int]]:
        return list(itertools.combinations(range(int(self.settings["classes"])), 2))

    def _accuracies(self, records: list[Record]) -> dict[str, dict[int, float]]:
        """By program and seed, where all pairs are there."""
        found: dict[str, dict[int, list[float]]] = {name: {} for name in self._programs}
        for record in records:
            by_seed = found[record.unit.cell["program"]]
            by_seed.setdefault(record.unit.seed, []).append(record.result["accuracy"])
        n_units = 1 if int(self.settings["joint"]) else len(self._pairs())
        whole = {
            name: {seed: statistics.fmean(v) for seed, v in by_seed.items() if len(v) == n_units}
            for name, by_seed in found.items()
        }
        return {name: by_seed for name, by_seed in whole.items() if by_seed or name == _REFERENCE}

    def draw(self, records: list[Record], figure: Any) -> None:
        axes = figure.subplots()
        accuracies = self._accuracies(records)
        for place, (name, by_seed) in enumerate(accuracies.items()):
            values = [100 * value for value in by_seed.values()]
            label = {"label": "a seed"} if place == 0 else {}
            axes.plot([place] * len(values), values, "o", color="tab:blue", alpha=0.6, **label)
            if name in _PAPER:
                axes.plot([place], [100 * _PAPER[name]], "kx")
        axes.plot([], [], "kx", label="the paper, on Fashion-MNIST")
        axes.set_xticks(range(len(accuracies)), [name.replace("_", " ") for name in accuracies])
        axes.set(ylabel="accuracy on test images, %")
        plot.legend(axes)
