"""Section 4.3: what evolution adds to the two-layer network where examples, time or more than two classes ask for it.

Each of three presets starts from the network and is run beside a control that asks for nothing of the kind. Counted are
runs whose best program has the adaptation that the paper describes, as :func:`pyamlz.explain.recognise` finds it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, NamedTuple

from pyamlz import lab, plot
from pyamlz._lib.random import derived_seed
from pyamlz.explain import FindingName, recognise
from pyamlz.lab import Experiment
from pyamlz.study._framework import Interrupted, Settings, Study, examples_in
from pyamlz.study._rawdata import Cell, Record
from pyamlz.study._table import ResultTable
from pyamlz.study.statistics import fisher, wilson

__all__ = ["Adaptation"]

SEARCH, CONTROL = "search", "control"


class _Kind(NamedTuple):
    """An adaptation: what is recognised, and in how many of the paper's 30 runs and 30 controls."""

    finding: FindingName
    paper: tuple[int, int]


KINDS: Final[dict[str, _Kind]] = {
    "few_examples": _Kind("noisy_relu", (8, 0)),
    "fast_training": _Kind("learning_rate_decay", (30, 3)),
    "multiclass": _Kind("mean_of_weights_learning_rate", (24, 0)),
}  #: by the preset's name
_PAPER_RUNS: Final = 30


class Adaptation(Study):
    """See the module."""

    NAME = "adaptation"
    SUMMARY = "section 4.3: adaptations of the network to few examples, fast training and ten classes"
    SETTINGS: ClassVar[Settings] = {
        "presets": "",  # with commas between them; all
        "dataset": "fashion-mnist",
        "evaluations": 50_000,
        "tasks": 10,
        "valid_examples": 200,
        "few_examples": 80,
        "many_examples": 800,
        "few_epochs": 10,
        "many_epochs": 100,
        "class_examples": "8000",  # of the preset with ten classes, and of its control
    }
    SMALL: ClassVar[Settings] = {
        "dataset": "digits",
        "evaluations": 200,
        "tasks": 2,
        "valid_examples": 60,
        "few_examples": 20,
        "many_examples": 80,
        "few_epochs": 1,
        "many_epochs": 4,
        "class_examples": "all",
    }
    SEEDS = (30, 2)

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._kinds = {name: KINDS[name] for name in self.chosen("presets", KINDS)}

    def cells(self) -> list[Cell]:
        return [{"preset": name, "kind": kind} for name in self._kinds for kind in (SEARCH, CONTROL)]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        name = cell["preset"]
        changes = self._changes(name, is_control=cell["kind"] == CONTROL)
        outcome = lab.run(Experiment.load(name).replace(**changes), seed=derived_seed(seed, self.NAME))
        if outcome.stop_reason == "interrupted":
            raise Interrupted
        assert outcome.final is not None
        findings = {finding.name for finding in recognise(outcome.program, outcome.dims)}
        return {
            "found": KINDS[name].finding in findings,
            "findings": sorted(findings),
            "test": outcome.final.fitness,
            "program": str(outcome.simplified),
        }

    def _changes(self, name: str, *, is_control: bool) -> dict[str, Any]:
        """What differs from the preset."""
        s = self.settings
        tasks: dict[str, Any] = {"dataset": s["dataset"], "n_tasks": s["tasks"]}
        changes: dict[str, Any] = {
            "tasks": tasks,
            "select": {"every": max(int(s["evaluations"]) // 20, 1)},
            "final": {"compare": []},
            "max_evaluations": s["evaluations"],
        }
        if name == "multiclass":
            tasks["n_train"] = examples_in(s["class_examples"])
            if is_control:
                tasks["generator"], changes["start"] = "projected_binary", "neural_network"
            return changes
        is_few = name == "few_examples"
        tasks["n_train"] = s["few_examples"] if is_few and not is_control else s["many_examples"]
        tasks["epochs"] = s["few_epochs"] if not is_few and not is_control else s["many_epochs"]
        tasks["n_valid"] = s["valid_examples"]
        return changes

    def _counts(self, records: list[Record], name: str, kind: str) -> tuple[int, int]:
        """Runs with the adaptation, and all."""
        mine = self.of(records, {"preset": name, "kind": kind})
        return sum(record.result["found"] for record in mine), len(mine)

    def table(self, records: list[Record]) -> ResultTable:
        columns = ["preset", "adaptation"]
        for kind in (SEARCH, CONTROL):
            columns += [f"{kind}: runs", f"{kind}: with it", f"{kind}: share", f"{kind}: low", f"{kind}: high"]
        columns += ["p value", "the paper: searches", "the paper: controls"]
        rows = []
        for name, (finding, paper) in self._kinds.items():
            counts = [self._counts(records, name, kind) for kind in (SEARCH, CONTROL)]
            row: list[Any] = [name, finding]
            for found, runs in counts:
                row += [runs, found, *(wilson(found, runs) if runs else (None, None, None))]
            row.append(fisher(*counts[0], *counts[1]) if all(runs for _, runs in counts) else None)
            rows.append([*row, *(f"{found} of {_PAPER_RUNS}" for found in paper)])
        return ResultTable(
            columns,
            rows,
            [
                "Runs whose best program on the select tasks has the adaptation, as recognised in its code. Low and "
                "high: Wilson's 95 % intervals. p value: Fisher's exact test, two-sided, of search against control.",
            ],
        )

    def draw(self, records: list[Record], figure: Any) -> None:
        axes = figure.subplots()
        for offset, kind, color in ((-0.2, SEARCH, "tab:blue"), (0.2, CONTROL, "tab:gray")):
            for place, (name, found) in enumerate(KINDS.items()):
                count, runs = self._counts(records, name, kind)
                if runs:
                    share, low, high = wilson(count, runs)
                    errors = [[share - low], [high - share]]
                    label = kind if place == 0 else None
                    axes.bar([place + offset], [share], 0.35, yerr=errors, capsize=3, color=color, label=label)
                paper = found.paper[kind == CONTROL] / _PAPER_RUNS
                axes.plot([place + offset], [paper], "kx")
        axes.plot([], [], "kx", label="the paper")
        axes.set_xticks(range(len(self._kinds)), [f"{name}\n{kind.finding}" for name, kind in self._kinds.items()])
        axes.set(ylabel="share of runs with the adaptation", ylim=(0, 1.05))
        plot.legend(axes)
