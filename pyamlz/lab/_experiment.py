"""Presets: whole experiments as TOML files, in the paper's terms.

A file has the settings of :class:`pyamlz.Search` at its top (``fec`` is a table of ``size``, ``train`` and ``valid``,
``hurdles`` a list of pairs such as ``[[100, 100], [800, 100]]``), and besides ``description``, ``precision``,
``max_evaluations`` and ``max_train_steps`` (of one experiment), ``max_experiments`` and ``sufficient_fitness``;
``budget``, how many times as much as the plain two-layer network programs may cost; and ``islands``, how many searches
run at once and exchange programs. ``start`` is "random", "empty", a program (the name of a built-in one, its text, or a
path from the current folder; so is ``fixed_program``), an archive of programs, or a list of programs. Its tables:

``[tasks]``
    ``generator`` names a function of :mod:`pyamlz.tasks`; the other keys are its arguments, but for seed and precision.
    A list of such tables, ``[[tasks]]``, is dealt to the islands in turn; the first is what the other sections follow.
``[migration]``
    ``every`` and ``share``, of :class:`pyamlz.Islands`.
``[select]``
    Optional. Programs are chosen, and ``sufficient_fitness`` is measured, on these tasks and not on those of the
    search, every ``every`` evaluations of an experiment. Its other keys are those of ``[tasks]`` that differ.
``[final]``
    Optional. Tasks for the last figure; its keys are those of ``[tasks]`` that differ, and ``compare``, which names
    built-in programs to be scored on the same tasks.
``[space]``
    ``scalars``, ``vectors`` and ``matrices``, and for each of ``[space.setup]``, ``[space.predict]`` and
    ``[space.learn]`` the ``ops`` (names or ids), and ``size``, or ``min_size``, ``max_size`` and ``init_size``.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from pyamlz import archive
from pyamlz._lib.checks import Precision, checked_bool, checked_choice, checked_float, checked_int, hint
from pyamlz._lib.errors import ArchiveError, DataError, InputError
from pyamlz._lib.native import ALGORITHMS, COMBINES, PRECISIONS
from pyamlz.archive import find_program, find_start
from pyamlz.lab._data import READ, Tables
from pyamlz.lab._toml import dump_toml
from pyamlz.program import FUNCTIONS, Dims, FunctionSpace, Program, SearchSpace
from pyamlz.program.baselines import BASELINES, fitting, neural_network
from pyamlz.search import Combine, Evaluator, PackedTasks, Search, Variant
from pyamlz.search._islands import EVERY, SHARE
from pyamlz.search._settings import (
    COUNT_RANGES,
    STARTS,
    checked_hurdles,
    checked_mutations,
    checked_percentile,
    search_settings,
)
from pyamlz.tasks import Kind, TaskSet
from pyamlz.tasks import Table as OwnTable
from pyamlz.tasks._generators import GENERATORS

__all__ = ["Preset", "names", "source"]

Section: TypeAlias = Literal["tasks", "select", "final"]
Checker: TypeAlias = Callable[[str, object], Any]
Table: TypeAlias = dict[str, Any]

_toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

_SPLITS: dict[Section, str] = {"tasks": "search", "select": "select", "final": "test"}
_GIVEN = ("seed", "precision")  # arguments of generators that are no keys
_MAX_COUNT = 2**63 - 1  # as large as TOML's integers
_MAX_FILE_SIZE = 2**20
_DEFAULT_EVERY = 10_000


def names() -> list[str]:
    """The presets that come with the package."""
    folder = resources.files("pyamlz.lab") / "presets"
    return sorted(Path(file.name).stem for file in folder.iterdir() if file.name.endswith(".toml"))


def source(name: str) -> str:
    """The TOML text of a preset that comes with the package.

    Raises:
        InputError: there is none; the message suggests the nearest.
    """
    if name not in names():
        raise InputError(f"unknown preset {name!r}{hint(name, names())}")
    return (resources.files("pyamlz.lab") / "presets" / f"{name}.toml").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Preset:
    """An experiment: tasks, space, method and what ends it.

    Attributes:
        name: of the preset, or the file's path.
        config: all settings, checked, with the defaults of what was left out.
        tables: the user's own tables that its tasks are made of.
    """

    name: str
    config: Table
    tables: Tables = field(default_factory=Tables, compare=False, repr=False)

    @classmethod
    def load(cls, name_or_path: str, overrides: Iterable[str] = ()) -> Preset:
        """Reads a preset by its name, or from a TOML file.

        Args:
            name_or_path: something that ends in ".toml" or has a slash is a path.
            overrides: settings that replace the file's, as "key=value": a dotted key, and a value as in TOML or a bare
                word.

        Raises:
            InputError: a file, key or value is wrong; the message names it, and suggests the nearest key.
        """
        if name_or_path.endswith(".toml") or "/" in name_or_path:
            text = _read_file(name_or_path)
        else:
            text = source(name_or_path)
        try:
            table = _toml.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name_or_path}: not TOML: {error}") from None
        for override in overrides:
            _apply(table, override)
        return cls.of(table, name_or_path)

    @classmethod
    def of(cls, table: Mapping[str, Any], name: str = "") -> Preset:
        """Checks a preset given as a dict.

        Raises:
            InputError: a key or value is wrong.
        """
        return cls(name, _checked_preset(copy.deepcopy(dict(table))))

    def changed(self, overrides: Iterable[str]) -> Preset:
        """The preset with some settings replaced, as in :meth:`load`.

        Raises:
            InputError: a key or value is wrong.
        """
        table = copy.deepcopy(self.config)
        for override in overrides:
            _apply(table, override)
        return replace(Preset.of(table, self.name), tables=self.tables)

    def table_settings(self) -> Table:
        """The arguments of the first table of the user's own, as :func:`pyamlz.tasks.table` takes them."""
        tables = (table for _, table in _task_tables(self.config["tasks"]) if table["generator"] == "table")
        return {name: value for name, value in next(tables).items() if name != "generator"}

    def table(self) -> OwnTable:
        """The first table of the user's own that its tasks are made of.

        Raises:
            DataError: it cannot be found or read.
            ArchiveError: it is other than when the run was begun.
        """
        settings = self.table_settings()
        return self.tables.get({name: settings[name] for name in READ if name in settings})

    def compared(self, kind: Kind) -> list[str]:
        """Names of the built-in programs that are scored on the final tasks too, for labels of this kind."""
        names: list[str] = self.config.get("final", {}).get("compare", [])
        return [fitting(name, kind) for name in names] if self.is_of_table else names

    def with_table(self, table: OwnTable) -> Preset:
        """The preset with tasks of a table that is read already, as of a data frame.

        Raises:
            InputError: its tasks are not made of a table.
        """
        if not self.is_of_table:
            raise InputError(f"{self.name}: expected a preset whose tasks are made of a table, such as 'table'")
        config, tables = copy.deepcopy(self.config), Tables()
        for _, tasks in _task_tables(config["tasks"]):
            if tasks["generator"] == "table":
                for name in READ:
                    tasks.pop(name, None)
                tasks.update(path=table.name, target=table.target, labels="classes" if table.classes else "numbers")
                tables.put({name: tasks[name] for name in READ if name in tasks}, table)
        return replace(Preset.of(config, self.name), tables=tables)

    def self_contained(self) -> Preset:
        """The same preset without paths: programs in files become their texts."""
        config = dict(self.config)
        fixed, start = config.get("fixed_program"), config["start"]
        if fixed is not None and fixed not in BASELINES:
            config["fixed_program"] = str(find_program("fixed_program", fixed))
        if isinstance(start, list) or (start not in STARTS and start not in BASELINES):
            found = find_start("start", start)
            config["start"] = str(found) if isinstance(found, Program) else [str(program) for program in found]
        return Preset(self.name, config, self.tables)

    @property
    def description(self) -> str:
        """One line about it."""
        return str(self.config["description"])

    @property
    def precision(self) -> Precision:
        """What programs compute in."""
        return cast(Precision, self.config["precision"])

    @property
    def is_of_table(self) -> bool:
        """Whether its tasks come from a table of the user's own, so that their kind depends on that."""
        return any(table["generator"] == "table" for _, table in _task_tables(self.config["tasks"]))

    def toml(self) -> str:
        """All settings as TOML; loading it gives the same preset."""
        return dump_toml(self.config)

    def tasks(self, section: Section, seed: int, island: int = 0) -> TaskSet | None:
        """The tasks of a section; None if the preset does not have it.

        Args:
            section: which.
            seed: for the generator.
            island: of the tasks of a search, whose: its number, from 0.

        Raises:
            InputError: an argument of the generator is wrong; the message names the key.
        """
        arguments = self.config.get(section)
        if arguments is None:
            return None
        tables = _task_tables(self.config["tasks"])
        name, table = tables[island % len(tables) if section == "tasks" else 0]
        generator = GENERATORS[table["generator"]]
        arguments = table if section == "tasks" else arguments
        own = {key: value for key, value in arguments.items() if key in _keys_of(generator)}
        shared = {key: value for key, value in table.items() if key != "generator"}
        merged: Table = {**shared, **own}
        if "split" in _keys_of(generator) and "split" not in own:
            merged["split"] = _SPLITS[section]
        try:
            if table["generator"] == "table":
                merged["path"] = self.tables.get({name: merged.pop(name) for name in READ if name in merged})
            return generator(**merged, seed=seed, precision=self.precision)
        except MemoryError:
            raise InputError(f"{section}: there is not enough memory for so many numbers") from None
        except InputError as error:
            if isinstance(error, DataError | ArchiveError) and table["generator"] == "table":  # it names the file
                raise
            is_own = section != "tasks" and str(error).partition(":")[0] in own
            raise InputError(f"{section if is_own else name}.{error}") from None

    def space(self, tasks: TaskSet) -> SearchSpace:
        """What programs may look like, on the features and labels of `tasks`."""
        space = self.config["space"]
        try:
            dims = Dims.of(tasks, n_scalars=space["scalars"], n_vectors=space["vectors"], n_matrices=space["matrices"])
            return SearchSpace(dims, **{name: _function_space(space[name]) for name in FUNCTIONS})
        except InputError as error:
            raise InputError(f"space.{error}") from None

    def evaluator(self, tasks: TaskSet | PackedTasks, variant: Variant = "auto") -> Evaluator:
        """What scores programs on `tasks` as the preset's searches do."""
        combine = cast(Combine, self.config["combine"])
        return Evaluator(tasks, precision=self.precision, variant=variant, combine=combine)

    def search(
        self, tasks: TaskSet | PackedTasks, *, seed: int, variant: Variant = "auto", begun: bool = True
    ) -> Search:
        """A search with the preset's settings on the given tasks: one island, if it has islands.

        Args:
            tasks: what programs are scored on.
            seed: of the search.
            variant: kernels to use.
            begun: whether it has taken in the programs that it starts from, if they are several. One that is to be
                restored has not.
        """
        settings = {key: self.config[key] for key in search_settings() if key in self.config}
        settings.update({f"fec_{key}": value for key, value in self.config["fec"].items()})
        task_set = tasks.tasks if isinstance(tasks, PackedTasks) else tasks
        settings["max_cost"] = self._max_cost(task_set.n_features)
        start = self.config["start"]
        if isinstance(start, str) and self.is_of_table:
            start = fitting(start, task_set.kind)
        if isinstance(start, list) or start not in STARTS:
            start = find_start("start", start)
        fixed = self.config.get("fixed_program")
        search = Search(
            tasks,
            self.space(task_set),
            seed=seed,
            start="random" if isinstance(start, list) else start,
            fixed_program=None if fixed is None else find_program("fixed_program", fixed),
            precision=self.precision,
            variant=variant,
            **settings,
        )
        if begun and isinstance(start, list):
            try:
                search.take(start[: self.config["population_size"]])
            except InputError as error:
                raise InputError(f"start: {error}") from None
        return search

    def _max_cost(self, n_features: int) -> float:
        """The lower one of the two limits that there are; 0 for none."""
        limits = (self.config["max_cost"], self.config["budget"] * neural_network().cost(n_features))
        return min((limit for limit in limits if limit > 0), default=0.0)


def differences(one: Table, other: Table, prefix: str = "") -> Iterator[tuple[str, object, object]]:
    """Where two presets' settings differ: dotted key, and both values, None for one that is not there."""
    for key in sorted(one.keys() | other.keys()):
        here, there = one.get(key), other.get(key)
        if isinstance(here, dict) and isinstance(there, dict):
            yield from differences(here, there, f"{prefix}{key}.")
        elif here != there:
            yield f"{prefix}{key}", here, there


# ---------------------------------------------------------------- reading


def _read_file(path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_FILE_SIZE + 1)
        if len(data) > _MAX_FILE_SIZE:
            raise InputError(f"{path}: expected at most {_MAX_FILE_SIZE} bytes")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8: {error.reason} at byte {error.start}") from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _apply(table: Table, override: str) -> None:
    """Sets one "key=value" in a table."""
    key, equals, value = override.partition("=")
    path = [part.strip() for part in key.split(".")]
    if not equals or not all(re.fullmatch(r"[A-Za-z0-9_-]+", part) for part in path):
        raise InputError(f"--set: expected key=value, got {override!r}")
    for part in path[:-1]:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            raise InputError(f"{key.strip()}: {part} is not a table")
        table = inner
    table[path[-1]] = _value(key.strip(), value.strip())


def _value(key: str, text: str) -> object:
    if re.fullmatch(r"[A-Za-z_./~][\w./~-]*", text) and text not in ("true", "false", "inf", "nan"):
        return text
    try:
        parsed = _toml.loads(f"value = {text}")
    except (ValueError, RecursionError):
        parsed = {}
    if list(parsed) != ["value"]:
        raise InputError(f"{key}: expected a value as in TOML, got {text!r}")
    return parsed["value"]


# ---------------------------------------------------------------- checking


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise InputError(f"{name}: expected a string, got {value!r}")


def _choice(choices: Iterable[str]) -> Checker:
    return lambda name, value: checked_choice(name, value, choices)


def _integer(low: int, high: int = _MAX_COUNT) -> Checker:
    return lambda name, value: checked_int(name, value, low, min(high, _MAX_COUNT))


def _fraction(name: str, value: object) -> float:
    return checked_float(name, value, 0.0, 1.0)


def _share(name: str, value: object) -> float:
    return checked_float(name, value, 0.0, 1.0, over=True)


def _cost(name: str, value: object) -> float:
    return checked_float(name, value, 0.0, sys.float_info.max)


def _ops(name: str, value: object) -> list[str]:
    if not isinstance(value, list):
        raise InputError(f"{name}: expected a list of ops, got {value!r}")
    try:
        return list(FunctionSpace(value).ops)
    except InputError as error:
        raise InputError(f"{name.removesuffix('ops')}{error}") from None


def _baselines(name: str, value: object) -> list[str]:
    if not isinstance(value, list):
        raise InputError(f"{name}: expected a list of built-in programs, got {value!r}")
    return [checked_choice(name, program, BASELINES) for program in value]


def _start(name: str, value: object) -> str | list[str]:
    if isinstance(value, list) and value:
        return [_program(f"{name}[{i}]", program) for i, program in enumerate(value)]
    start = _text(name, value)
    if start not in STARTS:
        find_start(name, start)
    return start


def _program(name: str, value: object) -> str:
    find_program(name, _text(name, value))
    return str(value)


def _any(name: str, value: object) -> object:
    return value


def _mutations(name: str, value: object) -> dict[str, float]:
    return checked_mutations(value)


def _hurdles(name: str, value: object) -> list[list[int]]:
    return checked_hurdles(value)


def _table(checkers: Mapping[str, Checker]) -> Checker:
    """Checks a table whose keys are those of `checkers`."""

    def check(name: str, value: object) -> Table:
        if not isinstance(value, dict):
            raise InputError(f"{name}: expected a table, got {value!r}")
        prefix = f"{name}." if name else ""
        for key in value:
            if key not in checkers:
                raise InputError(f"unknown key {prefix + key!r}{hint(key, checkers)}")
        return {key: checkers[key](prefix + key, value[key]) for key in checkers if key in value}

    return check


_FEC: dict[str, Checker] = {"size": _integer(0, 2**32 - 1), "train": _integer(1, 2**32 - 1)}
_FEC["valid"] = _FEC["train"]
_FUNCTION: dict[str, Checker] = {
    "size": _integer(0),
    "min_size": _integer(0),
    "max_size": _integer(0),
    "init_size": _integer(0),
    "ops": _ops,
}
_MIGRATION: dict[str, Checker] = {"every": _integer(1), "share": _share}
_SPACE: dict[str, Checker] = {
    "scalars": _integer(2, 256),
    "vectors": _integer(1, 256),
    "matrices": _integer(0, 256),
    **dict.fromkeys(FUNCTIONS, _table(_FUNCTION)),
}
_PROFILES: dict[str, Table] = {"paper": {}, "fast": {"must_learn": True}}  # settings that take the place of defaults
_TOP: dict[str, Checker] = {
    "description": _text,
    "profile": _choice(_PROFILES),
    "algorithm": _choice(ALGORITHMS),
    **{name: _integer(*COUNT_RANGES[name]) for name in ("population_size", "tournament_size")},
    "mutate_prob": _fraction,
    "mutations": _mutations,
    "start": _start,
    "fixed_program": _program,
    "combine": _choice(COMBINES),
    "precision": _choice(PRECISIONS),
    "budget": _cost,
    "max_cost": _cost,
    "must_learn": checked_bool,
    "redraws": _integer(*COUNT_RANGES["redraws"]),
    "hurdles": _hurdles,
    "hurdle_percentile": checked_percentile,
    "hurdle_window": _integer(*COUNT_RANGES["hurdle_window"]),
    **{name: _integer(*COUNT_RANGES[name]) for name in ("cache_size", "cache_period", "cache_work", "history_size")},
    "max_evaluations": _integer(1),
    "max_train_steps": _integer(1),
    "max_experiments": _integer(1),
    "sufficient_fitness": _fraction,
    "islands": _integer(1, archive.MAX_ISLANDS),
    "migration": _table(_MIGRATION),
    "fec": _table(_FEC),
    "tasks": _any,
    "select": _any,
    "final": _any,
    "space": _table(_SPACE),
}


def _checked_preset(table: Table) -> Table:
    config = _table(_TOP)("", table)
    for needed in ("tasks", "space"):
        if needed not in config:
            raise InputError(f"{needed}: this table is missing")
    defaults = search_settings()
    fec = {key: defaults.pop(f"fec_{key}") for key in _FEC}
    first = {"description": "", "profile": "paper", "start": "random", "precision": "float32", "budget": 4.0}
    defaults.update(_PROFILES[config.get("profile", "paper")])
    config = {**first, **defaults, **config, "fec": {**fec, **config.get("fec", {})}}
    config["space"] = _checked_space(config["space"])
    _check_tasks(config)
    _check_islands(config)
    return {key: config[key] for key in _TOP if key in config}


def _checked_space(space: Table) -> Table:
    for key in ("scalars", "vectors", "matrices"):
        if key not in space:
            raise InputError(f"space.{key}: this key is missing")
    for name in FUNCTIONS:
        function = space.setdefault(name, {})
        if "size" in function and set(function) & {"min_size", "max_size", "init_size"}:
            raise InputError(f"space.{name}.size: expected either size, or min_size, max_size and init_size")
        try:
            _function_space(function)
        except InputError as error:
            raise InputError(f"space.{name}.{error}") from None
    return space


def _function_space(function: Table) -> FunctionSpace:
    if "size" in function:
        return FunctionSpace.fixed(function["size"], function.get("ops", []))
    return FunctionSpace(**function)


def _keys_of(generator: Callable[..., TaskSet]) -> list[str]:
    return [key for key in inspect.signature(generator).parameters if key not in _GIVEN]


def _task_tables(tasks: Table | list[Table]) -> list[tuple[str, Table]]:
    """The tables of `tasks`, which may be one or a list, and what messages call them."""
    return [(f"tasks[{i}]", table) for i, table in enumerate(tasks)] if isinstance(tasks, list) else [("tasks", tasks)]


def _check_tasks(config: Table) -> None:
    """Checks the keys of the three sections, and gives the first one its defaults."""
    checked = [_checked_task_table(name, table) for name, table in _task_tables(config["tasks"] or {})]
    config["tasks"] = checked if isinstance(config["tasks"], list) else checked[0]
    arguments: dict[str, Checker] = dict.fromkeys(_keys_of(GENERATORS[checked[0]["generator"]]), _any)
    own: dict[Section, dict[str, Checker]] = {"select": {"every": _integer(1)}, "final": {"compare": _baselines}}
    for section, checkers in own.items():
        if section in config:
            config[section] = _table({**checkers, **arguments})(section, config[section])
    if "select" in config:
        config["select"].setdefault("every", _DEFAULT_EVERY)


def _checked_task_table(name: str, table: object) -> Table:
    if not isinstance(table, dict) or "generator" not in table:
        raise InputError(f"{name}.generator: expected one of {', '.join(GENERATORS)}")
    generator = GENERATORS[checked_choice(f"{name}.generator", table["generator"], GENERATORS)]
    keys = _keys_of(generator)
    checked: Table = _table({"generator": _text, **dict.fromkeys(keys, _any)})(name, table)
    for key, parameter in inspect.signature(generator).parameters.items():
        if key in keys and key != "split" and key not in checked:
            if parameter.default is inspect.Parameter.empty:
                raise InputError(f"{name}.{key}: this key is missing")
            if parameter.default is not None:
                checked[key] = parameter.default
    return checked


def _check_islands(config: Table) -> None:
    """Gives islands and migrations their defaults; there are as many islands as tables of tasks, or more."""
    n_tables = len(_task_tables(config["tasks"]))
    config["migration"] = {"every": EVERY, "share": SHARE, **config.get("migration", {})}
    if config.setdefault("islands", n_tables) < n_tables:
        wanted = f"expected {n_tables} or more, as many as there are [[tasks]]"
        raise InputError(f"islands: {wanted}, got {config['islands']}")
    least, every = config["population_size"], config["migration"]["every"]
    if config["islands"] > 1 and every < least:
        raise InputError(f"migration.every: expected population_size, {least}, or more, got {every}")
