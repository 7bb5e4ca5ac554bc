"""What long runs have in common: what ends them, and who is told of their progress."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple, Protocol, TypeVar

from pyamlz._lib.checks import checked_float, checked_int
from pyamlz._lib.errors import InputError
from pyamlz.search._records import Progress

MAX_64 = 2**64 - 1
NEVER = 2.0  # as a sufficient fitness
SLICE_SECONDS = 0.15  # how long a Ctrl-C waits at most, but for a single evaluation that takes longer

T = TypeVar("T")


class Callback(Protocol):
    """What a long run tells of its progress: any function of a :class:`Progress`.

    It is called every fraction of a second, in the thread that runs. It may have more, and is then told more:

    `begin(run)` is called before the run with what is run, a :class:`Search` for one; `end(result)` after it with what
    the run returns, None where it raises an error. With the attribute `every_evaluations` it is called at counts
    instead, in which no clock has a part: at the multiples of that number of evaluations; in islands, at the first
    migration after each; and when one of several searches ends.
    """

    def __call__(self, progress: Progress, /) -> object:
        """Something true ends the run."""


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
        self._all = called
        self._regular = [(_every(callback), callback) for callback in called if _every(callback)]
        self._often = [callback for callback in called if not _every(callback)]

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Callback]:
        return iter(self._all)

    def around(self, run: Any, go: Callable[[], T]) -> T:
        """Runs what is to be run; those that want it are told of the beginning, and then of the end, whatever it is."""
        ended: list[T] = []  # the result, once there is one
        with ExitStack() as ends:
            for callback in self._all:
                getattr(callback, "begin", _nothing)(run)
                ends.callback(partial(_end, callback, ended))
            ended.append(go())
        return ended[0]

    def room(self, evaluations: int) -> int:
        """Evaluations until the next one is to be called that is called at fixed counts."""
        return min((every - evaluations % every for every, _ in self._regular), default=MAX_64)

    def passed(self, before: int, progress: Progress) -> bool:
        """Calls those that are called at fixed counts of which one lies after `before`; whether the run shall stop."""
        now = progress.evaluations
        stops = [bool(c(progress)) for every, c in self._regular if now // every > before // every]
        return any(stops)

    def often(self, progress: Progress) -> bool:
        """Calls the others; whether the run shall stop."""
        stops = [bool(callback(progress)) for callback in self._often]
        return any(stops)

    def now(self, progress: Progress) -> bool:
        """Calls all, as where one of several searches ends; whether the run shall stop."""
        stops = [bool(callback(progress)) for callback in self._all]
        return any(stops)

    def within(self, told: Callable[[Progress], Progress]) -> list[Callback]:
        """Callbacks for a search that is a part of the run: they call these with what `told` makes of its progress."""
        counted = [_Counted(every, c, told) for every, c in self._regular]
        return [lambda progress: self.often(told(progress)), *counted]


class _Counted:
    """One that is called at counts, for a part of the run."""

    def __init__(self, every: int, callback: Callback, told: Callable[[Progress], Progress]) -> None:
        self.every_evaluations = every
        self._callback, self._told = callback, told

    def __call__(self, progress: Progress) -> object:
        return self._callback(self._told(progress))


def _every(callback: Callback) -> int:
    every: int = getattr(callback, "every_evaluations", 0)
    return every


def _end(callback: Callback, ended: list[Any]) -> None:
    getattr(callback, "end", _nothing)(ended[0] if ended else None)


def _nothing(_: object) -> None:
    pass


class Clock:
    """The time of one run, and of all runs of the search."""

    def __init__(self, before: float = 0.0) -> None:
        self._before = before
        self._began = time.monotonic()

    def in_this_run(self) -> float:
        """Seconds."""
        return time.monotonic() - self._began

    def in_all(self) -> float:
        """Seconds."""
        return self._before + self.in_this_run()

    def ahead(self, done: int, total: int | None, seconds: float | None, before: int = 0) -> dict[str, Any]:
        """What a :class:`Progress` says of the end: `share` and `seconds_left`; nothing if there are no limits.

        Args:
            done: how much of the work is done.
            total: all of it; None for no limit.
            seconds: time of this run; None for no limit.
            before: how much was done before this run.
        """
        passed = self.in_this_run()
        ends = []  # the time that is left, and the share that is over
        if seconds is not None and seconds < math.inf:
            ends.append((max(seconds - passed, 0.0), min(passed / seconds, 1.0) if seconds > 0 else 1.0))
        if total is not None and total < MAX_64 and done > before:
            ends.append((max(total - done, 0) * passed / (done - before), min(done / total, 1.0)))
        if not ends:
            return {}
        left, share = min(ends)
        return {"share": share, "seconds_left": left}
