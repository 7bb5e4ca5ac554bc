"""What a long run shows while it goes on: a few live lines on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, TextIO

from pyamlz._lib.columns import printable
from pyamlz.search._records import Progress

__all__ = ["LineReporter", "LiveReporter", "Reporter", "live_lines", "one_line", "reporter"]

_LINE_SECONDS = 5.0  # between two plain lines
_LEADER_SECONDS = 1.0  # between two looks at the best programs
_REFRESH_PER_SECOND = 8
_WIDTH: Final = 79  # of lines, in letters
_BAR: Final = 24

Leaders = Callable[[], Sequence[str]]  #: the best programs, a line each, the best first


def one_line(progress: Progress) -> str:
    """A progress in a line, with what applies."""
    parts = _where(progress)
    parts.append(f"{progress.seconds:.1f} s")
    parts += _counts(progress) + _fitnesses(progress)
    if progress.seconds_left is not None:
        parts.append(f"{_span(progress.seconds_left)} left")
    return "  ".join(parts)


def live_lines(progress: Progress, leaders: Sequence[str]) -> list[str]:
    """A progress in a few lines: bar and time left, where it is, the best so far, and the leading programs."""
    bar = []
    if progress.share is not None:
        full = round(progress.share * _BAR)
        bar = [f"[{'#' * full}{'-' * (_BAR - full)}] {100 * progress.share:3.0f} %"]
    left = [] if progress.seconds_left is None else [f"{_span(progress.seconds_left)} left"]
    first = "  ".join([*bar, *left, *_where(progress), f"{_span(progress.seconds)} so far"])
    lines = [first, "  ".join(_counts(progress)), "  ".join(_fitnesses(progress)), *(f"  {each}" for each in leaders)]
    return [printable(line)[:_WIDTH] for line in lines if line]


def _where(progress: Progress) -> list[str]:
    parts = [] if progress.experiment is None else [f"experiment {progress.experiment}"]
    return parts if progress.stage is None else [*parts, progress.stage]


def _counts(progress: Progress) -> list[str]:
    if not progress.evaluations:
        return []
    parts = [f"{progress.evaluations:,} programs", f"{progress.evaluations_per_second:,.0f}/s"]
    known = (progress.cache_hits + progress.fec_hits) / progress.evaluations
    return [*parts, f"cache hits {100 * known:.0f} %"] if known else parts


def _fitnesses(progress: Progress) -> list[str]:
    parts = [] if progress.best_fitness < 0 else [f"best {progress.best_fitness:.5f}"]
    if progress.select_fitness is not None:
        parts.append(f"select {progress.select_fitness:.5f}")
    return [*parts, f"mean {progress.mean_fitness:.3f}"] if progress.population else parts


def _span(seconds: float) -> str:
    """A time as people read it: 0:07, 1:02:03, 2 d 3 h."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Reporter:
    """Shows nothing; the others derive from it. It is a context manager, and what it shows ends with it."""

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def update(self, progress: Progress, leaders: Leaders = tuple) -> None:
        """Called every fraction of a second."""


class LineReporter(Reporter):
    """Plain lines, one every few seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = time.monotonic() + _LINE_SECONDS

    def update(self, progress: Progress, leaders: Leaders = tuple) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_SECONDS
            print(printable(one_line(progress)), file=self._stream, flush=True)


class LiveReporter(Reporter):
    """A few lines that are always up to date, drawn by rich."""

    def __init__(self, stream: TextIO) -> None:
        console = importlib.import_module("rich.console").Console(file=stream, highlight=False)
        self._text: Any = importlib.import_module("rich.text").Text
        self._live: Any = importlib.import_module("rich.live").Live(
            console=console, refresh_per_second=_REFRESH_PER_SECOND, transient=True, redirect_stdout=False
        )
        self._leaders: Sequence[str] = ()
        self._next = 0.0

    def __enter__(self) -> Reporter:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, traceback)

    def update(self, progress: Progress, leaders: Leaders = tuple) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LEADER_SECONDS
            self._leaders = leaders()
        self._live.update(self._text("\n".join(live_lines(progress, self._leaders)), no_wrap=True))


def reporter(stream: TextIO | None) -> Reporter:
    """What fits the stream: live lines on a terminal if rich is installed, else plain ones; nothing if it is closed."""
    if stream is None:
        return Reporter()
    if stream.isatty():
        try:
            return LiveReporter(stream)
        except ImportError:
            pass
    return LineReporter(stream)
