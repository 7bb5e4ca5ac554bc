"""The keys of experiments' files: what each means, which values it may have, and its default.

To add a setting of searches is to add a line to :class:`pyamlz.Settings`; all other keys are here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pyamlz import archive
from pyamlz._lib.checks import checked_choice, checked_float, hint
from pyamlz._lib.errors import InputError
from pyamlz._lib.frozen import thawed
from pyamlz._lib.native import PRECISIONS
from pyamlz.program import CAPACITY, FUNCTIONS, SETTINGS, FunctionSpace
from pyamlz.program._settings import Choice, Count, Kind, Real
from pyamlz.program.baselines import BASELINES
from pyamlz.search._islands import EVERY, SHARE
from pyamlz.tasks import TaskSet
from pyamlz.tasks._generators import GENERATORS

__all__ = [
    "KEYS",
    "PROFILES",
    "SPLITS",
    "Key",
    "Section",
    "Table",
    "checked",
    "function_space",
    "keys_of",
    "merged",
    "task_tables",
]

Section: TypeAlias = Literal["tasks", "select", "final"]
Checker: TypeAlias = Callable[[str, Any], Any]
Table: TypeAlias = dict[str, Any]

SPLITS: Final[dict[Section, str]] = {"tasks": "search", "select": "select", "final": "test"}  #: rows that each has
_GIVEN = ("seed", "precision")  # arguments of generators that are no keys
_MAX_COUNT = 2**63 - 1  # as large as TOML's integers


# ---------------------------------------------------------------- values


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise InputError(f"{name}: expected a string, got {value!r}")


def _share(name: str, value: object) -> float:
    return checked_float(name, value, 0.0, 1.0, over=True)


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
        return [_text(f"{name}[{i}]", program) for i, program in enumerate(value)]
    return _text(name, value)


def _any(name: str, value: object) -> object:
    return value


def _table(checkers: Mapping[str, Any]) -> Checker:
    """Checks a table whose keys are those of `checkers`: checkers of values, or of the tables inside of it."""

    def check(name: str, value: object) -> Table:
        if not isinstance(value, Mapping):
            raise InputError(f"{name}: expected a table, got {value!r}")
        prefix = f"{name}." if name else ""
        for key in value:
            if key not in checkers:
                raise InputError(f"unknown key {prefix + key!r}{hint(key, checkers)}")
        return {key: _checker(checkers[key])(prefix + key, value[key]) for key in checkers if key in value}

    return check


def _checker(of: Checker | Mapping[str, Any]) -> Checker:
    return _table(of) if isinstance(of, Mapping) else of


# ---------------------------------------------------------------- the keys


class Key(NamedTuple):
    """What there is to know of a key of a file, but for its name.

    Attributes:
        check: gives the value as tables have it, or says what is wrong with it.
        meaning: what it is, in Markdown, as the documentation tells it.
        range: of its values, in words.
        default: its value where it is left out; None: none.
    """

    check: Checker
    meaning: str
    range: str = ""
    default: Any = None


def _key(kind: Kind, meaning: str, default: Any = None) -> Key:
    return Key(kind.checked, meaning, kind.range, default)


# Settings that take the place of defaults, and of what is there where an experiment is given a profile.
PROFILES: dict[str, Table] = {
    "paper": {},
    "fast": {"must_learn": True},
    "valid": {
        "must_learn": True,
        "redraws": 1000,
        "redraw_rejected": True,
        "structures": 100_000,
        "cache_size": 0,
        "fec": {"size": 0},
        "start": "grown",
        "simplify": True,
        "max_mutations": 4,
        "tunings": 4,
        "constant_low": 0.001,
        "replace_worst_of": 10,
        "fresh_prob": 0.02,
        "population_size": 200,
        "tournament_size": 2,
        "mutate_prob": 1.0,
        "mutations": {
            "rewire": 25,
            "insert_on_edge": 20,
            "change_op": 12,
            "bypass": 15,
            "move": 8,
            "add_state": 10,
            "initialize": 3,
            "regrow": 20,
        },
    },
}
_MANY = Count(1, _MAX_COUNT)
_FUNCTION: dict[str, Key] = {
    "size": _key(Count(0, CAPACITY), "of all programs: shorthand for the next three"),
    "min_size": _key(Count(0, CAPACITY), "fewest instructions; by default 0"),
    "max_size": _key(Count(0, CAPACITY), f"most instructions; by default {CAPACITY}"),
    "init_size": _key(Count(0, CAPACITY), "instructions of a random program; by default `min_size`"),
    "ops": Key(_ops, "names or ids, each once; without any the function is never changed"),
}
_SETTING_KEYS = {setting.key for setting in SETTINGS}

#: All keys, in the order of the tables that experiments have. A dot leads into a table.
KEYS: Final[dict[str, Key]] = {
    "description": Key(_text, "a line for people", default=""),
    "profile": _key(
        Choice({"paper": 0, "fast": 1, "valid": 2}),
        "`fast` goes beyond the paper by `must_learn = true`, unless that is set; `valid` is "
        "[another way to search](../search.md#the-profile-valid), likewise",
        "paper",
    ),
    **{s.key: Key(s.kind.checked, s.meaning, s.kind.range, thawed(s.default)) for s in SETTINGS},
    "start": Key(
        _start,
        "what the first population is made of; a program is a built-in name, a path, or its text. Or several: the "
        "archive of a population, of a search or of islands, or a list of programs. Those are taken in, the fittest "
        "first; where there are fewer than P, random ones follow. On a table, of a list of built-in ones that have a "
        "learning rate the fittest is taken, each with a rate that does well on the search's tasks; the run reports it "
        "unless something gains more than two standard errors on the rows to select by",
        "`random`, `empty`, programs",
        "random",
    ),
    "fixed_program": Key(_text, "what functions without ops hold; not with a start that is a program", "a program"),
    "precision": _key(Choice(PRECISIONS), "what programs compute in", "float32"),
    "budget": _key(
        Real(0),
        "programs that cost more than so many times the plain two-layer network (`neural_network`) at the tasks' F "
        "score 0 unrun; 0: no limit",
        4.0,
    ),
    "max_evaluations": _key(_MANY, "programs in one experiment"),
    "max_train_steps": _key(
        _MANY,
        "training steps in one experiment, looked at every `select.every` evaluations (10,000 without select tasks)",
    ),
    "max_experiments": _key(_MANY, "[experiments](../search.md#experiments), one after the other"),
    "sufficient_fitness": _key(Real(0, 1), "success, on the select tasks if there are any"),
    "islands": _key(
        Count(1, archive.MAX_ISLANDS),
        "searches that [exchange programs](../search.md#islands); by default one for each table of tasks",
    ),
    "migration.every": Key(_MANY.checked, "evaluations of an island between two migrations", "P or more", EVERY),
    "migration.share": Key(_share, "of its population that an island gives out", "over 0, to 1", SHARE),
    "tasks": Key(_any, "a table, see [tasks](#tasks), or a list of them"),
    "select": Key(_any, "a table of what differs in select tasks"),
    "select.every": _key(_MANY, "evaluations between two looks at the select tasks", 10_000),
    "final": Key(_any, "a table of what differs in final tasks"),
    "final.compare": Key(_baselines, "built-in programs to score on the final tasks"),
    "space.scalars": _key(Count(2, 256), "addresses of this type"),
    "space.vectors": _key(Count(1, 256), "addresses of this type"),
    "space.matrices": _key(Count(0, 256), "addresses of this type"),
    **{f"space.{function}.{key}": _FUNCTION[key] for function in FUNCTIONS for key in _FUNCTION},
}


# ---------------------------------------------------------------- whole tables


def merged(table: Table, changes: Mapping[str, Any], prefix: str = "") -> Table:
    """A table with changes, see :meth:`pyamlz.Experiment.replace`."""
    made = dict(table)
    for key, value in changes.items():
        there = made.get(key)
        if value is None:
            made.pop(key, None)
        elif not isinstance(value, Mapping) or not value or prefix + key in _SETTING_KEYS:
            made[key] = value
        elif isinstance(there, list):
            raise InputError(f"{prefix}{key}: expected a list of tables in place of the one that there is")
        else:
            made[key] = merged(there if isinstance(there, dict) else {}, value, f"{prefix}{key}.")
    return made


def _tree(values: Mapping[str, Any]) -> Table:
    """Values by dotted keys as tables in tables. What has a value of its own is not gone into."""
    tree: Table = {}
    for key, value in values.items():
        *tables, last = key.split(".")
        inside = tree
        for table in tables:
            inside = inside.setdefault(table, {})
        if isinstance(inside, dict):
            inside[last] = value.check if isinstance(value, Key) else value
    return tree


def checked(written: Table) -> Table:
    """A table as it was written, with its values checked and the defaults of what was left out.

    Raises:
        InputError: a key or value is wrong.
    """
    table = _table(_tree(KEYS))("", written)
    for needed in ("tasks", "space"):
        if needed not in table:
            raise InputError(f"{needed}: this table is missing")
    defaults = _tree({name: key.default for name, key in KEYS.items() if _is_given(name, key)})
    complete = merged({**defaults, **PROFILES[table.get("profile", "paper")]}, table)
    complete["space"] = _checked_space(complete["space"])
    _check_tasks(complete)
    _check_islands(complete)
    return {name: complete[name] for name in _tree(KEYS) if name in complete}


def _is_given(name: str, key: Key) -> bool:
    """Whether a key that is left out is there by default, as none of a section is."""
    return key.default is not None and name.partition(".")[0] not in SPLITS


def _checked_space(space: Table) -> Table:
    for key in ("scalars", "vectors", "matrices"):
        if key not in space:
            raise InputError(f"space.{key}: this key is missing")
    for name in FUNCTIONS:
        function = space.setdefault(name, {})
        if "size" in function and set(function) & {"min_size", "max_size", "init_size"}:
            raise InputError(f"space.{name}.size: expected either size, or min_size, max_size and init_size")
        try:
            function_space(function)
        except InputError as error:
            raise InputError(f"space.{name}.{error}") from None
    return space


def function_space(function: Mapping[str, Any]) -> FunctionSpace:
    if "size" in function:
        return FunctionSpace.fixed(function["size"], function.get("ops", []))
    return FunctionSpace(**function)


def keys_of(generator: Callable[..., TaskSet]) -> list[str]:
    return [key for key in inspect.signature(generator).parameters if key not in _GIVEN]


def task_tables(tasks: Any) -> list[tuple[str, Table]]:
    """The tables of `tasks`, which may be one or a list, and what messages call them."""
    return (
        [(f"tasks[{i}]", table) for i, table in enumerate(tasks)]
        if isinstance(tasks, (list, tuple))
        else [("tasks", tasks)]
    )


def _check_tasks(config: Table) -> None:
    """Checks the keys of the three sections, and gives the first one its defaults."""
    checked = [_checked_task_table(name, table) for name, table in task_tables(config["tasks"] or {})]
    config["tasks"] = checked if isinstance(config["tasks"], list) else checked[0]
    arguments: dict[str, Checker] = dict.fromkeys(keys_of(GENERATORS[checked[0]["generator"]]), _any)
    own: dict[Section, dict[str, Checker]] = {
        "select": {"every": KEYS["select.every"].check},
        "final": {"compare": _baselines},
    }
    for section, checkers in own.items():
        if section in config:
            config[section] = _table({**checkers, **arguments})(section, config[section])
    if "select" in config:
        config["select"].setdefault("every", KEYS["select.every"].default)


def _checked_task_table(name: str, table: object) -> Table:
    if not isinstance(table, dict) or "generator" not in table:
        raise InputError(f"{name}.generator: expected one of {', '.join(GENERATORS)}")
    generator = GENERATORS[checked_choice(f"{name}.generator", table["generator"], GENERATORS)]
    keys = keys_of(generator)
    checked: Table = _table({"generator": _text, **dict.fromkeys(keys, _any)})(name, table)
    for key, parameter in inspect.signature(generator).parameters.items():
        if key in keys and key != "split" and key not in checked:
            if parameter.default is inspect.Parameter.empty:
                raise InputError(f"{name}.{key}: this key is missing")
            if parameter.default is not None:
                checked[key] = parameter.default
    return checked


def _check_islands(config: Table) -> None:
    """Gives islands their default; there are as many islands as tables of tasks, or more."""
    n_tables = len(task_tables(config["tasks"]))
    if config.setdefault("islands", n_tables) < n_tables:
        wanted = f"expected {n_tables} or more, as many as there are [[tasks]]"
        raise InputError(f"islands: {wanted}, got {config['islands']}")
    least, every = config["population_size"], config["migration"]["every"]
    if config["islands"] > 1 and every < least:
        raise InputError(f"migration.every: expected population_size, {least}, or more, got {every}")
