"""Logs: what a search or a run of experiments did, as a JSON object a line.

The first line is the header, `{"kind": "header", "version": ..., "seed": ..., "config": ...}`. Lines of the kind
"progress" follow: number of the experiment, and all counts that :class:`pyamlz.Progress` has, for all islands
together and in `islands` for each, where there are islands. Each call ends with a line of the kind "end", which has its
outcome. But for `seconds`, lines of progress depend on the configuration and the seed alone: a run that was stopped and
resumed has the same as one that was not.
"""

from __future__ import annotations

import errno
import json
import os
import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from pyamlz._ffi import lib
from pyamlz._lib.checks import checked_int
from pyamlz._lib.errors import FileError, InputError
from pyamlz._lib.files import lock
from pyamlz._lib.native import text
from pyamlz.search._records import Progress

__all__ = ["EVERY", "JsonLines", "read"]

EVERY: Final = 10_000  #: evaluations from one line to the next, unless told otherwise
_MOST = 2**63
_BEGINNING: Final = b'{"kind":"header"'
_NUMBERS: Final = ("experiment", "evaluations", "seconds", "best_fitness")  # what each line of progress has at least


def read(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The lines of a log. A last line that was not written to its end is left out.

    Raises:
        InputError: the file cannot be read, or a line is none of a log; the message has its number.
    """
    name = os.fspath(path)
    if os.path.exists(path) and not os.path.isfile(path):  # some have no end
        raise InputError(f"{name}: expected a log, got something that is not a regular file")
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    lines = [_parsed(f"{name}: line {i}", line) for i, line in enumerate(data.split(b"\n")[:-1], 1)]
    if lines and lines[0]["kind"] != "header":
        raise InputError(f"{name}: line 1: expected the header of a log, got the kind {lines[0]['kind']!r:.40}")
    return lines


def _parsed(where: str, line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: expected a JSON object, got {error}") from None
    if not isinstance(value, dict) or "kind" not in value:
        raise InputError(f"{where}: expected a JSON object with the key 'kind', got {line[:40]!r}")
    for key in _NUMBERS if value["kind"] == "progress" else ():
        if type(value.get(key)) not in (int, float):
            raise InputError(f"{where}: {key}: expected a number, got {value.get(key)!r:.40}")
    return value


class JsonLines:
    """A callback that keeps a log of whatever runs long, in as many calls as there are.

    Where the file cannot be written any more there is a RuntimeWarning, and the run goes on without.

    Args:
        path: the file. If it is a log of the same it is gone on with.
        every_evaluations: from one line to the next, 1 or more.
        new: whether the file must not exist yet.

    Raises:
        InputError: from the run, at its beginning: the file is there, and is no log of this, or is in use.
        FileError: likewise: it cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], every_evaluations: int = EVERY, *, new: bool = False) -> None:
        self.path = path
        self.every_evaluations = checked_int("every_evaluations", every_evaluations, 1, _MOST)
        self.new = new
        self._file: BinaryIO | None = None
        self._last = (0, 0)  # experiment and evaluations of the last line of progress

    def begin(self, run: Any) -> None:
        """Begins with the header, or goes on with a log that has the same; lines that it has are not written again."""
        version = text(lib.amlz_version())
        line = _line({"kind": "header", "version": version, "seed": run.seed, "config": run.config})
        self._file = self._opened()
        try:
            lines = self._former(json.loads(line))
            done = [(row["experiment"], row["evaluations"]) for row in lines if row["kind"] == "progress"]
            self._last = max(done, default=(0, 0))
            if not lines:
                self._append(line)
        except OSError as error:
            self._close()
            raise self._failure(error) from None
        except BaseException:
            self._close()
            raise

    def __call__(self, progress: Progress) -> None:
        """Writes a line, unless the log has it."""
        here = (progress.experiment or 1, progress.evaluations)
        if here > self._last:
            self._last = here
            self._write({"kind": "progress", "experiment": here[0], **progress.counts()})

    def end(self, result: Any) -> None:
        """Writes how the run ended; of an error nothing."""
        if result is not None:
            self._write({"kind": "end", **result.summary()})
        self._close()

    def _opened(self) -> BinaryIO:
        """The file, which nobody else writes."""
        name = os.fspath(self.path)
        if self.new and os.path.lexists(name):
            raise InputError(f"{name}: is there already; resume it, remove it, or choose another name")
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if self.new else 0)
            file = os.fdopen(os.open(name, flags, 0o666), "r+b", buffering=0)
        except FileExistsError:
            raise InputError(f"{name}: is there already; somebody else made it just now") from None
        except OSError as error:
            raise self._failure(error) from None
        try:
            lock(name, file.fileno())
        except BaseException:
            file.close()
            raise
        return file

    def _former(self, header: dict[str, Any]) -> list[dict[str, Any]]:
        """The lines that the file has; what is left of one that was not written to its end is cut off."""
        name = os.fspath(self.path)
        assert self._file is not None
        self._file.seek(0)
        data = self._file.read()
        if data and not data.startswith(_BEGINNING):
            raise InputError(f"{name}: is there already, and no log; choose another name")
        lines = read(name)
        for key in ("seed", "config"):
            if lines and lines[0].get(key) != header[key]:
                found = f"got {lines[0].get(key)!r:.200}"
                raise InputError(f"{name}: line 1: {key}: expected {header[key]!r:.200}, {found}")
        self._file.truncate(data.rfind(b"\n") + 1)
        self._file.seek(0, os.SEEK_END)
        return lines

    def _write(self, value: Mapping[str, Any]) -> None:
        if self._file is None:
            return
        try:
            self._append(_line(value))
        except OSError as error:
            self._close()  # another line after half a one would be wrong
            warnings.warn(f"no log: {self._failure(error)}", RuntimeWarning, stacklevel=3)

    def _append(self, line: str) -> None:
        assert self._file is not None
        data = line.encode("utf-8")
        if self._file.write(data) != len(data):
            raise OSError(errno.ENOSPC, "the system took only a part of a line")

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def _failure(self, error: OSError) -> FileError:
        return FileError(f"{os.fspath(self.path)}: cannot be written: {error.strerror or error}")


def _line(value: Mapping[str, Any]) -> str:
    """Programs in a configuration become their texts."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=str) + "\n"
