"""What a long run shows while it goes on: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import importlib
import sys
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TextIO

__all__ = ["LineReporter", "LiveReporter", "Reporter", "Status", "reporter"]

_LINE_SECONDS = 5.0  # between two plain lines
_REFRESH_PER_SECOND = 8


@dataclass(frozen=True, slots=True)
class Status:
    """Where a run of experiments is.

    Attributes:
        experiment: number of the one that is going on, from 1; None where there is but one search.
        evaluations: programs scored in all experiments.
        seconds: time since the first one began.
        evaluations_per_second: of the experiment that is going on.
        best_fitness: of its best program.
        mean_fitness: of its population.
        hits: share of its programs, in [0, 1], whose fitness a cache knew.
        select_fitness: best fitness of its programs on the select tasks; None before one was tried.
    """

    experiment: int | None
    evaluations: int
    seconds: float
    evaluations_per_second: float
    best_fitness: float
    mean_fitness: float
    hits: float
    select_fitness: float | None = None

    def __str__(self) -> str:
        parts = [
            f"{self.seconds:.1f} s",
            f"{self.evaluations:,} programs",
            f"{self.evaluations_per_second:,.0f}/s",
            f"best {self.best_fitness:.5f}",
            f"mean {self.mean_fitness:.3f}",
            f"cache hits {100 * self.hits:.0f} %",
        ]
        if self.experiment is not None:
            parts.insert(0, f"experiment {self.experiment}")
        if self.select_fitness is not None:
            parts.append(f"select {self.select_fitness:.5f}")
        return "  ".join(parts)


class Reporter:
    """Shows nothing; the others derive from it. It is a context manager, and what it shows ends with it."""

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def update(self, status: Status) -> None:
        """Called every fraction of a second."""

    def warn(self, message: str) -> None:
        """Says what went wrong in a run that goes on."""
        print(f"pyamlz: {message}", file=sys.stderr, flush=True)


class LineReporter(Reporter):
    """Plain lines, one every few seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = time.monotonic() + _LINE_SECONDS

    def update(self, status: Status) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_SECONDS
            print(status, file=self._stream, flush=True)


class LiveReporter(Reporter):
    """One line that is always up to date, drawn by rich."""

    def __init__(self, stream: TextIO) -> None:
        console = importlib.import_module("rich.console").Console(file=stream, highlight=False)
        self._live: Any = importlib.import_module("rich.live").Live(
            console=console, refresh_per_second=_REFRESH_PER_SECOND, transient=True, redirect_stdout=False
        )

    def __enter__(self) -> Reporter:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, traceback)

    def update(self, status: Status) -> None:
        self._live.update(str(status))

    def warn(self, message: str) -> None:
        self._live.console.print(f"pyamlz: {message}", markup=False)


def reporter(stream: TextIO | None, *, quiet: bool = False) -> Reporter:
    """What fits the stream: nothing if `quiet`, a live line on a terminal if rich is installed, else plain lines."""
    if quiet or stream is None:
        return Reporter()
    if stream.isatty():
        try:
            return LiveReporter(stream)
        except ImportError:
            pass
    return LineReporter(stream)
