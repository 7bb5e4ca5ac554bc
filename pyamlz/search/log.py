"""Logs: what a search or a run of experiments did, as a JSON object a line.

The first line is the header, `{"kind": "header", "version": ..., "seed": ..., "config": ...}`. Lines of the kind
"progress" follow: number of the experiment, and all that :class:`pyamlz.Progress` has but the rate, for all islands
together and in `islands` for each, where there are islands. Each call ends with a line of the kind "end", which has its
outcome. But for `seconds`, lines of progress depend on the configuration and the seed alone: a run that was stopped and
resumed has the same as one that was not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from pyamlz._ffi import lib
from pyamlz._lib.checks import checked_int
from pyamlz._lib.errors import FileError, InputError
from pyamlz._lib.native import text
from pyamlz.search._records import Progress, Result

__all__ = ["EVERY", "JsonLines", "RunLog", "read"]

EVERY: Final = 10_000  #: evaluations from one line to the next, unless told otherwise
_MOST = 2**63
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


class RunLog:
    """A log that is being written: a callback of searches, of one after the other.

    Attributes:
        path: the file.
        every: evaluations from one line to the next.
        warn: where it is said that the file cannot be written any more; by default FileError is raised.
        experiment: number of the search that is run now, from 1.
    """

    def __init__(
        self, path: str | os.PathLike[str], every: int = EVERY, warn: Callable[[str], object] | None = None
    ) -> None:
        self.path = path
        self.every = checked_int("every", every, 1, _MOST)
        self.warn = warn
        self.experiment = 1
        self._is_open = False
        self._last = (0, 0)  # experiment and evaluations of the last line of progress

    def open(self, seed: int, config: Mapping[str, Any]) -> None:
        """Begins a log with its header, or goes on with one that has the same; lines that it has are not written again.

        Raises:
            InputError: the file is there, and is no log of this.
            FileError: it cannot be written.
        """
        header = {"kind": "header", "version": text(lib.amlz_version()), "seed": seed, "config": config}
        line = _line(header)
        lines = read(self.path) if os.path.lexists(self.path) else []
        for key in ("seed", "config"):
            if lines and lines[0].get(key) != json.loads(line)[key]:
                found = f"got {lines[0].get(key)!r:.200}"
                raise InputError(f"{os.fspath(self.path)}: line 1: {key}: expected {header[key]!r:.200}, {found}")
        done = [(row["experiment"], row["evaluations"]) for row in lines if row["kind"] == "progress"]
        self._last = max(done, default=(0, 0))
        try:
            with open(self.path, "ab+") as file:
                file.seek(0)
                file.truncate(file.read().rfind(b"\n") + 1)
        except OSError as error:
            raise self._failure(error) from None
        self._is_open = True
        if not lines:
            self._write(line)

    def begin(self, search: Any) -> None:
        """Nothing to do."""

    def __call__(self, progress: Progress) -> None:
        """Writes a line, unless the log has it."""
        here = (self.experiment, progress.evaluations)
        if here > self._last:
            self._last = here
            self._write(_line({"kind": "progress", "experiment": self.experiment, **_row(progress)}))

    def end(self, result: Result | None) -> None:
        """Nothing to do."""

    def close(self, outcome: Mapping[str, Any]) -> None:
        """Writes the last line."""
        self._write(_line({"kind": "end", **outcome}))
        self._is_open = False

    def _write(self, line: str) -> None:
        if not self._is_open:
            return
        try:
            with open(self.path, "a", encoding="utf-8", newline="\n") as file:
                file.write(line)
        except OSError as error:
            self._is_open = False  # another line after half a one would be wrong
            if self.warn is None:
                raise self._failure(error) from None
            self.warn(f"no log: {self._failure(error)}")

    def _failure(self, error: OSError) -> FileError:
        return FileError(f"{os.fspath(self.path)}: cannot be written: {error.strerror or error}")


class JsonLines(RunLog):
    """A callback that keeps a log of a search or of islands, in as many calls of `run` as there are.

    Args:
        path: the file. If it is a log of the same search it is gone on with.
        every: evaluations from one line to the next, 1 or more.

    Raises:
        InputError: from `run`: the file is there, and is no log of this search.
        FileError: from `run`: it cannot be written.
    """

    def begin(self, search: Any) -> None:
        """Opens the file."""
        config = search.config
        self.open(config["seed"], config)

    def end(self, result: Result | None) -> None:
        """Writes how the run ended; of an error nothing."""
        if result is not None:
            self.close({"stop_reason": result.stop_reason, **_row(result.stats), "program": str(result.best)})


def _row(progress: Progress) -> dict[str, Any]:
    row = asdict(progress)
    del row["evaluations_per_second"], row["islands"]
    if progress.islands:
        row["islands"] = [_row(island) for island in progress.islands]
    return row


def _line(value: Mapping[str, Any]) -> str:
    """Programs in a configuration become their texts."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=str) + "\n"
