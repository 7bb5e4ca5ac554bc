"""Programs and where they came from, as searches tell them and archives hold them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple, overload

from pyamlz._ffi import ffi, lib
from pyamlz._lib.errors import ProgramError, check
from pyamlz._lib.native import MUTATIONS, text
from pyamlz.program import Program

ACTIONS: Final = tuple(MUTATIONS)  # by id


def pack(program: Program) -> bytes:
    """A program as bytes, the form that archives have it in: about a tenth of its size."""
    size = lib.amlz_program_packed_size()
    buffer, length = ffi.new("char[]", size), ffi.new("size_t *")
    check(lib.amlz_program_pack(program._c, buffer, size, length))
    return bytes(ffi.buffer(buffer, length[0]))


def unpack(packed: bytes) -> Program:
    """The program that these are the bytes of.

    Raises:
        ProgramError: of none; the message says what is wrong, and at which byte.
    """
    c, error = ffi.new("amlz_program *"), ffi.new("amlz_error *")
    if lib.amlz_program_unpack(packed, len(packed), c, error) != lib.AMLZ_OK:
        raise ProgramError(f"byte {error.column} of the program: {text(error.message)}")
    return Program._of(c)


@dataclass(frozen=True, slots=True)
class Member:
    """A program in a population, and where it came from.

    Attributes:
        packed: the program as bytes, which :func:`pyamlz.archive.pack` makes of it.
        fitness: on the search's tasks, from 0 to 1.
        evaluation: number of the evaluation that scored it, from 1; 0 where it is not known.
        parent: number of the evaluation that scored the program it was made from; 0 for none.
        action: the mutation that made it, "identity" for a copy and without a parent.
    """

    packed: bytes = field(repr=False)
    fitness: float
    evaluation: int = 0
    parent: int = 0
    action: str = "identity"

    @property
    def program(self) -> Program:
        """The program. ProgramError if the bytes are none, which no archive and no search has."""
        return unpack(self.packed)


class Improvement(NamedTuple):
    """An evaluation that found a better program than all before it.

    Attributes:
        evaluation: its number, from 1.
        fitness: the new best fitness.
        parent: number of the evaluation that scored the program it was made from; 0 for none.
        action: the mutation that made it, "identity" for a copy and without a parent.
    """

    evaluation: int
    fitness: float
    parent: int
    action: str


class Members(Sequence[Member]):
    """Members as a search told them: columns, of which each becomes a :class:`Member` when it is asked for.

    Args:
        columns: packed programs, fitnesses, evaluations, parents, and actions by id.
        origin: what decides in a search which members there can be. Where it is the same they are right by
            construction; elsewhere they are checked.
    """

    __slots__ = ("_columns", "origin")

    def __init__(self, columns: tuple[Sequence[Any], ...], origin: Mapping[str, object] = MappingProxyType({})) -> None:
        self._columns = columns
        self.origin = origin

    @classmethod
    def of(cls, members: Iterable[Member], origin: Mapping[str, object] = MappingProxyType({})) -> Members:
        """Those at hand, as columns."""
        rows = map(attrgetter(*Member.__slots__), members)
        *columns, actions = tuple(zip(*rows, strict=True)) or ((),) * len(Member.__slots__)
        return cls((*columns, tuple(map(MUTATIONS.__getitem__, actions))), origin)

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The members as archives have them."""
        return zip(*self._columns, strict=True)

    def __len__(self) -> int:
        return len(self._columns[0])

    @overload
    def __getitem__(self, index: int) -> Member: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Member, ...]: ...
    def __getitem__(self, index: int | slice) -> Member | tuple[Member, ...]:
        if isinstance(index, slice):
            return tuple(Members(tuple(column[index] for column in self._columns)))
        packed, fitness, evaluation, parent, action = (column[index] for column in self._columns)
        return Member(packed, fitness, evaluation, parent, ACTIONS[action])

    def __iter__(self) -> Iterator[Member]:
        *columns, actions = self._columns
        return itertools.starmap(Member, zip(*columns, map(ACTIONS.__getitem__, actions), strict=True))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, Members | tuple | list) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        best = f", best fitness {max(self._columns[1]):.7f}" if self else ""
        return f"<{len(self)} members{best}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a search has done so far.

    Attributes:
        evaluations: programs scored, in whatever way: the sum of cache_hits, fec_hits, rejected, hurdle_stops and
            full_evaluations.
        cache_hits: of these, known by their structural key, so that nothing was run.
        fec_hits: known by their errors on the first examples (the functional equivalence cache).
        rejected: scored 0 without being run, for their cost or because they cannot learn.
        probes: programs run on the first examples.
        full_evaluations: programs run on all examples, or whose fitness was told.
        train_steps: training steps of probes, hurdles and full evaluations: Predict and Learn on one example of one
            task each.
        valid_steps: validation steps likewise.
        duplicates: children that were drawn again, since a member had their structural key.
        hurdle_stops: programs that were stopped at each hurdle.
        tunings: further settings of constants that were run: programs beside the evaluations.
    """

    evaluations: int = 0
    cache_hits: int = 0
    fec_hits: int = 0
    rejected: int = 0
    probes: int = 0
    full_evaluations: int = 0
    train_steps: int = 0
    valid_steps: int = 0
    duplicates: int = 0
    hurdle_stops: tuple[int, ...] = ()
    tunings: int = 0
