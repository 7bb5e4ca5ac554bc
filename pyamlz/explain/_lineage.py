"""Where the best program of a search came from: its ancestors, each with the mutation that made it (figure 6)."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

from pyamlz import archive
from pyamlz._ffi import ffi, lib
from pyamlz._lib.errors import ArchiveError, InputError, SearchError
from pyamlz._lib.native import MUTATIONS
from pyamlz.program import FUNCTIONS, Program
from pyamlz.search import Callback, Islands, PackedTasks, Progress, Search, Variant
from pyamlz.search._running import Callbacks, Clock
from pyamlz.tasks import TaskSet

__all__ = ["Ancestor", "changes", "improvements", "lineage"]


Node: TypeAlias = tuple[int, int]  # an island, and an evaluation of it
_ACTIONS = {number: name for name, number in MUTATIONS.items()}


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A program in the line of the best one.

    Attributes:
        evaluation: number of the evaluation that scored it, from 1; of islands, those of each count for themselves.
        action: the mutation that made it of the one before; "identity" for a copy, and for the first; "migration" for
            one that came from another island, or from this one, and was scored again.
        fitness: on the tasks of its search or island.
        program: the program.
        island: the island's number, from 0; None for a single search.
    """

    evaluation: int
    action: str
    fitness: float
    program: Program
    island: int | None = None

    @property
    def place(self) -> str:
        """The evaluation, and the island if there are some, as people are told."""
        return f"{self.evaluation:,}" + ("" if self.island is None else f" on island {self.island}")


def lineage(
    saved: str | os.PathLike[str] | archive.Checkpoint | archive.Islands,
    tasks: TaskSet | PackedTasks | Sequence[TaskSet | PackedTasks] | None = None,
    *,
    variant: Variant = "auto",
    callbacks: Iterable[Callback] = (),
) -> list[Ancestor]:
    """The ancestors of a search's best program, the first one first and the best program itself last.

    >>> for ancestor in improvements(lineage("search.amlz")):  # doctest: +SKIP
    ...     print(ancestor.place, ancestor.action, ancestor.fitness)

    Archives do not have the programs that died. The search is run again from its seed instead, twice: first to find who
    descends from whom, then to look at those that count. So it takes twice as long as the search did (islands are run
    one after the other), and the result is exact; that the search comes out as it was saved is checked.

    Args:
        saved: a checkpoint, of a search or of islands, or its file.
        tasks: what its programs are scored on, of islands a sequence; by default from the archive, or made again as it
            says.
        variant: kernels to use.
        callbacks: are told of the progress, of which `share` says how much is done.

    Raises:
        ArchiveError: it is no checkpoint, or one of a search that has taken in programs from elsewhere; or the search
            comes out another way.
        SearchError: nothing was evaluated yet, or a callback ended it.
    """
    name = "archive" if isinstance(saved, archive.Checkpoint | archive.Islands) else os.fspath(saved)
    found = saved if isinstance(saved, archive.Checkpoint | archive.Islands) else archive.read(saved)
    if not isinstance(found, archive.Checkpoint | archive.Islands):
        raise ArchiveError(f"{name}: expected a checkpoint, got a {type(found).__name__}")
    best = _best_of(found)
    if best is None:
        raise SearchError(f"{name}: nothing was evaluated yet")
    retracing = _Retracing(callbacks)
    return retracing.callbacks.around(
        retracing, lambda: _retraced(lambda: _Replay(found, name, tasks, variant), name, best, retracing.tell)
    )


def _retraced(
    replayed: Callable[[], _Replay], name: str, best: Node, tell: Callable[[float], object]
) -> list[Ancestor]:
    """The ancestors, by two runs of the search that `replayed` makes anew."""
    replay = replayed()
    parents = [array("Q", bytes(8 * (end + 1))) for end in replay.ends]
    origins: dict[Node, Node] = {}
    for born in replay.run(replay.ends, lambda share: tell(share / 2)):
        island, evaluation = born.node
        parents[island][evaluation] = born.parent
        if born.origin is not None:
            origins[born.node] = born.origin
    replay.check(name)
    line = [best]
    while (origin := origins.get(line[-1])) or parents[line[-1][0]][line[-1][1]]:
        line.append(origin or (line[-1][0], parents[line[-1][0]][line[-1][1]]))
    wanted = set(line)
    replay = replayed()
    ancestors = [
        Ancestor(
            born.node[1],
            born.action,
            born.fitness,
            replay.program(born),
            None if replay.islands is None else born.node[0],
        )
        for born in replay.run(replay.ends_for(best), lambda share: tell(0.5 + share / 2))
        if born.node in wanted
    ]
    tell(1.0)
    return sorted(ancestors, key=lambda ancestor: ancestor.evaluation)


class _Retracing:
    """What callbacks are told of.

    Attributes:
        callbacks: who is told.
        progress: how much was run again.
    """

    def __init__(self, callbacks: Iterable[Callback]) -> None:
        self.callbacks = Callbacks(callbacks)
        self.progress = Progress(stage="retracing", share=0.0)
        self._clock = Clock()

    def tell(self, share: float) -> None:
        """Tells how much is done.

        Raises:
            SearchError: a callback ends it.
        """
        seconds = self._clock.in_this_run()
        left = seconds / share - seconds if share > 0 else None
        self.progress = Progress(stage="retracing", share=share, seconds=seconds, seconds_left=left)
        if self.callbacks.now(self.progress):
            raise SearchError("callbacks: one of them ended it before the ancestors were found")


def _best_of(saved: archive.Checkpoint | archive.Islands) -> Node | None:
    """Where and when the best program was scored."""
    if saved.best is None:
        return None
    parts = saved.islands if isinstance(saved, archive.Islands) else (saved,)
    return next((i, part.best.evaluation) for i, part in enumerate(parts) if part.best is saved.best)


class _Born(NamedTuple):
    """A member as it was scored.

    Attributes:
        node: which it is.
        parent: evaluation of its parent on the same island; 0 without one.
        action: the mutation, or "migration".
        fitness: of then.
        place: in the population of then.
        origin: what it is a copy of, after a migration.
    """

    node: Node
    parent: int
    action: str
    fitness: float
    place: int
    origin: Node | None = None


class _Replay:
    """The searches of a checkpoint, at their very beginning."""

    def __init__(
        self,
        saved: archive.Checkpoint | archive.Islands,
        name: str,
        tasks: TaskSet | PackedTasks | Sequence[TaskSet | PackedTasks] | None,
        variant: Variant,
    ) -> None:
        self.islands: Islands | None = None
        if isinstance(saved, archive.Islands):
            given = cast("Sequence[TaskSet | PackedTasks] | None", tasks)
            self.islands = Islands.anew(saved, name, given, variant=variant, threads=1)
            self.searches = self.islands.searches
            self.saved = saved.islands
        else:
            only = cast("TaskSet | PackedTasks | None", tasks)
            self.searches, self.saved = (Search.anew(saved, name, only, variant=variant),), (saved,)
        self.ends = [part.evaluations for part in self.saved]
        self._member = ffi.new("amlz_member *")

    def ends_for(self, node: Node) -> list[int]:
        """Evaluations of each island that must be made for a member to be there."""
        islands, (island, evaluation) = self.islands, node
        if islands is None:
            return [evaluation]
        ends = [islands._migrations(evaluation) * islands.every_evaluations] * len(self.searches)
        ends[island] = evaluation
        return ends

    def run(self, ends: Sequence[int], progress: Callable[[float], object]) -> Iterator[_Born]:
        """Runs the searches until each has made so many evaluations; all members that are scored, as they are."""
        while True:
            for island, end in enumerate(ends):
                for n in self._advance(island, min(end, self._next_migration())):
                    yield from self._newest(island, n)
                    progress(min(sum(self._counts()) / sum(ends), 1.0))
            if all(count >= end for count, end in zip(self._counts(), ends, strict=True)):
                return
            yield from self._migrate()

    def check(self, name: str) -> None:
        """Refuses searches that have not come out as they were saved."""
        if any(search.digest != part.digest for search, part in zip(self.searches, self.saved, strict=True)):
            raise ArchiveError(
                f"{name}: running the search again from its seed gives another result: it has taken in programs from "
                "elsewhere, or another version of the library made it"
            )

    def program(self, born: _Born) -> Program:
        """The program of a member that :meth:`run` has just told."""
        c = ffi.new("amlz_program *")
        self._look(born.node[0], born.place, c)
        return Program._of(c)

    def _counts(self) -> list[int]:
        return [search._engine.evaluations for search in self.searches]

    def _next_migration(self) -> int:
        """Evaluations of each island before it."""
        if self.islands is None:
            return self.ends[0]
        return (self.islands._migrations(self._counts()[0]) + 1) * self.islands.every_evaluations

    def _advance(self, island: int, end: int) -> Iterator[int]:
        """Runs an island to an evaluation, by so many at a time that their members are all still there."""
        search = self.searches[island]
        while (left := end - search._engine.evaluations) > 0:
            n = min(search.settings.population_size, left)
            yield search._engine.run(n)

    def _migrate(self) -> Iterator[_Born]:
        assert self.islands is not None
        migrants = self.islands._migrants(self.islands._migrations(self._counts()[0]) + 1)
        origins = [[(home, int(self._look(home, index).birth)) for home, index in taken] for taken in migrants]
        self.islands._migrate()
        for island, taken in enumerate(origins):
            for born, origin in zip(self._newest(island, len(taken)), taken, strict=True):
                yield born._replace(origin=origin, action="migration")

    def _newest(self, island: int, n: int) -> Iterator[_Born]:
        """The last n members of an island, the oldest first."""
        there = self.searches[island]._engine.count(lib.AMLZ_POPULATION)
        for place in range(there - n, there):
            member = self._look(island, place)
            action = _ACTIONS[member.action]
            yield _Born((island, int(member.birth)), int(member.parent), action, float(member.fitness), place)

    def _look(self, island: int, place: int, program: Any = ffi.NULL) -> Any:
        """What the library tells of a member, until it is asked again; and its program, if there is a place for it."""
        self.searches[island]._engine.member(place, self._member, program)
        return self._member


def improvements(ancestors: list[Ancestor]) -> list[Ancestor]:
    """Those that were better than all before them in the line, and so the first."""
    better: list[Ancestor] = []
    for ancestor in ancestors:
        if not better or ancestor.fitness > better[-1].fitness:
            better.append(ancestor)
    return better


def changes(before: Program, after: Program) -> list[str]:
    """The lines that differ, as "- Learn: v2 = s3 * v0" and "+ Learn: ...", in the order of the programs."""
    if not isinstance(before, Program) or not isinstance(after, Program):
        raise InputError("before, after: expected two programs")
    found = []
    for function in FUNCTIONS:
        old, new = ([str(x) for x in program.code[function]] for program in (before, after))
        for sign, line in _difference(old, new):
            found.append(f"{sign} {function.capitalize()}: {line}")
    return found


def _difference(old: list[str], new: list[str]) -> Iterator[tuple[str, str]]:
    import difflib

    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from (("-", line) for line in old[i1:i2])
            yield from (("+", line) for line in new[j1:j2])
