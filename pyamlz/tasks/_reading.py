"""Columns as they stand in files and data frames, before anything is made of them.

CSV is read by Python's own module, so that a file is the same data whatever else is installed; Parquet, Arrow and data
frames by pyarrow, which the extra `table` installs.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import hint
from pyamlz._lib.errors import DataError, InputError
from pyamlz._lib.extras import imported

__all__ = ["MISSING", "Cells", "Columns", "DataSource", "read_columns"]

Cells: TypeAlias = list[str] | npt.NDArray[Any]
DataSource: TypeAlias = Any  # a path, a data frame, a mapping of columns, or what is read already: see read_columns

#: What stands for a missing value in text files, in small letters; in other files and frames it is null or NaN.
MISSING: Final = frozenset(["", "?", "na", "n/a", "nan", "-nan", "null", "none", "#n/a", "#na", "<na>"])

_TEXT_FILES = (".csv", ".tsv", ".tab", ".txt")
_ARROW_FILES = (".parquet", ".pq", ".feather", ".arrow", ".ipc")
_PANDAS_INDEX = "__index_level_0__"  # what pandas calls an index without a name, which is no data
_SEPARATORS = ",;\t|"
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}  # byte order marks


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """What was read.

    Attributes:
        name: what messages call it: the path of a file.
        cells: of each column, by its name: texts, of a file of text; else an array of booleans, numbers, or objects,
            of which None is missing.
        lines: of a file of text, the line on which each row ends.
        unreadable: columns that are neither numbers nor text, and what they are.
        notes: what the user should know of how it was read.
    """

    name: str
    cells: dict[str, Cells]
    lines: tuple[int, ...] = ()
    unreadable: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return [*self.cells, *self.unreadable]

    @property
    def n_rows(self) -> int:
        """Rows of each column."""
        return len(next(iter(self.cells.values()), ()))

    def place(self, row: int, column: str) -> str:
        """How messages name a value; rows count from 0 here, and from 1 there."""
        where = f"line {self.lines[row]}" if self.lines else f"row {row + 1}"
        return f"{self.name}, {where}, column {column!r}"

    def column(self, name: str) -> Cells:
        """The cells of a column.

        Raises:
            DataError: there is no such column, or it is neither numbers nor text.
        """
        if name in self.unreadable:
            wanted = "expected numbers or text"
            raise DataError(f"{self.name}, column {name!r}: {wanted}, got {self.unreadable[name]}; leave it out (drop)")
        if name not in self.cells:
            shown = ", ".join(self.names)
            raise DataError(f"{self.name}: expected a column {name!r}, there are only {shown:.200}{_near(name, self)}")
        return self.cells[name]


def _near(name: str, columns: Columns) -> str:
    near = hint(name, columns.names)
    return near if "did you mean" in near else ""


def read_columns(source: DataSource, *, encoding: str | None = None, separator: str | None = None) -> Columns:
    """Reads a file or a data frame.

    Args:
        source: the path of a CSV file (``.csv``, ``.tsv``, ``.tab``, ``.txt``) with a line of names first, of a
            ``.parquet``, ``.feather`` or ``.arrow`` file, or of an ``.npz`` with arrays ``X`` (N, F) and ``y`` (N,); or
            a data frame: anything with ``__arrow_c_stream__`` or ``__dataframe__``; or a mapping of names to arrays.
        encoding: of a CSV file; by default what its byte order mark says, else UTF-8, or Windows-1252 if it is not
            that, which a note says.
        separator: between the values of a CSV file; by default comma, semicolon, tab or bar, whichever is most often in
            its first line.

    Raises:
        DataError: it cannot be read, or is damaged; the message names file and line.
        InputError: another argument is wrong.
        MissingExtraError: pyarrow is needed.
    """
    if isinstance(source, Columns):
        return source
    if not isinstance(source, (str, os.PathLike)):
        return _of_frame(source)
    name = os.fspath(source)
    suffix = os.path.splitext(name)[1].lower()
    if suffix in _TEXT_FILES:
        return _read_text(name, encoding, separator)
    if encoding is not None or separator is not None:
        raise InputError(f"encoding, separator: expected only with a CSV file, got {name!r}")
    if suffix == ".npz":
        return _read_npz(name)
    if suffix in _ARROW_FILES:
        return _read_arrow(name, suffix)
    known = ", ".join([*_TEXT_FILES, ".npz", *_ARROW_FILES])
    raise InputError(f"path: expected a file that ends in one of {known}, got {name!r}")


# ---------------------------------------------------------------- CSV


def _read_text(name: str, encoding: str | None, separator: str | None) -> Columns:
    text, notes = _decoded(name, _bytes_of(name), encoding)
    if separator is not None and (len(separator) != 1 or separator in '"\r\n '):
        raise InputError(f"separator: expected one character, got {separator!r}")
    separator = separator or _separator_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if not any(header):
            raise DataError(f"{name}: expected a line of names first, got an empty file")
        rows, lines = [], []
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise DataError(f"{name}, line {reader.line_num}: expected {len(header)} values, got {len(row)}")
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error as error:
        raise DataError(f"{name}, line {reader.line_num}: not CSV: {error}") from None
    if not rows:
        raise DataError(f"{name}: expected rows of values after the line of names, got none")
    columns = [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]
    for place, column in enumerate(header):
        if column and header.count(column) > 1:
            raise DataError(f"{name}: expected one column {column!r}, there are several")
        if not column:
            header[place] = f"column {place + 1}"
    if _counts_rows(columns[0]) and header[0] == "column 1":
        notes.append("the first column, which has no name, counts the rows: left out")
        header, columns = header[1:], columns[1:]
    return Columns(name, dict(zip(header, columns, strict=True)), tuple(lines), notes=tuple(notes))


def _bytes_of(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            return file.read()
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except MemoryError:
        raise DataError(f"{name}: cannot be read: there is not enough memory") from None


def _decoded(name: str, data: bytes, encoding: str | None) -> tuple[str, list[str]]:
    """The text of a file, and what is to be said of how it was read."""
    mark = next((mark for mark in _MARKS if data.startswith(mark)), None)
    try:
        if encoding is not None:
            return _without_nul(name, data.decode(encoding)), []
        if mark is not None:
            return _without_nul(name, data.decode(_MARKS[mark])), []
    except LookupError:
        raise InputError(f"encoding: expected one that Python knows, got {encoding!r}") from None
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name}: not {encoding or _MARKS[mark or b'']}: {error.reason} at byte {error.start}"
        ) from None
    try:
        return _without_nul(name, data.decode("utf-8")), []
    except UnicodeDecodeError as error:
        found = "Windows-1252" if not set(b"\x81\x8d\x8f\x90\x9d") & set(data) else "Latin-1"
        note = f"not UTF-8 (byte {error.start}): read as {found}; `encoding` says otherwise"
        return _without_nul(name, data.decode("cp1252" if found == "Windows-1252" else "latin-1")), [note]


def _without_nul(name: str, text: str) -> str:
    if "\0" in text:
        raise DataError(f"{name}: expected a file of text, got one with zero bytes in it")
    return text


def _separator_of(text: str) -> str:
    """The separator that is most often in the first line, outside of quotes; of equals the first."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    outside = "".join(line.split('"')[::2])
    return max(_SEPARATORS, key=outside.count)


def _counts_rows(cells: list[str]) -> bool:
    """Whether a column is 0, 1, 2 ... or 1, 2, 3 ..."""
    return any(cells == [str(i) for i in range(first, first + len(cells))] for first in (0, 1))


# ---------------------------------------------------------------- NumPy


def _read_npz(name: str) -> Columns:
    try:
        with open(name, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            if "X" not in arrays or "y" not in arrays:
                raise DataError(f"{name}: expected arrays X and y, there are {', '.join(arrays) or 'none'}")
            X, y = arrays["X"], arrays["y"]
    except DataError:
        raise
    except (OSError, ValueError, KeyError, EOFError, TypeError) as error:
        raise DataError(f"{name}: cannot be read: {error}") from None
    except Exception as error:  # a damaged zip has errors of its own
        raise DataError(f"{name}: not a file of NumPy arrays: {error}") from None
    if X.dtype.kind not in "biuf" or X.ndim != 2 or y.shape != X.shape[:1]:
        wanted = "expected X (N, F) of real numbers and y (N,)"
        raise DataError(f"{name}: {wanted}, got {X.dtype} {X.shape} and {y.dtype} {y.shape}")
    return _of_arrays(name, {**{f"x{i}": X[:, i] for i in range(X.shape[1])}, "y": y})


def _of_arrays(name: str, arrays: dict[str, npt.NDArray[Any]]) -> Columns:
    cells: dict[str, Cells] = {}
    unreadable = {}
    for column, values in arrays.items():
        if values.ndim == 1 and values.dtype.kind in "biuf":
            cells[column] = values
        elif values.ndim == 1 and values.dtype.kind in "US":
            cells[column] = np.array([_text(value) for value in values.tolist()], dtype=object)
        elif values.ndim == 1 and values.dtype.kind == "O" and all(map(_is_plain, values)):
            cells[column] = np.array([None if value != value else value for value in values], dtype=object)
        else:
            unreadable[column] = f"{values.dtype} of shape {values.shape}"
    return Columns(name, cells, unreadable=unreadable)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (str, bool, int, float, np.bool_, np.integer, np.floating))


# ---------------------------------------------------------------- Arrow and data frames


def _read_arrow(name: str, suffix: str) -> Columns:
    open_failure: Exception
    readers: Sequence[Callable[[], Any]]
    if suffix in (".parquet", ".pq"):
        parquet = imported("pyarrow.parquet", "table")
        readers = [lambda: parquet.ParquetFile(name).read()]
    else:
        ipc, feather = imported("pyarrow.ipc", "table"), imported("pyarrow.feather", "table")
        readers = [lambda: feather.read_table(name), lambda: ipc.open_stream(_bytes_of(name)).read_all()]
    _bytes_of_beginning(name)
    for read in readers:
        try:
            return _of_arrow(name, read())
        except DataError:
            raise
        except Exception as error:  # pyarrow has errors of its own
            open_failure = error
    message = " ".join(str(open_failure).split())
    raise DataError(f"{name}: not a {'Parquet' if 'parquet' in suffix or suffix == '.pq' else 'Arrow'} file: {message}")


def _bytes_of_beginning(name: str) -> None:
    """Says why a file cannot be read, in the words of this package."""
    try:
        with open(name, "rb") as file:
            file.read(1)
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _of_arrow(name: str, table: Any) -> Columns:
    pa = imported("pyarrow", "table")
    names = [str(column) for column in table.column_names]
    cells: dict[str, Cells] = {}
    unreadable = {}
    for place, column in enumerate(names):
        if names.count(column) > 1:
            raise DataError(f"{name}: expected one column {column!r}, there are several")
        if column == _PANDAS_INDEX:
            continue
        found = _arrow_cells(pa, table.column(place))
        if found is None:
            unreadable[column] = str(table.column(place).type)
        else:
            cells[column] = found
    return Columns(name, cells, unreadable=unreadable)


def _arrow_cells(pa: Any, column: Any) -> Cells | None:
    """A column as an array: integers and booleans stay what they are where none is missing."""
    types = pa.types
    if types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if types.is_integer(kind) or types.is_boolean(kind):
        if column.null_count == 0:
            return np.asarray(column.to_numpy(zero_copy_only=False) if hasattr(column, "chunk") else column.to_numpy())
        return np.array(column.to_pylist(), dtype=object)
    if types.is_floating(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy() if types.is_float16(kind) else column.to_numpy())
    if types.is_decimal(kind):
        return np.array([None if v is None else float(v) for v in column.to_pylist()], dtype=object)
    if types.is_null(kind):
        return np.full(len(column), None, dtype=object)
    is_text = types.is_string(kind) or types.is_large_string(kind) or kind == getattr(pa, "string_view", lambda: 0)()
    return np.array(column.to_pylist(), dtype=object) if is_text else None


def _of_frame(source: Any) -> Columns:
    name = "data"
    if isinstance(source, dict):
        arrays = {str(column): np.asarray(values) for column, values in source.items()}
        _check_lengths(name, arrays)
        return _of_arrays(name, arrays)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__dataframe__"):
        pa = imported("pyarrow", "table")
        try:
            if hasattr(source, "__arrow_c_stream__"):
                table = pa.table(source)
            else:
                table = imported("pyarrow.interchange", "table").from_dataframe(source)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, ValueError) as error:
            raise DataError(f"{name}: expected columns of numbers or text: {error}") from None
        return _of_arrow(name, table)
    wanted = "a path, a data frame or a mapping of columns"
    raise InputError(f"data: expected {wanted}, got {type(source).__name__}")


def _check_lengths(name: str, arrays: dict[str, npt.NDArray[Any]]) -> None:
    lengths: Iterable[int] = {array.shape[0] if array.ndim else -1 for array in arrays.values()}
    if len(set(lengths)) != 1:
        found = ", ".join(f"{column} {array.shape}" for column, array in arrays.items())
        raise DataError(f"{name}: expected columns of one length, got {found:.200}")
