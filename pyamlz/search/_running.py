"""What runs of searches have in common: what ends them, and who is told of their progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from pyamlz._lib.checks import checked_float, checked_int
from pyamlz._lib.errors import InputError
from pyamlz.search._records import Progress, Result, StopReason

MAX_64 = 2**64 - 1
NEVER = 2.0  # as a sufficient fitness
SLICE_SECONDS = 0.15  # how long a Ctrl-C waits at most, but for a single evaluation that takes longer

Callback: TypeAlias = Callable[[Progress], object]


@runtime_checkable
class RunCallback(Protocol):
    """A callback that is told of a run's beginning and end, and called every fraction of a second."""

    def begin(self, search: Any) -> None:
        """Called before a run with what is run: a :class:`pyamlz.Search` or :class:`pyamlz.Islands`."""

    def __call__(self, progress: Progress) -> object:
        """Something true ends the run."""

    def end(self, result: Result | None) -> None:
        """Called after a run with what it returns; None where it raises an error."""


@runtime_checkable
class RegularCallback(RunCallback, Protocol):
    """One that is called at counts instead, in which no clock has a part.

    Attributes:
        every: evaluations from one call to the next: at its multiples; in islands, at the first migration after each.
    """

    every: int


class Limits(NamedTuple):
    """What ends a run."""

    evaluations: int = MAX_64
    seconds: float = math.inf
    fitness: float = NEVER

    @classmethod
    def checked(cls, evaluations: int | None, seconds: float | None, fitness: float | None, callbacks: int) -> Limits:
        """The limits that a user sets, beside so many callbacks.

        Raises:
            InputError: one is wrong, or nothing could ever end the run.
        """
        if evaluations is None and seconds is None and fitness is None and not callbacks:
            raise InputError("run: expected max_evaluations, max_seconds, sufficient_fitness or a callback to end it")
        return cls(
            MAX_64 if evaluations is None else checked_int("max_evaluations", evaluations, 1, MAX_64),
            math.inf if seconds is None else checked_float("max_seconds", seconds, 0.0, over=True),
            NEVER if fitness is None else checked_float("sufficient_fitness", fitness, 0.0, 1.0),
        )


class Callbacks:
    """The callbacks of a run."""

    def __init__(self, callbacks: Iterable[Callback] = ()) -> None:
        if not isinstance(callbacks, Iterable) or not all(map(callable, called := list(callbacks))):
            raise InputError(f"callbacks: expected functions, got {callbacks!r}")
        self._regular = [callback for callback in called if isinstance(callback, RegularCallback)]
        self._often = [callback for callback in called if not isinstance(callback, RegularCallback)]
        self._told = [callback for callback in called if isinstance(callback, RunCallback)]

    def __len__(self) -> int:
        return len(self._regular) + len(self._often)

    def around(self, search: Any, go: Callable[[], StopReason]) -> Result:
        """Runs what is to be run; those that want it are told of the beginning, and then of the end, whatever it is."""
        ended: list[Result] = []  # the result, once there is one

        def end(callback: RunCallback) -> None:
            callback.end(ended[0] if ended else None)

        with ExitStack() as ends:
            for callback in self._told:
                callback.begin(search)
                ends.callback(end, callback)
            ended.append(Result.of(search, go()))
        return ended[0]

    def room(self, evaluations: int) -> int:
        """Evaluations until the next one is to be called that is called at fixed counts."""
        return min((c.every - evaluations % c.every for c in self._regular), default=MAX_64)

    def passed(self, before: int, progress: Progress) -> bool:
        """Calls those that are called at fixed counts of which one lies after `before`; whether the run shall stop."""
        now = progress.evaluations
        stops = [bool(c(progress)) for c in self._regular if now // c.every > before // c.every]
        return any(stops)

    def often(self, progress: Progress) -> bool:
        """Calls the others; whether the run shall stop."""
        stops = [bool(callback(progress)) for callback in self._often]
        return any(stops)


class Clock:
    """The time of one run, and of all runs of the search."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._began = time.monotonic()

    def in_this_run(self) -> float:
        """Seconds."""
        return time.monotonic() - self._began

    def in_all(self) -> float:
        """Seconds."""
        return self._before + self.in_this_run()
