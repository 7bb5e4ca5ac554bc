"""What a name or a path stands for: a program, or the programs that a search starts from."""

from __future__ import annotations

import os

from pyamlz._lib.checks import hint
from pyamlz._lib.errors import InputError, ProgramError
from pyamlz.archive import _files as archive
from pyamlz.archive._contents import Checkpoint, Islands, ModelArchive, ProgramArchive
from pyamlz.archive._found import program_of
from pyamlz.archive._members import Member
from pyamlz.program import Program
from pyamlz.program.baselines import BASELINES, built_in

__all__ = ["find_program", "find_start", "read_program", "read_text"]

_MAX_TEXT = 2**20  # bytes; the longest program's text is a tenth of it


def find_start(name: str, value: str | list[str]) -> Program | list[Program]:
    """What a search starts from: one program, or several, of which those that count most come first.

    Args:
        name: of the argument, for messages.
        value: what the user wrote: see :func:`find_program`; or a list of such; or the path of an archive of a
            population, or of a search or islands, which have one at their last mark. The fittest come first, of equals
            the older ones.

    Raises:
        InputError: it stands for no program.
    """
    if isinstance(value, list):
        return [find_program(f"{name}[{i}]", program) for i, program in enumerate(value)]
    if "\n" in value or value in BASELINES or not os.path.isfile(value) or not archive.is_archive(value):
        return find_program(name, value)
    found = archive.read(value)
    if isinstance(found, ProgramArchive | ModelArchive):
        return found.program
    members: list[Member] = []
    for part in found.islands if isinstance(found, Islands) else (found,):
        members += part.mark.population if isinstance(part, Checkpoint) else part.population
    if not members:
        raise InputError(f"{name}: expected programs in {value}, got none")
    return [member.program for member in sorted(members, key=lambda member: -member.fitness)]


def find_program(name: str, value: str, n_features: int = 0, which: str = "selected") -> Program:
    """The program that `value` stands for: the name of a built-in one, a program's text, or a file.

    Args:
        name: of the argument, for messages.
        value: what the user wrote.
        n_features: F, for integer indexes in the text.
        which: of the archive of a search, see :func:`pyamlz.archive.found`.
    """
    if value in BASELINES:
        return built_in(value)
    try:
        if "\n" in value or value.lstrip().startswith("def "):
            return Program.parse(value, n_features)
        if os.path.exists(value):
            return read_program(value, n_features, which)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    raise InputError(
        f"{name}: expected a built-in program, a program's text or a file, got {value!r}{hint(value, BASELINES)}"
    )


def read_program(path: str | os.PathLike[str], n_features: int = 0, which: str = "selected") -> Program:
    """The program of a text file or an archive; of a search's what it has found, see :func:`pyamlz.archive.found`."""
    if archive.is_archive(path):
        return program_of(archive.read(path), os.fspath(path), which)
    return read_text(path, n_features)


def read_text(path: str | os.PathLike[str], n_features: int = 0) -> Program:
    """The program of a text file; see :meth:`pyamlz.Program.parse`.

    Args:
        path: the file.
        n_features: F, for integer indexes.

    Raises:
        InputError: the file cannot be read, or is one of more than a mebibyte.
        ProgramError: it holds no program; the message starts with the path.
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_TEXT + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{name}: cannot be read: {getattr(error, 'strerror', error)}") from None
    if len(data) > _MAX_TEXT:
        raise InputError(f"{name}: expected at most {_MAX_TEXT} bytes")
    try:
        return Program.parse(data.decode("utf-8-sig", "replace"), n_features)
    except ProgramError as error:
        raise ProgramError(f"{name}: {error}", error.line, error.column) from None
