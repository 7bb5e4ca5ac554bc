"""What a table is taken for, and what becomes of it, in sentences: said before anything is searched."""

from __future__ import annotations

from pyamlz.tasks._preparation import Preparation
from pyamlz.tasks._resampled import split_rows
from pyamlz.tasks._table import Table

__all__ = ["described"]

_SHOWN = 12  # classes
_FEW = 30  # held-out rows that say little


def described(table: Table, n_features: int | None = None) -> list[str]:
    """Lines about a table: its size, what labels are and why, how it is split, and what becomes of its columns.

    Args:
        table: the table.
        n_features: F, if features are projected to fewer.

    Raises:
        DataError: it is too small, or there is nothing to learn from.
    """
    rows = split_rows(table)
    prepared = Preparation.of(table.take(rows.search), n_features=n_features)
    columns = f"{len(table.features)} column{'s' * (len(table.features) > 1)} of features"
    alike = ", each with its share of every class" if table.classes else ""
    used = {column.name for column in prepared.columns}
    unused = [name for name in table.features if name not in used]
    said = [
        f"{table.name}: {table.n_rows:,} rows, {columns}, target {table.target!r}",
        _labels(table),
        f"rows: {len(rows.search):,} to search with, {len(rows.select):,} to select by, "
        f"{len(rows.test):,} held out for the final scores{alike}",
        f"features: {prepared.n_features}, each less its mean and over its standard deviation; "
        + ("projected, see below" if prepared.n_projected else "none is projected"),
        *(f"read: {note}" for note in table.notes),
        *(f"{name}: left out, for the search's rows all have the same, or no text is there twice" for name in unused),
        *prepared.notes(),
    ]
    if len(rows.test) < _FEW:
        said.append(f"only {len(rows.test)} rows are held out: the final scores can say little")
    return said


def _labels(table: Table) -> str:
    why = f", for {table.why}" if table.why else ""
    other = "numbers" if table.classes else "classes"
    if not table.classes:
        kind = f"labels: numbers from {table.y.min():g} to {table.y.max():g} (regression){why}"
    else:
        counts = [f"{name} {n:,}" for name, n in table.counts.items()]
        more = f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else ""
        together = "two classes" if len(counts) == 2 else f"{len(counts)} classes, told apart all at once"
        kind = f"labels: {together}{why}: {', '.join(counts[:_SHOWN])}{more}"
    return kind if "not numbers" in why or "said" in why else f"{kind} (`labels`: {other} says otherwise)"
