"""Where the best program of a search came from: its ancestors, each with the mutation that made it (figure 6)."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pyamlz import archive
from pyamlz._ffi import ffi, lib
from pyamlz._native import MUTATIONS, name_of
from pyamlz.errors import ArchiveError, InputError, SearchError, check
from pyamlz.evaluate import PackedTasks, Variant
from pyamlz.program import Program
from pyamlz.search import Search
from pyamlz.space import FUNCTIONS
from pyamlz.tasks.taskset import TaskSet

__all__ = ["Ancestor", "changes", "improvements", "lineage"]


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A program in the line of the best one.

    Attributes:
        evaluation: number of the evaluation that scored it, from 1.
        action: the mutation that made it of the one before; "identity" for a copy, and for the first.
        fitness: on the search's tasks.
        program: the program.
    """

    evaluation: int
    action: str
    fitness: float
    program: Program


def lineage(
    saved: str | os.PathLike[str] | archive.Checkpoint,
    tasks: TaskSet | PackedTasks | None = None,
    *,
    variant: Variant = "auto",
    progress: Callable[[float], object] | None = None,
) -> list[Ancestor]:
    """The ancestors of a search's best program, the first one first and the best program itself last.

    Archives do not have the programs that died. The search is run again from its seed instead, twice: first to find who
    descends from whom, then to look at those that count. So it takes twice as long as the search did, and the result is
    exact; that the search comes out as it was saved is checked.

    Args:
        saved: a checkpoint, or its file.
        tasks: what its programs are scored on; by default from the archive, or made again as it says.
        variant: kernels to use.
        progress: called now and then with how much is done, from 0 to 1.

    Raises:
        ArchiveError: it is no checkpoint of a single search, or one that has taken in programs from elsewhere; or the
            search comes out another way.
        SearchError: nothing was evaluated yet.
    """
    name = "archive" if isinstance(saved, archive.Checkpoint) else os.fspath(saved)
    if not isinstance(saved, archive.Checkpoint):
        found = archive.read(saved)
        if isinstance(found, archive.Islands):
            raise ArchiveError(
                f"{name}: has islands, between which programs migrate; only a single search can be retraced"
            )
        if not isinstance(found, archive.Checkpoint):
            raise ArchiveError(f"{name}: expected a checkpoint, got a {type(found).__name__}")
        saved = found
    if saved.best is None:
        raise SearchError(f"{name}: nothing was evaluated yet")
    tell = progress or (lambda _: None)
    parents = array("Q", [0]) * (saved.evaluations + 1)
    for member in _replayed(saved, name, tasks, variant, saved.evaluations, lambda share: tell(share / 2)):
        parents[member.birth] = member.parent
    line = [saved.best.birth]
    while parents[line[-1]] != 0:
        line.append(parents[line[-1]])
    wanted = set(line)
    ancestors = []
    again = _replayed(saved, name, tasks, variant, saved.best.birth, lambda share: tell(0.5 + share / 2), wanted)
    for member in again:
        if member.birth in wanted:
            action = name_of(member.action, MUTATIONS)
            ancestors.append(Ancestor(member.birth, action, member.fitness, member.program))
    tell(1.0)
    return ancestors


@dataclass(frozen=True, slots=True)
class _Born:
    """A member as it was scored; the program only where it is wanted."""

    birth: int
    parent: int
    action: int
    fitness: float
    program: Any


def _replayed(
    saved: archive.Checkpoint,
    name: str,
    tasks: TaskSet | PackedTasks | None,
    variant: Variant,
    evaluations: int,
    progress: Callable[[float], object],
    wanted: set[int] | None = None,
) -> Iterator[_Born]:
    """All programs that a search scores, in order; it is run anew until so many are."""
    search = Search.anew(saved, name, tasks, variant=variant)
    pointer, size = search._handle.pointer, saved.config.population_size
    member = ffi.new("amlz_member *")
    done = 0
    while done < evaluations:
        # The members since the last look are all still there.
        n = min(size, evaluations - done)
        check(lib.amlz_search_run(pointer, n, 2.0, ffi.NULL))
        there = lib.amlz_search_count(pointer, lib.AMLZ_NOW, lib.AMLZ_POPULATION)
        for index in range(there - n, there):
            check(lib.amlz_search_item(pointer, lib.AMLZ_NOW, lib.AMLZ_POPULATION, index, ffi.NULL, member))
            program = None
            if wanted is not None and member.birth in wanted:
                c = ffi.new("amlz_program *")
                check(lib.amlz_search_item(pointer, lib.AMLZ_NOW, lib.AMLZ_POPULATION, index, c, member))
                program = Program._of(c)
            yield _Born(member.birth, member.parent, member.action, member.fitness, program)
        done += n
        progress(done / evaluations)
    if evaluations == saved.evaluations and search.digest != saved.digest:
        raise ArchiveError(
            f"{name}: running the search again from its seed gives another result: it has taken in programs from "
            "elsewhere, or another version of the library made it"
        )


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
