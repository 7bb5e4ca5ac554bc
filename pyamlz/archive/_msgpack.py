"""Reads msgpack value by value, each of a kind that is known beforehand, from bytes that nobody vouches for.

It is written by msgpack, but read by hand, since msgpack would lose promises of the format:

- Memory. Whole values are built before they can be looked at: a mebibyte of empty arrays becomes 65 of them.
- Depth. What a newer version adds may nest as it likes, and is passed over. msgpack gives up beyond 1024 levels, and
  without its C extension where Python's stack ends: what is read here would be refused there, or by the library in C.
- One form for each value. msgpack takes longer forms and signed ones for the shortest.
- The place. Errors say at which key and byte something is wrong; msgpack's do not.

Its Unpacker can go from value to value too, which loses none of them; but then each first byte, and the length after
it, must be looked at by hand before it may go on, and when that is done nothing is left to do.
"""

from __future__ import annotations

import functools
import struct
from typing import Any, Final, NoReturn, TypeAlias

MAX_64: Final = 2**64 - 1

_Form: TypeAlias = tuple[str, int, int]  # what a value is, bytes of its number, and this itself or the least there


def _forms() -> list[_Form]:
    """What a value's first byte says. The number is an integer, a length, or a count."""
    forms: list[_Form] = [("integer", 0, number) for number in range(0x80)]
    forms += [
        (kind, 0, number) for kind, many in (("map", 16), ("array", 16), ("string", 32)) for number in range(many)
    ]
    forms += [("nil", 0, 0), ("reserved byte", 0, 0), ("boolean", 0, 0), ("boolean", 0, 0)]
    forms += [("binary", 1, 0), ("binary", 2, 2**8), ("binary", 4, 2**16), *[("extension", 0, 0)] * 3]
    forms += [("32-bit float", 0, 0), ("real", 8, 0)]
    forms += [("integer", 1, 128), ("integer", 2, 2**8), ("integer", 4, 2**16), ("integer", 8, 2**32)]
    forms += [("signed integer", 0, 0)] * 4 + [("extension", 0, 0)] * 5
    forms += [("string", 1, 32), ("string", 2, 2**8), ("string", 4, 2**16)]
    forms += [(kind, width, least) for kind in ("array", "map") for width, least in ((2, 16), (4, 2**16))]
    return forms + [("negative integer", 0, 0)] * 0x20


_FORMS: Final = _forms()
_REAL: Final = struct.Struct(">d")


class FormatError(Exception):
    """What is wrong with a value. On its way out it is told the keys that lead there.

    Args:
        why: what was expected and what was found.
        has_byte: whether it is about the bytes that a :class:`Reader` read last.
    """

    def __init__(self, why: str, *, has_byte: bool = True) -> None:
        super().__init__(why)
        self.why, self.has_byte = why, has_byte
        self._keys: list[str | int] = []

    def under(self, key: str | int) -> FormatError:
        """The same, of the value that is under a key."""
        self._keys.append(key)
        return self

    def message(self, byte: int | None = None) -> str:
        """All of it: `mark.population[17].fitness (byte 1234): expected ..., got ...`."""
        path = ""
        for key in reversed(self._keys):
            path += f"[{key}]" if isinstance(key, int) else f".{key}" if path else key
        at = f"byte {byte}" if self.has_byte and byte is not None else ""
        place = f"{path} ({at})" if path and at else path or at
        return f"{place}: {self.why}" if place else self.why


def refuse(wanted: str, got: object, *, has_byte: bool = True) -> NoReturn:
    """Raises a FormatError of what was found in the place of what was wanted."""
    raise FormatError(f"expected {wanted}, got {got}", has_byte=has_byte)


def a(kind: str) -> str:
    """A kind of value, as messages call one of it."""
    return kind if kind == "nil" else f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


@functools.lru_cache
def array_of(low: int, high: int) -> str:
    """An array of so many values, as messages call it."""
    return f"an array of {low}" if low == high else f"an array of {low} to {high}" if low else "an array"


class Reader:
    """A place in msgpack's bytes, moving on with each value that is read; only the shortest forms are accepted.

    Args:
        data: the bytes.
        end: where the values end; messages call it the end of the file.
        at: where the first value begins.

    Attributes:
        start: byte at which the value begins that was read last, if one was.
        is_lenient: whether maps and rows may have more at their ends than is known.

    All that reads raises FormatError.
    """

    def __init__(self, data: bytes, end: int, at: int = 0) -> None:
        self.start: int | None = None
        self.is_lenient = False
        self._data, self._end = data, end
        self._at = at  # where the next value begins

    def _begin(self, kind: str, wanted: str) -> int:
        """The number of the next value, which must be of a kind, with as many bytes as that says after it."""
        self.start = start = self._at
        if start >= self._end:
            refuse(wanted or a(kind), "the end of the file")
        found, width, number = _FORMS[self._data[start]]
        if found != kind:
            refuse(wanted or a(kind), a(found))
        self._at = start + 1 + width
        if width > 0:
            least, number = number, int.from_bytes(self._data[start + 1 : self._at], "big")
            if self._at > self._end:
                refuse(wanted or a(kind), "the end of the file in its midst")
            if number < least:
                refuse("the shortest form", "a longer one")
        return number

    def take(self, kind: str, wanted: str = "") -> Any:
        """The next value.

        Args:
            kind: "integer", "real", "string", "binary" or "nil".
            wanted: what messages call it, unless by its kind.
        """
        number = self._begin(kind, wanted)
        if kind == "integer":
            return number
        if kind == "real":
            return _REAL.unpack_from(self._data, self._at - _REAL.size)[0]
        if kind == "nil":
            return None
        begin, self._at = self._at, self._at + number
        if self._at > self._end:
            refuse(wanted or a(kind), "the end of the file in its midst")
        value = self._data[begin : self._at]
        if kind == "binary":
            return value
        try:
            return value.decode()
        except UnicodeDecodeError:
            refuse(wanted or a(kind), "one that is not UTF-8")

    def is_nil(self) -> bool:
        """Whether the next value is nil."""
        return self._at < self._end and _FORMS[self._data[self._at]][0] == "nil"

    def header(self, kind: str, wanted: str = "") -> int:
        """The number of values, or of keys and values, in the "array" or "map" that comes next."""
        count = self._begin(kind, wanted)
        left = self._end - self._at
        if count * (1 + (kind == "map")) > left:
            refuse(wanted or a(kind), f"one of {count} in the {left} bytes that are left")
        return count

    def array(self, low: int, high: int, *, is_open: bool = False) -> tuple[int, int]:
        """The header of an array of `low` to `high` values: their number, and that of others which are to be skipped.

        Of an open one a newer version may have more.
        """
        found = self.header("array", array_of(low, high))
        known = min(found, high) if is_open and self.is_lenient else found
        if not low <= known <= high:
            refuse(array_of(low, high), f"one of {found}")
        return known, found - known

    def skip(self, count: int) -> None:
        """Passes over so many values of any kind, each of which must be in its shortest form too."""
        while count > 0:  # no recursion, and nothing to remember: what is inside a container are more values to skip
            count -= 1
            kind = _FORMS[self._data[self._at]][0] if self._at < self._end else ""
            if kind in ("array", "map"):
                count += self.header(kind) * (1 + (kind == "map"))
            elif kind in ("integer", "real", "string", "binary", "nil"):
                self.take(kind)
            else:
                self._begin("value", "a value of a kind that archives have")

    def end(self) -> None:
        """Checks that there is nothing more."""
        self.start = self._at
        if self.start != self._end:
            refuse("the checksum", f"{self._end - self._at} more bytes before it")
