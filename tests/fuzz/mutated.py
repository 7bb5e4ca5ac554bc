"""Decodes mutated archives: `python tests/fuzz/mutated.py COUNT [SEED]`.

Each must be refused with an ArchiveError, or be accepted and encode to the same bytes. The mutations start from the
archives in archive/golden, or from small ones made here. They flip bits, cut, join and repeat bytes, or change values
in the structure; in most the checksum is mended, so that there is something to find behind it.
"""

import copy
import random
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "python"))

from archives import Pairs, Raw, assemble, parts_of, seal, small_archives  # noqa: E402

from pyamlz._lib.errors import ArchiveError  # noqa: E402
from pyamlz.archive import Archive, Checkpoint, Islands, PopulationArchive, decode, encode  # noqa: E402
from pyamlz.archive._codec import MAGIC  # noqa: E402

CHECKSUM_SIZE = 5
MINOR_AT = 8  # byte of the minor version
EDGES = [0, 1, 2, 3, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]
REALS = [0.0, -0.0, 0.5, 1.0, 1.0000000000000002, -5e-324, 1e308, float("inf"), float("-inf"), float("nan")]


def seeds() -> list[bytes]:
    golden = sorted((ROOT / "archive" / "golden").glob("*.amlz"))
    return [path.read_bytes() for path in golden] or list(small_archives().values())


def mutants(originals: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    for _ in range(count):
        original = rng.choice(originals)
        if rng.random() < 0.5:
            yield structural(rng, original, rng.choice(originals))
        else:
            body = bytewise(rng, original[:-CHECKSUM_SIZE], rng.choice(originals)[:-CHECKSUM_SIZE])
            yield seal(body) if rng.random() < 0.8 else body + original[-CHECKSUM_SIZE:]


# ---------------------------------------------------------------- bytes


def bytewise(rng: random.Random, data: bytes, other: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        at = rng.randrange(len(changed) + 1)
        until = min(len(changed), at + rng.choice([1, 1, 2, 9, 40, 1000]))
        kind = rng.randrange(7)
        if kind == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(changed):
            changed[at] = rng.choice([0, 0x7F, 0x80, 0x90, 0xA0, *range(0xC0, 0xE0), 0xFF])
        elif kind == 2:
            del changed[at:]
        elif kind == 3:
            del changed[at:until]
        elif kind == 4:
            changed[at:at] = changed[at:until]
        elif kind == 5:
            changed[at:at] = rng.randbytes(rng.choice([1, 2, 9]))
        else:
            start = rng.randrange(len(other) + 1)
            changed[at:until] = other[start : start + rng.choice([1, 9, 40, 1000])]
    return bytes(changed)


# ---------------------------------------------------------------- structure


def structural(rng: random.Random, data: bytes, other: bytes) -> bytes:
    parts, donor = parts_of(data), parts_of(other)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        change(rng, parts, donor)
    return assemble(parts)


def places(node: Any) -> list[tuple[Any, int]]:
    """Every value inside of a container, as the container that it is in and its index there."""
    found, todo = [], [node]
    while todo:
        container = todo.pop()
        for index, item in enumerate(container):
            found.append((container, index))
            value = item[1] if isinstance(container, Pairs) else item
            if isinstance(value, list):
                todo.append(value)
    return found


def change(rng: random.Random, parts: list[Any], donor: list[Any]) -> None:
    container, index = rng.choice(places(parts))
    is_map = isinstance(container, Pairs)
    key, value = container[index] if is_map else (None, container[index])
    kind = rng.randrange(8)
    if kind == 0 and container is not parts:
        del container[index]
    elif kind == 1 and container is not parts:
        container.insert(rng.randrange(len(container) + 1), container[index])
    elif kind == 2:
        swapped = rng.randrange(len(container))
        container[index], container[swapped] = container[swapped], container[index]
    elif kind == 3 and is_map:
        container[index] = (rng.choice([f"{key}x", str(key)[:-1], "", 7, None, rng.choice(container)[0]]), value)
    elif kind == 4:
        parts[1] = rng.choice([[1, 1], [1, 0], [1, 2], [2, 0], [0, 0], [1], [1, 0, 0], 1, [1, 300]])
    else:
        value = near(rng, value) if kind < 7 else copy.deepcopy(foreign(rng, donor))  # it may be grafted into itself
        container[index] = (key, value) if is_map else value


def near(rng: random.Random, value: Any) -> Any:
    """Another value of the same kind, or the same one in another form."""
    if isinstance(value, int) and not isinstance(value, bool):
        if rng.random() < 0.2:
            return Raw(rng.choice(longer_forms(value)))
        return rng.choice([*EDGES, max(value - 1, 0), value + 1, value + 2, value // 2, -1, -value - 1]) % 2**64
    if isinstance(value, float):
        return Raw(b"\xca" + struct.pack(">f", 0.5)) if rng.random() < 0.2 else rng.choice([*REALS, value / 2])
    if isinstance(value, str):
        choices = [value + "\0", value * 2, "", "\u00e9" * 40, value[:-1], "x" * 2**16]
        return rng.choice([*choices, Raw(b"\xa2\xc0\x80"), Raw(b"\xa3\xed\xa0\x80"), Raw(b"\xd9\x00")])
    if isinstance(value, bytes) and value.startswith(MAGIC) and rng.random() < 0.9:  # an archive in an archive
        return structural(rng, value, value) if rng.random() < 0.7 else seal(bytewise(rng, value[:-5], value))
    if isinstance(value, bytes):
        return rng.choice([bytewise(rng, value, value), value + b"\0", b"", Raw(b"\xc5\x00\x00"), bytes(300)])
    if isinstance(value, Pairs):
        return Pairs([*value, ("more", rng.choice([None, 1, [[], Pairs([(b"", 1.5)])]]))])
    if isinstance(value, list):
        return rng.choice([[*value, value], value[1:], Raw(b"\xdc\x00\x00"), Raw(b"\xdd\xff\xff\xff\xff")])
    return foreign(rng, [])


def longer_forms(value: int) -> list[bytes]:
    formats = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
    forms = []
    for tag, form in formats.items():
        try:
            forms.append(bytes([tag]) + struct.pack(form, value))
        except struct.error:
            continue
    return forms or [b"\x00"]


def foreign(rng: random.Random, donor: list[Any]) -> Any:
    """A value of any kind, or one from another archive."""
    unknown = [Raw(b"\xc1"), Raw(b"\xd4\x00\x00"), Raw(b"\xc7\x00\x01")]
    simple = [None, True, False, 0, 1.0, "", b"", [], Pairs(), -5, *unknown]
    if rng.random() < 0.5 or not donor:
        return rng.choice(simple)
    container, index = rng.choice(places(donor))
    return container[index][1] if isinstance(container, Pairs) else container[index]


# ---------------------------------------------------------------- what is checked


def checked_anew(archive: Archive) -> Archive:
    """The same contents, of which encoding does not know that they were read, and so are right."""
    if isinstance(archive, Islands):
        return replace(archive, islands=tuple(map(checked_anew, archive.islands)))
    if isinstance(archive, Checkpoint):
        mark = archive.mark
        return replace(archive, mark=replace(mark, population=tuple(mark.population), hall=tuple(mark.hall)))
    return replace(archive, population=tuple(archive.population)) if isinstance(archive, PopulationArchive) else archive


def is_accepted(data: bytes) -> bool:
    """Whether an archive is accepted; an AssertionError or another exception where the decoder is wrong."""
    try:
        archive = decode(data)
    except ArchiveError:
        return False
    # The rest of a newer version is not kept, and what a former one does not have is written.
    copy = encode(archive)
    assert decode(copy) == archive
    assert encode(checked_anew(archive)) == copy  # what is read may be written
    assert copy == data or data[MINOR_AT] != copy[MINOR_AT]
    return True


def main() -> None:
    count, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    began = time.monotonic()
    accepted = 0
    for number, data in enumerate(mutants(seeds(), count, seed)):
        try:
            accepted += is_accepted(data)
        except BaseException:
            print(f"mutant {number} of seed {seed}: {data.hex()}", file=sys.stderr)
            raise
    rate = count / (time.monotonic() - began)
    print(f"{count} archives: {count - accepted} refused, {accepted} accepted, {rate:.0f} a second")


if __name__ == "__main__":
    main()
