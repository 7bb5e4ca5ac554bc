"""A sitting of something that runs long: its callbacks, the files that it keeps, and the signals that end it.

Experiments, climbs, selections and tunings have sittings alike. What is run has `seed` and `config` for the head of a
log, `progress`, and `save(path)`; what it returns has `summary()` for the log's last line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias, TypeVar

from pyamlz._lib.errors import FileError, InputError
from pyamlz._lib.interrupt import ENDING, Flag, interrupt_flag
from pyamlz.search._running import Callback, Callbacks
from pyamlz.search.callbacks import Checkpoint
from pyamlz.search.log import JsonLines

__all__ = ["EVERY_SECONDS", "Path", "Sitting"]

EVERY_SECONDS: Final = 60.0  #: seconds between two checkpoints, unless told otherwise

Path: TypeAlias = str | os.PathLike[str]
T = TypeVar("T")


class Sitting:
    """One call that begins a run or goes on with it.

    Args:
        callbacks: the user's.
        checkpoint: a file to go on from.
        every_seconds: between two checkpoints.
        log: a file for :mod:`pyamlz.search.log`.
        new: whether the run begins, and the files must not exist yet; or the checkpoint is gone on with.

    Attributes:
        callbacks: all of them, those that keep the files too.

    Raises:
        InputError: a file is there already, or both are one; nothing was written.
        FileError: the folder of one is not there, or not to be written.
    """

    def __init__(
        self,
        callbacks: Iterable[Callback] = (),
        *,
        checkpoint: Path | None = None,
        every_seconds: float = EVERY_SECONDS,
        log: Path | None = None,
        new: bool = True,
    ) -> None:
        self._checkpoint = None if checkpoint is None else Checkpoint(checkpoint, every_seconds, new=new)
        files: list[Callback] = [] if self._checkpoint is None else [self._checkpoint]
        if log is not None:
            files.append(JsonLines(log, new=new))
        self.callbacks = Callbacks([*files, *Callbacks(callbacks)])
        _check_files([os.fspath(path) for path in (checkpoint, log) if path is not None], new)

    @property
    def unsaved(self) -> str | None:
        """Why the last checkpoint could not be written; None if it was, or if none was wanted."""
        return None if self._checkpoint is None else self._checkpoint.failure

    def hold(self, run: Any, go: Callable[[Flag], T]) -> T:
        """Runs what is to be run: signals set the flag that it gets, callbacks are told of its beginning and end."""
        with interrupt_flag(*ENDING) as flag:
            return self.callbacks.around(run, lambda: go(flag))


def _check_files(paths: list[str], new: bool) -> None:
    """Refuses files that the run could not or should not write, before it writes the first."""
    if len({os.path.realpath(path) for path in paths}) < len(paths):
        raise InputError(f"{paths[0]}: expected another file for the log than for the checkpoint")
    for path in paths:
        if new and os.path.lexists(path):
            raise InputError(f"{path}: is there already; resume it, remove it, or choose another name")
        folder = os.path.dirname(os.path.realpath(path))
        if not os.path.isdir(folder):
            raise FileError(f"{path}: expected a folder that is there, got {folder}")
        if not os.access(folder, os.W_OK):
            raise FileError(f"{path}: the folder {folder} cannot be written")
