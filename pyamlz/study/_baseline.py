"""Section S10: the basic and the full method, from empty programs on projected binary tasks."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pyamlz.study._accuracy import AccuracyStudy, Method
from pyamlz.study._rawdata import Cell, Record
from pyamlz.study._table import ResultTable

__all__ = ["Baseline"]

_PROCESSES: Final = (1, 2)


class Baseline(AccuracyStudy):
    """See the module. With one process there is nothing to migrate, and one data set."""

    NAME = "baseline"
    SUMMARY = "section S10: the basic and the full method, in 1 and 2 processes, against fixed programs"
    SEEDS = (20, 2)
    METHODS: ClassVar[dict[str, Method]] = {
        "basic": Method(),
        "full": Method(migration=True, caches=True, diversity=True, hurdles=True),
    }
    PAPER = (
        "The paper, on CIFAR-10, with 1e11 steps a process and 1, 10 and 100 processes: basic .671, .681, .691, full "
        ".684, .693, .707, where logistic regression has .702 and the network .729."
    )

    def cells(self) -> list[Cell]:
        return [{"method": method, "processes": processes} for method in self._methods for processes in _PROCESSES]

    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        return self.run(self.METHODS[cell["method"]], cell["processes"], seed)

    def table(self, records: list[Record]) -> ResultTable:
        return self.rows(records, ["method", "processes"])
