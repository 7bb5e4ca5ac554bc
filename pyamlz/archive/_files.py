"""Archives as files."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence

from pyamlz._lib.errors import ArchiveError
from pyamlz._lib.files import replace_file
from pyamlz._lib.saving import save
from pyamlz.archive._codec import MAGIC, check_beginning, decode, encode
from pyamlz.archive._contents import Archive, PopulationArchive, ProgramArchive
from pyamlz.archive._members import Member
from pyamlz.archive._msgpack import FormatError
from pyamlz.program import Dims, Program

__all__ = ["is_archive", "read", "save_population", "write"]


def read(path: str | os.PathLike[str]) -> Archive:
    """The contents of a file.

    Raises:
        ArchiveError: it cannot be read, is not a regular file, or see :func:`decode`.
    """
    name = os.fspath(path)
    try:
        # A pipe would make the opening wait.
        with open(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ArchiveError(f"{name}: expected an archive, got something that is not a regular file")
            beginning = file.read(len(MAGIC))
            check_beginning(beginning)
            data = beginning + file.read(status.st_size)
    except ArchiveError:
        raise
    except FormatError as error:
        raise ArchiveError(f"{name}: {error.message()}") from None
    except (OSError, ValueError) as error:
        raise ArchiveError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except MemoryError:
        raise ArchiveError(f"{name}: cannot be read: {status.st_size} bytes are more than there is memory") from None
    return decode(data, name)


def is_archive(path: str | os.PathLike[str]) -> bool:
    """Whether a file should be one: it is called so, or begins like one."""
    try:
        if os.fspath(path).endswith(".amlz") or not os.path.isfile(path):
            return os.fspath(path).endswith(".amlz")
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


def write(path: str | os.PathLike[str], archive: Archive) -> None:
    """Writes a file, or replaces it as a whole: see :func:`pyamlz._lib.files.replace_file`.

    Raises:
        ArchiveError: see :func:`encode`; nothing was touched.
        FileError: the file cannot be written; what was there before still is.
    """
    replace_file(path, encode(archive))


def save_population(path: str | os.PathLike[str], members: Iterable[Member], dims: Dims) -> None:
    """Writes an archive of members, for :func:`pyamlz.load` or for a search to start from.

    Args:
        path: the file, which may exist.
        members: as of :attr:`pyamlz.Search.population`.
        dims: the memory that their programs run on.

    Raises:
        ArchiveError: a member is not what it must be, or does not fit the memory; nothing was touched.
        FileError: the file cannot be written; what was there before still is.
    """
    population = members if isinstance(members, Sequence) else tuple(members)
    write(path, PopulationArchive(dims=dims, population=population))


@save.register
def _save_program(program: Program, path: str | os.PathLike[str], dims: Dims | None = None) -> None:
    write(path, ProgramArchive(dims=dims, program=program))
