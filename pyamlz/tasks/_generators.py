"""Generators by name: task sets made again from what their `source` says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pyamlz._lib.errors import DataError, InputError
from pyamlz.tasks._datasets import NAMES
from pyamlz.tasks._full_size import native_binary
from pyamlz.tasks._projected import projected_binary, projected_multiclass
from pyamlz.tasks._resampled import table
from pyamlz.tasks._synthetic import affine, linear, nonlinear
from pyamlz.tasks._taskset import TaskSet

__all__ = ["GENERATORS", "can_remake", "remake"]

#: The functions that make a task set of plain arguments and a seed alone.
GENERATORS: Final[dict[str, Callable[..., TaskSet]]] = {
    "linear": linear,
    "affine": affine,
    "nonlinear": nonlinear,
    "projected_binary": projected_binary,
    "projected_multiclass": projected_multiclass,
    "native_binary": native_binary,
    "table": table,
}

_RENAMED: Final = {"dtype": "precision"}  # arguments in the sources of archives that version 0.1 wrote


def can_remake(source: dict[str, Any]) -> bool:
    """Whether :func:`remake` makes the task set of this source again, on a machine that has the same data sets.

    Files of the user's own are not read again because an archive says so.
    """
    arguments = source.get("arguments")
    if source.get("generator") not in GENERATORS or not isinstance(arguments, dict):
        return False
    return "path" not in arguments and arguments.get("dataset") in (None, *NAMES)


def remake(source: object) -> TaskSet:
    """The task set that has this source.

    Args:
        source: as :attr:`TaskSet.source` has it. It may come from anywhere: what it names is looked up in a fixed list.

    Raises:
        InputError: it is not the source of a task set that can be made again.
        DataError: its data set is not here, or there is not enough memory.
    """
    if not isinstance(source, dict) or not can_remake(source):
        raise InputError(f"source: expected one of {', '.join(GENERATORS)} and its arguments, got {source!r:.100}")
    renamed = {_RENAMED.get(name, name): value for name, value in source["arguments"].items()}
    try:
        return GENERATORS[source["generator"]](**renamed)
    except TypeError as error:  # an argument that the function does not have
        raise InputError(f"source: {error}") from None
    except MemoryError:
        raise DataError(f"source: there is not enough memory for {source!r:.100}") from None
