"""Experiments: tasks, space, method and what ends it, as TOML files in the paper's terms.

A file has the settings of a search, :class:`pyamlz.Settings`, at its top (``fec`` is a table of ``size``, ``train`` and
``valid``, ``hurdles`` a list of pairs such as ``[[100, 100], [800, 100]]``), and ``description``, ``precision``,
``max_evaluations`` and ``max_train_steps`` (of one search), ``max_experiments`` and ``sufficient_fitness``; ``budget``,
how many times as much as the plain two-layer network programs may cost; and ``islands``, how many searches run at once
and exchange programs. ``start`` is "random", "empty", a program (the name of a built-in one, its text, or a path from
the current folder; so is ``fixed_program``), an archive of programs, or a list of programs. Its tables:

``[tasks]``
    ``generator`` names a function of :mod:`pyamlz.tasks`; the other keys are its arguments, but for seed and precision.
    A list of such tables, ``[[tasks]]``, is dealt to the islands in turn; the first is what the other sections follow.
``[migration]``
    ``every`` (evaluations) and ``share``, of :class:`pyamlz.Islands`.
``[select]``
    Optional. Programs are chosen, and ``sufficient_fitness`` is measured, on these tasks and not on those of the
    search, every ``every`` evaluations of a search. Its other keys are those of ``[tasks]`` that differ.
``[final]``
    Optional. Tasks for the last figure; its keys are those of ``[tasks]`` that differ, and ``compare``, which names
    built-in programs to be scored on the same tasks.
``[space]``
    ``scalars``, ``vectors`` and ``matrices``, and for each of ``[space.setup]``, ``[space.predict]`` and
    ``[space.learn]`` the ``ops`` (names or ids), and ``size``, or ``min_size``, ``max_size`` and ``init_size``.

Those that come with the package are the presets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple, cast

from pyamlz._lib.checks import Precision, hint
from pyamlz._lib.errors import ArchiveError, DataError, InputError
from pyamlz._lib.frozen import frozen, thawed
from pyamlz.archive import find_program, find_start
from pyamlz.lab._data import READ, Tables
from pyamlz.lab._keys import PROFILES, SPLITS, Section, Table, checked, function_space, keys_of, merged, task_tables
from pyamlz.lab._toml import dump_toml, load_toml
from pyamlz.lab._tune import steadily_tuned
from pyamlz.program import FUNCTIONS, SETTINGS, Dims, Program, SearchSpace, Settings
from pyamlz.program._settings import STARTS
from pyamlz.program.baselines import BASELINES, TUNABLE, built_in, fitting, neural_network
from pyamlz.search import Evaluator, PackedTasks, Search, Variant
from pyamlz.tasks import Kind as Labels
from pyamlz.tasks import Table as OwnTable
from pyamlz.tasks import TaskSet
from pyamlz.tasks._generators import GENERATORS

__all__ = ["Experiment", "Migration", "Section", "differences", "preset_source", "presets"]

_MAX_FILE_SIZE = 2**20


def presets() -> list[str]:
    """The names of the experiments that come with the package."""
    folder = resources.files("pyamlz.lab") / "presets"
    return sorted(Path(file.name).stem for file in folder.iterdir() if file.name.endswith(".toml"))


def preset_source(name: str) -> str:
    """The TOML text of an experiment that comes with the package.

    Raises:
        InputError: there is none; the message suggests the nearest.
    """
    if name not in presets():
        raise InputError(f"unknown preset {name!r}{hint(name, presets())}")
    return (resources.files("pyamlz.lab") / "presets" / f"{name}.toml").read_text(encoding="utf-8")


class Migration(NamedTuple):
    """How islands exchange programs; see :class:`pyamlz.Islands`."""

    every_evaluations: int
    share: float


@dataclass(frozen=True, slots=True, repr=False)
class Experiment:
    """Tasks, space, method and what ends it. It cannot be changed; equal contents make equal experiments.

    It is made by :meth:`load`, :meth:`of` or :meth:`replace`. Programs in files are read then, and not again.

    >>> from pyamlz import Experiment
    >>> small = Experiment.load("linear").replace(population_size=50, tasks={"n_tasks": 4})
    >>> small.settings.population_size, small.tasks("tasks", seed=1).n_tasks
    (50, 4)

    Attributes:
        name: of the preset, or the file's path.
        table: all keys and their values, those that were left out too, as files have them.
        settings: those of its searches, but for what `budget` makes of `max_cost`.
        taken_in: programs that its searches take in at their beginning, where it names several to start from.
        tables: the user's own tables that its tasks are made of.
    """

    name: str = field(compare=False)
    table: Mapping[str, Any]
    settings: Settings = field(compare=False)
    taken_in: tuple[Program, ...] = field(compare=False)
    _written: Mapping[str, Any] = field(compare=False)  # without what was left out
    tables: Tables = field(default_factory=Tables, compare=False)

    @classmethod
    def load(cls, name_or_path: str) -> Experiment:
        """The preset of this name, or the experiment in a TOML file.

        Args:
            name_or_path: something that ends in ".toml" or has a slash is a path.

        Raises:
            InputError: a file, key or value is wrong; the message names it, and suggests the nearest key.
        """
        if name_or_path.endswith(".toml") or "/" in name_or_path:
            text = _read_file(name_or_path)
        else:
            text = preset_source(name_or_path)
        return cls.of(load_toml(text, name_or_path), name_or_path)

    @classmethod
    def of(cls, table: Mapping[str, Any], name: str = "") -> Experiment:
        """The experiment in a table such as a TOML file has; what is None counts as left out.

        Raises:
            InputError: a key or value is wrong.
        """
        written = merged({}, thawed(table))
        complete = checked(written)
        settings, taken_in = _settings_of(complete)
        return cls(name, frozen(complete), settings, taken_in, frozen(written))

    def replace(self, **changes: Any) -> Experiment:
        """The experiment with some keys of its file replaced, before what is left out gets its defaults.

        Args:
            changes: values by key. One that is a table itself is merged with the table that is there, as
                `tasks={"n_tasks": 4}`, unless it is empty; a setting is replaced as a whole, `mutations` too. None
                takes a key away. A `profile` brings its settings, but for those that are among the changes.

        Raises:
            InputError: a key or value is wrong; the message names it, and suggests the nearest key.
        """
        profile = PROFILES.get(str(changes.get("profile")), {})
        made = Experiment.of(merged(thawed(self._written), {**profile, **changes}), self.name)
        return with_fields(made, tables=self.tables)

    def table_settings(self) -> Table:
        """The arguments of the first table of the user's own, as :func:`pyamlz.tasks.table` takes them."""
        settings = next(table for table in self.task_tables if table["generator"] == "table")
        return {name: thawed(value) for name, value in settings.items() if name != "generator"}

    def own_table(self) -> OwnTable:
        """The first table of the user's own that its tasks are made of.

        Raises:
            DataError: it cannot be found or read.
            ArchiveError: it is other than when the run was begun.
        """
        settings = self.table_settings()
        return self.tables.get({name: settings[name] for name in READ if name in settings})

    def with_table(self, table: OwnTable) -> Experiment:
        """The experiment with tasks of a table that is read already, as of a data frame.

        Raises:
            InputError: its tasks are not made of a table.
        """
        if not self.is_of_table:
            raise InputError(f"{self.name}: expected a preset whose tasks are made of a table, such as 'table'")
        written, tables = thawed(self._written), Tables()
        for _, tasks in task_tables(written["tasks"]):
            if tasks["generator"] == "table":
                for name in READ:
                    tasks.pop(name, None)
                tasks.update(path=table.name, target=table.target, labels="classes" if table.classes else "numbers")
                tables.put({name: tasks[name] for name in READ if name in tasks}, table)
        return with_fields(Experiment.of(written, self.name), tables=tables)

    def self_contained(self) -> Experiment:
        """The same experiment without paths: programs in files become their texts."""
        changes: Table = {}
        start, fixed = self.table["start"], self.table.get("fixed_program")
        if self.taken_in and not self.fits_start:
            changes["start"] = [str(program) for program in self.taken_in]
        elif isinstance(start, str) and start not in STARTS and start not in BASELINES:
            changes["start"] = str(self.settings.start)
        if fixed is not None and fixed not in BASELINES:
            changes["fixed_program"] = str(self.settings.fixed_program)
        return self.replace(**changes)

    def __repr__(self) -> str:
        return f"<Experiment {self.name}: {self.description}>"

    def toml(self) -> str:
        """All keys as TOML; loading it gives an equal experiment."""
        return dump_toml(self.table)

    def as_dict(self) -> dict[str, Any]:
        """All keys as new dicts, lists and plain values, as JSON has them."""
        table: Table = thawed(self.table)
        return table

    # ------------------------------------------------------------ what it says

    @property
    def description(self) -> str:
        """One line about it."""
        return str(self.table["description"])

    @property
    def precision(self) -> Precision:
        """What programs compute in."""
        return cast(Precision, self.table["precision"])

    @property
    def max_evaluations(self) -> int | None:
        """Programs that a search scores at most."""
        return cast("int | None", self.table.get("max_evaluations"))

    @property
    def max_train_steps(self) -> int | None:
        """Training steps of a search at most."""
        return cast("int | None", self.table.get("max_train_steps"))

    @property
    def max_experiments(self) -> int | None:
        """Searches, one after the other, at most."""
        return cast("int | None", self.table.get("max_experiments"))

    @property
    def sufficient_fitness(self) -> float | None:
        """What a program must reach for the experiment to succeed."""
        return cast("float | None", self.table.get("sufficient_fitness"))

    @property
    def islands(self) -> int:
        """How many searches exchange programs; 1 for a search alone."""
        return int(self.table["islands"])

    @property
    def migration(self) -> Migration:
        """How they exchange them."""
        return Migration(self.table["migration"]["every"], self.table["migration"]["share"])

    @property
    def task_tables(self) -> tuple[Mapping[str, Any], ...]:
        """The tables of tasks, which are dealt to islands in turn; the first is what the other sections follow."""
        return tuple(table for _, table in task_tables(self.table["tasks"]))

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections that it has, of "tasks", "select" and "final"."""
        return tuple(section for section in SPLITS if section in self.table)

    @property
    def select_every_evaluations(self) -> int | None:
        """How often the best program is tried on the select tasks; None without them."""
        return int(self.table["select"]["every"]) if "select" in self.table else None

    def compared(self, kind: Labels) -> tuple[str, ...]:
        """Names of the built-in programs that are scored on the final tasks too, for labels of this kind."""
        names: tuple[str, ...] = self.table.get("final", {}).get("compare", ())
        return tuple(fitting(name, kind) for name in names) if self.is_of_table else names

    @property
    def is_of_table(self) -> bool:
        """Whether its tasks come from a table of the user's own, so that their kind depends on that."""
        return any(table["generator"] == "table" for table in self.task_tables)

    @property
    def fits_start(self) -> bool:
        """Whether it chooses a built-in program to start from, to fit its table: see :meth:`fitted_start`."""
        start = self.table["start"]
        return self.is_of_table and not isinstance(start, str) and all(name in TUNABLE for name in start)

    # ------------------------------------------------------------ what it makes

    def tasks(self, section: Section, seed: int, island: int = 0) -> TaskSet | None:
        """The tasks of a section; None if the experiment does not have it.

        Args:
            section: which.
            seed: for the generator.
            island: of the tasks of a search, whose: its number, from 0.

        Raises:
            InputError: an argument of the generator is wrong; the message names the key.
        """
        arguments = self.table.get(section)
        if arguments is None:
            return None
        tables = task_tables(self.table["tasks"])
        name, table = tables[island % len(tables) if section == "tasks" else 0]
        generator = GENERATORS[table["generator"]]
        arguments = table if section == "tasks" else arguments
        own = {key: value for key, value in arguments.items() if key in keys_of(generator)}
        shared = {key: value for key, value in table.items() if key != "generator"}
        given: Table = {**shared, **own}
        if "split" in keys_of(generator) and "split" not in own:
            given["split"] = SPLITS[section]
        try:
            arguments = thawed(given)
            if table["generator"] == "table":
                arguments["path"] = self.tables.get({key: arguments.pop(key) for key in READ if key in arguments})
            return generator(**arguments, seed=seed, precision=self.precision)
        except MemoryError:
            raise InputError(f"{section}: there is not enough memory for so many numbers") from None
        except InputError as error:
            if isinstance(error, DataError | ArchiveError) and table["generator"] == "table":  # it names the file
                raise
            is_own = section != "tasks" and str(error).partition(":")[0] in own
            raise InputError(f"{section if is_own else name}.{error}") from None

    def space(self, tasks: TaskSet) -> SearchSpace:
        """What programs may look like, on the features and labels of `tasks`."""
        space = self.table["space"]
        try:
            dims = Dims.of(tasks, n_scalars=space["scalars"], n_vectors=space["vectors"], n_matrices=space["matrices"])
            return SearchSpace(dims, **{name: function_space(space[name]) for name in FUNCTIONS})
        except InputError as error:
            raise InputError(f"space.{error}") from None

    def evaluator(self, tasks: TaskSet | PackedTasks, variant: Variant = "auto") -> Evaluator:
        """What scores programs on `tasks` as the experiment's searches do."""
        return Evaluator(tasks, precision=self.precision, variant=variant, combine=self.settings.combine)

    def search(
        self, tasks: TaskSet | PackedTasks, *, seed: int, variant: Variant = "auto", begun: bool = True
    ) -> Search:
        """A search with the experiment's settings on the given tasks: one island, if it has islands.

        Args:
            tasks: what programs are scored on.
            seed: of the search.
            variant: kernels to use.
            begun: whether it has taken in the programs that it starts from, if they are several. One that is to be
                restored has not.
        """
        task_set = tasks.tasks if isinstance(tasks, PackedTasks) else tasks
        settings = self.settings.replace(max_cost=self._max_cost(task_set.n_features))
        if self.fits_start:
            settings = settings.replace(start=self.fitted_start(tasks))
        elif self.is_of_table and self.table["start"] in BASELINES:
            settings = settings.replace(start=built_in(fitting(self.table["start"], task_set.kind)))
        space, precision = self.space(task_set), self.precision
        search = Search(tasks, space, settings, seed=seed, precision=precision, variant=variant)
        if begun and self.taken_in and not self.fits_start:
            try:
                search.take(self.taken_in[: settings.population_size])
            except InputError as error:
                raise InputError(f"start: {error}") from None
        return search

    def fitted_start(self, tasks: TaskSet | PackedTasks) -> Program:
        """The built-in program that a search on a table starts from, if it has several to choose from: the fittest on
        the search's own tasks, each in the form that is for such labels, with a learning rate that does well there.
        """
        evaluator = self.evaluator(tasks)
        kind = evaluator.tasks.tasks.kind
        programs = [steadily_tuned(fitting(name, kind), evaluator) for name in self.table["start"]]
        return max(programs, key=lambda program: evaluator.evaluate(program).fitness)

    def _max_cost(self, n_features: int) -> float:
        """The lower one of the two limits that there are; 0 for none."""
        limits = (self.settings.max_cost, self.table["budget"] * neural_network().cost(n_features))
        return min((limit for limit in limits if limit > 0), default=0.0)


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, object, object]]:
    """Where two tables of keys differ: dotted key, and both values, None for one that is not there."""
    for key in sorted(one.keys() | other.keys()):
        here, there = one.get(key), other.get(key)
        if isinstance(here, Mapping) and isinstance(there, Mapping):
            yield from differences(here, there, f"{prefix}{key}.")
        elif here != there:
            yield f"{prefix}{key}", thawed(here), thawed(there)


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


def _settings_of(table: Table) -> tuple[Settings, tuple[Program, ...]]:
    """The settings of searches, and the programs that they take in at their beginning."""
    values: Table = {}
    for setting in SETTINGS:
        outer, dot, inner = setting.key.rpartition(".")
        values[setting.name] = (table[outer] if dot else table).get(inner)
    start = table["start"]
    if isinstance(start, list) or start not in STARTS:
        start = find_start("start", start)
    taken_in = tuple(start) if isinstance(start, list) else ()
    fixed = None if values["fixed_program"] is None else find_program("fixed_program", values["fixed_program"])
    return Settings(**{**values, "start": "random" if taken_in else start, "fixed_program": fixed}), taken_in
