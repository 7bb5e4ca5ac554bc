"""What a study has found, as a table for people and for programs."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any

__all__ = ["ResultTable"]


@dataclass(frozen=True, slots=True)
class ResultTable:
    """What a study found.

    Attributes:
        columns: names of the columns.
        rows: a list of values for each row, as long as `columns`; None where there is no value.
        notes: what must be known to read it: methods, and what was found besides. A line each.
    """

    columns: list[str]
    rows: list[list[Any]]
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        """The table, figures with four digits, and the notes below it."""
        is_text = [any(isinstance(row[i], str) for row in self.rows) for i in range(len(self.columns))]
        lines = [self.columns, ["---" if text else "---:" for text in is_text]]
        lines += [[_shown(value) for value in row] for row in self.rows]
        table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
        return table + "".join(f"\n{note}\n" for note in self.notes)

    def csv(self) -> str:
        """The table with all digits, without the notes."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(["" if value is None else value for value in row] for row in self.rows)
        return text.getvalue()


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
