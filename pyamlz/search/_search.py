"""Searches: regularized evolution and random search (Real et al., ICML 2020, section 3.2)."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from itertools import islice
from typing import Any, TypeVar, cast, overload

from pyamlz import archive
from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import Precision, checked_float, checked_int, checked_seed, checked_type, hint
from pyamlz._lib.errors import ArchiveError, InputError, ProgramError, SearchError
from pyamlz._lib.interrupt import interrupt_flag
from pyamlz._lib.native import PRECISIONS, VARIANTS, name_of, number_of
from pyamlz.program import FUNCTIONS, FunctionSpace, Program, SearchSpace, Settings
from pyamlz.search import _checkpoint
from pyamlz.search._crew import Crew, Threads, checked_threads
from pyamlz.search._engine import Engine
from pyamlz.search._evaluate import PackedTasks, Variant, packed
from pyamlz.search._records import NOT_COUNTED, Asked, Improvement, Member, Progress, Result, StopReason
from pyamlz.search._running import SLICE_SECONDS, Callback, Callbacks, Clock, Limits
from pyamlz.tasks import TaskSet
from pyamlz.tasks._generators import can_remake, remake

__all__ = ["Search"]

T = TypeVar("T")

_MAX_ASKED = 2**20  # programs
_FIRST_SLICE = 1  # evaluations; programs may be slow
_FORGETTING = 0.95  # of the slowest evaluation, with each slice
_MAX_GROWTH = 8  # of a slice over the one before
_COUNTS = tuple(field.name for field in fields(Progress) if field.name not in {"seconds", *NOT_COUNTED})


class Search:
    """A search for programs that learn the given tasks.

    Everything random in it comes from `seed`: the same arguments give the same programs in the same order on every
    machine, and running it for n and then for m evaluations is running it for n + m. How much memory it needs is known
    when it is made, and that is all it ever takes.

    One thread at a time may call :meth:`run`, :meth:`take`, :meth:`ask` or :meth:`tell`; the other methods may be
    called from any thread. Searches in different threads run at the same time: Python's lock is not held while
    programs are scored.

    >>> from pyamlz import Dims, FunctionSpace, Search, SearchSpace, tasks
    >>> data = tasks.linear(n_features=2, n_tasks=4, seed=1)
    >>> ops = ["scalar_difference", "scalar_product", "scalar_vector_product", "vector_sum", "dot_product"]
    >>> functions = FunctionSpace.fixed(2, ops), FunctionSpace.fixed(1, ops), FunctionSpace.fixed(4, ops)
    >>> space = SearchSpace(Dims.of(data, n_scalars=4, n_vectors=3, n_matrices=0), *functions)
    >>> search = Search(data, space, seed=1, population_size=50)
    >>> search.run(max_evaluations=1000).evaluations
    1000

    Args:
        tasks: what programs are scored on, packed or not.
        space: what they may look like; its F, kind and number of classes must be those of the tasks.
        settings: how it goes about it; by default as in the paper.
        seed: 0 to 2**64 - 1.
        precision: "float32" or "float64"; default: as the tasks are packed, else "float32".
        variant: kernels to use: "auto", "baseline", "avx2" or "avx512". All give the same bits.
        threads: see :attr:`threads`.
        changes: settings that differ, by the names of :class:`pyamlz.Settings`.

    Raises:
        InputError: an argument is wrong; the message names it.
        ProgramError: `start` or `fixed_program` does not fit the space.
    """

    def __init__(
        self,
        tasks: TaskSet | PackedTasks,
        space: SearchSpace,
        settings: Settings | None = None,
        *,
        seed: int,
        precision: Precision | None = None,
        variant: Variant = "auto",
        threads: Threads = 1,
        **changes: Any,
    ) -> None:
        settings = Settings() if settings is None else checked_type("settings", settings, Settings)
        if changes:
            settings = settings.replace(**changes)
        self._tasks = packed(tasks, precision)
        self._space = checked_type("space", space, SearchSpace)
        if settings.start_program is not None:
            settings.start_program.check(space.dims)
        if settings.fixed_program is not None:  # of which the library keeps no more, nor does an archive
            code = {name: settings.fixed_program.code[name] for name in FUNCTIONS if not space.function(name).ops}
            settings = settings.replace(fixed_program=Program(**code) if any(code.values()) else None)
        self._check_hurdles(settings)
        self._begin(
            settings._config(
                space=space._c()[0],
                seed=checked_seed("seed", seed),
                precision=PRECISIONS[self._tasks.precision],
                variant=number_of("variant", variant, VARIANTS),
            ),
            settings,
        )
        self.threads = threads

    def _begin(self, config: Any, settings: Settings) -> None:
        """Makes the library's search; tasks and space are there already."""
        self._config, self._settings = config, settings
        self._engine = Engine(config, self._tasks, settings.start_program)
        self._before = 0  # evaluations that were not made here, but before the search was saved
        self._seconds = 0.0
        self._slice = _FIRST_SLICE
        self._slowest = 0.0  # seconds of an evaluation; those that a cache answers take none
        self._running = threading.Lock()  # held by run
        self._calling = threading.Lock()  # held during each call of the library
        self._asked: dict[int, Asked] = {}  # what waits for its fitness, by the number of its evaluation
        self._last_asked = 0  # the number of the latest
        self._room = 1  # for so many programs that are out
        self._data: tuple[tuple[bytes, ...], ...] | None = None  # the tasks' numbers, once an archive needed them
        self._crew: Crew | None = None  # more than one thread
        self._steps = 0  # training and validation steps a program, in the last slice

    def _check_hurdles(self, settings: Settings) -> None:
        """Refuses hurdles with more examples than the tasks have."""
        most = self._tasks.tasks.n_train, self._tasks.tasks.n_valid
        for i, (n_train, n_valid) in enumerate(settings.hurdles):
            if n_train > most[0] or n_valid > most[1]:
                got = n_train, n_valid
                raise InputError(f"hurdles[{i}]: expected at most {most} examples, as the tasks have, got {got}")

    @property
    def space(self) -> SearchSpace:
        """What the programs may look like."""
        return self._space

    @property
    def tasks(self) -> PackedTasks:
        """What the programs are scored on."""
        return self._tasks

    @property
    def settings(self) -> Settings:
        """How it goes about it: all settings, those that were left out too."""
        return self._settings

    @property
    def seed(self) -> int:
        """What everything random in it comes from."""
        return int(self._config.seed)

    @property
    def config(self) -> dict[str, Any]:
        """Seed, settings, precision and variant by name, as plain values but for programs: what a log begins with."""
        settings = self._settings.as_dict()
        if settings["fixed_program"] is None:
            del settings["fixed_program"]
        variant = name_of(self._config.variant, VARIANTS)
        return {"seed": self.seed, **settings, "precision": self._tasks.precision, "variant": variant}

    @property
    def progress(self) -> Progress:
        """The counts so far."""
        with self._calling:
            counts = self._engine.progress()
        return self._progress(counts)

    def _progress(self, counts: Any) -> Progress:
        rate = (counts.evaluations - self._before) / self._seconds if self._seconds > 0 else 0.0
        values = {name: getattr(counts, name) for name in _COUNTS}
        values["hurdle_stops"] = tuple(counts.hurdle_stops)[: len(self._settings.hurdles)]
        return Progress(**values, seconds=self._seconds, evaluations_per_second=rate)

    @property
    def best(self) -> Member:
        """The best program ever seen, and its fitness on the search's tasks.

        Raises:
            SearchError: nothing was evaluated yet.
        """
        best = self._items(lib.AMLZ_BEST).members()
        if not best:
            raise SearchError("best: nothing was evaluated yet")
        return best[0]

    @property
    def bests(self) -> list[Member | None]:
        """:attr:`best` alone; of islands, the best of each."""
        return [self.best]

    @property
    def population(self) -> Sequence[Member]:
        """The population as it is, the oldest member first."""
        return self._items(lib.AMLZ_POPULATION).members({"dims": self._space.dims})

    @property
    def hall_of_fame(self) -> Sequence[Member]:
        """The best program of each number of live instructions that there was, from the shortest to the longest."""
        return self._items(lib.AMLZ_HALL).members({"dims": self._space.dims})

    @property
    def history(self) -> list[Improvement]:
        """Improvements of the best fitness, the first first: all of them, up to history_size."""
        return list(self._items(lib.AMLZ_HISTORY).improvements())

    def _items(self, part: int) -> _checkpoint.CopiedItems:
        """One of the library's lists, as things are now."""
        with self._calling:
            return _checkpoint.CopiedItems(self._engine, part)

    @property
    def digest(self) -> int:
        """A 64-bit hash of the search's state: equal searches have equal digests, on every machine."""
        with self._calling:
            return self._engine.digest()

    def checkpoint(self, session: str | None = None) -> archive.Checkpoint:
        """All that there is to be saved of the search, as it is now.

        Args:
            session: JSON to be carried along, from :func:`pyamlz.archive.to_json`.
        """
        return self._saved(self._copied(), session)

    def _copied(self) -> _checkpoint.Copied:
        """A copy of its state; only for this does the search stand still."""
        with self._calling:
            return _checkpoint.Copied(self._engine)

    def _saved(self, copied: _checkpoint.Copied, session: str | None = None) -> archive.Checkpoint:
        """What is to be saved of a copy."""
        source = self._tasks.tasks.source
        if self._data is None and not can_remake(source):
            self._data = _checkpoint.data_of(self._tasks.tasks, self._tasks.precision)
        return copied.checkpoint(source=archive.to_json(source) if source else None, data=self._data, session=session)

    def save(self, path: str | os.PathLike[str], *, session: str | None = None) -> None:
        """Writes a checkpoint, from which :meth:`load` goes on to the same bits as this search.

        The file is there as a whole or as it was before. It has the tasks' numbers in it, unless they can be made again
        from a generator and a seed.

        Args:
            path: the file, which may exist.
            session: JSON to be carried along, from :func:`pyamlz.archive.to_json`.

        Raises:
            FileError: it cannot be written; what was there before still is.
        """
        self.saving(session=session)(path)

    def saving(self, *, session: str | None = None) -> Callable[[str | os.PathLike[str]], None]:
        """:meth:`save` in two parts: now all is copied, which is all that the search has to stand still for.

        Args:
            session: as of :meth:`save`.

        Returns:
            What writes a file of the copy, at any time and in any thread.
        """
        copied = self._copied()
        return lambda path: archive.write(path, self._saved(copied, session))

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        tasks: TaskSet | PackedTasks | None = None,
        *,
        variant: Variant = "auto",
        **expected: object,
    ) -> Search:
        """The search of a checkpoint, where it was when it was saved.

        What it had done since its last mark is done again, which takes as long as it did, and at most cache_period
        evaluations.

        Args:
            path: the file.
            tasks: what its programs are scored on; by default from the file, or made again as it says.
            variant: kernels to use.
            expected: what settings should be, by name; and `seed`, `precision`, `variant` and `space`.

        Raises:
            ArchiveError: the file is no checkpoint, or not of these tasks, or a setting is not as expected; the message
                names both values.
        """
        name = os.fspath(path)
        saved = archive.read(path)
        if not isinstance(saved, archive.Checkpoint):
            raise ArchiveError(f"{name}: expected a checkpoint, got a {type(saved).__name__}")
        search = cls.anew(saved, name, tasks, variant=variant)
        for key, value in expected.items():
            found = {**search.config, "space": saved.space}
            if key not in found:
                raise InputError(f"{key}: unknown setting{hint(key, found)}")
            if found[key] != value:
                raise ArchiveError(f"{key}: expected {value!r}, got {found[key]!r} in {name}")
        search.restore(saved, name)
        return search

    @classmethod
    def of(cls, saved: archive.Checkpoint, name: str = "archive") -> Search:
        """The search of a checkpoint, like :meth:`load`."""
        search = cls.anew(saved, name)
        search.restore(saved, name)
        return search

    def __reduce__(self) -> tuple[Callable[[bytes], Search], tuple[bytes]]:
        """Pickles are checkpoints: what came after the last mark is done again when it is unpickled."""
        return _unpickled, (archive.encode(self.checkpoint()),)

    def __repr__(self) -> str:
        settings = f"seed={self.seed}, population_size={self._settings.population_size}"
        return f"<Search({settings}): {done(self.progress)}>"

    @classmethod
    def anew(
        cls,
        saved: archive.Checkpoint,
        name: str = "archive",
        tasks: TaskSet | PackedTasks | None = None,
        *,
        variant: Variant = "auto",
    ) -> Search:
        """A search with the settings and tasks of a checkpoint, at its very beginning.

        Args:
            saved: the checkpoint.
            name: what messages call it.
            tasks: what its programs are scored on; by default from the archive, or made again as it says.
            variant: kernels to use.

        Raises:
            ArchiveError: the archive is not of these tasks.
        """
        search = cls.__new__(cls)
        search._space = saved.space
        search._tasks = packed(_tasks_of(saved, name) if tasks is None else tasks, saved.config.precision)
        config = saved.config._c(saved.dims._c(), number_of("variant", variant, VARIANTS))
        search._begin(config, saved.config.settings)
        return search

    def restore(self, saved: archive.Checkpoint, name: str = "archive") -> None:
        """Brings a search that has not run to where another one was when it was saved.

        Args:
            saved: the checkpoint, of a search with the same tasks and settings.
            name: what messages call it.

        Raises:
            ArchiveError: it is of other tasks or settings, the message naming both values; or it contradicts itself, or
                this library does not find the same results as the one that wrote it. The search is then of no use.
            SearchError: the search has run.
        """
        self._check_told("restore")
        if self._engine.evaluations > 0:
            raise SearchError("restore: expected a search that has not run")
        with self._calling:
            _checkpoint.restore(self._engine, saved, name)
        self._before = self._engine.evaluations

    def run(
        self,
        *,
        max_evaluations: int | None = None,
        max_seconds: float | None = None,
        sufficient_fitness: float | None = None,
        callbacks: Iterable[Callback] = (),
    ) -> Result:
        """Goes on searching until something ends it, and returns what was found so far.

        Ctrl-C ends it too, within a fraction of a second or when the evaluation at hand is done, and nothing is lost; a
        second Ctrl-C raises KeyboardInterrupt.

        Args:
            max_evaluations: programs to score in this call, 1 or more.
            max_seconds: time that this call may take, over 0. What is found then depends on the machine's speed.
            sufficient_fitness: stop at the first program of this fitness, in [0, 1].
            callbacks: called every fraction of a second with a :class:`Progress`, in this thread; when one of them
                returns a true value, the search stops. :mod:`pyamlz.search.callbacks` has some; of these, some are
                called at fixed counts.

        Raises:
            InputError: an argument is wrong, or nothing could ever end the search.
            SearchError: the search is being run already, or a program that was asked for waits for its fitness.
        """
        called = Callbacks(callbacks)
        limits = Limits.checked(max_evaluations, max_seconds, sufficient_fitness, len(called))
        if not self._running.acquire(blocking=False):
            raise SearchError("run: this search is being run already")
        try:
            self._check_told("run")
            return called.around(self, lambda: Result.of(self, self._run(limits, called)))
        finally:
            self._running.release()

    @property
    def threads(self) -> int:
        """How many threads :meth:`run` scores programs in; it may be set, to a number from 1 or to "auto", all cores.

        The search is the same for any number. Children are drawn ahead of their turn and taken in in the order in which
        they were drawn. Where programs are so quick that handing them out would cost more than it gains, or there is
        one thread, one does it all.
        """
        return 1 if self._crew is None else self._crew.n_threads

    @threads.setter
    def threads(self, threads: Threads) -> None:
        number = checked_threads(threads)
        if not self._running.acquire(blocking=False):
            raise SearchError("threads: this search is being run")
        try:
            self._crew = Crew(self._engine, number) if number > 1 else None
        finally:
            self._running.release()

    def take(self, programs: Iterable[Program]) -> None:
        """Takes in programs from outside, in order: each is scored as if it were a child, and joins the population.

        Once that is full each takes the place of the oldest member. Both caches are emptied afterwards, and the search
        is saved from there, so that a checkpoint needs to know nothing of where the programs came from.

        Args:
            programs: of the search's space; none of them is as good as an empty list.

        Raises:
            InputError: they are no programs.
            ProgramError: one does not fit the space; the message names it, and nothing was taken in.
            SearchError: the search is being run, or a program that was asked for waits for its fitness.
        """
        if not isinstance(programs, Iterable):
            raise InputError(f"programs: expected programs, got {programs!r}")
        taken = [checked_type(f"programs[{i}]", program, Program) for i, program in enumerate(programs)]
        block = ffi.new("amlz_program[]", len(taken))
        for i, program in enumerate(taken):
            self._check_fits(f"programs[{i}]", program)
            block[i] = program._c[0]
        if not self._running.acquire(blocking=False):
            raise SearchError("take: this search is being run")
        try:
            self._check_told("take")
            self._take(block, len(taken))
        finally:
            self._running.release()

    @overload
    def ask(self) -> Asked: ...

    @overload
    def ask(self, n: int) -> list[Asked]: ...

    def ask(self, n: int | None = None) -> Asked | list[Asked]:
        """The next program, to be evaluated elsewhere: the one that :meth:`run` would score next. Or the next ones.

        Each is given only when nothing that is out has a say in which one it is, so that the search is the same
        whatever number of programs are out, and in whatever order they come back. While the first population is made
        there are as many as wanted; then as long as no tournament meets one that is out.

        Until all fitnesses are told the search cannot be run. A program is taken in when it and all that were asked for
        before it have been told. An archive holds the search as it is by then: it knows nothing of programs that are
        out, or wait for their turn, and the search that is loaded from it gives the same ones again. Where an
        evaluation fails, tell 0.

        Args:
            n: how many, 1 or more.

        Returns:
            One program; or with n a list of up to so many, which is empty where the next depends on one that is out.

        Raises:
            InputError: n is wrong.
            SearchError: the search is being run; or, without n, the next program depends on one that is out.
        """
        wanted = 1 if n is None else checked_int("n", n, 1, _MAX_ASKED)
        if not self._running.acquire(blocking=False):
            raise SearchError("ask: this search is being run")
        try:
            found = list(islice(iter(self._ask_one, None), wanted))
            if n is not None:
                return found
            if not found:
                self._check_told("ask")
            return found[0]
        finally:
            self._running.release()

    def _ask_one(self) -> Asked | None:
        """The next program, unless it depends on one that is out."""
        n_out = max(self._last_asked - self._engine.evaluations, 0)
        if n_out == self._room:
            self._engine.lend(2 * n_out)
            self._room = 2 * n_out
        found = self._timed(self._engine.ask)
        if found is None:
            return None
        asked = Asked(*found)
        self._asked[asked.evaluation] = asked
        self._last_asked = asked.evaluation
        return asked

    def tell(self, asked: Asked, fitness: float) -> None:
        """Takes in a program that was asked for, when its turn comes: it joins the population with this fitness.

        That is one evaluation, a full one that took no steps. Both caches are emptied afterwards, as after
        :meth:`take`, and then know no more than the fitness of each member, told or not. A program that is over
        `max_cost`, or cannot learn where it must, scores 0 whatever is told.

        Args:
            asked: what :meth:`ask` returned, or a copy of it. They may be told in any order.
            fitness: a number in [0, 1], such as :attr:`pyamlz.Evaluation.fitness`. If it is that of
                :meth:`pyamlz.Evaluator.evaluate` on the same tasks, with `combine` as here and programs without random
                ops, the search finds what :meth:`run` does without fec_size and hurdles.

        Raises:
            InputError: the fitness is none.
            SearchError: the program was not asked for, or its fitness was told; or the search is being run.
        """
        checked_type("asked", asked, Asked)
        fitness = checked_float("fitness", fitness, 0.0, 1.0)
        if not self._running.acquire(blocking=False):
            raise SearchError("tell: this search is being run")
        try:
            if self._asked.get(asked.evaluation) != asked:
                numbers = [f"number {number}" for number in list(self._asked)[:1]]
                more = f" and {len(self._asked) - 1} more" if len(self._asked) > 1 else ""
                waits = f"{''.join(numbers) or 'none'}{more} {'wait' if more else 'waits'}"
                raise SearchError(f"tell: expected what ask returned, once ({waits}), got {asked.evaluation}")
            self._timed(lambda: self._engine.tell(asked.evaluation, fitness))
            del self._asked[asked.evaluation]
        finally:
            self._running.release()

    def _check_told(self, what: str) -> None:
        """Refuses what cannot be done while a program that was asked for waits for its fitness."""
        for number in self._asked:
            raise SearchError(f"{what}: the fitness of program {number}, asked for, must be told first")

    def _take(self, block: Any, count: int) -> None:
        """Takes in an array of `amlz_program`."""
        self._timed(lambda: self._engine.take(block, count))

    def _timed(self, call: Callable[[], T]) -> T:
        """Calls the library, and adds the time that it takes."""
        clock = Clock(self._seconds)
        with self._calling:
            result = call()
        self._seconds = clock.in_all()
        return result

    def _check_fits(self, name: str, program: Program) -> None:
        """Refuses a program that the search cannot have as a member."""
        try:
            program.check(self._space.dims)
        except ProgramError as error:
            raise ProgramError(f"{name}: {error}", error.line) from None
        for function, size in program.sizes.items():
            allowed: FunctionSpace = getattr(self._space, function)
            if allowed.ops and size > allowed.max_size:
                raise ProgramError(f"{name}.{function}: expected at most {allowed.max_size} instructions, got {size}")

    def _run(self, limits: Limits, callbacks: Callbacks) -> StopReason:
        clock = Clock(self._seconds)
        left = limits.evaluations
        with interrupt_flag() as interrupt:
            while True:
                before = self._engine.evaluations
                left -= self._advance(min(self._slice, left, callbacks.room(before)), limits, clock)
                ahead = clock.ahead(limits.evaluations - left, limits.evaluations, limits.seconds)
                progress = replace(self._progress(self._engine.counts), **ahead)
                stops = [callbacks.passed(before, progress), callbacks.often(progress)]
                if progress.best_fitness >= limits.fitness:
                    return "sufficient_fitness"
                if interrupt.is_set:  # also at the end, or who runs it in short pieces would never hear of it
                    return "interrupted"
                if left == 0:
                    return "max_evaluations"
                if any(stops):
                    return "callback"
                if clock.in_this_run() >= limits.seconds:
                    self._seconds = clock.in_all()
                    return "max_seconds"

    def _advance(self, evaluations: int, limits: Limits, clock: Clock) -> int:
        """Scores up to so many programs; how many it were."""
        began = time.monotonic()
        counts = self._engine.counts
        steps = int(counts.train_steps + counts.valid_steps)
        with self._calling:
            if self._crew is not None and self._crew.is_worth_while(self._steps):
                done = self._crew.run(evaluations, limits.fitness)
            else:
                done = self._engine.run(evaluations, limits.fitness)
        self._seconds = clock.in_all()
        self._steps = int(counts.train_steps + counts.valid_steps - steps) // max(done, 1)
        if done == evaluations:
            self._plan_slice(evaluations, time.monotonic() - began, limits.seconds - clock.in_this_run())
        return done

    def _plan_slice(self, evaluations: int, took: float, left: float) -> None:
        """Sets the next slice's size from what the last one took and the time that is left."""
        self._slowest = max(took / evaluations, self._slowest * _FORGETTING)
        wanted = min(SLICE_SECONDS, max(left, 0.0))
        size = wanted / self._slowest if self._slowest > 0 else math.inf
        self._slice = max(1, int(min(size, evaluations * _MAX_GROWTH)))


def done(progress: Progress) -> str:
    """How far a search has come, in few words."""
    best = f", best fitness {progress.best_fitness:.7f}" if progress.evaluations > 0 else ""
    return f"{progress.evaluations:,} evaluations{best}"


def _unpickled(data: bytes) -> Search:
    return Search.of(cast(archive.Checkpoint, archive.decode(data, "pickle")), "pickle")


def _tasks_of(saved: archive.Checkpoint, name: str) -> TaskSet:
    """The tasks in a checkpoint, or made again as it says."""
    if saved.tasks.data is not None:
        return _checkpoint.task_set_of(saved, name)
    if saved.tasks.source is None:
        raise ArchiveError(f"{name}: tasks: expected them or how to make them again, got neither; give them yourself")
    try:
        return remake(archive.from_json(saved.tasks.source, f"{name}: tasks.source"))
    except ArchiveError:
        raise
    except InputError as error:
        raise ArchiveError(f"{name}: tasks.{error}") from None
