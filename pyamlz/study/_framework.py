"""What all studies share: units of work that can be done in any order and any number of sittings, and a report of them.

A study is a table of cells, each repeated with seeds 1, 2, 3 ...; one cell with one seed is a unit. What comes out of a
unit depends on the study's settings, its cell and its seed alone: not on time, threads, or what was done before.
"""

from __future__ import annotations

import abc
import io
import json
import os
import platform
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, ClassVar, Final, Literal, TypeAlias

import numpy as np

from pyamlz import plot
from pyamlz._lib.checks import checked_choice, checked_float, checked_int, hint
from pyamlz._lib.errors import AmlzError, DataError, FileError, InputError
from pyamlz._lib.files import replace_file
from pyamlz._lib.interrupt import ENDING, Flag, interrupt_flag
from pyamlz._lib.version import COMPILER, KERNELS, VERSION
from pyamlz.search import Callback, Progress
from pyamlz.search._crew import Threads, checked_threads
from pyamlz.search._running import Callbacks, Clock
from pyamlz.study._rawdata import Cell, RawData, Record, Unit
from pyamlz.study._table import ResultTable

__all__ = ["Interrupted", "Report", "Settings", "StopReason", "Study", "run"]

Settings: TypeAlias = dict[str, int | float | str]
StopReason: TypeAlias = Literal["done", "max_seconds", "interrupted", "callback"]

RAW, META, TABLE, FIGURE = "raw.jsonl", "meta.json", "table", "figure"  # names of files
_MAX_SEEDS: Final = 1_000_000
_INCHES: Final = (8.0, 5.0)  # of a figure
_LOOK: Final = 0.1  # seconds between two looks at the flag of Ctrl-C


class Interrupted(Exception):  # noqa: N818
    """Raised by a unit that Ctrl-C cut short, since its result is not that of a whole one."""


class Study(abc.ABC):
    """One of the paper's experiments.

    Args:
        settings: the settings in force, all that the study has.

    Attributes:
        NAME: of the study.
        SUMMARY: a line about it.
        SETTINGS: names, and values unless others are given.
        SMALL: those that differ in a small version, which takes seconds.
        SEEDS: repetitions of each cell unless told otherwise; and those of the small version.
    """

    NAME: ClassVar[str]
    SUMMARY: ClassVar[str]
    SETTINGS: ClassVar[Settings]
    SMALL: ClassVar[Settings]
    SEEDS: ClassVar[tuple[int, int]]

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @abc.abstractmethod
    def cells(self) -> list[Cell]:
        """The parameters that are varied, in the order of the table."""

    @abc.abstractmethod
    def measure(self, cell: Cell, seed: int) -> dict[str, Any]:
        """Does a unit; may be called by several threads at once.

        Raises:
            Interrupted: Ctrl-C cut it short.
        """

    @abc.abstractmethod
    def table(self, records: list[Record]) -> ResultTable:
        """What the records say, of which there is one or more, by seed and cell in rising order."""

    @abc.abstractmethod
    def draw(self, records: list[Record], figure: Any) -> None:
        """Draws the same on an empty figure of matplotlib."""

    @classmethod
    def configured(cls, overrides: Iterable[str] = (), *, small: bool = False) -> Study:
        """The study with some settings replaced.

        Args:
            overrides: "key=value"; a value is read as the type that the setting has.
            small: whether those that are not given are of the small version.

        Raises:
            InputError: a key or value is wrong.
        """
        settings: Settings = {**cls.SETTINGS, **(cls.SMALL if small else {})}
        for override in overrides:
            key, equals, text = override.partition("=")
            if not equals:
                raise InputError(f"--set: expected KEY=VALUE, got {override!r}")
            if key not in settings:
                raise InputError(f"unknown key {key!r}{hint(key, settings)}")
            settings[key] = _read(key, text, settings[key])
        return cls(settings)

    def chosen(self, key: str, names: Iterable[str]) -> list[str]:
        """The names in a setting, with commas between them, in the order of `names`; all of these if it is empty.

        Raises:
            InputError: there is another one.
        """
        known, text = list(names), str(self.settings[key])
        wanted = [checked_choice(key, name, known) for name in text.split(",")] if text else known
        return [name for name in known if name in wanted]

    def of(self, records: Iterable[Record], cell: Cell) -> list[Record]:
        """Those of one cell."""
        return [record for record in records if record.unit.cell == cell]


def examples_in(setting: int | float | str) -> int | float | str:
    """A number of examples, which a setting has as text since it may be "all"."""
    return int(setting) if isinstance(setting, str) and setting.isdecimal() else setting


def _read(key: str, text: str, former: int | float | str) -> int | float | str:
    """A setting of the same type as its former value; whole numbers may be written 10_000 or 1e4."""
    if isinstance(former, str):
        return text
    try:
        number = float(text)
    except ValueError:
        raise InputError(f"{key}: expected a number, got {text!r}") from None
    if isinstance(former, float):
        return checked_float(key, number, 0.0)
    return checked_int(key, int(number) if number.is_integer() else text, 0, 2**53)


@dataclass(frozen=True, slots=True)
class Report:
    """How far a study is.

    Attributes:
        folder: where its files are.
        stop_reason: "done", or what ended the handing out of units: "max_seconds", "interrupted", "callback".
        done: units that are done, of those asked for.
        wanted: units that were asked for.
        table: what was found so far; None if no unit is done.
        missing: what could not be drawn, and why; None if it was.
    """

    folder: Path
    stop_reason: StopReason
    done: int
    wanted: int
    table: ResultTable | None
    missing: str | None

    def summary(self) -> dict[str, Any]:
        """What the last line of a log has."""
        return {"stop_reason": self.stop_reason, "done": self.done, "wanted": self.wanted}


def run(
    study: Study,
    folder: str | os.PathLike[str],
    *,
    n_seeds: int,
    threads: Threads = 1,
    max_seconds: float | None = None,
    command: str = "",
    callbacks: Iterable[Callback] = (),
) -> Report:
    """Does the units of a study that are not done yet, and writes its files.

    The folder gets ``raw.jsonl`` (a line a unit), ``table.md``, ``table.csv``, ``figure.png``, ``figure.svg`` (where
    matplotlib is installed) and ``meta.json`` (command, settings, versions, machine). A study that ended in any way is
    gone on with by the same call. The units at work are lost if it is killed or interrupted.

    Args:
        study: the study.
        folder: a folder, which is made if need be. What is done there already must have the same settings.
        n_seeds: repetitions of each cell, 1 or more. There may be more done already, which are kept and count.
        threads: units at work at the same time.
        max_seconds: after which no more units are begun, 0 or more.
        command: for the meta file.
        callbacks: told of the progress after each unit, which `stage` names, and meanwhile; something true ends the
            handing out of units.

    Raises:
        InputError: an argument is wrong, or the folder holds another study.
        DataError: the raw data are damaged elsewhere than at their end.
        FileError: a file cannot be written.
    """
    n_seeds = checked_int("n_seeds", n_seeds, 1, _MAX_SEEDS)
    n_threads = checked_threads(threads)
    end = None if max_seconds is None else time.monotonic() + checked_float("max_seconds", max_seconds, 0.0)
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{place}: cannot be made: {error.strerror}") from None
    _check_same(place, study)
    cells = study.cells()
    wanted = [Unit(cell, seed) for seed in range(1, n_seeds + 1) for cell in cells]
    with RawData(place / RAW) as raw:
        _check_cells(raw, cells)
        replace_file(place / META, _meta(study, n_seeds, command))
        run = _Run(study, raw, wanted, Callbacks(callbacks))
        reason = run.called.around(run, lambda: run.work(n_threads, end))
        records = sorted(raw.records, key=lambda record: (record.unit.seed, cells.index(record.unit.cell)))
    table, missing = None, None
    if records:
        table = study.table(records)
        replace_file(place / f"{TABLE}.md", table.markdown().encode())
        replace_file(place / f"{TABLE}.csv", table.csv().encode())
        missing = _draw(study, records, place)
    return Report(place, reason, run.done, len(wanted), table, missing)


def _label(unit: Unit) -> str:
    return ", ".join([*(str(value) for value in unit.cell.values()), f"seed {unit.seed}"])


# ---------------------------------------------------------------- units at work


class _Run:
    """A sitting of a study: what callbacks get as the run."""

    seed = 0  # units have seeds of their own

    def __init__(self, study: Study, raw: RawData, wanted: list[Unit], called: Callbacks) -> None:
        self.study, self.raw, self.called = study, raw, called
        self.config: dict[str, Any] = {"study": study.NAME, "settings": study.settings}
        self.todo = [unit for unit in wanted if unit not in raw]
        self.wanted, self.before = len(wanted), len(wanted) - len(self.todo)
        self.done, self.clock = self.before, Clock()
        self.progress = self._progress("" if self.done == 0 else f"{self.done} of {self.wanted} units are done already")

    def _progress(self, stage: str) -> Progress:
        return Progress(
            evaluations=self.done,
            stage=stage or None,
            seconds=self.clock.in_this_run(),
            **self.clock.ahead(self.done, self.wanted, None, self.before),
        )

    def _finished(self, record: Record) -> bool:
        """Keeps what came of a unit, and tells of it; whether that is the end."""
        self.raw.append(record)
        self.done += 1
        text = f"{self.done} of {self.wanted}: {_label(record.unit)}, {record.seconds:.1f} s"
        self.progress = self._progress(text)
        return self.called.now(self.progress)

    def work(self, threads: int, end: float | None) -> StopReason:
        """Does units in threads of their own, as many at a time as allowed; records are taken in this one."""
        units = iter(self.todo)
        results: SimpleQueue[Record | BaseException] = SimpleQueue()
        at_work = 0
        failure: BaseException | None = None
        reason: StopReason | None = "callback" if self.called.often(self.progress) else None
        with interrupt_flag(*ENDING) as interrupt:
            while True:
                while at_work < threads and reason is None:
                    reason, unit = _next(units, end, interrupt)
                    if unit is not None:
                        # As a daemon it does not outlive the process.
                        threading.Thread(target=_do, args=(self.study, unit, results), daemon=True).start()
                        at_work += 1
                if at_work == 0:
                    break
                if interrupt.is_set:  # units at work hear of it too, and are given up
                    reason = "interrupted"
                    break
                try:
                    result = results.get(timeout=_LOOK)
                except Empty:
                    reason = reason or ("callback" if self.called.often(self.progress) else None)
                    continue
                at_work -= 1
                # The same flag stops searches in other threads, and then their results are not whole.
                if interrupt.is_set or isinstance(result, Interrupted):
                    reason = "interrupted"
                elif isinstance(result, BaseException):
                    failure, reason = failure or result, "interrupted"
                elif self._finished(result):
                    reason = reason or "callback"
        if failure is not None:
            raise failure
        return reason or "done"


def _next(units: Iterator[Unit], end: float | None, interrupt: Flag) -> tuple[StopReason | None, Unit | None]:
    """The next unit, or why there is none."""
    if interrupt.is_set:
        return "interrupted", None
    unit = next(units, None)
    if unit is None:
        return "done", None
    return ("max_seconds", None) if end is not None and time.monotonic() >= end else (None, unit)


def _do(study: Study, unit: Unit, results: SimpleQueue[Record | BaseException]) -> None:
    began = time.monotonic()
    try:
        result = study.measure(unit.cell, unit.seed)
        results.put(Record(unit, result, round(time.monotonic() - began, 3), VERSION))
    except BaseException as error:  # raised again by the main thread
        results.put(error)


# ---------------------------------------------------------------- files


def _meta(study: Study, n_seeds: int, command: str) -> bytes:
    table = {
        "study": study.NAME,
        "settings": study.settings,
        "seeds": n_seeds,
        "command": command,
        "versions": {
            "pyamlz": VERSION,
            "compiler": COMPILER,
            "python": platform.python_version(),
            "numpy": np.__version__,
        },
        "machine": {
            "cpu": _cpu(),
            "cores": os.cpu_count(),
            "kernels": KERNELS,
            "system": platform.system(),
            "architecture": platform.machine(),
        },
    }
    return json.dumps(table, indent=2).encode("ascii") + b"\n"


def _cpu() -> str:
    """The model of the processor, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()


def made_of(folder: Path) -> tuple[str, Settings]:
    """The name and the settings of the study in a folder.

    Raises:
        DataError: there is none.
    """
    path = folder / META
    try:
        meta = json.loads(path.read_bytes())
        return meta["study"], dict(meta["settings"])
    except (OSError, ValueError, KeyError, TypeError):
        raise DataError(f"{path}: expected what a study writes there; name another folder") from None


def command_of(folder: str | os.PathLike[str]) -> str:
    """The command that made a folder, and goes on with it.

    Raises:
        DataError: it is not the folder of a study that a command has begun.
    """
    path = Path(folder) / META
    made_of(Path(folder))
    command = json.loads(path.read_bytes()).get("command")
    if not isinstance(command, str) or not command:
        raise DataError(f"{path}: expected the command that made it, got {command!r}")
    return command


def _check_same(folder: Path, study: Study) -> None:
    """Refuses a folder where another study is, or one with other settings."""
    path = folder / META
    if not path.exists():
        if (folder / RAW).exists():
            raise InputError(f"{folder}: has {RAW} without {META}, which says what they are of; name another folder")
        return
    name, settings = made_of(folder)
    if name != study.NAME:
        raise InputError(f"{folder}: has the study {name!r}, got {study.NAME!r}; name another folder")
    for key in sorted(settings.keys() | study.settings.keys()):
        here, there = settings.get(key), study.settings.get(key)
        if here != there:
            raise InputError(f"{key}: {folder} has {here!r}, got {there!r}; name another folder")


def _check_cells(raw: RawData, cells: list[Cell]) -> None:
    for record in raw.records:
        if record.unit.cell not in cells:
            raise DataError(f"{raw.path}: a unit that this study does not have: {record.unit.key}")


def _draw(study: Study, records: list[Record], folder: Path) -> str | None:
    """Writes the figure; why there is none where matplotlib is not installed."""
    try:
        figure = plot.figure(*_INCHES)
    except AmlzError as error:
        return f"no figure: {error}"
    study.draw(records, figure)
    for suffix, options in (("png", {"dpi": 150}), ("svg", {"metadata": {"Date": None}})):
        data = io.BytesIO()
        figure.savefig(data, format=suffix, **options)
        replace_file(folder / f"{FIGURE}.{suffix}", data.getvalue())
    return None
