"""From a table's values to what programs see, and from what they predict back to its units: made once, used by all."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, cast, get_args

import numpy as np
import numpy.typing as npt

from pyamlz._lib import random as _random
from pyamlz._lib.checks import MAX_FEATURES, checked_choice, checked_float, checked_int, checked_seed, checked_type
from pyamlz._lib.errors import DataError, InputError
from pyamlz.tasks._ordered import column_sums, matrix_product
from pyamlz.tasks._reading import Columns, DataSource, read_columns
from pyamlz.tasks._table import Table, feature_values, frequent, label_values
from pyamlz.tasks._taskset import Kind

__all__ = ["Column", "Preparation"]

Array: TypeAlias = npt.NDArray[Any]
Doubles: TypeAlias = npt.NDArray[np.float64]
ColumnKind: TypeAlias = Literal["number", "category"]

_VERSION = 1
_MOST_CATEGORIES = 20  # of a column that have an indicator of their own
_OTHER, _MISSING = "(other)", "(missing)"


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a table becomes features.

    One of numbers becomes itself, `fill` standing in where one is missing. One of categories becomes an indicator, 1 or
    0, of each of its categories. Both may have one more indicator, of missing values.

    Attributes:
        name: of the column.
        kind: "number" or "category".
        fill: what stands in for missing numbers: the median of the training rows; 0 for categories.
        categories: those that have an indicator.
        has_other: whether all other categories share an indicator.
        marks_missing: whether there is an indicator of missing values.
    """

    name: str
    kind: ColumnKind = "number"
    fill: float = 0.0
    categories: tuple[str, ...] = ()
    has_other: bool = False
    marks_missing: bool = False

    @property
    def features(self) -> list[str]:
        """Names of the features that it becomes."""
        others = [*self.categories, *([_OTHER] if self.has_other else [])]
        own = [self.name] if self.kind == "number" else [f"{self.name}={category}" for category in others]
        return [*own, *([f"{self.name}={_MISSING}"] if self.marks_missing else [])]

    def coded(self, values: Array) -> list[Doubles]:
        """Its features, (N,) each.

        Args:
            values: (N,): numbers, or places in `categories`, other ones for other categories; NaN where one is missing.
        """
        missing = np.isnan(values)
        if self.kind == "number":
            made = [np.where(missing, self.fill, values)]
        else:
            made = [(values == place) * 1.0 for place in range(len(self.categories))]
            if self.has_other:
                known = np.isin(values, np.arange(len(self.categories)))
                made.append((~known & ~missing) * 1.0)
        return [*made, missing * 1.0] if self.marks_missing else made


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """How examples of a table are prepared for programs; made from training rows by :meth:`of`, and then fixed.

    Columns become features (see :class:`Column`), each less its mean and over its standard deviation. If fewer features
    are wanted, they are projected by a matrix of Gaussian numbers, and standardised again; a problem of more classes
    than features gets features that are 0. Labels that are numbers are standardised, too.

    Attributes:
        columns: of the table, in order; those that are the same in all training rows are left out.
        mean, deviation: of each feature.
        target: name of the column of the labels.
        classes: names of the classes; none where labels are numbers.
        label_mean, label_deviation: of labels that are numbers; else 0 and 1.
        n_projected: features after the projection; 0 for none.
        projection_seed: of the projection's matrix.
        projected_mean, projected_deviation: of each feature after it.
        n_padding: features that are 0.
        n_rows: rows that it was made from.
    """

    columns: tuple[Column, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    target: str = "y"
    classes: tuple[str, ...] = ()
    label_mean: float = 0.0
    label_deviation: float = 1.0
    n_projected: int = 0
    projection_seed: int = 0
    projected_mean: tuple[float, ...] = ()
    projected_deviation: tuple[float, ...] = ()
    n_padding: int = 0
    n_rows: int = 0

    @classmethod
    def of(cls, table: Table, *, n_features: int | None = None, seed: int = 0) -> Preparation:
        """The preparation that fits the examples of a table.

        The same examples give the same bits on every machine, and so do examples in units that are a power of two as
        large.

        Args:
            table: the training examples.
            n_features: F, if they are to be projected to fewer than they are.
            seed: of the projection.

        Raises:
            DataError: all columns are constant.
            InputError: an argument is wrong.
        """
        checked_type("table", table, Table)
        columns = []
        for place, name in enumerate(table.features):
            made = _column_of(name, table.X[:, place], table.categories.get(name))
            if made is not None:
                columns.append(made)
        if not columns:
            raise DataError(f"{table.name}: expected a column of features whose values are not all the same")
        bare = cls(columns=tuple(columns), mean=(), deviation=(), target=table.target, classes=table.classes)
        coded = bare._coded([bare._of_table(table, column) for column in columns], table)
        mean, deviation = moments(coded)
        projected: dict[str, Any] = {}
        width = coded.shape[1]
        if n_features is not None and checked_int("n_features", n_features, 1, MAX_FEATURES) < width:
            matrix = projection_matrix(checked_seed("seed", seed), n_features, width)
            narrow = matrix_product(matrix, (coded - mean) / deviation)
            after = moments(narrow)
            projected = {
                "n_projected": n_features,
                "projection_seed": seed,
                "projected_mean": tuple(after[0].tolist()),
                "projected_deviation": tuple(after[1].tolist()),
            }
            width = n_features
        unit = (0.0, 1.0)
        if not table.classes:
            label_mean, label_deviation = moments(table.y[:, np.newaxis])
            unit = (float(label_mean[0]), float(label_deviation[0]))
        return cls(
            columns=tuple(columns),
            mean=tuple(mean.tolist()),
            deviation=tuple(deviation.tolist()),
            target=table.target,
            classes=table.classes,
            label_mean=unit[0],
            label_deviation=unit[1],
            n_padding=max(len(table.classes) - width, 0) if len(table.classes) > 2 else 0,
            n_rows=table.n_rows,
            **projected,
        )

    @property
    def kind(self) -> Kind:
        """What programs learn: "regression", "binary" or "multiclass"."""
        return "regression" if not self.classes else "binary" if len(self.classes) == 2 else "multiclass"

    @property
    def n_classes(self) -> int:
        """As in a :class:`pyamlz.TaskSet`: 0 for numbers."""
        return len(self.classes)

    @property
    def n_features(self) -> int:
        """F, the number of features that programs see."""
        return (self.n_projected or len(self.mean)) + self.n_padding

    @property
    def feature_names(self) -> list[str]:
        """Names of the F features."""
        names = [name for column in self.columns for name in column.features]
        if self.n_projected:
            names = [f"projected {i}" for i in range(self.n_projected)]
        return [*names, *(f"zero {i}" for i in range(self.n_padding))]

    # ------------------------------------------------------------ there

    def features(self, data: Table | DataSource) -> Doubles:
        """What programs see of examples, (N, F).

        Args:
            data: a :class:`Table`; or a file, a data frame or a mapping with at least its columns, see
                :func:`read_table`; or an array (N, K) of the table's columns in their order, if all are numbers.

        Raises:
            DataError: a column is missing, a value is not what it must be, or so far off that it is infinite once it
                is scaled.
        """
        where: Table | Columns
        if isinstance(data, Table):
            where = data
            values = [self._of_table(data, column) for column in self.columns]
        elif isinstance(data, np.ndarray):
            where, values = self._of_array(data)
        else:
            where = read_columns(data)
            values = [_of_columns(where, column) for column in self.columns]
        scaled = (self._coded(values, where) - self.mean) / self.deviation
        if self.n_projected:
            narrow = matrix_product(projection_matrix(self.projection_seed, self.n_projected, scaled.shape[1]), scaled)
            scaled = (narrow - self.projected_mean) / self.projected_deviation
        if not (np.abs(scaled) < np.finfo(np.float32).max).all():
            row, place = np.argwhere(~(np.abs(scaled) < np.finfo(np.float32).max))[0]
            wanted = "expected numbers that are not so far from those of the training rows"
            raise DataError(f"{where.name}, row {row + 1}: {wanted}, got {scaled[row, place]:g} standard deviations")
        return np.pad(scaled, ((0, 0), (0, self.n_padding)))

    def rows(self, table: Table) -> Doubles:
        """Rows of a table as exports in C and ONNX take them, (N, K): a column each, numbers as they are, categories by
        their place in :attr:`columns`, -1 for another one; NaN where one is missing.

        Raises:
            DataError: a column is missing.
        """
        return np.column_stack([self._of_table(table, column) for column in self.columns])

    def labels(self, data: Table | DataSource) -> Doubles:
        """What programs see of labels, (N,): classes by number, or numbers standardised.

        Args:
            data: as in :meth:`features`, or an array (N,) of labels.

        Raises:
            DataError: a label is missing, or is not what it must be.
        """
        if isinstance(data, Table):
            if data.classes != self.classes:
                wanted = ", ".join(self.classes) or "numbers"
                raise DataError(f"{data.name}: expected labels that are {wanted:.200}, got others")
            y: Doubles = data.y
        else:
            read = read_columns({self.target: data} if isinstance(data, np.ndarray) else data)
            y = label_values(read, self.target, "classes" if self.classes else "numbers", self.classes or None).values
        return y if self.classes else (y - self.label_mean) / self.label_deviation

    def _of_table(self, table: Table, column: Column) -> Array:
        """A column of a table, in this preparation's categories."""
        if column.name not in table.features:
            raise DataError(
                f"{table.name}: expected a column {column.name!r}, there are only {', '.join(table.features)}"
            )
        values: Array = table.X[:, table.features.index(column.name)]
        if column.kind == "number":
            return values
        names = table.categories.get(column.name, ())
        if names == column.categories:
            return values
        places = {category: place for place, category in enumerate(column.categories)}
        own = np.array([places.get(name, -1) for name in names] or [-1], dtype=np.float64)
        missing = np.isnan(values)
        return np.where(missing, np.nan, own[np.where(missing, 0, values).astype(np.intp)])

    def _of_array(self, data: Array) -> tuple[Columns, list[Array]]:
        if data.ndim != 2 or data.shape[1] != len(self.columns) or data.dtype.kind not in "biuf":
            wanted = f"expected (N, {len(self.columns)}) numbers, the columns {', '.join(c.name for c in self.columns)}"
            raise DataError(f"X: {wanted:.200}, got {data.dtype} {data.shape}")
        if any(column.kind == "category" for column in self.columns):
            raise DataError("X: expected a data frame or a mapping of columns, as some are categories, got an array")
        where = Columns("X", {c.name: data[:, place] for place, c in enumerate(self.columns)})
        return where, [feature_values(where, column.name)[0] for column in self.columns]

    def _coded(self, values: Sequence[Array], where: Table | Columns) -> Doubles:
        """The features before they are scaled."""
        for column in self.columns:
            if column.kind == "number" and isinstance(where, Table) and column.name in where.categories:
                raise DataError(f"{where.name}, column {column.name!r}: expected numbers, got categories")
        return np.column_stack([part for c, found in zip(self.columns, values, strict=True) for part in c.coded(found)])

    # ------------------------------------------------------------ and back

    def answers(self, predictions: Array) -> Array:
        """What programs' predictions stand for: numbers in the labels' units, or names of classes, (N,).

        Args:
            predictions: of a :class:`pyamlz.Learner`: (N,), or (N, C) for three classes and more.
        """
        if not self.classes:
            return np.asarray(predictions, dtype=np.float64) * self.label_deviation + self.label_mean
        return np.array(self.classes, dtype=object)[self.class_indexes(predictions)]

    def class_indexes(self, predictions: Array) -> npt.NDArray[np.intp]:
        """Of each prediction the class that it is for; of those that are no numbers the first."""
        found = np.nan_to_num(np.asarray(predictions), nan=0.0)
        places: npt.NDArray[np.intp] = found.argmax(axis=1) if found.ndim == 2 else (found > 0.5).astype(np.intp)
        return places

    def probabilities(self, predictions: Array) -> Doubles:
        """The probability of each class, (N, C).

        Raises:
            InputError: labels are numbers.
        """
        if not self.classes:
            raise InputError("probabilities: expected classes, these labels are numbers")
        found = np.asarray(predictions, dtype=np.float64)
        return found if found.ndim == 2 else np.column_stack([1.0 - found, found])

    # ------------------------------------------------------------ telling

    def notes(self) -> list[str]:
        """What it does that the user should know, in sentences."""
        said = []
        for column in self.columns:
            if column.kind == "category":
                n = len(column.categories)
                more = ", one for all others" if column.has_other else ""
                said.append(f"{column.name}: text, coded by an indicator for each of {n} categories{more}")
            if column.marks_missing:
                filled = (
                    f"the median of the training rows, {column.fill:g}" if column.kind == "number" else "no category"
                )
                said.append(f"{column.name}: missing values become {filled}, and an indicator of its own marks them")
        if self.n_projected:
            width = len(self.mean)
            said.append(f"{width} features are projected to {self.n_projected} by a random matrix, the same for all")
        if self.n_padding:
            said.append(f"{self.n_padding} features that are 0 make room for {len(self.classes)} classes")
        return said

    # ------------------------------------------------------------ JSON

    def to_json(self) -> dict[str, Any]:
        """Plain values, which :meth:`from_json` reads; numbers are exact."""
        return {"preparation": _VERSION, **asdict(self)}

    @classmethod
    def from_json(cls, values: object) -> Preparation:
        """What :meth:`to_json` gave. It may come from anywhere.

        Raises:
            InputError: it is something else; the message names the key.
        """
        table = dict(_keys("preparation", values, {"preparation", *cls.__slots__}))
        checked_int("preparation.preparation", table.pop("preparation"), _VERSION, _VERSION)
        columns = [_column(f"columns[{i}]", value) for i, value in enumerate(_list("columns", table["columns"]))]
        made = {
            "columns": tuple(columns),
            "target": _string("target", table["target"]),
            "classes": tuple(_string("classes", name) for name in _list("classes", table["classes"])),
            "label_mean": _real("label_mean", table["label_mean"]),
            "label_deviation": _real("label_deviation", table["label_deviation"]),
            "projection_seed": checked_seed("projection_seed", table["projection_seed"]),
        }
        for name in ("mean", "deviation", "projected_mean", "projected_deviation"):
            made[name] = tuple(_real(name, value) for value in _list(name, table[name]))
        for name in ("n_projected", "n_padding", "n_rows"):
            made[name] = checked_int(name, table[name], 0, 2**53)
        prepared = cls(**cast(Any, made))
        prepared._check()
        return prepared

    def _check(self) -> None:
        width = sum(len(column.features) for column in self.columns)
        sizes = (width, width, self.n_projected, self.n_projected)
        names = ("mean", "deviation", "projected_mean", "projected_deviation")
        for name, size in zip(names, sizes, strict=True):
            values = getattr(self, name)
            if len(values) != size or (name.endswith("deviation") and 0.0 in values):
                raise InputError(f"{name}: expected {size} numbers that fit the columns, got {len(values)}")
        if not 1 <= self.n_features <= MAX_FEATURES or len(set(self.classes)) != len(self.classes):
            raise InputError("preparation: expected 1 to 65536 features, and classes that differ")
        if len(self.classes) == 1 or self.label_deviation == 0:
            raise InputError("preparation: expected two classes or more, or numbers that differ")


def _of_columns(read: Columns, column: Column) -> Array:
    """A column of what was read, in the column's categories."""
    if column.kind == "category":
        return feature_values(read, column.name, known=column.categories)[0]
    values, categories = feature_values(read, column.name)
    if categories:
        row = int(np.argmax(~np.isnan(values)))
        found = read.cells[column.name][row]
        raise DataError(f"{read.place(row, column.name)}: expected a number, as in the training rows, got {found!r}")
    return values


def _column_of(name: str, values: Array, categories: tuple[str, ...] | None) -> Column | None:
    """How a column of training rows is coded; None if there is nothing in it to learn from."""
    missing = np.isnan(values)
    there = values[~missing]
    marks = bool(missing.any() and len(there))
    if categories is None:
        if not len(there) or (there.max() == there.min() and not marks):
            return None
        low, high = np.sort(there)[[(len(there) - 1) // 2, len(there) // 2]]
        return Column(name, "number", float(low / 2 + high / 2), marks_missing=marks)
    kept = frequent(there, 2, _MOST_CATEGORIES)
    has_other = bool(np.isin(there, kept, invert=True).any())
    if len(kept) + has_other < 2 and not marks:
        return None
    return Column(name, "category", 0.0, tuple(categories[place] for place in kept), has_other, marks)


def moments(x: Doubles) -> tuple[Doubles, Doubles]:
    """Mean and standard deviation of each column, (G,); of constant ones, which have max == min, a deviation of 1.

    Columns are first made numbers around 1 by a power of two, which is exact: so their unit does not matter, and
    neither squares nor sums leave the range of floats.
    """
    low, high = x.min(axis=0), x.max(axis=0)
    size = _power(np.maximum(np.abs(low), np.abs(high)))
    base = low / size
    spread = _power(high / size - base)
    unit = (x / size - base) / spread
    mean = column_sums(unit) / len(x)
    centred = unit - mean
    deviation = np.sqrt(column_sums(centred * centred) / len(x))
    constant = (low == high) | (deviation == 0)
    scale = np.where(constant, 1.0, deviation * spread * size)
    return np.where(constant, low, (mean * spread + base) * size), np.where(scale == 0, 1.0, scale)


def _power(values: Doubles) -> Doubles:
    """The power of two that is next above each number; 1 for 0."""
    exponents = np.clip(np.frexp(values)[1], -1000, 1000)
    return np.where(values > 0, np.ldexp(1.0, exponents), 1.0)


def projection_matrix(seed: int, n_features: int, width: int) -> Doubles:
    """What `width` coded features are projected to `n_features` by, (n_features, width)."""
    return _random.gaussian(seed, ("table", "projection"), (n_features, width))


def _keys(name: str, value: object, keys: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != keys:
        found = ", ".join(map(str, value)) if isinstance(value, dict) else type(value).__name__
        raise InputError(f"{name}: expected a table of {', '.join(sorted(keys))}, got {found:.200}")
    return value


def _list(name: str, value: object) -> Sequence[object]:
    if isinstance(value, (list, tuple)):
        return value
    raise InputError(f"{name}: expected a list, got {value!r:.100}")


def _string(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise InputError(f"{name}: expected a string, got {value!r:.100}")


def _real(name: str, value: object) -> float:
    return checked_float(name, value, -sys.float_info.max, sys.float_info.max)


def _column(name: str, value: object) -> Column:
    table = _keys(name, value, set(Column.__slots__))
    flags = {flag: table[flag] for flag in ("has_other", "marks_missing")}
    if not all(isinstance(flag, bool) for flag in flags.values()):
        raise InputError(f"{name}: expected has_other and marks_missing to be true or false")
    return Column(
        name=_string(f"{name}.name", table["name"]),
        kind=cast(ColumnKind, checked_choice(f"{name}.kind", table["kind"], get_args(ColumnKind))),
        fill=_real(f"{name}.fill", table["fill"]),
        categories=tuple(_string(f"{name}.categories", c) for c in _list(f"{name}.categories", table["categories"])),
        **flags,
    )
