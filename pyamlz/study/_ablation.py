"""Section S9: what each part of the method adds, one upon the other, from empty programs on projected binary tasks."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pyamlz.study._accuracy import AccuracyStudy, Method
from pyamlz.study._rawdata import Cell, Record
from pyamlz.study._table import ResultTable

__all__ = ["Ablation"]

_PROCESSES: Final = 2


class Ablation(AccuracyStudy):
    """See the module."""

    NAME = "ablation"
    SUMMARY = "section S9: migration, caches, diversity and hurdles, one upon the other, in 2 processes"
    SEEDS = (20, 2)
    METHODS: ClassVar[dict[str, Method]] = {
        "baseline": Method(),
        "+ migration": Method(migration=True),
        "+ caches": Method(migration=True, caches=True),
        "+ diversity": Method(migration=True, caches=True, diversity=True),
        "+ hurdles": Method(migration=True, caches=True, diversity=True, hurdles=True),
    }
    PAPER = (
        "The paper, on CIFAR-10 and MNIST, with 1000 processes: baseline .703, + migration .707, + FEC .724, + half "
        "MNIST .729, + hurdles .738; share above the network 0, 0, .13, .27, .53."
    )

    def cells(self) -> list[Cell]:
        return [{"method": method} for method in self._methods]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        return self.run(self.METHODS[cell["method"]], _PROCESSES, seed)

    def table(self, records: list[Record]) -> ResultTable:
        return self.rows(records, ["method"])
