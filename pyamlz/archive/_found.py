"""What a search has found: the program that its run reports, and others that its archive holds.

A search alone has found its best program. A run of experiments, which :mod:`pyamlz.lab` makes, chooses among the best
programs of all its searches, on select tasks if it has some; what it chose is in the archive's session. Whoever takes
an archive for a program takes that one, unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyamlz._lib.checks import checked_float, checked_int
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz.archive._contents import Archive, Checkpoint, Islands, ModelArchive, ProgramArchive, from_json
from pyamlz.archive._members import Member
from pyamlz.program import Program

__all__ = ["WHICH", "Candidate", "found", "program_of", "read_candidate"]

WHICH: Final = "selected, best or hall:N"  #: names of programs in an archive
_CANDIDATES = ("found", "champion", "best")  # keys of a session
_OPTIONAL = {"final_fitness"}
_KEYS = {"program", "fitness", "select_fitness", "experiment"}
_MOST = 2**63


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program that may be what a run has found.

    Attributes:
        program: the program.
        fitness: on the tasks of its search.
        select_fitness: on the select tasks; None without them.
        experiment: number of the experiment that found it, from 1.
        final_fitness: on the final tasks, once they were looked at.
    """

    program: Program
    fitness: float
    select_fitness: float | None
    experiment: int
    final_fitness: float | None = None

    @property
    def merit(self) -> float:
        """What candidates are compared by."""
        return self.fitness if self.select_fitness is None else self.select_fitness

    def to_json(self) -> dict[str, Any]:
        """JSON values, which :func:`read_candidate` reads."""
        values = {name: getattr(self, name) for name in self.__slots__}
        if self.final_fitness is None:
            del values["final_fitness"]
        return {**values, "program": str(self.program)}


def read_candidate(name: str, value: object) -> Candidate:
    """Reads what :meth:`Candidate.to_json` gave.

    Raises:
        InputError: it is something else; the message names the key.
    """
    if not isinstance(value, Mapping) or not _KEYS <= set(value) <= _KEYS | _OPTIONAL:
        got = ", ".join(sorted(map(str, value))) if isinstance(value, Mapping) else type(value).__name__
        raise InputError(f"{name}: expected a table of {', '.join(sorted(_KEYS))}, got {got}")
    if not isinstance(value["program"], str):
        raise InputError(f"{name}.program: expected a program's text, got {value['program']!r}")
    try:
        program = Program.parse(value["program"])
    except InputError as error:
        raise InputError(f"{name}.program: {error}") from None
    fitnesses = {
        key: None if value.get(key) is None else checked_float(f"{name}.{key}", value[key], 0.0, 1.0)
        for key in ("select_fitness", "final_fitness")
    }
    return Candidate(
        program=program,
        fitness=checked_float(f"{name}.fitness", value["fitness"], 0.0, 1.0),
        experiment=checked_int(f"{name}.experiment", value["experiment"], 1, _MOST),
        **fitnesses,
    )


def found(archive: Checkpoint | Islands, name: str = "archive", which: str = "selected") -> Candidate:
    """A program of a search's archive.

    Args:
        archive: its contents.
        name: what messages call it.
        which: "selected" for what the run would report if it ended now, "best" for the fittest on the tasks of the
            search that is going on, which is the same for a search alone, or "hall:1" and so on for a program of the
            hall of fame, by live instructions in rising order.

    Raises:
        ArchiveError: nothing was evaluated yet, or the session is damaged.
        InputError: there is no such program.
    """
    session = _session(archive, name)
    number = session.get("experiment", 1)
    if which.startswith("hall:") and which[5:].isdecimal():
        hall = [m for part in _parts(archive) for m in part.mark.hall]
        at = int(which[5:])
        if not 1 <= at <= len(hall):
            raise InputError(f"{name}: {which}: expected a number from 1 to {len(hall)}, got {at}")
        return _of_member(hall[at - 1], number)
    if which not in ("selected", "best"):
        raise InputError(f"which: expected {WHICH}, got {which!r}")
    candidates = []
    if which == "selected":
        try:
            there = [key for key in _CANDIDATES if session.get(key) is not None]
            candidates = [read_candidate(f"session.{key}", session[key]) for key in there]
        except InputError as error:
            raise ArchiveError(f"{name}: {error}") from None
    if archive.best is not None and (not candidates or not _selects(session)):
        candidates.append(_of_member(archive.best, number))
    if not candidates:
        raise ArchiveError(f"{name}: expected an archive of a search that has run")
    return max(candidates, key=lambda candidate: candidate.merit)  # of equals the first


def program_of(archive: Archive, name: str = "archive", which: str = "selected") -> Program:
    """The program of an archive; of a search's see :func:`found`.

    Raises:
        ArchiveError: it is a population, in which there is none to choose, or a search that has not run.
        InputError: there is no such program.
    """
    if isinstance(archive, Checkpoint | Islands):
        return found(archive, name, which).program
    if not isinstance(archive, ProgramArchive | ModelArchive):
        raise ArchiveError(f"{name}: expected an archive of a program, or of a search that has run")
    if which != "selected":
        raise InputError(f"which: expected for the archive of a search only, and {name} has but one program")
    return archive.program


def _parts(archive: Checkpoint | Islands) -> tuple[Checkpoint, ...]:
    return archive.islands if isinstance(archive, Islands) else (archive,)


def _session(archive: Checkpoint | Islands, name: str) -> dict[str, Any]:
    """What a run of ours keeps in the archive; nothing if it is another's."""
    values = None if archive.session is None else from_json(archive.session, f"{name}: session")
    return values if isinstance(values, dict) else {}


def _selects(session: Mapping[str, Any]) -> bool:
    """Whether the run tries its programs on select tasks."""
    preset = session.get("preset")
    config = preset.get("config") if isinstance(preset, Mapping) else None
    return isinstance(config, Mapping) and config.get("select") is not None


def _of_member(member: Member, experiment: int) -> Candidate:
    return Candidate(member.program, member.fitness, None, experiment)
