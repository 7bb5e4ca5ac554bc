"""The user's own tables in a run: read once, known again by their digests, and found again where they may be."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from pyamlz._lib.checks import checked_int
from pyamlz._lib.errors import ArchiveError, DataError, InputError
from pyamlz.archive import MAX_SESSION
from pyamlz.tasks import Table, read_table
from pyamlz.tasks._reading import DataSource

__all__ = ["READ", "Tables"]

#: The arguments of :func:`pyamlz.tasks.table` that say what is read; all others say what is made of it.
READ: Final = ("path", "target", "labels", "columns", "drop", "categorical", "encoding", "separator")

_MOST_EMBEDDED = MAX_SESSION // 4 * 3  # bytes of a table in an archive, for the rest of the session needs room too
_SHOWN = 5  # ranges of rows in a message


class Tables:
    """The tables that the tasks of a preset are made of. Each is read when it is first needed, and then kept.

    Args:
        records: what a run remembers of its tables, as :meth:`records` gave it.
        folders: where to look for their files, besides the paths that they had.
        data: what to read in place of the only table; a path, a data frame, or a :class:`pyamlz.tasks.Table`.
    """

    def __init__(
        self, records: Sequence[Mapping[str, Any]] = (), folders: Iterable[str] = (), data: DataSource | None = None
    ) -> None:
        self._known: dict[str, Mapping[str, Any]] = {_key(record["read"]): record for record in records}
        self._folders = [*folders]
        self._data = data
        self._tables: dict[str, Table] = {}
        if data is not None and len({record["read"].get("path") for record in records}) > 1:
            raise InputError("data: expected none, as the run has several tables; put their files where they were")

    def get(self, read: Mapping[str, Any]) -> Table:
        """A table.

        Args:
            read: arguments of :func:`pyamlz.tasks.read_table`, by name; those of :data:`READ`.

        Raises:
            DataError: it cannot be found or read.
            ArchiveError: it is other than when the run was begun; the message says which rows are.
        """
        key = _key(read)
        if key not in self._tables:
            record = self._known.get(key)
            table = self._read(read, record)
            if record is not None:
                _check_same(table, record)
            self._tables[key] = table
        return self._tables[key]

    def put(self, read: Mapping[str, Any], table: Table) -> None:
        """Keeps a table that was read already."""
        self._tables[_key(read)] = table

    def records(self, *, embed: bool = False) -> list[dict[str, Any]]:
        """What there is to remember of the tables that were read, as JSON values.

        Args:
            embed: with all their examples; those that were embedded before stay so.

        Raises:
            InputError: they are too many for an archive.
        """
        records = []
        for key, table in sorted(self._tables.items()):
            known = self._known.get(key)
            record: dict[str, Any] = dict(known) if known is not None else _record(json.loads(key), table)
            if embed and record["examples"] is None:
                record["examples"] = _packed(table)
            records.append(record)
        self._known = {_key(record["read"]): record for record in records}
        return records

    def _read(self, read: Mapping[str, Any], record: Mapping[str, Any] | None) -> Table:
        arguments = {name: value for name, value in read.items() if name != "path"}
        if isinstance(self._data, Table):
            return self._data
        if self._data is not None:
            return read_table(self._data, **arguments)
        if record is not None and record["examples"] is not None:
            return _unpacked(record["examples"])
        path = read["path"]
        if not isinstance(path, str):
            return read_table(path, **arguments)  # which says what is wrong
        places = [path, *(os.path.join(folder, os.path.basename(path)) for folder in self._folders)]
        found = next((place for place in places if os.path.exists(place)), None)
        if found is None and record is not None:
            looked = ", ".join(dict.fromkeys(os.path.dirname(place) or "." for place in places))
            raise DataError(f"{path}: the run's data are not there (looked in {looked}); --data says where they are")
        return read_table(path if found is None else found, **arguments)


def _key(read: Mapping[str, Any]) -> str:
    """What makes two tables one: the arguments that are given, in one order."""
    return json.dumps({name: read[name] for name in READ if read.get(name) is not None})


# ---------------------------------------------------------------- what is remembered


def _record(read: dict[str, Any], table: Table) -> dict[str, Any]:
    return {
        "read": read,
        "rows": table.n_rows,
        "features": list(table.features),
        "digest": table.digest,
        "marks": base64.b64encode(table.marks()).decode("ascii"),
        "examples": None,
    }


def _check_same(table: Table, record: Mapping[str, Any]) -> None:
    """Refuses a table that is other than when the run was begun.

    Raises:
        ArchiveError: it is; the message says what is.
    """
    if table.digest == record["digest"]:
        return
    wrong = "the data are not those that the run was begun with"
    if list(table.features) != record["features"]:
        there = ", ".join(record["features"])
        raise ArchiveError(
            f"{table.name}: {wrong}: expected columns {there:.200}, got {', '.join(table.features):.200}"
        )
    if table.n_rows != record["rows"]:
        raise ArchiveError(f"{table.name}: {wrong}: expected {record['rows']} rows, got {table.n_rows}")
    runs = table.changed_rows(base64.b64decode(record["marks"]))
    ranges = [str(first) if first == last else f"{first} to {last}" for first, last in runs]
    more = f" and {len(ranges) - _SHOWN} more ranges" if len(ranges) > _SHOWN else ""
    where = (
        f"rows {', '.join(ranges[:_SHOWN])}{more} are others" if ranges else "classes or categories have other names"
    )
    raise ArchiveError(f"{table.name}: {wrong}: {where}")


def _packed(table: Table) -> dict[str, Any]:
    """A table as JSON values."""
    arrays = {name: zlib.compress(getattr(table, name).astype("<f8").tobytes(), 9) for name in ("X", "y")}
    size = sum(len(data) for data in arrays.values()) * 4 // 3
    if size > _MOST_EMBEDDED:
        limit = f"at most {_MOST_EMBEDDED >> 20} MiB, packed, to embed in an archive"
        raise InputError(f"{table.name}: expected a table of {limit}, got {size >> 20} MiB")
    return {
        **{name: base64.b64encode(data).decode("ascii") for name, data in arrays.items()},
        "name": table.name,
        "features": table.features,
        "classes": table.classes,
        "categories": table.categories,
        "target": table.target,
        "why": table.why,
    }


def _unpacked(values: Mapping[str, Any]) -> Table:
    """What :func:`_packed` packed. It may come from anywhere, so sizes are looked at first.

    Raises:
        ArchiveError: it is something else.
    """
    try:
        n_features = len(values["features"])
        y = _numbers(values["y"], MAX_SESSION)
        X = _numbers(values["X"], 8 * len(y) * n_features).reshape(len(y), n_features)
        return Table(
            X,
            y,
            classes=tuple(map(str, values["classes"])),
            features=tuple(map(str, values["features"])),
            name=str(values["name"]),
            categories={str(name): tuple(map(str, there)) for name, there in values["categories"].items()},
            target=str(values["target"]),
            why=str(values["why"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, zlib.error) as error:
        raise ArchiveError(f"session.data: expected examples, got something else: {error}") from None


def _numbers(text: str, most: int) -> Any:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.b64decode(text), most + 1)
    if len(data) > most or not unpacker.eof:
        raise ValueError("a wrong number of examples")
    return np.frombuffer(data, "<f8").astype(np.float64)


# ---------------------------------------------------------------- as JSON


def checked_records(name: str, value: object) -> list[dict[str, Any]]:
    """What :meth:`Tables.records` gave, from a session.

    Raises:
        InputError: it is something else; the message begins with the name.
    """
    if not isinstance(value, list):
        raise InputError(f"{name}: expected a list of tables, got {type(value).__name__}")
    for place, record in enumerate(value):
        keys = {"read", "rows", "features", "digest", "marks", "examples"}
        if not isinstance(record, dict) or set(record) != keys:
            raise InputError(f"{name}[{place}]: expected a table of {', '.join(sorted(keys))}, got something else")
        checked_int(f"{name}[{place}].rows", record["rows"], 1, 2**53)
        texts = [record["digest"], record["marks"], *record["features"]]
        is_read = isinstance(record["read"], dict) and set(record["read"]) <= set(READ) and "path" in record["read"]
        if not is_read or not all(isinstance(text, str) for text in texts):
            raise InputError(f"{name}[{place}]: expected what was read, its columns and digests as text")
    return value
