"""Reads msgpack value by value, each as the format at hand wants it, from bytes that nobody vouches for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NoReturn, TypeVar

from msgpack import Unpacker
from msgpack.exceptions import OutOfData

from pyamlz._lib.errors import ArchiveError

T = TypeVar("T")

MAX_64: Final = 2**64 - 1
_MAX_SHOWN = 40  # characters of a foreign string in a message


def _kinds() -> list[str]:
    """What a value is by its first byte, as messages call it."""
    kinds = ["integer"] * 0x80 + ["map"] * 0x10 + ["array"] * 0x10 + ["string"] * 0x20
    kinds += ["nil", "reserved byte", "boolean", "boolean", *["binary"] * 3, *["extension"] * 3, "32-bit float", "real"]
    kinds += ["integer"] * 4 + ["signed integer"] * 4 + ["extension"] * 5 + ["string"] * 3 + ["array"] * 2 + ["map"] * 2
    return kinds + ["negative integer"] * 0x20


_KINDS: Final = _kinds()

# By first byte: the smallest number or length that needs this form, and the bytes of its header.
_LEAST: Final = {
    **{0xCC: 128, 0xCD: 2**8, 0xCE: 2**16, 0xCF: 2**32},
    **{0xC4: 0, 0xC5: 2**8, 0xC6: 2**16},
    **{0xD9: 32, 0xDA: 2**8, 0xDB: 2**16},
    **{0xDC: 16, 0xDD: 2**16, 0xDE: 16, 0xDF: 2**16},
}
_HEADERS: Final = {0xD9: 2, 0xDA: 3, 0xDB: 5}  # of strings; others have 1


class Reader:
    """A place in an archive, moving on with each value that is read.

    A value is handed to msgpack only once its first byte says that it is of the kind that is wanted, so that msgpack
    never builds a container, and never recurses. Strings and binaries are made once all of their bytes are there. Only
    the shortest forms are accepted.

    Args:
        data: the bytes.
        end: where the values end; messages call it the end of the file.
        name: of the file, for messages.

    Attributes:
        name: as given.
        lenient: whether maps and rows may have more at their ends than is known.

    All that reads raises ArchiveError, whose message has the name, the path of keys and the byte.
    """

    def __init__(self, data: bytes, end: int, name: str) -> None:
        self.name = name
        self.lenient = False
        self._data = data
        self._end = end
        self._start = 0  # of the value at hand
        self._path: list[str | int] = []
        # Every limit is the length of the input, in place of msgpack's own, so that there is nothing to allocate for
        # what is not there. Of arrays and maps only the headers are read.
        limits = dict.fromkeys(("max_str_len", "max_bin_len", "max_array_len", "max_map_len"), end)
        self._unpacker = Unpacker(raw=False, strict_map_key=True, max_buffer_size=max(end, 1), max_ext_len=0, **limits)
        self._unpacker.feed(memoryview(data)[:end])
        self._tell = self._unpacker.tell
        self._unpack = self._unpacker.unpack

    # ------------------------------------------------------------ messages

    def fail(self, wanted: str, got: object, *, at: str | None = None) -> NoReturn:
        """Raises the error for the value that was read last.

        Args:
            wanted: what was expected.
            got: what was found.
            at: another place that it is for: a key in the map at hand, or "" for this map as a whole.
        """
        self.refuse(f"expected {wanted}, got {got}", at=at)

    def refuse(self, why: str, *, at: str | None = None) -> NoReturn:
        """Likewise, in other words."""
        raise ArchiveError(f"{self._place(at)}: {why}")

    def _place(self, at: str | None) -> str:
        path = ""
        for step in [*self._path, at] if at else self._path:
            path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
        offset = f"byte {self._start}"
        if at is not None:
            return f"{self.name}: {path}"
        return f"{self.name}: {path} ({offset})" if path else f"{self.name}: {offset}"

    def here(self) -> str:
        """The file and the path of keys of the value at hand, for messages of others."""
        return self._place("")

    # ------------------------------------------------------------ single values

    def _begin(self, kind: str, wanted: str) -> int:
        """The first byte of the next value, which must be of a kind."""
        start: int = self._tell()
        self._start = start
        if start >= self._end:
            self.fail(wanted, "the end of the file")
        tag: int = self._data[start]
        if _KINDS[tag] != kind:
            self._wrong_kind(tag, wanted)
        return tag

    def _wrong_kind(self, tag: int, wanted: str) -> NoReturn:
        kind = _KINDS[tag]
        self.fail(wanted, kind if kind == "nil" else f"an {kind}" if kind[0] in "aeiou" else f"a {kind}")

    def _take(self, take: Callable[[], T], wanted: str) -> T:
        try:
            return take()
        except OutOfData:
            self.fail(wanted, "the end of the file in its midst")
        except UnicodeDecodeError:
            self.fail(wanted, "one that is not UTF-8")
        except ValueError as error:  # a length over the limits, which are those of the input
            self.fail(wanted, f"one that cannot be ({error})")

    def _check_shortest(self, tag: int, number: int) -> None:
        if number < _LEAST.get(tag, 0):
            self.fail("the shortest form", "a longer one")

    def integer(self, low: int, high: int) -> int:
        """An integer in a range."""
        tag = self._begin("integer", "an integer")
        value: int = self._take(self._unpack, "an integer")
        if tag > 0x7F:
            self._check_shortest(tag, value)
        if not low <= value <= high:
            self.fail(f"an integer from {low} to {high}", value)
        return value

    def real(self, low: float, high: float) -> float:
        """A 64-bit float in a range, which NaN is not."""
        self._begin("real", "a real")
        value: float = self._take(self._unpack, "a real")
        if not low <= value <= high:
            self.fail(f"a real from {low:g} to {high:g}", repr(value))
        return value

    def text(self, most: int) -> str:
        """A string of at most `most` bytes of UTF-8."""
        value, length = self._string("a string")
        if length > most:
            self.fail(f"at most {most} bytes", length)
        return value

    def _string(self, wanted: str) -> tuple[str, int]:
        """Any string, and its length in bytes."""
        tag = self._begin("string", wanted)
        value: str = self._take(self._unpack, wanted)
        length: int = self._tell() - self._start - _HEADERS.get(tag, 1)
        self._check_shortest(tag, length)
        return value, length

    def key(self, wanted: str) -> str:
        """A key of a map."""
        value, _ = self._string(wanted)
        return value

    def binary(self) -> bytes:
        """Bytes."""
        tag = self._begin("binary", "a binary")
        value: bytes = self._take(self._unpack, "a binary")
        self._check_shortest(tag, len(value))
        return value

    def is_nil(self) -> bool:
        """Whether the next value is nil, which is then taken."""
        start = self._tell()
        if start >= self._end or _KINDS[self._data[start]] != "nil":
            return False
        self._unpack()
        return True

    def nil(self, wanted: str) -> None:
        """Nil."""
        self._begin("nil", wanted)
        self._unpack()

    # ------------------------------------------------------------ containers

    def _header(self, kind: str, wanted: str) -> int:
        """The number of values in a container that comes next, which must be there as far as that can be told."""
        tag = self._begin(kind, wanted)
        is_map = kind == "map"
        read = self._unpacker.read_map_header if is_map else self._unpacker.read_array_header
        count: int = self._take(read, wanted)
        self._check_shortest(tag, count)
        left = self._end - self._tell()
        if count * (1 + is_map) > left:
            self.fail(wanted, f"one of {count} in the {left} bytes that are left")
        return count

    def row(self, length: int) -> int:
        """The header of an array of a number of values; how many more there are than this, to be skipped."""
        count = self._header("array", f"an array of {length}")
        if count != length and not (self.lenient and count > length):
            self.fail(f"an array of {length}", f"one of {count}")
        return count - length

    def array(self, length: int) -> None:
        """The header of an array of a number of values, with which nothing can be added."""
        count = self._header("array", f"an array of {length}")
        if count != length:
            self.fail(f"an array of {length}", f"one of {count}")

    def items(self, read: Callable[[], T], low: int, high: int) -> tuple[T, ...]:
        """An array of like values.

        Args:
            read: reads one.
            low: the fewest that there may be.
            high: the most.
        """
        wanted = f"an array of {low}" if low == high else f"an array of {low} to {high}" if low else "an array"
        count = self._header("array", wanted)
        if not low <= count <= high:
            self.fail(wanted, f"one of {count}")
        path = self._path
        path.append(0)
        found = []
        for index in range(count):
            path[-1] = index
            found.append(read())
        path.pop()
        return tuple(found)

    def field(self, key: str, read: Callable[..., T], *arguments: Any) -> T:
        """The next value, under a name in messages."""
        self._path.append(key)
        value = read(*arguments)
        self._path.pop()
        return value

    def element(self, index: int, read: Callable[[], T]) -> T:
        """The next value, under its place in an array in messages."""
        self._path.append(index)
        value = read()
        self._path.pop()
        return value

    def map(self) -> Map:
        """A map, whose keys are then asked for one by one."""
        return Map(self, self._header("map", "a map"))

    def fields(self, readers: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        """A whole map."""
        fields = self.map()
        values = {key: fields.field(key, read) for key, read in readers.items()}
        fields.end()
        return values

    def skip(self, count: int) -> None:
        """Passes over so many values of any kind, each of which must be in its shortest form too."""
        while count > 0:  # no recursion, and nothing to remember: what is inside a container are more values to skip
            count -= 1
            start = self._tell()
            kind = _KINDS[self._data[start]] if start < self._end else ""
            if kind == "integer":
                self.integer(0, MAX_64)
            elif kind == "real":
                self._begin("real", "a real")
                self._take(self._unpack, "a real")
            elif kind == "string":
                self._string("a string")
            elif kind == "binary":
                self.binary()
            elif kind == "array":
                count += self._header("array", "an array")
            elif kind == "map":
                count += 2 * self._header("map", "a map")
            elif not self.is_nil():
                self._begin("value", "a value of a kind that archives have")

    def end(self) -> None:
        """Checks that there is nothing more."""
        self._start = self._tell()
        if self._start != self._end:
            self.fail("the checksum", f"{self._end - self._start} more bytes before it")


class Map:
    """A map that is being read, its keys coming in an order that is known."""

    def __init__(self, reader: Reader, count: int) -> None:
        self._reader = reader
        self._left = count
        self._seen: list[str] = []

    def field(self, key: str, read: Callable[[], T]) -> T:
        """The next key, which must be this one, and its value."""
        reader = self._reader
        wanted = f"the key {key!r}"
        if self._left == 0:
            reader.fail(wanted, "the end of the map")
        found = reader.key(wanted)
        if found != key:
            reader.fail(wanted, _shown(found, self._seen))
        self._left -= 1
        self._seen.append(key)
        return reader.field(key, read)

    def end(self) -> None:
        """Checks that there are no more keys, or skips those of a newer version."""
        reader = self._reader
        for _ in range(self._left):
            found = reader.key("a key")
            if not reader.lenient:
                reader.fail("the end of the map", f"the key {_shown(found, self._seen)}")
            reader.skip(1)


def _shown(key: str, seen: Iterable[str]) -> str:
    """A key as a message shows it."""
    text = repr(key[:_MAX_SHOWN]) + "..." * (len(key) > _MAX_SHOWN)
    return f"{text}, which was there before" if key in seen else text
