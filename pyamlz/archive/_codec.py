"""Whole archives as bytes: beginning, version, body and checksum (`archive/FORMAT.md`)."""

from __future__ import annotations

import zlib
from typing import Any, Final

from msgpack import Packer

from pyamlz._lib.errors import ArchiveError
from pyamlz.archive._contents import Archive, Checkpoint
from pyamlz.archive._format import CHECKPOINT, MODEL, POPULATION_ARCHIVE, PROGRAM_ARCHIVE, islands_of
from pyamlz.archive._msgpack import FormatError, Reader, a, refuse
from pyamlz.archive._schema import Keys, Leaf, Record, Seen

__all__ = ["MAGIC", "MAJOR", "MINOR", "check_beginning", "decode", "encode"]

MAJOR: Final = 1
MINOR: Final = 2  # of all kinds that were changed then
MAGIC: Final = b"\x94\xa4amlz\x92"  # how a file begins, before its version

_CHECKSUM = b"\xce"  # the header of the checksum
_CHECKSUM_SIZE = 5
_SMALLEST = len(MAGIC) + 2 + 1 + _CHECKSUM_SIZE  # bytes of an archive with a version and an empty body


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
    try:
        archive: Archive = _decoded(bytes(data))
        return archive
    except FormatError as error:
        raise ArchiveError(f"{name}: {error.message()}") from None


def encode(archive: Archive) -> bytes:
    """The bytes that an archive's contents have, always the same for the same contents.

    They are checked first by what reading goes by, so that no archive is made that could not be read.

    Raises:
        ArchiveError: the contents break a rule of the format, or are not of the types that they must be.
    """
    try:
        _check(archive)
    except FormatError as error:
        raise ArchiveError(f"archive: {error.message()}") from None
    return _packed(archive)


# ---------------------------------------------------------------- reading


def _decoded(data: bytes, around: int | None = None) -> Any:
    """The contents of an archive, or of an island in one of a minor version."""
    reader = Reader(data, len(data) - _CHECKSUM_SIZE, len(MAGIC))
    try:
        check_beginning(data)
        if len(data) < _SMALLEST:
            refuse("an archive", f"one that is cut off at byte {len(data)}")
        minor = _read_version(reader)
        _check_checksum(reader, data)
        if around is not None and minor != around:
            wanted = f"version {MAJOR}.{around}, that of the archive around it"
            raise FormatError(f"expected {wanted}, got {MAJOR}.{minor}", has_byte=False).under("version")
        archive = _read_body(reader, {"minor": minor, "is_island": around is not None})
        reader.end()
        return archive
    except FormatError as error:
        raise FormatError(error.message(reader.start), has_byte=False) from None


def check_beginning(data: bytes) -> None:
    """Refuses bytes that do not begin as archives do."""
    if not data:
        refuse("an archive", "an empty file")
    if not data.startswith(MAGIC):
        refuse("an archive", "one that is cut off" if MAGIC.startswith(data) else "a file that does not begin like one")


def _read_version(reader: Reader) -> int:
    try:
        major, minor = reader.take("integer"), reader.take("integer")
    except FormatError as error:
        raise error.under("version") from None
    if major != MAJOR:
        newer = "; a newer pyamlz may read it" if major > MAJOR else ""
        refuse(f"version {MAJOR} of the archive format", f"{major}.{minor}{newer}", has_byte=False)
    return int(minor)


def _check_checksum(reader: Reader, data: bytes) -> None:
    body = memoryview(data)[:-_CHECKSUM_SIZE]
    expected, found = _CHECKSUM + zlib.crc32(body).to_bytes(4, "big"), data[-_CHECKSUM_SIZE:]
    if found != expected:
        reader.start = len(body)
        why = f"expected {expected.hex()}, got {found.hex()}: the file is damaged, or cut off"
        raise FormatError(why).under("checksum")


def _read_body(reader: Reader, seen: Seen) -> Any:
    """The map, of which the first key says which others there are."""
    keys = Keys(reader)
    keys.take("kind")
    try:
        kind = reader.take("string")
    except FormatError as error:
        raise error.under("kind") from None
    kinds = ["checkpoint"] if seen["is_island"] else [k for k in _KINDS if _KINDS[k].since <= seen["minor"]]
    if kind not in kinds:  # an island is a checkpoint, so that nothing nests
        wanted = kinds[0] if seen["is_island"] else f"one of {', '.join(kinds)}"
        raise FormatError(f"expected {wanted}, got {kind[:40]!r}", has_byte=False).under("kind")
    reader.is_lenient = seen["minor"] > _minor_of(kind)
    return _KINDS[kind].read(reader, seen, keys)


# ---------------------------------------------------------------- writing


def _minor_of(kind: str) -> int:
    """The minor version that archives of a kind have."""
    return 1 if kind == "program" else MINOR


def _kind_of(archive: object) -> str:
    for kind, record in _KINDS.items():
        if isinstance(archive, record.cls):
            return kind
    *first, last = (record.cls.__name__ for record in _KINDS.values())
    refuse(f"a {', '.join(first)} or {last}", a(type(archive).__name__))


def _check(archive: object, *, is_island: bool = False) -> None:
    kind = _kind_of(archive)
    _KINDS[kind].check(archive, {"minor": _minor_of(kind), "is_island": is_island})


def _packed(archive: object) -> bytes:
    kind = _kind_of(archive)
    packer = Packer(autoreset=False)
    packer.pack_array_header(4)
    packer.pack("amlz")
    packer.pack((MAJOR, _minor_of(kind)))
    packer.pack({"kind": kind, **_KINDS[kind].plain(archive)})
    body = packer.getbuffer()
    data = b"".join((body, _CHECKSUM, zlib.crc32(body).to_bytes(4, "big")))
    del body
    packer.reset()
    return data


# ---------------------------------------------------------------- islands


class _Island(Leaf):
    """A binary that is an archive of its own."""

    kind = "binary"

    def read(self, reader: Reader, seen: Seen) -> Any:
        return _decoded(reader.take(self.kind), seen["minor"])

    def check(self, value: Any, seen: Seen) -> None:
        if not isinstance(value, Checkpoint):
            refuse("a Checkpoint", a(type(value).__name__))
        _check(value, is_island=True)

    def plain(self, value: Any) -> Any:
        return _packed(value)


_KINDS: Final[dict[str, Record]] = {
    "program": PROGRAM_ARCHIVE,
    "population": POPULATION_ARCHIVE,
    "checkpoint": CHECKPOINT,
    "islands": islands_of(_Island()),
    "model": MODEL,
}
