"""Schemas of the values in archives: each says what may stand in its place, and so reads, checks and writes it.

A schema says everything once. `read` takes a value from bytes and checks it; `check` does so to a value that is to be
written; `plain` turns one that was checked into what msgpack writes. All three go through the values in the order of
the file, and bounds may be functions of what came before: `seen` has the last value under each key.
"""

from __future__ import annotations

import itertools
import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pyamlz._lib.errors import InputError
from pyamlz.archive._msgpack import FormatError, Reader, a, array_of, refuse

Seen: TypeAlias = dict[str, Any]
Bound: TypeAlias = int | Callable[[Seen], int]
Rule: TypeAlias = Callable[[Any, Seen], None]  # raises FormatError

_MAX_SHOWN = 40  # characters of a foreign string in a message
_KINDS: Final = {bool: "boolean", int: "integer", float: "real", str: "string", bytes: "binary", type(None): "nil"}


def _at(bound: Bound, seen: Seen) -> int:
    return bound if isinstance(bound, int) else bound(seen)


def _refuse_kind(wanted: str, value: object) -> None:
    """Raises the FormatError of a value of another kind."""
    kind = _KINDS.get(type(value), type(value).__name__)
    refuse(wanted, a("negative integer" if kind == "integer" and str(value).startswith("-") else kind))


class Schema(ABC):
    """What may stand in one place.

    Attributes:
        since: the minor version that it came with, where it is a field.
        rule: what else is to be checked of a value.
    """

    since = 0
    rule: Rule | None = None

    @abstractmethod
    def read(self, reader: Reader, seen: Seen) -> Any:
        """The next value of an archive."""

    @abstractmethod
    def check(self, value: Any, seen: Seen) -> None:
        """Refuses a value that an archive cannot have."""

    def plain(self, value: Any) -> Any:
        """A value that was checked, as msgpack takes it."""
        return value

    def _whole(self, value: Any, seen: Seen, reader: Reader, start: int | None) -> Any:
        """A value with several parts that have been read; what is wrong with all together is wrong where it begins."""
        if self.rule is not None:
            last, reader.start = reader.start, start
            self.rule(value, seen)
            reader.start = last
        return value


class Leaf(Schema):
    """A single value, which is the same in the file and here."""

    kind: str  # as the reader calls it

    def read(self, reader: Reader, seen: Seen) -> Any:
        value = reader.take(self.kind)
        self.check(value, seen)
        return value


class Integer(Leaf):
    """An integer in a range, without a sign."""

    kind = "integer"

    def __init__(self, low: Bound, high: Bound) -> None:
        self.low, self.high = low, high

    def check(self, value: Any, seen: Seen) -> None:
        if type(value) is not int or value < 0:
            _refuse_kind("an integer", value)
        low = self.low if type(self.low) is int else _at(self.low, seen)
        high = self.high if type(self.high) is int else _at(self.high, seen)
        if not low <= value <= high:
            refuse(f"an integer from {low} to {high}", value)


class Real(Leaf):
    """A 64-bit float in a range, which NaN is not."""

    kind = "real"

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def check(self, value: Any, seen: Seen) -> None:
        if not isinstance(value, float):
            _refuse_kind("a real", value)
        if not self.low <= value <= self.high:
            refuse(f"a real from {self.low:g} to {self.high:g}", repr(value))


class Text(Leaf):
    """A string of so many bytes of UTF-8 at most."""

    kind = "string"

    def __init__(self, most: int) -> None:
        self.most = most

    def check(self, value: Any, seen: Seen) -> None:
        if not isinstance(value, str):
            _refuse_kind("a string", value)
        try:
            length = len(value) if value.isascii() else len(value.encode())
        except UnicodeEncodeError:
            refuse("a string", "one that UTF-8 cannot have")
        if length > self.most:
            refuse(f"at most {self.most} bytes", length)


class Binary(Leaf):
    """Bytes.

    Args:
        size: how many; None: any number.
        rule: what else is to be checked.
    """

    kind = "binary"

    def __init__(self, size: Bound | None = None, rule: Rule | None = None) -> None:
        self.size, self.rule = size, rule

    def check(self, value: Any, seen: Seen) -> None:
        if not isinstance(value, bytes):
            _refuse_kind("a binary", value)
        if self.size is not None and len(value) != (size := _at(self.size, seen)):
            refuse(f"{size} bytes", len(value))
        if self.rule is not None:
            self.rule(value, seen)


class Held(Schema):
    """A value that is another one in the file.

    Args:
        cls: what it is here.
        schema: of what it is there.
        load: makes the one of the other, and
        dump: the other of the one.
    """

    def __init__(self, cls: type, schema: Schema, load: Callable[[Any], Any], dump: Callable[[Any], Any]) -> None:
        self.cls, self.schema, self.load, self.dump = cls, schema, load, dump

    def read(self, reader: Reader, seen: Seen) -> Any:
        return self.load(self.schema.read(reader, seen))

    def check(self, value: Any, seen: Seen) -> None:
        if not isinstance(value, self.cls):
            _refuse_kind(a(self.cls.__name__), value)
        self.schema.check(self.dump(value), seen)

    def plain(self, value: Any) -> Any:
        return self.schema.plain(self.dump(value))


def named(names: Sequence[str]) -> Held:
    """A name, which is its place among the names in the file."""

    def number(name: str) -> int:
        if name not in names:
            refuse(f"one of {', '.join(names)}", repr(name))
        return names.index(name)

    return Held(object, Integer(0, len(names) - 1), names.__getitem__, number)


class Maybe(Schema):
    """A value that may be nil.

    Args:
        schema: of the value.
        is_there: says whether it must be there; None: it may be.
        why_not: what messages call the nil that must be there.
    """

    def __init__(
        self, schema: Schema, is_there: Callable[[Seen], bool | None] = lambda _: None, why_not: str = "nil"
    ) -> None:
        self.schema, self.is_there, self.why_not = schema, is_there, why_not

    def read(self, reader: Reader, seen: Seen) -> Any:
        is_there = self.is_there(seen)
        if is_there or (is_there is None and not reader.is_nil()):
            return self.schema.read(reader, seen)
        return reader.take("nil", self.why_not)

    def check(self, value: Any, seen: Seen) -> None:
        is_there = self.is_there(seen)
        if value is not None and is_there is False:
            _refuse_kind(self.why_not, value)
        elif value is not None or is_there:
            self.schema.check(value, seen)

    def plain(self, value: Any) -> Any:
        return None if value is None else self.schema.plain(value)


class Items(Schema):
    """An array of values, a tuple here.

    Args:
        item: of each; or those of each place.
        low: the fewest that there may be.
        high: the most.
        is_row: whether a newer version may have more of them.
        rule: what is to be checked of all together.
    """

    def __init__(
        self,
        item: Schema | Sequence[Schema],
        low: Bound,
        high: Bound,
        *,
        is_row: bool = False,
        rule: Rule | None = None,
    ) -> None:
        self.item, self.low, self.high, self.is_row, self.rule = item, low, high, is_row, rule

    def _range(self, seen: Seen) -> tuple[int, int]:
        return _at(self.low, seen), _at(self.high, seen)

    def _each(self, count: int) -> Iterable[Schema]:
        """The schemas of so many."""
        return itertools.repeat(self.item, count) if isinstance(self.item, Schema) else self.item[:count]

    def read(self, reader: Reader, seen: Seen) -> Any:
        count, surplus = reader.array(*self._range(seen), is_open=self.is_row)
        start, items = reader.start, []
        for index, schema in enumerate(self._each(count)):
            try:
                items.append(schema.read(reader, seen))
            except FormatError as error:
                raise error.under(index) from None
        reader.skip(surplus)
        return self._whole(tuple(items), seen, reader, start)

    def check(self, value: Any, seen: Seen) -> None:
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            _refuse_kind(array_of(*self._range(seen)), value)
        self.check_count(len(value), seen)
        for index, schema in enumerate(self._each(len(value))):
            try:
                schema.check(value[index], seen)
            except FormatError as error:
                raise error.under(index) from None
        if self.rule is not None:
            self.rule(value, seen)

    def check_count(self, count: int, seen: Seen) -> None:
        """Refuses too few and too many."""
        low, high = self._range(seen)
        if not low <= count <= high:
            refuse(array_of(low, high), f"one of {count}")

    def plain(self, value: Any) -> Any:
        return [schema.plain(item) for schema, item in zip(self._each(len(value)), value, strict=True)]


class Record(Schema):
    """A map with keys that are known, or a row, which has the same values without the keys.

    Args:
        cls: what it is here.
        fields: the schema of each value, by key, in the order of the file.
        names: attributes of `cls` that are not called like their keys.
        is_row: whether it is a row.
        rule: what is to be checked of all together.
        build: what makes one of its values by name, if not `cls`.
    """

    def __init__(
        self,
        cls: type,
        fields: Mapping[str, Schema],
        *,
        names: Mapping[str, str] | None = None,
        is_row: bool = False,
        rule: Rule | None = None,
        build: Callable[..., Any] | None = None,
    ) -> None:
        self.cls, self.is_row, self.rule, self.build = cls, is_row, rule, build or cls
        self.fields = [(key, (names or {}).get(key, key), schema) for key, schema in fields.items()]
        self.newest = max(schema.since for schema in fields.values())
        self._values: Callable[[Any], tuple[Any, ...]] = operator.attrgetter(*(name for _, name, _ in self.fields))

    def _known(self, seen: Seen) -> list[tuple[str, str, Schema]]:
        """The fields that the version at hand has."""
        if seen["minor"] >= self.newest:
            return self.fields
        return [field for field in self.fields if field[2].since <= seen["minor"]]

    def read(self, reader: Reader, seen: Seen, keys: Keys | None = None) -> Any:
        """The next value of an archive, or the rest of a map of which keys have been read."""
        fields, surplus, values = self._known(seen), 0, {}
        if self.is_row:
            _, surplus = reader.array(len(fields), len(fields), is_open=True)
        elif keys is None:
            keys = Keys(reader)
        start = reader.start if keys is None else keys.start
        for key, name, schema in fields:
            if keys is not None:
                keys.take(key)
            try:
                values[name] = seen[key] = schema.read(reader, seen)
            except FormatError as error:
                raise error.under(key) from None
        reader.skip(surplus)
        if keys is not None:
            keys.end()
        try:
            built = self.build(**values)
        except InputError as error:
            reader.start = start
            raise FormatError(str(error)) from None
        return self._whole(built, seen, reader, start)

    def check(self, value: Any, seen: Seen) -> None:
        if not isinstance(value, self.cls):
            _refuse_kind(a(self.cls.__name__), value)
        for (key, _, schema), item in zip(self.fields, self._values(value), strict=True):
            try:
                schema.check(item, seen)
            except FormatError as error:
                raise error.under(key) from None
            seen[key] = item
        if self.rule is not None:
            self.rule(value, seen)

    def plain(self, value: Any) -> Any:
        values = {
            key: schema.plain(item) for (key, _, schema), item in zip(self.fields, self._values(value), strict=True)
        }
        return list(values.values()) if self.is_row else values


class Keys:
    """The keys of a map that comes next, in an order that is known."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._left = reader.header("map")
        self.start = reader.start
        self._seen: list[str] = []

    def take(self, key: str) -> None:
        """The next key, which must be this one; its value comes."""
        wanted = f"the key {key!r}"
        if self._left == 0:
            refuse(wanted, "the end of the map")
        found = self.reader.take("string", wanted)
        if found != key:
            refuse(wanted, self._shown(found))
        self._left -= 1
        self._seen.append(key)

    def end(self) -> None:
        """Checks that there are no more, or passes over those of a newer version and their values."""
        for _ in range(self._left):
            found = self.reader.take("string", "a key")
            if not self.reader.is_lenient:
                refuse("the end of the map", f"the key {self._shown(found)}")
            self.reader.skip(1)

    def _shown(self, key: str) -> str:
        """A key as a message shows it."""
        text = repr(key[:_MAX_SHOWN]) + "..." * (len(key) > _MAX_SHOWN)
        return f"{text}, which was there before" if key in self._seen else text
