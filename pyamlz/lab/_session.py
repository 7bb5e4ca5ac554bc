"""What a checkpoint remembers of a run of experiments, besides the search that is going on."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pyamlz._lib.checks import checked_float, checked_int, checked_seed
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz.archive import Candidate, Checkpoint, Islands, from_json, read_candidate, to_json
from pyamlz.lab._data import Tables, checked_records
from pyamlz.lab._experiment import Experiment
from pyamlz.search import Score
from pyamlz.tasks._reading import DataSource

__all__ = ["Session"]

T = TypeVar("T")

_VERSION = 1
_MOST = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Where a run of experiments is. All but `seconds` depends on how the run was begun, and on counts.

    Attributes:
        preset: what is run.
        seed: what everything random is derived from.
        max_evaluations: programs to score in all experiments; None for no limit.
        max_seconds: time for all experiments; None for no limit.
        seconds: time used until now; None without a limit, where it is of no account.
        experiment: number of the experiment that is going on, from 1.
        evaluations: programs scored by those before it.
        train_steps: their training steps.
        considered: programs scored by this one when its best program was last tried on the select tasks.
        tried: of each island, or of the search, the fitness of the last program that was tried there; -1 before the
            first.
        best: the best candidate of this experiment.
        champion: the best candidate of those before it.
        found: what the run reported when its last sitting ended, which may be better than `best` and `champion`: when a
            clock or somebody ends it, the program of that moment is reported, and nothing else depends on it.
        data: what is remembered of the user's own tables, see :meth:`pyamlz.lab._data.Tables.records`; None for none.
        digests: of the select and final tasks that are made of images, :attr:`pyamlz.TaskSet.digest`, by section; None
            for none. Those of the search's tasks are in its archive.
        scores: of what was found, on held-out rows of the user's own table, once the run is over; None for none.
    """

    preset: Experiment
    seed: int
    max_evaluations: int | None
    max_seconds: float | None
    seconds: float | None
    experiment: int
    evaluations: int
    train_steps: int
    considered: int
    tried: tuple[float, ...]
    best: Candidate | None
    champion: Candidate | None
    found: Candidate | None = None
    data: list[dict[str, Any]] | None = None
    digests: dict[str, str] | None = None
    scores: tuple[Score, ...] | None = None

    @property
    def chosen(self) -> Candidate | None:
        """What the run has found until now: the best candidate of all its experiments."""
        candidates = [candidate for candidate in (self.champion, self.best, self.found) if candidate is not None]
        return max(candidates, key=lambda candidate: candidate.merit, default=None)

    def ended_by(self, evaluations: int) -> str | None:
        """What has ended the run, so that nothing is left to do: its stop reason; None if it goes on.

        Args:
            evaluations: programs scored by the experiment that is going on.
        """
        chosen = self.chosen
        goal, most = self.preset.sufficient_fitness, self.preset.max_experiments
        if goal is not None and chosen is not None and chosen.merit >= goal:
            return "sufficient_fitness"
        if self.max_evaluations is not None and self.evaluations + evaluations >= self.max_evaluations:
            return "max_evaluations"
        if most is None and goal is None:
            most = 1
        if self.experiment == most and evaluations >= (self.preset.max_evaluations or math.inf):
            return "max_evaluations" if most == 1 else "max_experiments"
        if self.max_seconds is not None and (self.seconds or 0.0) >= self.max_seconds:
            return "max_seconds"
        return None

    def dump(self) -> str:
        """The session as JSON, which :meth:`parse` reads."""
        values = {name: getattr(self, name) for name in _READERS}
        for name in _CANDIDATES:
            values[name] = None if values[name] is None else values[name].to_json()
        if self.scores is not None:
            values["scores"] = [score.to_json() for score in self.scores]
        for name in _LATER:
            if values[name] is None:
                del values[name]
        values["tried"] = self.tried[0] if len(self.tried) == 1 else self.tried
        preset = {"name": self.preset.name, "config": self.preset.self_contained().as_dict()}
        own = {"data": self.data} if self.data else {}  # archives of other runs are as they were before there was such
        return to_json({"session": _VERSION, **values, "preset": preset, **own})

    @classmethod
    def parse(cls, string: str, where: str, data: DataSource | None = None) -> Session:
        """Reads what :meth:`dump` wrote. Tables of the user's are looked for where they were, in the archive's folder,
        and in the working folder.

        Args:
            string: the JSON.
            where: what messages begin with: the file's name.
            data: where the run's table is now, if it is told.

        Raises:
            ArchiveError: it is something else; the message names the key.
        """
        try:
            table = from_json(string, "session")
            records = checked_records("session.data", table.pop("data", [])) if isinstance(table, dict) else []
            table = _table("session", table, {"session", *_READERS}, set(_LATER))
            checked_int("session.session", table.pop("session"), _VERSION, _VERSION)
            values = {name: read(f"session.{name}", table.get(name)) for name, read in _READERS.items()}
            folder = os.path.dirname(where)
            tables = Tables(records, (folder, ""), data) if records or data is not None else Tables()
            values["preset"] = replace(values["preset"], tables=tables)
            return cls(**values, data=records or None)
        except InputError as error:
            raise ArchiveError(f"{where}: {error}") from None

    @classmethod
    def of(cls, saved: Checkpoint | Islands, where: str, data: DataSource | None = None) -> Session | None:
        """The session of an archive; None if it has none, or that of another program.

        Raises:
            ArchiveError: it is ours, but damaged; the message names the key.
        """
        table = None if saved.session is None else from_json(saved.session, f"{where}: session")
        if not isinstance(table, dict) or "session" not in table:
            return None
        table.pop("migration", None)  # what islands keep there for themselves
        return cls.parse(to_json(table), where, data)

    def check(self, saved: Sequence[Checkpoint], where: str) -> None:
        """Refuses a session that does not belong to the search, or the islands, that it was saved with.

        Raises:
            ArchiveError: it does not; the message names the key.
        """
        evaluations = sum(island.evaluations for island in saved)
        if self.considered > evaluations:
            raise ArchiveError(f"{where}: session.considered: expected at most {evaluations}, got {self.considered}")
        islands = self.preset.islands
        for name, number in (("preset.config.islands", islands), ("tried", len(self.tried))):
            if number != len(saved):
                raise ArchiveError(f"{where}: session.{name}: expected {len(saved)} searches, got {number}")
        for name in _CANDIDATES:
            candidate: Candidate | None = getattr(self, name)
            try:
                if candidate is not None:
                    candidate.program.check(saved[0].dims)
            except InputError as error:
                raise ArchiveError(f"{where}: session.{name}.program: {error}") from None


def _table(name: str, value: object, keys: set[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) | set(optional) != keys | set(optional):
        found = ", ".join(sorted(value)) if isinstance(value, dict) else type(value).__name__
        raise InputError(f"{name}: expected a table of {', '.join(sorted(keys))}, got {found}")
    return value


def _optional(read: Callable[[str, object], T]) -> Callable[[str, object], T | None]:
    return lambda name, value: None if value is None else read(name, value)


def _preset(name: str, value: object) -> Experiment:
    table = _table(name, value, {"name", "config"})
    if not isinstance(table["name"], str) or not isinstance(table["config"], Mapping):
        raise InputError(f"{name}: expected a name and a table of settings")
    try:
        return Experiment.of(table["config"], table["name"])
    except InputError as error:
        raise InputError(f"{name}.config: {error}") from None


def _tried(name: str, value: object) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(checked_float(name, fitness, -1.0, 1.0) for fitness in values)


def _digests(name: str, value: object) -> dict[str, str]:
    if isinstance(value, dict) and all(isinstance(digest, str) for digest in value.values()):
        return value
    raise InputError(f"{name}: expected a table of digests, got {value!r:.100}")


def _scores(name: str, value: object) -> tuple[Score, ...]:
    if isinstance(value, list):
        return tuple(Score.of(f"{name}[{i}]", score) for i, score in enumerate(value))
    raise InputError(f"{name}: expected a list of scores, got {value!r:.100}")


def _count(name: str, value: object) -> int:
    return checked_int(name, value, 0, _MOST)


def _from_1(name: str, value: object) -> int:
    return checked_int(name, value, 1, _MOST)


_READERS: dict[str, Callable[[str, object], Any]] = {
    "preset": _preset,
    "seed": checked_seed,
    "max_evaluations": _optional(_from_1),
    "max_seconds": _optional(lambda name, value: checked_float(name, value, 0.0, over=True)),
    "seconds": _optional(lambda name, value: checked_float(name, value, 0.0)),
    "experiment": _from_1,
    "evaluations": _count,
    "train_steps": _count,
    "considered": _count,
    "tried": _tried,
    "best": _optional(read_candidate),
    "champion": _optional(read_candidate),
    "found": _optional(read_candidate),
    "digests": _optional(_digests),
    "scores": _optional(_scores),
}
_LATER = ("found", "digests", "scores")  # keys that archives of version 0.1 do not have
_CANDIDATES = ("best", "champion", "found")
