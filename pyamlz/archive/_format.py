"""The format of archives, `archive/FORMAT.md`, as schemas: what may stand where, in the order of the file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final, TypeVar

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import MAX_FEATURES
from pyamlz._lib.errors import InputError
from pyamlz._lib.native import KINDS, PRECISIONS, text
from pyamlz.archive._contents import (
    MAX_ISLANDS,
    MAX_SESSION,
    MAX_SOURCE,
    Checkpoint,
    Config,
    Function,
    Islands,
    Mark,
    ModelArchive,
    PopulationArchive,
    ProgramArchive,
    TasksRecord,
    set_space,
)
from pyamlz.archive._members import ACTIONS, Counts, Improvement, Member, Members, pack, unpack
from pyamlz.archive._msgpack import MAX_64, FormatError, Reader, a, refuse
from pyamlz.archive._schema import Binary, Bound, Held, Integer, Items, Maybe, Real, Record, Schema, Seen, Text, named
from pyamlz.program import CAPACITY, FUNCTIONS, Dims, Hurdle, Program, Setting, Settings
from pyamlz.program import _settings as settings

T = TypeVar("T", bound=Schema)

_MAX_31 = 2**31 - 1
_MAX_32 = 2**32 - 1


def _since(minor: int, schema: T) -> T:
    """The schema of a field that came with a minor version."""
    schema.since = minor
    return schema


WORD: Final = Integer(0, _MAX_32)
POSITIVE: Final = Integer(1, _MAX_32)
WHOLE: Final = Integer(0, MAX_64)
SHARE: Final = Real(0, 1)
LARGEST: Final = Real(0, sys.float_info.max)

# ---------------------------------------------------------------- memory and programs

ADDRESSES: Final = lib.AMLZ_MAX_ADDRESSES
DIMS: Final = Record(
    Dims,
    {
        "features": Integer(1, MAX_FEATURES),
        "scalars": Integer(2, ADDRESSES),
        "vectors": Integer(1, ADDRESSES),
        "matrices": Integer(0, ADDRESSES),
        "label": named(tuple(KINDS)),
        "classes": Integer(0, MAX_FEATURES),
    },
    names={"label": "kind", **{key: f"n_{key}" for key in ("features", "scalars", "vectors", "matrices", "classes")}},
)
ANY_DIMS: Final = Dims(n_features=1, n_scalars=ADDRESSES, n_vectors=ADDRESSES, n_matrices=ADDRESSES)


class _Fitting:
    """Checks packed programs: that they fit the memory, and the sizes that they may have."""

    def __init__(self, dims: Dims | None, functions: tuple[Function, ...]) -> None:
        self.dims = (dims or ANY_DIMS)._c()  # what a program can name it may have
        self.most = [function.max_size if function.ops else CAPACITY for function in functions]
        self.program, self.error = ffi.new("amlz_program *"), ffi.new("amlz_error *")

    def check(self, packed: bytes) -> None:
        program, error = self.program, self.error
        if lib.amlz_program_unpack(packed, len(packed), program, error) != lib.AMLZ_OK:
            raise FormatError(f"byte {error.column} of the program: {text(error.message)}")
        if lib.amlz_program_check(program, self.dims, error) != lib.AMLZ_OK:
            raise FormatError(f"instruction {error.line} of a function: {text(error.message)}")
        if self.most:
            for name, size, most in zip(FUNCTIONS, program.size, self.most, strict=True):
                if size > most:
                    refuse(f"at most {most} instructions in {name}", size)


def _check_program(packed: bytes, seen: Seen) -> None:
    if "fitting" not in seen:  # what it is made of was read before the first program
        seen["fitting"] = _Fitting(seen["dims"], seen.get("functions", ()))
    seen["fitting"].check(packed)


PACKED: Final = Binary(rule=_check_program)
PROGRAM: Final = Held(Program, PACKED, unpack, pack)

# ---------------------------------------------------------------- members

# The birth of a member is at most the number of evaluations that was read last: first that of the search as it is, then
# that at the mark. In a population there is none.
ORIGIN: Final[dict[str, Schema]] = {
    "fitness": SHARE,
    "birth": Integer(lambda seen: int("evaluations" in seen), lambda seen: seen.get("evaluations", MAX_64)),
    "parent": Integer(0, lambda seen: max(seen["birth"] - 1, 0)),
    "action": named(ACTIONS),
}
MEMBER: Final = Record(
    Member, {"program": PACKED, **ORIGIN}, names={"program": "packed", "birth": "evaluation"}, is_row=True
)
_MEMBER_ROW: Final = Record(  # of which columns are made, without a Member for each
    tuple,
    {"program": PACKED, **ORIGIN, "action": Integer(0, len(ACTIONS) - 1)},
    is_row=True,
    build=lambda **values: tuple(values.values()),
)
IMPROVEMENT: Final = Record(Improvement, ORIGIN, names={"birth": "evaluation"}, is_row=True)
BEST: Final = Maybe(MEMBER, lambda seen: seen["evaluations"] > 0, "nil before the first evaluation")

_ORIGIN: Final = ("dims", "functions", "evaluations")  # what decides which members there can be


class _MemberItems(Items):
    """Members. As columns they are right by construction where what they come from is the same."""

    def __init__(self, low: Bound, high: Bound) -> None:
        super().__init__(MEMBER, low, high)
        self._rows = Items(_MEMBER_ROW, low, high)

    def read(self, reader: Reader, seen: Seen) -> Any:
        columns = tuple(zip(*self._rows.read(reader, seen), strict=True))
        return Members(columns or ((),) * len(Member.__slots__), {key: seen[key] for key in _ORIGIN if key in seen})

    def check(self, value: Any, seen: Seen) -> None:
        if isinstance(value, Members) and all(seen[key] == value.origin.get(key) for key in _ORIGIN if key in seen):
            self.check_count(len(value), seen)
        else:
            super().check(value, seen)

    def plain(self, value: Any) -> Any:
        return list((value if isinstance(value, Members) else Members.of(value)).rows())


def _check_rising(history: tuple[Improvement, ...], seen: Seen) -> None:
    best, last = -1.0, 0
    for index, row in enumerate(history):
        if not (row.fitness > best and row.evaluation > last):
            why = f"expected a fitness over {best!r} and a birth after {last}, got {row.fitness!r} and {row.evaluation}"
            raise FormatError(why, has_byte=False).under(index)
        best, last = row.fitness, row.evaluation


# ---------------------------------------------------------------- configuration


def _check_functions(functions: tuple[Function, ...], seen: Seen) -> None:
    space, reason = ffi.new("amlz_space *"), ffi.new("const char **")
    set_space(space, seen["dims"]._c(), functions)
    if lib.amlz_space_check(space, reason) != lib.AMLZ_OK:
        raise FormatError(text(reason[0]))


def _check_ops(ops: bytes, seen: Seen) -> None:
    if len(ops) > lib.AMLZ_MAX_OPS:
        refuse(f"at most {lib.AMLZ_MAX_OPS} ops", len(ops))


SIZE: Final = Integer(0, CAPACITY)
PRECISION: Final = named(tuple(PRECISIONS))
FUNCTION: Final = Record(
    Function, {"min_size": SIZE, "max_size": SIZE, "init_size": SIZE, "ops": Binary(rule=_check_ops)}, is_row=True
)
HURDLE: Final = Record(Hurdle, {"n_train": Integer(1, _MAX_31), "n_valid": Integer(1, _MAX_31)}, is_row=True)


def _count_of(weights: settings.Weights) -> Callable[[Seen], int]:
    return lambda seen: weights.count(seen["minor"])


def _schema_of(setting: Setting) -> Schema:
    """What stands for a setting."""
    kind = setting.kind
    schema: Schema | None = None
    if isinstance(kind, settings.Whole):
        schema = Integer(kind.least, kind.most)
    elif isinstance(kind, settings.Real):
        schema = Real(kind.low, kind.high)
    elif isinstance(kind, settings.Weights):
        count = _count_of(kind)
        schema = Items(LARGEST, count, count, is_row=True)
    elif isinstance(kind, settings.Hurdles):
        schema = Items(HURDLE, 0, kind.most)
    assert schema is not None
    return _since(setting.minor, schema)


def _fields_of_config() -> dict[str, Schema]:
    """The settings, the others where version 1.0 has them, in the order of the file."""
    first = [setting for setting in settings.NUMBERS if setting.minor == 0]
    later = [setting for setting in settings.NUMBERS if setting.minor > 0]
    fields: dict[str, Schema] = {"seed": WHOLE}
    for setting in first:
        fields[setting.name] = _schema_of(setting)
        if setting.name == "combine":
            fields["precision"] = PRECISION
    fields["functions"] = Items(FUNCTION, len(FUNCTIONS), len(FUNCTIONS), rule=_check_functions)
    fields["start_program"] = PROGRAM
    return {**fields, **{setting.name: _schema_of(setting) for setting in later}}


def _config_of(numbers: SimpleNamespace) -> Config:
    return Config(
        seed=numbers.seed,
        precision=numbers.precision,
        settings=Settings.of_numbers(vars(numbers), numbers.start_program),
        functions=numbers.functions,
    )


def _numbers_of(config: Config) -> SimpleNamespace:
    if not isinstance(config.settings, Settings):
        raise FormatError(f"expected Settings, got {a(type(config.settings).__name__)}").under("settings")
    return SimpleNamespace(
        seed=config.seed,
        precision=config.precision,
        functions=config.functions,
        start_program=config.settings.start_program or Program(),
        **{setting.name: config.settings.number(setting) for setting in settings.NUMBERS},
    )


def _check_config(numbers: SimpleNamespace, seen: Seen) -> None:
    try:
        settings.check_config(_config_of(numbers)._c(seen["dims"]._c()))
    except InputError as error:
        raise FormatError(str(error)) from None


CONFIG_FIELDS: Final = _fields_of_config()
CONFIG: Final = Held(Config, Record(SimpleNamespace, CONFIG_FIELDS, rule=_check_config), _config_of, _numbers_of)

# ---------------------------------------------------------------- tasks


def _most_seen(seen: Seen, part: int) -> int:
    """Examples of a task that hurdles and fingerprints look at, which must be there: of training 0, of validation 1."""
    of: Settings = seen["config"].settings
    fingerprint = [(of.fec_train, of.fec_valid)] if of.fec_size > 0 else []
    return max(1, *(sizes[part] for sizes in [(1, 1), *of.hurdles, *fingerprint]))


def _float_size(seen: Seen) -> int:
    """Bytes of a number."""
    return 4 if seen["precision"] == "float32" else 8


def _numbers(examples: str, per_example: str | None = None) -> Binary:
    """The numbers of a task's examples, so many of each."""

    def size(seen: Seen) -> int:
        return int(seen[examples] * (seen[per_example] if per_example else 1) * _float_size(seen))

    return Binary(size)


TASK: Final = Items(
    [_numbers("train", "features"), _numbers("train"), _numbers("valid", "features"), _numbers("valid")], 4, 4
)
TASKS: Final = Record(
    TasksRecord,
    {
        "count": POSITIVE,
        "train": Integer(lambda seen: _most_seen(seen, 0), _MAX_31),
        "valid": Integer(lambda seen: _most_seen(seen, 1), _MAX_31),
        "epochs": POSITIVE,
        "order_seed": WHOLE,
        "digest": WHOLE,
        "source": Maybe(Text(MAX_SOURCE)),
        "data": Maybe(Items(TASK, lambda seen: int(seen["count"]), lambda seen: int(seen["count"]))),
    },
)

# ---------------------------------------------------------------- state


def _n_hurdles(seen: Seen) -> int:
    return len(seen["config"].settings.hurdles)


def _n_members(seen: Seen) -> int:
    return min(int(seen["evaluations"]), int(seen["config"].settings.population_size))


def _check_random(state: tuple[int, ...], seen: Seen) -> None:
    if not any(state):
        refuse("a state that is not all 0", "one that is")


def _check_evaluations(checkpoint: Checkpoint, seen: Seen) -> None:
    """What was done since the mark must be what a search can have done."""
    of, at_mark = checkpoint.config.settings, checkpoint.mark.counts.evaluations
    has_memory = of.cache_size > 0 or of.fec_size > 0 or of.hurdles or of.structures > 0  # which is emptied at a mark
    most = at_mark + (of.cache_period if has_memory else 0)
    if not at_mark <= checkpoint.evaluations <= most:
        why = f"expected an integer from {at_mark} to {most}, by the mark, got {checkpoint.evaluations}"
        raise FormatError(why, has_byte=False).under("evaluations")


COUNTS: Final = Record(
    Counts,
    {
        **dict.fromkeys(Counts.__slots__[:8], WHOLE),
        "duplicates": _since(1, Integer(0, MAX_64)),
        "hurdle_stops": _since(1, Items(WHOLE, _n_hurdles, _n_hurdles)),
        "tunings": _since(2, Integer(0, MAX_64)),
    },
    is_row=True,
)
MARK: Final = Record(
    Mark,
    {
        "counts": COUNTS,
        "rng": Items(WHOLE, 4, 4, rule=_check_random),
        "population": _MemberItems(_n_members, _n_members),
        "hall": _MemberItems(0, _MAX_32),
        "history": Items(IMPROVEMENT, 0, lambda seen: int(seen["config"].settings.history_size), rule=_check_rising),
        "best": BEST,
    },
)

# ---------------------------------------------------------------- kinds

WRITER: Final = Text(64)
SESSION: Final = Maybe(
    Text(MAX_SESSION),
    lambda seen: False if seen["is_island"] else None,
    "nil in an archive of islands, which has one for all",
)
PROGRAM_ARCHIVE: Final = Record(ProgramArchive, {"writer": WRITER, "dims": Maybe(DIMS), "program": PROGRAM})
POPULATION_ARCHIVE: Final = Record(
    PopulationArchive, {"writer": WRITER, "dims": DIMS, "population": _MemberItems(0, _MAX_32)}
)
CHECKPOINT: Final = Record(
    Checkpoint,
    {
        "writer": WRITER,
        "dims": DIMS,
        "config": CONFIG,
        "tasks": TASKS,
        "evaluations": WHOLE,
        "digest": WHOLE,
        "best": BEST,
        "mark": MARK,
        "session": SESSION,
    },
    rule=_check_evaluations,
)


def _known(count: str, width: int) -> Binary:
    """What a model knows: the numbers of all scalars, vectors or matrices, of which each has F to a power of them."""

    def size(seen: Seen) -> int:
        dims: Dims = seen["dims"]
        return int(getattr(dims, count) * dims.n_features**width * _float_size(seen))

    return Binary(size)


MODEL: Final = _since(
    2,
    Record(
        ModelArchive,
        {
            "writer": WRITER,
            "dims": DIMS,
            "program": PROGRAM,
            "precision": PRECISION,
            "seed": WHOLE,
            "examples": WHOLE,
            "runs": Items(WHOLE, len(FUNCTIONS), len(FUNCTIONS)),
            "memory": Items([_known("n_scalars", 0), _known("n_vectors", 1), _known("n_matrices", 2)], 3, 3),
            "preparation": Text(MAX_SESSION),
            "session": Maybe(Text(MAX_SESSION)),
        },
    ),
)


def islands_of(island: Schema) -> Record:
    """The schema of islands, given that of one."""
    fields = {"writer": WRITER, "islands": Items(island, 1, MAX_ISLANDS), "session": SESSION}
    return _since(1, Record(Islands, fields))
