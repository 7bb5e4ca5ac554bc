"""Ready callbacks, for the `callbacks` of :meth:`pyamlz.Search.run` and :meth:`pyamlz.Islands.run`.

Any function of a :class:`pyamlz.Progress` is one; it is called every fraction of a second, and ends the run by
returning something true. Those here also hear of a run's beginning and end. :class:`EarlyStopping`, :class:`JsonLines`
and :class:`TensorBoard` are called at counts of evaluations, so that what they do does not depend on the machine's
speed; :class:`Checkpoint` and :class:`ProgressBar` go by the clock, and change nothing in what is found. In a search
the counts are the multiples of `every`, in whatever parts it is run; in islands the first migration after each.
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
from typing import Any, Final, TextIO

from pyamlz._lib.checks import checked_float, checked_int
from pyamlz._lib.errors import FileError
from pyamlz._lib.extras import imported
from pyamlz.search._records import Progress, Result
from pyamlz.search._reporter import Reporter, Status, reporter
from pyamlz.search.log import JsonLines

__all__ = ["Checkpoint", "EarlyStopping", "JsonLines", "ProgressBar", "TensorBoard"]

_MOST: Final = 2**63
_WRITERS: Final = ("tensorboardX", "torch.utils.tensorboard")


class EarlyStopping:
    """Stops a run that finds nothing better any more; its stop_reason is "callback".

    It looks at the best fitness every few evaluations, and counts from the last look that saw an improvement, or from
    the beginning of the first run. Further runs of the same search go on counting.

    Args:
        patience: evaluations without an improvement, 1 or more, of all islands together.
        min_delta: an improvement is by more than this, 0 or more.
        every: evaluations from one look to the next; by default a tenth of the patience.
    """

    def __init__(self, patience: int, min_delta: float = 0.0, every: int | None = None) -> None:
        self.patience = checked_int("patience", patience, 1, _MOST)
        self.min_delta = checked_float("min_delta", min_delta, 0.0)
        self.every = max(self.patience // 10, 1) if every is None else checked_int("every", every, 1, _MOST)
        self._search: Callable[[], Any] = lambda: None  # a weak reference
        self._best = -math.inf
        self._since = 0

    def begin(self, search: Any) -> None:
        """Begins to count, unless it was the same search before."""
        if self._search() is not search:
            progress = search.progress
            self._search = weakref.ref(search)
            self._best = progress.best_fitness if progress.evaluations > 0 else -math.inf
            self._since = progress.evaluations

    def __call__(self, progress: Progress) -> bool:
        """Whether the patience is over."""
        if progress.best_fitness > self._best + self.min_delta:
            self._best, self._since = progress.best_fitness, progress.evaluations
        return progress.evaluations - self._since >= self.patience

    def end(self, result: Result | None) -> None:
        """Nothing to do."""


class Checkpoint:
    """Saves what is run every few seconds and at the end of the run, also where an error ends it.

    The file is there as a whole or as it was before. Where it cannot be written there is a RuntimeWarning, and it is
    tried again when the time has come; the run goes on. :meth:`pyamlz.Search.load` or :meth:`pyamlz.Islands.load` goes
    on from it, to the same bits.

    Args:
        path: the file, which may exist.
        every: seconds from one time to the next, over 0.
    """

    def __init__(self, path: str | os.PathLike[str], every: float = 60.0) -> None:
        self.path = path
        self.seconds = checked_float("every", every, 0.0, over=True)
        self._search: Any = None
        self._next = math.inf

    def begin(self, search: Any) -> None:
        """Begins to wait."""
        self._search = search
        self._next = time.monotonic() + self.seconds

    def __call__(self, progress: Progress) -> None:
        """Saves if it is time."""
        if time.monotonic() >= self._next:
            self._save()
            self._next = time.monotonic() + self.seconds

    def end(self, result: Result | None) -> None:
        """Saves."""
        self._save()
        self._search = None

    def _save(self) -> None:
        try:
            self._search.save(self.path)
        except FileError as error:
            warnings.warn(f"no checkpoint: {error}", RuntimeWarning, stacklevel=2)


class ProgressBar:
    """Shows how a run does: a live line on a terminal if rich is installed, else a line every few seconds.

    Args:
        stream: where; by default standard error as it is when the run begins.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream
        self._reporter = Reporter()

    def begin(self, search: Any) -> None:
        """Begins to show."""
        self._reporter = reporter(self._stream or sys.stderr)
        self._reporter.__enter__()

    def __call__(self, progress: Progress) -> None:
        """Shows the counts."""
        self._reporter.update(_status(progress))

    def end(self, result: Result | None) -> None:
        """Shows the last line, which stays."""
        self._reporter.__exit__(None, None, None)
        if result is not None:
            print(_status(result.stats), file=self._stream or sys.stderr, flush=True)


class TensorBoard:
    """Writes the counts for TensorBoard, by the number of evaluations.

    The scalars are `fitness/best`, `fitness/mean`, `speed/evaluations_per_second`, and the shares `evaluations/` of
    `cache_hits`, `fec_hits`, `rejected`, `hurdle_stops` and `full_evaluations`. But for the speed they depend on the
    search alone.

    Args:
        folder: where the event files go; it need not exist.
        every: evaluations from one point to the next, 1 or more.

    Raises:
        AmlzError: neither tensorboardX nor PyTorch with tensorboard is installed.
    """

    def __init__(self, folder: str | os.PathLike[str], every: int = 1000) -> None:
        self.folder = folder
        self.every = checked_int("every", every, 1, _MOST)
        self._make = _summary_writer()
        self._writer: Any = None

    def begin(self, search: Any) -> None:
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

    def end(self, result: Result | None) -> None:
        """Closes the file."""
        self._writer.close()
        self._writer = None


def _summary_writer() -> Any:
    for module in _WRITERS[:-1]:
        with contextlib.suppress(ImportError):
            return importlib.import_module(module).SummaryWriter
    return imported(_WRITERS[-1], "tensorboard").SummaryWriter


def _status(progress: Progress) -> Status:
    return Status(
        experiment=None,
        evaluations=progress.evaluations,
        seconds=progress.seconds,
        evaluations_per_second=progress.evaluations_per_second,
        best_fitness=progress.best_fitness,
        mean_fitness=progress.mean_fitness,
        hits=(progress.cache_hits + progress.fec_hits) / max(progress.evaluations, 1),
    )
