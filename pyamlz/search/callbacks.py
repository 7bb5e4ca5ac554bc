"""Ready callbacks, for the `callbacks` of whatever runs long.

Any function of a :class:`pyamlz.Progress` is one, see :class:`Callback`; these serve every long run of this package: a
search, islands, experiments, a climb, a selection, a tuning, a study. :class:`EarlyStopping`, :class:`JsonLines` and
:class:`TensorBoard` are called at counts of evaluations, so that what they do does not depend on the machine's speed;
:class:`Checkpoint` and :class:`ProgressBar` go by the clock, and change nothing in what is found.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import sys
import time
import warnings
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Final, TextIO

from pyamlz._lib.checks import checked_float, checked_int
from pyamlz._lib.errors import AmlzError, InputError
from pyamlz._lib.extras import imported
from pyamlz._lib.files import hold
from pyamlz.archive import is_archive
from pyamlz.search._records import Member, Progress
from pyamlz.search._reporter import Reporter, one_line, reporter
from pyamlz.search._running import Callback
from pyamlz.search.log import JsonLines

__all__ = ["Callback", "Checkpoint", "EarlyStopping", "JsonLines", "ProgressBar", "TensorBoard"]

_MOST: Final = 2**63
_LEADERS: Final = 3  # programs that a progress bar shows
_WRITERS: Final = ("tensorboardX", "torch.utils.tensorboard")


class EarlyStopping:
    """Stops a run that finds nothing better any more; its stop_reason is "callback".

    It looks at the best fitness every few evaluations, and counts from the last look that saw an improvement, or from
    the beginning of the first run. Further runs of the same search go on counting; the next of several searches begins
    anew.

    Args:
        patience: evaluations without an improvement, 1 or more, of all islands together.
        min_delta: an improvement is by more than this, 0 or more.
        every_evaluations: from one look to the next; by default a tenth of the patience.
    """

    def __init__(self, patience: int, min_delta: float = 0.0, every_evaluations: int | None = None) -> None:
        self.patience = checked_int("patience", patience, 1, _MOST)
        self.min_delta = checked_float("min_delta", min_delta, 0.0)
        every = max(self.patience // 10, 1) if every_evaluations is None else every_evaluations
        self.every_evaluations = checked_int("every_evaluations", every, 1, _MOST)
        self._search: Callable[[], Any] = lambda: None  # a weak reference
        self._best = -math.inf
        self._since = 0
        self._experiment: int | None = None

    def begin(self, run: Any) -> None:
        """Begins to count, unless it was the same search before."""
        if self._search() is not run:
            progress = run.progress
            self._search = weakref.ref(run)
            self._best = progress.best_fitness if progress.evaluations > 0 else -math.inf
            self._since = progress.evaluations

    def __call__(self, progress: Progress) -> bool:
        """Whether the patience is over."""
        if progress.experiment != self._experiment:
            self._experiment, self._best, self._since = progress.experiment, -math.inf, 0
        if progress.best_fitness > self._best + self.min_delta:
            self._best, self._since = progress.best_fitness, progress.evaluations
        return progress.evaluations - self._since >= self.patience

    def end(self, result: Any) -> None:
        """Nothing to do."""


class Checkpoint:
    """Saves what is run at the beginning, every few seconds, and at the end, also where an error ends it.

    The search stands still only while it is copied; another thread writes the file, for which the run waits at its end
    alone. The file is there as a whole or as it was before, and nobody else can write it meanwhile. Where it cannot be
    written any more there is a RuntimeWarning, and it is tried again when the time has come; the run goes on. What is
    loaded from it goes on to the same bits.

    Args:
        path: the file. One that exists must be an archive already.
        every_seconds: from one time to the next, 0 or more.
        new: whether the file must not exist yet; False for one that has been read, to go on from it.

    Attributes:
        failure: why it could not be written the last time; None if it could.

    Raises:
        InputError: from the run, at its beginning: there is something that should not be, or that is in use.
        FileError: likewise: it cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], every_seconds: float = 60.0, *, new: bool | None = None) -> None:
        self.path = path
        self.every_seconds = checked_float("every_seconds", every_seconds, 0.0)
        self.new = new
        self.failure: str | None = None
        self._run: Any = None
        self._next = math.inf
        self._held = ExitStack()
        self._pool: ThreadPoolExecutor
        self._writing: Future[None] | None = None

    def begin(self, run: Any) -> None:
        """Saves for the first time."""
        is_new = self.new or not os.path.lexists(self.path)
        if self.new is None and not is_new and not is_archive(self.path):
            raise InputError(f"{os.fspath(self.path)}: is there already, and no archive; choose another name")
        self._held.enter_context(hold(self.path, new=is_new))
        try:
            run.saving()(self.path)
        except BaseException:
            self._held.close()
            raise
        self._pool = self._held.enter_context(ThreadPoolExecutor(1, "checkpoint"))
        self._run = run
        self._next = time.monotonic() + self.every_seconds

    def __call__(self, progress: Progress) -> None:
        """Saves if it is time, and what was to be saved last is written."""
        if self._writing is not None and self._writing.done():
            self._end_writing()
        if self._writing is None and time.monotonic() >= self._next:
            self._save()

    def end(self, result: Any) -> None:
        """Saves for the last time."""
        with self._held:
            self._end_writing()
            self._save()
            self._end_writing()
        self._run = None

    def _save(self) -> None:
        """Has a copy of the run written by another thread, while the search goes on."""
        self._next = time.monotonic() + self.every_seconds
        try:
            self._writing = self._pool.submit(self._run.saving(), self.path)
        except AmlzError as error:
            self._fail(error)

    def _end_writing(self) -> None:
        """Waits until what was to be written is, and says so if it could not."""
        writing, self._writing = self._writing, None
        if writing is not None:
            self.failure = None
            try:
                writing.result()
            except AmlzError as error:
                self._fail(error)

    def _fail(self, error: AmlzError) -> None:
        self.failure = str(error)
        warnings.warn(f"no checkpoint: {error}", RuntimeWarning, stacklevel=3)


class ProgressBar:
    """Shows how a run does: a few live lines on a terminal if rich is installed, else a line every few seconds.

    There is a bar, how much time is left, the best fitness, and the three best programs.

    Args:
        stream: where; by default standard error as it is when the run begins.
        keep: whether the last line stays.
    """

    def __init__(self, stream: TextIO | None = None, *, keep: bool = True) -> None:
        self._stream = stream
        self._keep = keep
        self._run: Any = None
        self._reporter = Reporter()

    def begin(self, run: Any) -> None:
        """Begins to show."""
        self._run = run
        self._reporter = reporter(self._stream or sys.stderr)
        self._reporter.__enter__()

    def __call__(self, progress: Progress) -> None:
        """Shows the counts."""
        self._reporter.update(progress, self._leaders)

    def end(self, result: Any) -> None:
        """Shows the last line, which stays."""
        self._reporter.__exit__(None, None, None)
        stream = self._stream or sys.stderr
        if result is not None and self._keep and stream is not None:
            print(one_line(self._run.progress), file=stream, flush=True)
        self._run = None

    def _leaders(self) -> list[str]:
        """The three best programs of a run that has a hall of fame."""
        hall: list[Member] = sorted(getattr(self._run, "hall_of_fame", ()), key=lambda member: -member.fitness)
        return [
            f"{member.fitness:.5f}  {len(member.program)} instructions, of evaluation {member.evaluation:,}"
            for member in hall[:_LEADERS]
        ]


class TensorBoard:
    """Writes the counts for TensorBoard, by the number of evaluations.

    The scalars are `fitness/best`, `fitness/mean`, `speed/evaluations_per_second`, and the shares `evaluations/` of
    `cache_hits`, `fec_hits`, `rejected`, `hurdle_stops` and `full_evaluations`. But for the speed they depend on the
    search alone.

    Args:
        folder: where the event files go; it need not exist.
        every_evaluations: from one point to the next, 1 or more.

    Raises:
        AmlzError: neither tensorboardX nor PyTorch with tensorboard is installed.
    """

    def __init__(self, folder: str | os.PathLike[str], every_evaluations: int = 1000) -> None:
        self.folder = folder
        self.every_evaluations = checked_int("every_evaluations", every_evaluations, 1, _MOST)
        self._make = _summary_writer()
        self._writer: Any = None

    def begin(self, run: Any) -> None:
        """Opens a file."""
        self._writer = self._make(os.fspath(self.folder))

    def __call__(self, progress: Progress) -> None:
        """Writes a point of each curve."""
        count = progress.evaluations
        values = {
            "fitness/best": progress.best_fitness,
            "fitness/mean": progress.mean_fitness,
            "speed/evaluations_per_second": progress.evaluations_per_second,
        }
        for name in ("cache_hits", "fec_hits", "rejected", "full_evaluations"):
            values[f"evaluations/{name}"] = getattr(progress, name) / count
        values["evaluations/hurdle_stops"] = sum(progress.hurdle_stops) / count
        for name, value in values.items():
            self._writer.add_scalar(name, value, count)

    def end(self, result: Any) -> None:
        """Closes the file."""
        self._writer.close()
        self._writer = None


def _summary_writer() -> Any:
    for module in _WRITERS[:-1]:
        with contextlib.suppress(ImportError):
            return importlib.import_module(module).SummaryWriter
    return imported(_WRITERS[-1], "tensorboard").SummaryWriter
