"""A table of the user's own examples: features are numbers or categories, labels numbers or classes."""

from __future__ import annotations

import decimal
import hashlib
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import checked_choice
from pyamlz._lib.errors import DataError, InputError
from pyamlz.tasks._reading import MISSING, Cells, Columns, DataSource, read_columns

__all__ = ["Labels", "Table", "feature_values", "label_values", "read_table"]

Array: TypeAlias = npt.NDArray[Any]
Labels: TypeAlias = Literal["auto", "numbers", "classes"]

_MOST_CLASSES = 10  # whole numbers that are taken for classes
_MARKS = 1024  # groups of rows that have a checksum of their own
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_EXACT = decimal.Context(prec=2000)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Examples and their labels.

    Attributes:
        X: features, (N, F): numbers, or the places of categories in `categories`; NaN where one is missing.
        y: labels, (N,): numbers, or the places of classes in `classes`.
        classes: names of the classes, in numerical order where they are numbers, else sorted; none for numbers.
        features: names of the columns of X.
        name: what it is called in messages.
        categories: of features that are categories, by the feature's name, the categories' names, sorted.
        target: name of the column of the labels.
        why: why the labels were taken for classes or numbers.
        notes: what the user should know of how it was read.

    Raises:
        DataError: the parts do not fit each other, or a number is infinite.
    """

    X: Array
    y: Array
    classes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    name: str = "table"
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    target: str = "y"
    why: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.X.ndim != 2 or self.y.shape != self.X.shape[:1]:
            raise DataError(f"{self.name}: expected (N, F) features and N labels, got {self.X.shape}, {self.y.shape}")
        if not self.features:
            object.__setattr__(self, "features", tuple(f"x{i}" for i in range(self.X.shape[1])))
        if self.X.shape[1] == 0:
            raise DataError(f"{self.name}: expected columns of features besides {self.target!r}")
        if len(self.classes) == 1:
            raise DataError(f"{self.name}: expected at least 2 classes, got only {self.classes[0]!r}")
        if np.isinf(self.X).any() or not np.isfinite(self.y).all():
            raise DataError(f"{self.name}: expected features and labels without infinities, and labels that are there")

    @property
    def n_rows(self) -> int:
        """N, the number of examples."""
        return len(self.X)

    @property
    def counts(self) -> dict[str, int]:
        """How many examples each class has."""
        return {name: int((self.y == number).sum()) for number, name in enumerate(self.classes)}

    def take(self, rows: Array) -> Table:
        """Some of its examples; classes and categories stay as they are."""
        return replace(self, X=self.X[rows], y=self.y[rows])

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of names, values and labels; the same on every machine."""
        sha = hashlib.sha256(
            repr((self.features, sorted(self.categories.items()), self.classes, self.X.shape)).encode()
        )
        for array in (self.X, self.y):
            sha.update(array.astype("<f8").tobytes())
        return sha.hexdigest()

    def marks(self) -> bytes:
        """CRC-32 of each of up to 1024 groups of rows, 4 bytes each: with them it can be said which rows changed."""
        rows = np.column_stack([self.X, self.y]).astype("<f8")
        groups = np.array_split(rows, min(_MARKS, len(rows)))
        return b"".join(zlib.crc32(group.tobytes()).to_bytes(4, "little") for group in groups)

    def changed_rows(self, marks: bytes) -> list[tuple[int, int]]:
        """Of a table of as many rows, the first and last row, from 1, of each run of groups with other marks."""
        own = self.marks()
        n_groups = len(own) // 4
        sizes = [len(group) for group in np.array_split(np.arange(self.n_rows), n_groups)]
        ends = np.cumsum(sizes)
        runs: list[tuple[int, int]] = []
        for group in range(n_groups):
            if own[4 * group : 4 * group + 4] != marks[4 * group : 4 * group + 4]:
                first, last = int(ends[group] - sizes[group]) + 1, int(ends[group])
                if runs and runs[-1][1] == first - 1:
                    first = runs.pop()[0]
                runs.append((first, last))
        return runs


def read_table(
    source: DataSource,
    target: str | None = None,
    labels: Labels = "auto",
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    categorical: Sequence[str] = (),
    encoding: str | None = None,
    separator: str | None = None,
) -> Table:
    """Reads examples from a file or a data frame.

    A column in which all values are numbers, but for missing ones, is one of numbers; one of text is of categories. One
    in which most values are numbers and some are not is an error, as it is likely to be a mistake in the file. In files
    of text the missing ones are empty, ``NA``, ``N/A``, ``NaN``, ``null``, ``none`` or ``?``; elsewhere null and NaN
    are, and what is typed as text is text, whether or not it looks like numbers.

    Args:
        source: see below; a data frame is anything with the Arrow or the dataframe interchange protocol.
            ``.csv`` (any separator), ``.parquet``, ``.feather``, ``.arrow``, or ``.npz`` with arrays ``X`` (N, F) and
            ``y`` (N,).
        target: name of the column with the labels, all others being features; for ``.npz`` "y" by itself.
        labels: what labels are: "numbers", "classes", or "auto": classes if they are not numbers, only two different
            ones, or up to ten whole numbers without a gap from 0 or 1 on; else numbers.
        columns: names of the columns to take as features; by default all.
        drop: names of columns to leave out.
        categorical: names of columns of numbers to take as categories, such as codes.
        encoding: of a CSV file; by default what its byte order mark says, else UTF-8 or, if it is not that,
            Windows-1252.
        separator: of a CSV file; by default the one of comma, semicolon, tab and bar that is most often in its first
            line.

    Raises:
        DataError: the file cannot be read, a label is missing, or a value is not what it must be; the message names
            file, line or row, and column.
        InputError: another argument is wrong.
        MissingExtraError: pyarrow is needed for such a source.
    """
    checked_choice("labels", labels, get_args(Labels))
    read = read_columns(source, encoding=encoding, separator=separator)
    is_npz = read.name.lower().endswith(".npz")
    if is_npz and target not in (None, "y"):
        raise InputError(f"target: expected none with {read.name}, whose labels are the array y, got {target!r}")
    if target is None and is_npz:
        target = "y"
    if not isinstance(target, str) or not target:
        raise InputError(f"target: expected the name of the column of {read.name} that has the labels, got {target!r}")
    target = target if target in read.names else target.strip()
    made = label_values(read, target, labels)
    if not made.classes and made.values.min() == made.values.max():
        raise DataError(f"{read.name}, column {target!r}: expected labels that differ, got only {made.values[0]:g}")
    names = _chosen(read, target, columns, drop)
    if not names:
        raise DataError(f"{read.name}: expected columns of features besides {target!r}")
    categories: dict[str, tuple[str, ...]] = {}
    X = np.empty((read.n_rows, len(names)))
    for place, name in enumerate(names):
        X[:, place], found = feature_values(read, name, name in categorical)
        if found is not None:
            categories[name] = found
    return Table(X, made.values, made.classes, tuple(names), read.name, categories, target, made.why, read.notes)


def _chosen(read: Columns, target: str, columns: Sequence[str] | None, drop: Sequence[str]) -> list[str]:
    """Names of the columns that are features, as they stand in the file."""
    for argument, names in (("columns", columns or ()), ("drop", drop)):
        if isinstance(names, str):
            raise InputError(f"{argument}: expected a list of names, got {names!r}")
        for name in names:
            if name not in read.names:
                raise InputError(f"{argument}: {read.name} has no column {name!r}, only {', '.join(read.names):.200}")
    wanted = set(read.names if columns is None else columns) - set(drop) - {target}
    return [name for name in read.names if name in wanted]


# ---------------------------------------------------------------- features


def feature_values(
    read: Columns, name: str, categorical: bool = False, known: Sequence[str] | None = None
) -> tuple[Array, tuple[str, ...] | None]:
    """A column of features as numbers, and its categories if it has them.

    Args:
        read: what was read.
        name: of the column.
        categorical: whether to take numbers as categories.
        known: the categories that it must be coded by; others are -1.

    Raises:
        DataError: there is no such column, or a value is not what most others are.
    """
    cells = read.column(name)
    plain = _plain_numbers(cells) if known is None and not categorical else None
    if plain is not None:
        return plain, None
    missing = _missing(cells)
    numbers = None if known is not None or categorical else _feature_numbers(read, name, cells, missing)
    if numbers is not None:
        return numbers, None
    texts = ["" if gone else _category(cell) for cell, gone in zip(cells, missing, strict=True)]
    if known is None:
        known = sorted({text for text, gone in zip(texts, missing, strict=True) if not gone})
    places = {category: float(place) for place, category in enumerate(known)}
    values = np.array([places.get(text, -1.0) for text in texts])
    values[missing] = np.nan
    return values, tuple(known)


def _plain_numbers(cells: Cells) -> Array | None:
    """Texts as numbers, the quick way, if all of them are finite ones."""
    if not isinstance(cells, list):
        return None
    try:
        numbers = np.array(list(map(float, cells)))
    except ValueError:
        return None
    together = "".join(cells)  # float() takes 1_000, and digits of other scripts
    return numbers if np.isfinite(numbers).all() and "_" not in together and together.isascii() else None


def _missing(cells: Cells) -> Array:
    """Which values are missing."""
    if isinstance(cells, list):
        return np.array([cell.casefold() in MISSING for cell in cells])
    if cells.dtype.kind == "O":
        return np.array([cell is None or cell != cell for cell in cells])
    return np.isnan(cells) if cells.dtype.kind == "f" else np.zeros(len(cells), dtype=bool)


def _category(cell: object) -> str:
    return str(cell) if isinstance(cell, (str, bool, np.bool_)) else _name_of(_exact(cell))


def _feature_numbers(read: Columns, name: str, cells: Cells, missing: Array) -> Array | None:
    """A column as numbers, NaN where one is missing; None if it is one of text."""
    if not isinstance(cells, list) and cells.dtype.kind != "O":
        numbers = cells.astype(np.float64)
    else:
        numbers = np.full(len(cells), np.nan)
        wrong = []
        for row in np.flatnonzero(~missing).tolist():
            is_text = not isinstance(cells, list) and isinstance(cells[row], str)  # as whoever typed the column says
            number = None if is_text else _number(cells[row])
            if number is None:
                wrong.append(row)
            else:
                numbers[row] = number
        if wrong:
            _refuse_mixture(read, name, cells, wrong, int((~missing).sum()), "a finite number", "drop or `categorical`")
            return None
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise DataError(f"{read.place(row, name)}: expected a finite number, got {_shown(cells[row])}")
    return numbers


def _number(cell: object) -> float | None:
    """The number that a cell is; None if it is something else. Infinite ones are numbers, too."""
    if not isinstance(cell, str):
        return float(cell) if isinstance(cell, (bool, int, float, np.bool_, np.number)) else None
    if _NUMBER.fullmatch(cell) or cell.lstrip("+-").casefold() in ("inf", "infinity"):
        return float(cell)
    return None


def _refuse_mixture(
    read: Columns, name: str, cells: Cells, wrong: Sequence[int], n_there: int, wanted: str, way_out: str
) -> None:
    """Raises DataError if only some of a column's values are no numbers."""
    if len(wrong) * 2 < n_there:
        others = f"as in {n_there - len(wrong)} other rows"
        more = f" ({len(wrong)} such)" if len(wrong) > 1 else ""
        place = read.place(wrong[0], name)
        raise DataError(f"{place}: expected {wanted}, {others}, got {_shown(cells[wrong[0]])}{more}; see {way_out}")


def _shown(cell: object) -> str:
    return repr(cell) if isinstance(cell, str) else str(cell)


# ---------------------------------------------------------------- labels


class LabelValues(NamedTuple):
    """Labels: numbers, or places of classes; the classes' names; and why they were taken for that."""

    values: Array
    classes: tuple[str, ...]
    why: str


def label_values(
    read: Columns, target: str, labels: Labels = "auto", known: Sequence[str] | None = None
) -> LabelValues:
    """The column of labels.

    Args:
        read: what was read.
        target: its name.
        labels: what they are; see :func:`read_table`.
        known: the classes that they must be of.

    Raises:
        DataError: a label is missing, not finite, or neither a number nor a class as the others are.
    """
    cells = read.column(target)
    missing = _missing(cells)
    if missing.any():
        row = int(np.argmax(missing))
        found = _shown(cells[row]) if isinstance(cells, list) and cells[row] else "nothing"
        more = f" ({int(missing.sum())} such)" if missing.sum() > 1 else ""
        raise DataError(f"{read.place(row, target)}: expected a label, got {found}{more}")
    numbers = _label_numbers(read, target, cells, labels)
    if labels == "numbers" and numbers is None:
        row = next(row for row, cell in enumerate(cells) if _number(cell) is None)
        raise DataError(f"{read.place(row, target)}: labels: expected numbers, got {_shown(cells[row])}")
    if numbers is not None:
        taken, why = _kind_of(numbers, labels)
        if taken == "numbers" and known is None:
            return LabelValues(np.array([float(number) for number in numbers]), (), why)
        texts = [_name_of(number) for number in numbers]
        order = [_name_of(number) for number in sorted(set(numbers))]
    else:
        texts = [str(cell) for cell in cells]
        order, why = sorted(set(texts)), "they were said to be" if labels == "classes" else "they are not numbers"
    classes = tuple(order if known is None else known)
    places = {name: place for place, name in enumerate(classes)}
    for row, name in enumerate(texts):
        if name not in places:
            raise DataError(f"{read.place(row, target)}: expected one of {', '.join(classes):.200}, got {name!r}")
    return LabelValues(np.array([float(places[name]) for name in texts]), classes, why)


def _label_numbers(read: Columns, target: str, cells: Cells, labels: Labels) -> list[decimal.Decimal] | None:
    """The labels as exact numbers, so that different ones stay different; None if they are text."""
    if not isinstance(cells, list) and cells.dtype.kind == "b":
        return None if labels != "numbers" else [decimal.Decimal(int(cell)) for cell in cells]
    wrong = []
    for row, cell in enumerate(cells):
        number = None if isinstance(cell, (bool, np.bool_)) else _number(cell)
        if number is None:
            wrong.append(row)
        elif not math.isfinite(number):
            raise DataError(f"{read.place(row, target)}: expected a label that is finite, got {_shown(cell)}")
    if not wrong:
        return [_exact(cell) for cell in cells]
    if labels != "classes":
        way_out = "`labels`: classes takes all of them for names"
        _refuse_mixture(read, target, cells, wrong, len(cells), "a number", way_out)
    return None


def _exact(cell: object) -> decimal.Decimal:
    """A number without rounding: of a float, the shortest decimal number that is rounded to it."""
    if isinstance(cell, np.floating):
        cell = np.format_float_scientific(cell)  # as many digits as its type needs
    return decimal.Decimal(
        cell if isinstance(cell, str) else repr(cell.item() if isinstance(cell, np.generic) else cell)
    )


def _name_of(number: decimal.Decimal) -> str:
    """A number as people write it."""
    plain = _EXACT.normalize(number)
    if not plain:
        return "0"
    exponent = plain.as_tuple().exponent
    is_short = isinstance(exponent, int) and -20 < exponent < 20
    return format(plain, "f") if is_short else str(plain)


def _kind_of(numbers: Iterable[decimal.Decimal], labels: Labels) -> tuple[Labels, str]:
    """Whether labels that are numbers are classes, and why."""
    different = sorted(set(numbers))
    if labels != "auto":
        return labels, "they were said to be"
    if len(different) <= 2:
        return "classes", "there are only two different ones" if len(different) == 2 else "there is only one"
    count = f"there are {len(different)} different numbers"
    has_no_gap = all(number == different[0] + place for place, number in enumerate(different))
    if len(different) <= _MOST_CLASSES and different[0] in (0, 1) and has_no_gap:
        return "classes", f"they are the whole numbers from {_name_of(different[0])} to {_name_of(different[-1])}"
    return "numbers", count


def frequent(places: Array, least: int, most: int) -> list[int]:
    """The places that occur at least so often, at most so many of them: the most frequent, of equals the first."""
    counts = Counter(places.astype(np.intp).tolist())
    often = sorted((place for place, n in counts.items() if n >= least), key=lambda place: (-counts[place], place))
    return sorted(often[:most])
