"""Files that commands write: what should not be written over is refused before the command begins."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from pyamlz import archive
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz.lab._units import is_units

__all__ = ["check_output", "check_outputs"]

_WRITTEN = ("output", "dot", "plot")  # options that name a file to write
_READ = (
    "file",
    "files",
    "model",
    "program",
    "candidates",
    "data",
    "log",
    "preset",
)  # arguments that name files to read


def check_outputs(arguments: argparse.Namespace) -> None:
    """Refuses a command that would write over what it reads, or over somebody's search.

    Raises:
        InputError: it would.
    """
    for option in () if getattr(arguments, "checks_output", False) else _WRITTEN:
        path = getattr(arguments, option, None)
        if path is not None and not os.path.isdir(path):
            check_output(path, arguments)


def check_output(path: str, arguments: argparse.Namespace) -> None:
    """Refuses one file; see :func:`check_outputs`."""
    if not os.path.exists(path):
        return
    for read in _read(arguments):
        if os.path.exists(read) and os.path.samefile(read, path):
            raise InputError(f"{path}: is read by this command; choose another name for what it writes")
    if is_units(path) or _is_search(path):
        raise InputError(f"{path}: is the checkpoint of a run; remove it, or choose another name")


def _read(arguments: argparse.Namespace) -> Iterator[str]:
    for name in _READ:
        value = getattr(arguments, name, None)
        values = value if isinstance(value, list) else [value]
        yield from (each for each in values if isinstance(each, str))


def _is_search(path: str) -> bool:
    """Whether a file is the archive of a search; one that cannot be read may be."""
    if not archive.is_archive(path):
        return False
    try:
        return isinstance(archive.read(path), archive.Checkpoint | archive.Islands)
    except ArchiveError:
        return os.path.getsize(path) > 0
