"""Reads archives, checking everything that `archive/FORMAT.md` says of them."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import MAX_FEATURES, Precision
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz._lib.native import KINDS, PRECISIONS, name_of, text
from pyamlz.archive._contents import (
    MAX_ISLANDS,
    MAX_SESSION,
    MAX_SOURCE,
    Archive,
    Checkpoint,
    Config,
    Counts,
    Function,
    HistoryRow,
    Hurdle,
    Islands,
    Mark,
    Member,
    ModelArchive,
    PopulationArchive,
    ProgramArchive,
    TasksRecord,
    set_space,
    unpack,
)
from pyamlz.archive._msgpack import MAX_64, Reader
from pyamlz.program import CAPACITY, FUNCTIONS, Dims, Program
from pyamlz.tasks import Kind

MAJOR: Final = 1
MINOR: Final = 1  # of all kinds but models
MODEL_MINOR: Final = 2
MAGIC: Final = b"\x94\xa4amlz\x92"  # how a file begins, before its version
CHECKSUM: Final = b"\xce"  # the header of the checksum

_CAME_WITH = {"islands": 1, "model": MODEL_MINOR}  # kinds that version 1.0 did not have
_CHECKSUM_SIZE = 5
_SMALLEST = len(MAGIC) + 2 + 1 + _CHECKSUM_SIZE  # bytes of an archive with a version and an empty body
_MAX_WRITER = 64  # bytes
_MAX_31 = 2**31 - 1
_MAX_32 = 2**32 - 1


def decode(data: bytes, name: str) -> Archive:
    """The contents of an archive; see :func:`pyamlz.archive.decode`."""
    reader, minor = _begin(data, name)
    return _Decoder(reader, minor).archive()


def _begin(data: bytes, name: str) -> tuple[Reader, int]:
    """A reader at the body of an archive whose checksum is right, and the archive's minor version."""
    check_beginning(data, name)
    if len(data) < _SMALLEST:
        raise ArchiveError(f"{name}: expected an archive, got one that is cut off at byte {len(data)}")
    reader = Reader(data, len(data) - _CHECKSUM_SIZE, name)
    reader.array(4)
    reader.text(len("amlz"))
    minor = _read_version(reader)
    _check_checksum(data, name)
    return reader, minor


def check_beginning(data: bytes, name: str) -> None:
    """Refuses bytes that do not begin as archives do."""
    if not data:
        raise ArchiveError(f"{name}: expected an archive, got an empty file")
    if not data.startswith(MAGIC):
        cut = "one that is cut off" if MAGIC.startswith(data) else "a file that does not begin like one"
        raise ArchiveError(f"{name}: expected an archive, got {cut}")


def _read_version(reader: Reader) -> int:
    reader.array(2)
    major, minor = (reader.field("version", reader.integer, 0, MAX_64) for _ in range(2))
    if major != MAJOR:
        newer = "; a newer pyamlz may read it" if major > MAJOR else ""
        raise ArchiveError(f"{reader.name}: expected version {MAJOR} of the archive format, got {major}.{minor}{newer}")
    reader.lenient = minor > MINOR
    return minor


def _check_checksum(data: bytes, name: str) -> None:
    body = memoryview(data)[:-_CHECKSUM_SIZE]
    expected = CHECKSUM + zlib.crc32(body).to_bytes(4, "big")
    found = data[-_CHECKSUM_SIZE:]
    if found != expected:
        raise ArchiveError(
            f"{name}: checksum (byte {len(body)}): expected {expected.hex()}, got {found.hex()}: the file is damaged, "
            "or cut off"
        )


class _Decoder:
    """Reads the body. What was read before says what may follow."""

    def __init__(self, reader: Reader, minor: int, is_island: bool = False) -> None:
        self.reader = reader
        self.minor = minor
        self.is_island = is_island  # an archive in an archive
        self.dims: Any = None  # the memory that programs must fit, in C
        self.most = (CAPACITY,) * len(FUNCTIONS)  # instructions that they may have
        self.births = (0, MAX_64)  # from which to which
        self.config: Config
        self.float_size: int  # bytes of a number in a model's memory
        self._program = ffi.new("amlz_program *")
        self._error = ffi.new("amlz_error *")

    def archive(self) -> Archive:
        reader = self.reader
        body = reader.map()
        kind = body.field("kind", partial(reader.text, MAX_64))
        kinds: dict[str, tuple[type[Archive], dict[str, Callable[[], Any]]]] = {
            "program": (ProgramArchive, {"dims": self.dims_or_nil, "program": self.program_object}),
            "population": (PopulationArchive, {"dims": self.dims_map, "population": self.members}),
            "checkpoint": (
                Checkpoint,
                {
                    "dims": self.dims_map,
                    "config": self.config_map,
                    "tasks": self.tasks,
                    "evaluations": self.evaluations,
                    "digest": partial(reader.integer, 0, MAX_64),
                    "best": self.best,
                    "mark": self.mark,
                    "session": self.session,
                },
            ),
            "islands": (
                Islands,
                {"islands": partial(reader.items, self.island, 1, MAX_ISLANDS), "session": self.session},
            ),
            "model": (
                ModelArchive,
                {
                    "dims": self.dims_map,
                    "program": self.program_object,
                    "precision": self.precision,
                    "seed": partial(reader.integer, 0, MAX_64),
                    "examples": partial(reader.integer, 0, MAX_64),
                    "runs": self.runs,
                    "memory": self.memory,
                    "preparation": partial(reader.text, MAX_SESSION),
                    "session": partial(self.text_or_nil, MAX_SESSION),
                },
            ),
        }
        for later, minor in _CAME_WITH.items():
            if self.minor < minor:
                del kinds[later]
        if self.is_island and kind != "checkpoint":  # so that nothing recurses
            reader.fail("checkpoint", repr(kind[:40]), at="kind")
        if kind not in kinds:
            reader.fail(f"one of {', '.join(kinds)}", repr(kind[:40]), at="kind")
        reader.lenient = self.minor > (MODEL_MINOR if kind == "model" else MINOR)
        contents, readers = kinds[kind]
        readers = {"writer": partial(reader.text, _MAX_WRITER), **readers}
        values = {key: body.field(key, read) for key, read in readers.items()}
        body.end()
        reader.end()
        if kind == "checkpoint":
            self.check_evaluations(values["evaluations"], values["mark"].counts.evaluations)
        return contents(**values)

    def text_or_nil(self, most: int) -> str | None:
        return None if self.reader.is_nil() else self.reader.text(most)

    def session(self) -> str | None:
        if not self.is_island:
            return self.text_or_nil(MAX_SESSION)
        self.reader.nil("nil in an archive of islands, which has one for all")
        return None

    def island(self) -> Checkpoint:
        data, name = self.reader.binary(), self.reader.here()
        reader, minor = _begin(data, name)
        if minor != self.minor:
            around = f"version {MAJOR}.{self.minor}, that of the archive around it"
            raise ArchiveError(f"{name}: version: expected {around}, got {MAJOR}.{minor}")
        return cast(Checkpoint, _Decoder(reader, minor, is_island=True).archive())

    # ------------------------------------------------------------ memory and programs

    def dims_or_nil(self) -> Dims | None:
        if not self.reader.is_nil():
            return self.dims_map()
        most = lib.AMLZ_MAX_ADDRESSES  # what a program can name it may have
        self.dims = Dims(n_features=1, n_scalars=most, n_vectors=most, n_matrices=most)._c()
        return None

    def dims_map(self) -> Dims:
        integer, most = self.reader.integer, lib.AMLZ_MAX_ADDRESSES
        values = self.reader.fields(
            {
                "features": partial(integer, 1, MAX_FEATURES),
                "scalars": partial(integer, 2, most),
                "vectors": partial(integer, 1, most),
                "matrices": partial(integer, 0, most),
                "label": partial(integer, 0, len(KINDS) - 1),
                "classes": partial(integer, 0, MAX_FEATURES),
            }
        )
        try:
            dims = Dims(
                n_features=values["features"],
                n_scalars=values["scalars"],
                n_vectors=values["vectors"],
                n_matrices=values["matrices"],
                kind=cast(Kind, name_of(values["label"], KINDS)),
                n_classes=values["classes"],
            )
        except InputError as error:
            self.reader.refuse(str(error))
        self.dims = dims._c()
        return dims

    def program(self) -> bytes:
        """A program that fits the memory and the sizes that it may have."""
        packed, program, error = self.reader.binary(), self._program, self._error
        if lib.amlz_program_unpack(packed, len(packed), program, error) != lib.AMLZ_OK:
            self.reader.refuse(f"byte {error.column} of the program: {text(error.message)}")
        if lib.amlz_program_check(program, self.dims, error) != lib.AMLZ_OK:
            self.reader.refuse(f"instruction {error.line} of a function: {text(error.message)}")
        for name, size, most in zip(FUNCTIONS, program.size, self.most, strict=True):
            if size > most:
                self.reader.fail(f"at most {most} instructions in {name}", size)
        return packed

    def program_object(self) -> Program:
        return unpack(self.program())

    def origin(self) -> tuple[int, int, int]:
        """Birth, parent and action of a member."""
        reader = self.reader
        birth = reader.field("birth", reader.integer, *self.births)
        parent = reader.field("parent", reader.integer, 0, max(birth - 1, 0))
        return birth, parent, reader.field("action", reader.integer, 0, lib.AMLZ_MUTATION_COUNT - 1)

    def member(self) -> Member:
        reader = self.reader
        surplus = reader.row(5)
        packed = reader.field("program", self.program)
        fitness = reader.field("fitness", reader.real, 0, 1)
        member = Member(packed, fitness, *self.origin())
        reader.skip(surplus)
        return member

    def members(self, low: int = 0, high: int = _MAX_32) -> tuple[Member, ...]:
        return self.reader.items(self.member, low, high)

    def best(self) -> Member | None:
        """A member, which is there just if there were evaluations."""
        _, last = self.births
        if last > 0:
            return self.member()
        self.reader.nil("nil before the first evaluation")
        return None

    # ------------------------------------------------------------ models

    def precision(self) -> Precision:
        number = self.reader.integer(0, lib.AMLZ_FLOAT64)
        self.float_size = 4 if number == lib.AMLZ_FLOAT32 else 8
        return cast(Precision, name_of(number, PRECISIONS))

    def runs(self) -> tuple[int, ...]:
        self.reader.array(len(FUNCTIONS))
        whole = partial(self.reader.integer, 0, MAX_64)
        return tuple(self.reader.element(i, whole) for i in range(len(FUNCTIONS)))

    def memory(self) -> tuple[bytes, ...]:
        reader, dims = self.reader, self.dims
        width = int(dims.n_features)
        sizes = (dims.n_scalars, dims.n_vectors * width, dims.n_matrices * width * width)

        def numbers(count: int) -> bytes:
            found = reader.binary()
            if len(found) != count * self.float_size:
                reader.fail(f"{count * self.float_size} bytes", len(found))
            return found

        reader.array(len(sizes))
        return tuple(reader.element(i, partial(numbers, int(count))) for i, count in enumerate(sizes))

    # ------------------------------------------------------------ configuration

    def config_map(self) -> Config:
        integer, real = self.reader.integer, self.reader.real
        word, positive = partial(integer, 0, _MAX_32), partial(integer, 1, _MAX_32)
        largest = partial(real, 0, sys.float_info.max)
        of_1_1: dict[str, Callable[[], Any]] = {
            "redraws": word,
            "hurdles": partial(self.reader.items, self.hurdle, 0, lib.AMLZ_MAX_HURDLES),
            "hurdle_percentile": partial(real, 0, 1),
            "hurdle_window": word,
        }
        values = self.reader.fields(
            {
                "seed": partial(integer, 0, MAX_64),
                "algorithm": partial(integer, 0, lib.AMLZ_RANDOM_SEARCH),
                "start": partial(integer, 0, lib.AMLZ_START_PROGRAM),
                "combine": partial(integer, 0, lib.AMLZ_MEDIAN),
                "precision": partial(integer, 0, lib.AMLZ_FLOAT64),
                "population_size": positive,
                "tournament_size": positive,
                "mutate_prob": partial(real, 0, 1),
                "mutations": partial(self.numbers, largest, lib.AMLZ_MUTATION_COUNT),
                "cache_size": word,
                "fec_size": word,
                "fec_train": word,
                "fec_valid": word,
                "cache_period": positive,
                "cache_work": partial(integer, 1, MAX_64),
                "history_size": word,
                "max_cost": largest,
                "must_learn": partial(integer, 0, 1),
                "functions": self.functions,
                "start_program": self.program_object,
                **(of_1_1 if self.minor >= 1 else {}),
            }
        )
        self.config = config = Config(**values)
        reason = ffi.new("const char **")
        if lib.amlz_search_size(config._c(self.dims), 1, reason) == 0:
            self.reader.refuse(text(reason[0]), at="")
        return config

    def numbers(self, read: Callable[[], Any], length: int) -> tuple[Any, ...]:
        """A row of numbers."""
        surplus = self.reader.row(length)
        values = tuple(self.reader.element(i, read) for i in range(length))
        self.reader.skip(surplus)
        return values

    def hurdle(self) -> Hurdle:
        reader = self.reader
        surplus = reader.row(2)
        hurdle = Hurdle(*(reader.field(name, reader.integer, 1, _MAX_31) for name in Hurdle._fields))
        reader.skip(surplus)
        return hurdle

    def functions(self) -> tuple[Function, ...]:
        reader = self.reader
        reader.array(len(FUNCTIONS))
        functions = tuple(reader.element(i, self.function) for i in range(len(FUNCTIONS)))
        space, reason = ffi.new("amlz_space *"), ffi.new("const char **")
        set_space(space, self.dims, functions)
        if lib.amlz_space_check(space, reason) != lib.AMLZ_OK:
            reader.refuse(text(reason[0]))
        self.most = tuple(function.max_size if function.ops else CAPACITY for function in functions)
        return functions

    def function(self) -> Function:
        reader = self.reader
        surplus = reader.row(4)
        low, high, initial = (reader.field(name, reader.integer, 0, CAPACITY) for name in Function._fields[:3])
        ops = reader.field("ops", reader.binary)
        if len(ops) > lib.AMLZ_MAX_OPS:
            reader.fail(f"at most {lib.AMLZ_MAX_OPS} ops", len(ops), at="ops")
        reader.skip(surplus)
        return Function(low, high, initial, ops)

    # ------------------------------------------------------------ tasks

    def tasks(self) -> TasksRecord:
        reader, config = self.reader, self.config
        positive, whole = partial(reader.integer, 1, _MAX_32), partial(reader.integer, 0, MAX_64)
        looked_at = list(config.hurdles)  # examples that must be there
        if config.fec_size > 0:
            looked_at.append(Hurdle(config.fec_train, config.fec_valid))
        least = [max((1, *sizes)) for sizes in zip((1, 1), *looked_at, strict=True)]
        fields = reader.map()
        count = fields.field("count", positive)
        train = fields.field("train", partial(reader.integer, least[0], _MAX_31))
        valid = fields.field("valid", partial(reader.integer, least[1], _MAX_31))
        record = TasksRecord(
            count=count,
            train=train,
            valid=valid,
            epochs=fields.field("epochs", positive),
            order_seed=fields.field("order_seed", whole),
            digest=fields.field("digest", whole),
            source=fields.field("source", partial(self.text_or_nil, MAX_SOURCE)),
            data=fields.field("data", partial(self.data, count, train, valid)),
        )
        fields.end()
        return record

    def data(self, count: int, train: int, valid: int) -> tuple[tuple[bytes, ...], ...] | None:
        reader = self.reader
        if reader.is_nil():
            return None
        size = 4 if self.config.precision == lib.AMLZ_FLOAT32 else 8
        n_features = int(self.dims.n_features)
        sizes = [n * per_example * size for n in (train, valid) for per_example in (n_features, 1)]

        def numbers(size: int) -> bytes:
            found = reader.binary()
            if len(found) != size:
                reader.fail(f"{size} bytes", len(found))
            return found

        def task() -> tuple[bytes, ...]:
            reader.array(len(sizes))
            return tuple(reader.element(i, partial(numbers, size)) for i, size in enumerate(sizes))

        return reader.items(task, count, count)

    # ------------------------------------------------------------ state

    def evaluations(self) -> int:
        evaluations = self.reader.integer(0, MAX_64)
        self.births = (1, evaluations)
        return evaluations

    def mark(self) -> Mark:
        reader = self.reader
        fields = reader.map()
        counts = fields.field("counts", self.counts)
        self.births = (1, counts.evaluations)
        rng = fields.field("rng", self.rng)
        n_members = min(counts.evaluations, self.config.population_size)
        mark = Mark(
            counts=counts,
            rng=rng,
            population=fields.field("population", partial(self.members, n_members, n_members)),
            hall=fields.field("hall", self.members),
            history=fields.field("history", self.history),
            best=fields.field("best", self.best),
        )
        fields.end()
        return mark

    def counts(self) -> Counts:
        reader, whole = self.reader, partial(self.reader.integer, 0, MAX_64)
        n_hurdles = len(self.config.hurdles)
        readers: dict[str, Callable[[], Any]] = dict.fromkeys(Counts._fields, whole)
        readers["hurdle_stops"] = partial(reader.items, whole, n_hurdles, n_hurdles)
        if self.minor < 1:
            readers = {name: read for name, read in readers.items() if name not in Counts._field_defaults}
        surplus = reader.row(len(readers))
        counts = Counts(**{name: reader.field(name, read) for name, read in readers.items()})
        reader.skip(surplus)
        return counts

    def rng(self) -> tuple[int, ...]:
        reader = self.reader
        reader.array(4)
        state = tuple(reader.element(i, partial(reader.integer, 0, MAX_64)) for i in range(4))
        if not any(state):
            reader.fail("a state that is not all 0", "one that is")
        return state

    def history(self) -> tuple[HistoryRow, ...]:
        reader = self.reader
        best, last = -1.0, 0  # of the row before

        def row() -> HistoryRow:
            nonlocal best, last
            surplus = reader.row(4)
            fitness = reader.field("fitness", reader.real, 0, 1)
            row = HistoryRow(fitness, *self.origin())
            if not (row.fitness > best and row.birth > last):
                reader.fail(f"a fitness over {best!r} and a birth after {last}", f"{row.fitness!r} and {row.birth}")
            best, last = row.fitness, row.birth
            reader.skip(surplus)
            return row

        return reader.items(row, 0, self.config.history_size)

    def check_evaluations(self, evaluations: int, at_mark: int) -> None:
        """What was done since the mark must be what a search can have done."""
        config = self.config
        has_memory = config.cache_size > 0 or config.fec_size > 0 or config.hurdles  # which is emptied at a mark
        most = at_mark + (config.cache_period if has_memory else 0)
        if not at_mark <= evaluations <= most:
            self.reader.fail(f"an integer from {at_mark} to {most}, by the mark", evaluations, at="evaluations")
