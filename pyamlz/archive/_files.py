"""Archives: programs, populations and checkpoints of searches as files that last (`archive/FORMAT.md`)."""

from __future__ import annotations

import os
import stat
import zlib
from typing import Any

from msgpack import Packer

from pyamlz._lib.errors import ArchiveError
from pyamlz._lib.files import replace_file
from pyamlz._lib.native import KINDS, PRECISIONS
from pyamlz._lib.saving import save
from pyamlz.archive import _decoder
from pyamlz.archive._contents import (
    Archive,
    Checkpoint,
    Config,
    Islands,
    Mark,
    ModelArchive,
    PopulationArchive,
    ProgramArchive,
    TasksRecord,
    pack,
)
from pyamlz.archive._decoder import CHECKSUM, MAGIC, MAJOR, MINOR, MODEL_MINOR
from pyamlz.program import Dims, Program

__all__ = ["decode", "encode", "is_archive", "program_of", "read", "write"]


def decode(data: bytes, name: str = "archive") -> Archive:
    """The contents of an archive.

    It may come from anywhere: nothing in it is executed, and no length in it is believed before the bytes are there.
    What is returned takes, with all that is needed on the way, at most 20 times the archive's size and 256 KiB of
    memory.

    Args:
        data: the archive.
        name: what messages call it, as the path of its file.

    Raises:
        ArchiveError: it is no archive, is damaged, or breaks a rule of the format. The message has the name, the key
            (`mark.population[17].fitness`) or the byte, and what was expected and found.
    """
    return _decoder.decode(bytes(data), name)


def encode(archive: Archive) -> bytes:
    """The bytes that an archive's contents have, always the same for the same contents.

    What is returned was decoded again, so no archive is made that could not be read.

    Raises:
        ArchiveError: the contents break a rule of the format, or are not of the types that they must be.
    """
    try:
        data = _packed(archive)
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise ArchiveError(f"archive: cannot be encoded: {error}") from None
    _decoder.decode(data, "archive")
    return data


def _packed(archive: Archive) -> bytes:
    packer = Packer(autoreset=False)
    packer.pack_array_header(4)
    packer.pack("amlz")
    packer.pack((MAJOR, MODEL_MINOR if isinstance(archive, ModelArchive) else MINOR))
    packer.pack(_plain(archive))
    body = packer.getbuffer()
    data = b"".join((body, CHECKSUM, zlib.crc32(body).to_bytes(4, "big")))
    del body
    packer.reset()
    return data


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
            _decoder.check_beginning(beginning, name)
            data = beginning + file.read(status.st_size)
    except (OSError, ValueError) as error:
        if isinstance(error, ArchiveError):
            raise
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


def _plain(archive: Archive) -> dict[str, Any]:
    """The body: its keys in the order of the format. Rows are tuples already, which the packer takes as they are."""
    if isinstance(archive, ProgramArchive):
        dims = None if archive.dims is None else _plain_dims(archive.dims)
        return {"kind": "program", "writer": archive.writer, "dims": dims, "program": pack(archive.program)}
    if isinstance(archive, PopulationArchive):
        dims = _plain_dims(archive.dims)
        return {"kind": "population", "writer": archive.writer, "dims": dims, "population": archive.population}
    if isinstance(archive, Islands):
        if not all(isinstance(island, Checkpoint) for island in archive.islands):
            raise TypeError("expected islands that are Checkpoints")
        islands = [_packed(island) for island in archive.islands]
        return {"kind": "islands", "writer": archive.writer, "islands": islands, "session": archive.session}
    if isinstance(archive, ModelArchive):
        return {
            "kind": "model",
            **_members(archive),
            "dims": _plain_dims(archive.dims),
            "program": pack(archive.program),
            "precision": PRECISIONS[archive.precision],
        }
    if not isinstance(archive, Checkpoint):
        wanted = "a ProgramArchive, PopulationArchive, Checkpoint, Islands or ModelArchive"
        raise TypeError(f"expected {wanted}, got {type(archive).__name__}")
    return {
        "kind": "checkpoint",
        "writer": archive.writer,
        "dims": _plain_dims(archive.dims),
        "config": {**_members(archive.config), "start_program": pack(archive.config.start_program)},
        "tasks": _members(archive.tasks),
        "evaluations": archive.evaluations,
        "digest": archive.digest,
        "best": archive.best,
        "mark": _members(archive.mark),
        "session": archive.session,
    }


def _plain_dims(dims: Dims) -> dict[str, int]:
    return {
        "features": dims.n_features,
        "scalars": dims.n_scalars,
        "vectors": dims.n_vectors,
        "matrices": dims.n_matrices,
        "label": KINDS[dims.kind],
        "classes": dims.n_classes,
    }


def _members(contents: Config | TasksRecord | Mark | ModelArchive) -> dict[str, Any]:
    """What a data class holds, which is declared in the order of the format."""
    return {name: getattr(contents, name) for name in type(contents).__slots__}


def program_of(archive: Archive, name: str = "archive") -> Program:
    """The program of an archive, or the best one of a checkpoint or of islands.

    Raises:
        ArchiveError: it is a population, in which there is none to choose, or a search that has not run.
    """
    if isinstance(archive, ProgramArchive | ModelArchive):
        return archive.program
    if isinstance(archive, Checkpoint | Islands) and archive.best is not None:
        return archive.best.program
    raise ArchiveError(f"{name}: expected an archive of a program, or of a search that has run")


@save.register
def _save_program(program: Program, path: str | os.PathLike[str], dims: Dims | None = None) -> None:
    write(path, ProgramArchive(dims=dims, program=program))
