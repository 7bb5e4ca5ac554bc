"""The C search: all calls of functions whose names begin with `amlz_search_`, but those on a mere configuration."""

from __future__ import annotations

from typing import Any, NamedTuple

from pyamlz._ffi import ffi, lib
from pyamlz._lib.errors import check
from pyamlz._lib.native import allocate, construct, new_struct, text
from pyamlz.program import Program
from pyamlz.search._evaluate import PackedTasks

__all__ = ["Engine", "MadeOf"]

NEVER = 2.0  # as a sufficient fitness


class MadeOf(NamedTuple):
    """What a search was made of, as the library has it.

    Attributes:
        config: an `amlz_search_config *`.
        tasks: an `amlz_tasks_config *`.
        tasks_digest: hash of the tasks' numbers and what they are.
        start: the `amlz_program *` that it started from; an empty one for none.
    """

    config: Any
    tasks: Any
    tasks_digest: int
    start: Any


class Engine:
    """An `amlz_search`, in memory of its own, and what can be done with it.

    It has no locks: who calls it sees to it that no two calls are at work at once, reading ones included.

    Args:
        config: an `amlz_search_config *`, with all but the tasks and the program.
        tasks: what programs are scored on.
        start: the program that it needs to begin, if it does.

    Attributes:
        pointer: the `amlz_search *`.
        counts: an `amlz_progress *`: the counts after the last call that scored programs.

    Raises:
        InputError: the library refuses the configuration, or there is not enough memory.
    """

    def __init__(self, config: Any, tasks: PackedTasks, start: Program | None = None) -> None:
        self._handle = construct(
            "search",
            config,
            tasks._handle.pointer,
            ffi.NULL if start is None else start._c,
            size_arguments=(tasks.tasks.n_tasks,),
            keep=tasks,
        )
        self.pointer = self._handle.pointer
        self.counts = new_struct("amlz_progress")
        self._reason = ffi.new("const char **")
        self._lent: Any = None  # memory for programs that are out

    # ------------------------------------------------------------ scoring

    @property
    def evaluations(self) -> int:
        """Programs scored, as of the last call that scored some."""
        return int(self.counts.evaluations)

    def run(self, evaluations: int, sufficient_fitness: float = NEVER) -> int:
        """Scores up to so many programs, and stops at the first of sufficient fitness; how many it were."""
        before = self.evaluations
        check(lib.amlz_search_run(self.pointer, evaluations, sufficient_fitness, self.counts))
        return self.evaluations - before

    def take(self, programs: Any, count: int) -> None:
        """Takes in an array of `amlz_program`."""
        self._checked(lib.amlz_search_take(self.pointer, programs, count, self._reason))
        self.look()

    def lend(self, n_out: int) -> None:
        """Makes room for so many programs that are out."""
        size = lib.amlz_search_lend_size(n_out, self._reason)
        memory = allocate("char[]", max(size, 1))
        self._checked(lib.amlz_search_lend(self.pointer, memory, size, n_out, self._reason))
        self._lent = memory

    def ask(self) -> tuple[Program, int] | None:
        """The next program, and the number that its evaluation will have; None if it depends on one that is out."""
        program, ticket = ffi.new("amlz_program *"), ffi.new("uint64_t *")
        self._checked(lib.amlz_search_ask(self.pointer, program, ticket, self._reason))
        return (Program._of(program), int(ticket[0])) if ticket[0] else None

    def tell(self, ticket: int, fitness: float) -> None:
        """Takes in a program that was asked for, when its turn comes."""
        self._checked(lib.amlz_search_tell(self.pointer, ticket, fitness, self._reason))
        self.look()

    def look(self) -> None:
        """Brings `counts` up to date."""
        check(lib.amlz_search_progress(self.pointer, self.counts))

    def measure(self, ticks: Any) -> None:
        """From now on adds the time of each phase to an array of AMLZ_PHASE_COUNT `uint64_t`; NULL ends it."""
        clock = ffi.NULL if ticks == ffi.NULL else ffi.addressof(lib, "pyamlz_ticks")
        lib.amlz_search_measure(self.pointer, clock, ticks)

    # ------------------------------------------------------------ reading

    def progress(self) -> Any:
        """A new `amlz_progress *` with the counts as they are."""
        counts = new_struct("amlz_progress")
        check(lib.amlz_search_progress(self.pointer, counts))
        return counts

    def digest(self) -> int:
        """A hash of its state."""
        return int(lib.amlz_search_digest(self.pointer))

    def made_of(self) -> MadeOf:
        """What it was made of."""
        config, tasks = new_struct("amlz_search_config"), new_struct("amlz_tasks_config")
        digest, start = ffi.new("uint64_t *"), ffi.new("amlz_program *")
        check(lib.amlz_search_made_of(self.pointer, config, tasks, digest, start))
        return MadeOf(config, tasks, int(digest[0]), start)

    def state(self, moment: int) -> Any:
        """A new `amlz_state *`: counts and random state at an `amlz_moment`."""
        state = new_struct("amlz_state")
        check(lib.amlz_search_state(self.pointer, moment, state))
        return state

    def count(self, part: int, moment: int = lib.AMLZ_NOW) -> int:
        """How many items one of its lists has: an `amlz_part`, at an `amlz_moment`."""
        return int(lib.amlz_search_count(self.pointer, moment, part))

    def items(self, part: int, moment: int, first: int, members: Any, ends: Any, count: int, programs: Any) -> int:
        """Copies items of a list from the first on, as many as there is room for; how many it were.

        Args:
            part: the list.
            moment: when.
            first: number of the first, from 0.
            members: where to: an array of `amlz_member`,
            ends: and one of `size_t`, for where each packed program ends.
            count: how many these have room for.
            programs: where the packed programs go, one behind the other: a `char[]`.
        """
        room = ffi.sizeof(programs)
        return int(lib.amlz_search_items(self.pointer, moment, part, first, count, members, programs, room, ends))

    def member(self, index: int, member: Any, program: Any = ffi.NULL) -> None:
        """Copies a member of the population as it is: 0 is the oldest.

        Args:
            index: its place.
            member: an `amlz_member *`, or NULL.
            program: an `amlz_program *`, or NULL.
        """
        check(lib.amlz_search_item(self.pointer, lib.AMLZ_NOW, lib.AMLZ_POPULATION, index, program, member))

    # ------------------------------------------------------------ going on from a mark

    def put(self, part: int, program: Any, member: Any) -> None:
        """Puts an item at the end of a list of a search that has not run. InputError if it cannot be there."""
        self._checked(lib.amlz_search_put(self.pointer, part, program, member, self._reason))

    def resume(self, state: Any) -> None:
        """Brings it to an `amlz_state *`, when all items are there. InputError if they do not go together."""
        self._checked(lib.amlz_search_resume(self.pointer, state, self._reason))
        self.look()

    def _checked(self, status: int) -> None:
        if status != lib.AMLZ_OK:
            check(status, text(self._reason[0]))
