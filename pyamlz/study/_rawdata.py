"""The raw data of a study: a line of JSON for each unit of work that is done."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from pyamlz._lib.errors import DataError, FileError

__all__ = ["Cell", "RawData", "Record", "Unit"]

Cell: TypeAlias = dict[str, Any]  # parameters of units that are repeated with several seeds: names and JSON values

_TYPES: Final = {"cell": dict, "seed": int, "result": dict, "seconds": float, "version": str}  # what a line has


class Unit(NamedTuple):
    """What is done as a whole, or not at all: one cell with one seed.

    Attributes:
        cell: its parameters.
        seed: what everything random in it comes from.
    """

    cell: Cell
    seed: int

    @property
    def key(self) -> str:
        """Equal for equal units."""
        return json.dumps([self.cell, self.seed], sort_keys=True)


@dataclass(frozen=True, slots=True)
class Record:
    """A unit that is done.

    Attributes:
        unit: the unit.
        result: what came out, as JSON has it: a function of the study's settings and of the unit alone.
        seconds: how long it took, which is not.
        version: of pyamlz.
    """

    unit: Unit
    result: dict[str, Any]
    seconds: float
    version: str

    def line(self) -> bytes:
        """The line of the file, its end included."""
        table = {
            "cell": self.unit.cell,
            "seed": self.unit.seed,
            "result": self.result,
            "seconds": self.seconds,
            "version": self.version,
        }
        return json.dumps(table, allow_nan=False).encode("ascii") + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Record:
        """Reads what :meth:`line` wrote; raises ValueError where it is something else."""
        table = json.loads(line)
        if not isinstance(table, dict) or set(table) != set(_TYPES):
            raise ValueError(f"expected a table of {', '.join(_TYPES)}")
        for name, kind in _TYPES.items():
            if type(table[name]) is not kind:
                raise ValueError(f"{name}: unexpected value {table[name]!r:.50}")
        return cls(Unit(table["cell"], table["seed"]), table["result"], table["seconds"], table["version"])


class RawData:
    """The file, open for one process at a time. Each line is written at once, and is on the disk before the next.

    What is left of a line that was not finished, by a process that was killed or a machine that stopped, is cut off.

    Args:
        path: the file, which need not exist.

    Raises:
        DataError: a line that is not the last is damaged, or two lines contradict each other.
        FileError: the file cannot be opened, or another process has it open.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._records: dict[str, Record] = {}
        with self._step("cannot be opened"):
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            with self._step("another process is at work on it"):
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read()
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> RawData:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    @property
    def records(self) -> list[Record]:
        """All that is done, in no certain order."""
        return list(self._records.values())

    def __contains__(self, unit: Unit) -> bool:
        return unit.key in self._records

    def append(self, record: Record) -> None:
        """Adds a record.

        Raises:
            FileError: it cannot be written.
        """
        line = record.line()
        with self._step("cannot be written"):
            if os.write(self._file, line) != len(line):  # what there is of it is cut off the next time
                raise OSError("the system took only a part of a line")
            os.fsync(self._file)
        self._records[record.unit.key] = record

    def _read(self) -> None:
        with self._step("cannot be read"), os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            lines = file.read().splitlines(keepends=True)
        whole = 0
        for number, line in enumerate(lines, 1):
            try:
                if not line.endswith(b"\n"):
                    raise ValueError("the line has no end")
                self._add(Record.parse(line))
            except ValueError as error:  # InputError and JSON's errors too
                if number < len(lines) or isinstance(error, DataError):
                    raise DataError(f"{self.path}: line {number}: {error}") from None
                with self._step("the end of the file, which is damaged, cannot be cut off"):
                    os.ftruncate(self._file, whole)
            whole += len(line)

    def _add(self, record: Record) -> None:
        former = self._records.setdefault(record.unit.key, record)
        if former.result != record.result:
            raise DataError(f"another result than before of the same unit, {record.unit.key}")

    @contextlib.contextmanager
    def _step(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FileError(f"{self.path}: {what}: {error.strerror or error}") from error
