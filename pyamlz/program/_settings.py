"""The settings of a search, each written once: name, type, default, values that it may have, and what it does.

From here come the arguments of :class:`pyamlz.Search`, the keys of experiment files, the configuration in archives, and
the table of the documentation. They stand below the archive, which holds them, beside the space that is searched. To
add one is to add a line to :class:`Settings`, at the end, with the minor version of the archive format that brings it
(and the member of the same name to `amlz_search_config`).
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import checked_bool, checked_choice, checked_float, checked_int, checked_type, hint
from pyamlz._lib.errors import InputError, check
from pyamlz._lib.frozen import FrozenDict, thawed
from pyamlz._lib.native import ALGORITHMS, COMBINES, MUTATIONS, name_of, new_struct, number_of, text
from pyamlz.program._program import Program

__all__ = ["SETTINGS", "STARTS", "Algorithm", "Combine", "Hurdle", "Kind", "Setting", "Settings", "Start"]

Algorithm: TypeAlias = Literal["evolution", "random_search"]
Combine: TypeAlias = Literal["mean", "median"]
Start: TypeAlias = Literal["random", "empty", "grown"]

STARTS: Final[dict[str, int]] = {
    "random": lib.AMLZ_START_RANDOM,
    "empty": lib.AMLZ_START_EMPTY,
    "grown": lib.AMLZ_START_GROWN,
}
_MAX_32 = 2**32 - 1
_MAX_64 = 2**64 - 1


class Hurdle(NamedTuple):
    """An evaluation on the first examples of each task that a program must do well in to be tried on more."""

    n_train: int
    n_valid: int


# ---------------------------------------------------------------- kinds of settings


class Kind(ABC):
    """What values a setting may have, and the numbers that the C library and archives have in their place.

    Attributes:
        range: of its values, in words.
    """

    range: str = ""

    @abstractmethod
    def checked(self, name: str, value: Any) -> Any:
        """The value as settings have it; InputError, naming it, if it is none."""

    def number(self, value: Any) -> Any:
        """What stands for a value in the C library and in archives."""
        return value

    def value(self, number: Any) -> Any:
        """The reverse."""
        return number

    def put(self, config: Any, member: str, number: Any) -> None:
        """Sets a member of an `amlz_search_config *`."""
        setattr(config, member, number)

    def get(self, config: Any, member: str) -> Any:
        """The number in a member."""
        return getattr(config, member)


class Whole(Kind):
    """Kinds whose numbers are integers, in archives from `least` to `most`."""

    least: int
    most: int


class Count(Whole):
    """Integers. `least` is what archives may have of a setting that others make idle."""

    def __init__(self, low: int, high: int = _MAX_32, least: int | None = None) -> None:
        self.low, self.most = low, high
        self.least = low if least is None else least
        to = " to 2^32 - 1" if high == _MAX_32 else f" to {high:,}"
        self.range = f"{low}{to if high <= _MAX_32 else ' or more'}"

    def checked(self, name: str, value: Any) -> int:
        return checked_int(name, value, self.low, self.most)


class Choice(Whole):
    """One of several names."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers
        self.least, self.most = 0, max(numbers.values())
        self.range = ", ".join(f"`{name}`" for name in numbers)

    def checked(self, name: str, value: Any) -> str:
        return checked_choice(name, value, self._numbers)

    def number(self, value: str) -> int:
        return self._numbers[value]

    def value(self, number: int) -> str:
        return name_of(number, self._numbers)


class Flag(Whole):
    """True or False."""

    least, most, range = 0, 1, "`true`, `false`"

    def checked(self, name: str, value: Any) -> bool:
        return checked_bool(name, value)

    def number(self, value: bool) -> int:
        return int(value)

    def value(self, number: int) -> bool:
        return bool(number)


class Real(Kind):
    """Finite numbers from `low` to `high`; if `inside`, neither of these. Archives may have both."""

    def __init__(self, low: float, high: float = sys.float_info.max, inside: bool = False) -> None:
        self.low, self.high, self._inside = low, high, inside
        self.range = f"{low:g} or more" if high == sys.float_info.max else f"{low:g} to {high:g}"
        if inside:
            self.range = f"over {low:g}, under {high:g}"

    def checked(self, name: str, value: Any) -> float:
        number = checked_float(name, value, self.low, self.high, over=self._inside)
        if self._inside and number == self.high:
            raise InputError(f"{name}: expected a number over {self.low:g} and under {self.high:g}, got {number!r}")
        return number


class Weights(Kind):
    """Numbers by name, 0 or more; those that are not named are 0, as are those that an archive does not have."""

    range = "0 or more, one over 0"
    none = "mutations must have finite weights, none negative and one of them over 0"

    def __init__(self, places: Mapping[str, int]) -> None:
        self.places = places

    def count(self, minor: int) -> int:
        """How many there are in archives of a minor version."""
        return len(self.places) if minor >= 2 else 8

    def checked(self, name: str, value: Any) -> FrozenDict[float]:
        if not isinstance(value, Mapping):
            raise InputError(f"{name}: expected weights by name, got {value!r}")
        for key in value:
            number_of(name, key, self.places)
        weights = {key: checked_float(f"{name}.{key}", weight, 0.0) for key, weight in value.items()}
        if not any(weights.values()):
            raise InputError(self.none)
        return FrozenDict({key: weight for key, weight in weights.items() if weight > 0})

    def number(self, value: Mapping[str, float]) -> tuple[float, ...]:
        return tuple(value.get(name, 0.0) for name in self.places)

    def value(self, number: Sequence[float]) -> FrozenDict[float]:
        """Leaves zeros out, but -0.0, which archives may have: what was read is written again."""
        weights = dict(zip(self.places, number, strict=False))
        return FrozenDict({name: w for name, w in weights.items() if w > 0 or math.copysign(1, w) < 0})

    def get(self, config: Any, member: str) -> tuple[float, ...]:
        return tuple(getattr(config, member))


class Hurdles(Kind):
    """Pairs of n_train and n_valid, n_train growing."""

    most: int = lib.AMLZ_MAX_HURDLES
    range = f"up to {most}"

    def checked(self, name: str, value: Any) -> tuple[Hurdle, ...]:
        wanted = f"expected up to {self.most} pairs of n_train and n_valid"
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            raise InputError(f"{name}: {wanted}, got {value!r}")
        hurdles: list[Hurdle] = []
        for i, pair in enumerate(value):
            place = f"{name}[{i}]"
            if i == self.most:
                raise InputError(f"{name}: {wanted}, got more")
            if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
                raise InputError(f"{place}: expected a pair of n_train and n_valid, got {pair!r}")
            least = hurdles[-1].n_train + 1 if hurdles else 1
            n_train = checked_int(f"{place}, n_train", pair[0], least, _MAX_32)
            hurdles.append(Hurdle(n_train, checked_int(f"{place}, n_valid", pair[1], 1, _MAX_32)))
        return tuple(hurdles)

    def put(self, config: Any, member: str, number: Any) -> None:
        setattr(config, f"n_{member}s", len(number))
        setattr(config, member, number)

    def get(self, config: Any, member: str) -> tuple[Hurdle, ...]:
        found = getattr(config, member)[0 : getattr(config, f"n_{member}s")]
        return tuple(Hurdle(hurdle.n_train, hurdle.n_valid) for hurdle in found)


class Starts(Whole):
    """What the first population is made of. Its program is kept apart, see :attr:`Settings.start_program`."""

    least, most, range = 0, lib.AMLZ_START_GROWN, "`random`, `grown`, `empty`, a program"

    def checked(self, name: str, value: Any) -> Start | Program:
        return value if isinstance(value, Program) else cast(Start, checked_choice(name, value, STARTS))

    def number(self, value: Start | Program) -> int:
        return int(lib.AMLZ_START_PROGRAM) if isinstance(value, Program) else STARTS[value]

    def value(self, number: int) -> str | None:
        return next((name for name, other in STARTS.items() if other == number), None)


class OneProgram(Kind):
    """A program, or none. In archives it has the place of the program that a search starts from."""

    range = "a program"

    def checked(self, name: str, value: Any) -> Program | None:
        return None if value is None else checked_type(name, value, Program)


class Setting(NamedTuple):
    """What there is to know of a setting, but for its type.

    Attributes:
        name: in Python.
        kind: what values it may have.
        default: the paper's value.
        meaning: what it does, in Markdown, as the documentation tells it.
        key: in files; one with a dot is in a table of its own.
        member: of `amlz_search_config`.
        minor: version 1.minor of the archive format brought it.
    """

    name: str
    kind: Kind
    default: Any
    meaning: str
    key: str
    member: str
    minor: int


def _of(kind: Kind, meaning: str, *, key: str = "", member: str = "", minor: int = 0) -> dict[str, Any]:
    return {"kind": kind, "meaning": meaning, "key": key, "member": member, "minor": minor}


# ---------------------------------------------------------------- the settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a search goes about it: its method, and what its caches, hurdles and records are like.

    What is left out, or None, has the paper's value. Settings cannot be changed, and equal ones have equal hashes.

    >>> settings = Settings(population_size=1000, mutations={"insert": 1, "remove": 1})
    >>> settings.replace(tournament_size=20).population_size
    1000

    Raises:
        InputError: a value is wrong; the message names it.
    """

    algorithm: Algorithm = field(
        default="evolution",
        metadata=_of(Choice(ALGORITHMS), "what makes children; `random_search` draws each of them anew"),
    )
    start: Start | Program = field(
        default="random",
        metadata=_of(Starts(), "what the first population is made of; of a program there are nothing but copies"),
    )
    combine: Combine = field(
        default="median",
        metadata=_of(Choice(COMBINES), "how a program's fitnesses on single tasks become one"),
    )
    population_size: int = field(default=100, metadata=_of(Count(1), "P, members of the population"))
    tournament_size: int = field(default=10, metadata=_of(Count(1), "T, members of which the fittest is copied"))
    mutate_prob: float = field(
        default=0.9, metadata=_of(Real(0, 1), "U: a child is mutated with this probability, else it is a copy")
    )
    mutations: Mapping[str, float] = field(
        default=FrozenDict({"insert": 1 / 9, "remove": 2 / 9, "randomize_function": 1 / 3, "alter_argument": 1 / 3}),
        metadata=_of(
            Weights(MUTATIONS),
            "weights by [action](../search.md#regularized-evolution); those that are not named are 0",
            member="mutation_weight",
        ),
    )
    cache_size: int = field(
        default=100_000, metadata=_of(Count(0), "[structural keys](../search.md#two-caches) remembered; 0: none")
    )
    fec_size: int = field(
        default=100_000,
        metadata=_of(Count(0), "[fingerprints](../search.md#two-caches) remembered; 0: none", key="fec.size"),
    )
    fec_train: int = field(
        default=10,
        metadata=_of(
            Count(1, least=0),
            "training examples that a fingerprint looks at, at most what the tasks have",
            key="fec.train",
        ),
    )
    fec_valid: int = field(default=10, metadata=_of(Count(1, least=0), "validation examples likewise", key="fec.valid"))
    cache_period: int = field(
        default=100_000,
        metadata=_of(
            Count(1),
            "a [mark](../search.md#two-caches), where caches and hurdles forget, comes after so many evaluations, "
            "sooner while a search is young",
        ),
    )
    cache_work: int = field(
        default=200_000_000_000,
        metadata=_of(
            Count(1, _MAX_64),
            "or after so much work: training and validation steps, times F, or F^2 where there are matrices",
        ),
    )
    history_size: int = field(
        default=1000, metadata=_of(Count(0), "improvements that are remembered; where there are more they are thinned")
    )
    max_cost: float = field(
        default=0.0, metadata=_of(Real(0), "programs of a higher [static cost](../ops.md) score 0 unrun; 0: no limit")
    )
    must_learn: bool = field(
        default=False,
        metadata=_of(Flag(), "programs that [cannot learn](../search.md#programs-that-cannot-learn) score 0 unrun"),
    )
    fixed_program: Program | None = field(
        default=None,
        metadata=_of(OneProgram(), "what functions without ops hold, with a start that is not a program"),
    )
    redraws: int = field(
        default=0,
        metadata=_of(
            Count(0),
            "how often a child that computes what a member does is "
            "[drawn again](../search.md#children-that-are-drawn-again)",
            minor=1,
        ),
    )
    hurdles: Sequence[tuple[int, int]] = field(
        default=(),
        metadata=_of(
            Hurdles(),
            "pairs of training and validation examples, growing, on which programs [come first](../search.md#hurdles)",
            member="hurdle",
            minor=1,
        ),
    )
    hurdle_percentile: float = field(
        default=0.75,
        metadata=_of(Real(0, 1, inside=True), "share of different fitnesses that a hurdle stops", minor=1),
    )
    hurdle_window: int = field(
        default=100, metadata=_of(Count(1, least=0), "different fitnesses that a hurdle remembers", minor=1)
    )
    max_mutations: int = field(
        default=1,
        metadata=_of(
            Count(1), "mutations of a child at most; each after the first comes with probability 1/2", minor=2
        ),
    )
    simplify: bool = field(
        default=False,
        metadata=_of(Flag(), "programs that it makes have no more dead lines than their sizes want", minor=2),
    )
    redraw_rejected: bool = field(
        default=False,
        metadata=_of(Flag(), "programs that would score 0 unrun are drawn again, too, up to `redraws` times", minor=2),
    )
    structures: int = field(
        default=0,
        metadata=_of(
            Count(0),
            "[structures](../search.md#structures) remembered: those that were seen are drawn again, too; 0: none",
            member="structures_size",
            minor=2,
        ),
    )
    tunings: int = field(
        default=1,
        metadata=_of(
            Count(1), "settings of its [constants](../search.md#constants) by which a program is judged", minor=2
        ),
    )
    replace_worst_of: int = field(
        default=0,
        metadata=_of(
            Count(0),
            "a child takes the place of the worst of so many members drawn, if it is no worse; 0: of the oldest",
            minor=2,
        ),
    )
    fresh_prob: float = field(
        default=0.0,
        metadata=_of(Real(0, 1), "probability that a child is made as the first programs are", minor=2),
    )
    restart_period: int = field(
        default=0,
        metadata=_of(
            Count(0),
            "after so many evaluations, P or more, the population is [made anew](../search.md#restarts); 0: never",
            minor=2,
        ),
    )
    constant_low: float = field(
        default=0.0,
        metadata=_of(
            Real(0),
            "the smallest size of constants, drawn log-uniformly; 0: uniformly from [-1, 1), as the paper has it",
            minor=2,
        ),
    )
    constant_high: float = field(
        default=1.0, metadata=_of(Real(0), "the largest, over 0, where `constant_low` is over 0", minor=2)
    )

    def __post_init__(self) -> None:
        for setting in SETTINGS:
            value = getattr(self, setting.name)
            value = setting.default if value is None else setting.kind.checked(setting.name, value)
            object.__setattr__(self, setting.name, value)
        if isinstance(self.start, Program) and self.fixed_program is not None:
            raise InputError("fixed_program: expected none with a start that is a program")

    def replace(self, **changes: Any) -> Settings:
        """The same settings but for some; None stands for the paper's value.

        Raises:
            InputError: a name or a value is wrong; the message names it, and suggests the nearest name.
        """
        names = [setting.name for setting in SETTINGS]
        for name in changes:
            if name not in names:
                raise InputError(f"unknown setting {name!r}{hint(name, names)}")
        return Settings(**{**{name: getattr(self, name) for name in names}, **changes})

    def as_dict(self) -> dict[str, Any]:
        """The settings by name, as dicts, lists and plain values, but for programs, which stay what they are."""
        return {setting.name: thawed(getattr(self, setting.name)) for setting in SETTINGS}

    @property
    def start_program(self) -> Program | None:
        """The program that the library needs to begin: that of `start`, or the one that functions without ops hold."""
        return self.start if isinstance(self.start, Program) else self.fixed_program

    def number(self, setting: Setting) -> Any:
        """What stands for one of them in the C library and in archives."""
        return setting.kind.number(getattr(self, setting.name))

    @classmethod
    def of_numbers(cls, numbers: Mapping[str, Any], start_program: Program) -> Settings:
        """The reverse of :meth:`number` for all, by name; defaults for those that are not there.

        The number of an idle setting may be out of its range.
        """
        settings = object.__new__(cls)
        values = {s.name: s.kind.value(numbers[s.name]) if s.name in numbers else s.default for s in SETTINGS}
        if numbers["start"] == lib.AMLZ_START_PROGRAM:
            values["start"] = start_program
        elif len(start_program):
            values["fixed_program"] = start_program
        for name, value in values.items():
            object.__setattr__(settings, name, value)
        return settings

    def _config(self, **members: Any) -> Any:
        """An `amlz_search_config *` with these settings, and members that are none: space, seed, precision, variant."""
        config = new_struct("amlz_search_config", **members)
        for setting in NUMBERS:
            setting.kind.put(config, setting.member, self.number(setting))
        return config

    @classmethod
    def _get(cls, config: Any, start_program: Any) -> Settings:
        """The settings in an `amlz_search_config *`, with the `amlz_program *` that its search started from."""
        numbers = {setting.name: setting.kind.get(config, setting.member) for setting in NUMBERS}
        return cls.of_numbers(numbers, Program._of(start_program))


def _table(of: type[Settings]) -> tuple[Setting, ...]:
    return tuple(
        Setting(
            name=f.name,
            kind=f.metadata["kind"],
            default=f.default,
            meaning=f.metadata["meaning"],
            key=f.metadata["key"] or f.name,
            member=f.metadata["member"] or f.name,
            minor=f.metadata["minor"],
        )
        for f in fields(of)
    )


#: All settings, in the order of the archive format.
SETTINGS: Final = _table(Settings)
#: Those that the C library and archives have a number, or numbers, for.
NUMBERS: Final = tuple(setting for setting in SETTINGS if not isinstance(setting.kind, OneProgram))


def check_config(config: Any) -> None:
    """Refuses an `amlz_search_config *` that no search can have, whatever its tasks, or that leaves defaults.

    Raises:
        InputError: with the library's reason.
    """
    if not any(config.mutation_weight):
        raise InputError(Weights.none)
    if config.fec_size > 0 and 0 in (config.fec_train, config.fec_valid):
        raise InputError("fec_train and fec_valid must be 1 or more")
    if config.n_hurdles > 0 and config.hurdle_percentile == 0:
        raise InputError("hurdle_percentile must be over 0 and under 1")
    if config.n_hurdles > 0 and config.hurdle_window == 0:
        raise InputError("hurdle_window must be 1 or more")
    if config.constant_high == 0:
        raise InputError("constant_high must be over 0")
    reason = ffi.new("const char **")
    check(lib.amlz_search_check(config, ffi.NULL, reason), text(reason[0]))
