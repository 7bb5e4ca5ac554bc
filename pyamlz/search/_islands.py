"""Islands: searches in threads of one process that exchange programs (Real et al., ICML 2020, section S3)."""

from __future__ import annotations

import hashlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast

import numpy as np

from pyamlz import archive
from pyamlz._ffi import ffi
from pyamlz._lib.checks import checked_float, checked_int, checked_seed, checked_type
from pyamlz._lib.errors import ArchiveError, InputError, SearchError
from pyamlz._lib.interrupt import interrupt_flag
from pyamlz._lib.random import permutation
from pyamlz.program import FUNCTIONS, SearchSpace
from pyamlz.search._evaluate import PackedTasks, Variant
from pyamlz.search._records import Improvement, Member, Progress, Result, StopReason
from pyamlz.search._running import MAX_64, SLICE_SECONDS, Callback, Callbacks, Clock, Limits
from pyamlz.search._search import Search, done
from pyamlz.tasks import TaskSet

__all__ = ["EVERY", "SHARE", "Islands", "Run", "session_of"]

EVERY: Final = 10_000  #: evaluations of an island from one migration to the next, unless told otherwise
SHARE: Final = 0.5  #: of a population that migrates, unless told otherwise

_SUMMED = (
    *("evaluations", "cache_hits", "fec_hits", "rejected", "probes", "full_evaluations", "train_steps"),
    *("valid_steps", "population", "duplicates", "saved_steps", "tunings", "restarts"),
)
_MIGRATION = "migration"  # the key of a session that has the settings of islands


class Islands:
    """Searches, each with a population, tasks and a seed of its own, that exchange programs at fixed counts.

    Whenever each island has scored `every_evaluations` programs more, there is a migration: each gives out a share of
    its members, drawn at random; those of all islands are mixed; and each takes in as many as it gave, as
    :meth:`Search.take` does. Members that are given out also stay; those that are taken in are scored on the island's
    own tasks and count as evaluations. A migration is one step, which nothing cuts short.

    What is found depends on the searches and the seed alone, never on timing: islands wait for each other at
    migrations. When a run is interrupted, or its time is over, they stop at counts that differ; going on from there
    ends in the same bits as a run that was never stopped.

    The interface is that of :class:`Search`, which the islands are. They must not be run by themselves afterwards.

    >>> from pyamlz import Experiment, Islands
    >>> small = Experiment.load("linear").replace(population_size=50)
    >>> islands = Islands([small.search(small.tasks("tasks", seed=i), seed=i) for i in (1, 2)], seed=1)
    >>> islands.run(max_evaluations=1000).evaluations
    1000

    Args:
        searches: two or more, whose programs fit each other's spaces: only F and the tasks may differ in them.
        seed: 0 to 2**64 - 1; says who migrates, and where to.
        every_evaluations: of each island from one migration to the next, those of migrations included; at least as many
            as the largest population has members.
        share: how much of its population an island gives out, over 0 and up to 1; always one member or more.
        threads: how many islands may run at once; by default as many as there are processors. It never matters for what
            is found.

    Raises:
        InputError: an argument is wrong; or programs of one search may not fit another; or the searches have run, and
            not together.
    """

    def __init__(
        self,
        searches: Sequence[Search],
        *,
        seed: int,
        every_evaluations: int = EVERY,
        share: float = SHARE,
        threads: int | None = None,
    ) -> None:
        self._searches = tuple(searches) if isinstance(searches, Sequence) else (searches,)
        for i, search in enumerate(self._searches):
            checked_type(f"searches[{i}]", search, Search)
        if len({id(search) for search in self._searches}) < max(len(self._searches), 2):
            raise InputError(f"searches: expected two or more, each another, got {len(self._searches)}")
        largest = max(search.settings.population_size for search in self._searches)
        self._seed = checked_seed("seed", seed)
        self._every = checked_int("every_evaluations", every_evaluations, largest, MAX_64)
        self._share = checked_float("share", share, 0.0, 1.0, over=True)
        self._threads = _processors() if threads is None else checked_int("threads", threads, 1, MAX_64)
        for i, search in enumerate(self._searches):
            _check_alike(f"searches[{i}]", self._searches[0].space, search.space)
        self._check_counts("searches")
        self._seconds = 0.0
        self._before = sum(self._counts())  # evaluations that were not made here
        self._running = threading.Lock()  # held by run
        self._gate = threading.Lock()  # held while all islands must stand still, or be left alone
        self._blocks: list[Any] = []  # an array of programs for each island: those that it takes in
        # One thread more, for migrations: a second Ctrl-C leaves the thread that waits, but never the midst of one.
        self._pool = ThreadPoolExecutor(min(len(self._searches), self._threads) + 1, "island")

    # ------------------------------------------------------------ what they are

    @property
    def searches(self) -> tuple[Search, ...]:
        """The islands."""
        return self._searches

    @property
    def space(self) -> SearchSpace:
        """What programs may look like on the first island; on the others only F may differ."""
        return self._searches[0].space

    @property
    def seed(self) -> int:
        """What says who migrates, and where to."""
        return self._seed

    @property
    def every_evaluations(self) -> int:
        """Evaluations of an island from one migration to the next."""
        return self._every

    @property
    def share(self) -> float:
        """How much of its population an island gives out."""
        return self._share

    @property
    def config(self) -> dict[str, Any]:
        """Seed, every and share, and in `searches` the same of these, as plain values: what a log begins with."""
        return {**self._migration(), "searches": [search.config for search in self._searches]}

    def _migration(self) -> dict[str, Any]:
        """What archives hold of the islands, which it takes to make them again."""
        return {"seed": self._seed, "every": self._every, "share": self._share}

    @property
    def progress(self) -> Progress:
        """The counts so far, of all islands together, and of each in `islands`."""
        return self._joined([search.progress for search in self._searches], self._seconds)

    def _joined(self, parts: Sequence[Progress], seconds: float) -> Progress:
        best = max(parts, key=lambda part: part.best_fitness)  # of equals the first
        sums = {name: sum(getattr(part, name) for part in parts) for name in _SUMMED}
        stops = itertools.zip_longest(*(part.hurdle_stops for part in parts), fillvalue=0)
        fitness = sum(part.mean_fitness * part.population for part in parts)
        return Progress(
            **sums,
            hurdle_stops=tuple(map(sum, stops)),
            best_fitness=best.best_fitness,
            best_evaluation=best.best_evaluation,
            mean_fitness=fitness / max(sums["population"], 1),
            seconds=seconds,
            evaluations_per_second=(sums["evaluations"] - self._before) / seconds if seconds > 0 else 0.0,
            islands=tuple(parts),
        )

    @property
    def best(self) -> Member:
        """The best program ever seen on any island, and its fitness there; of equals that of the first island.

        Raises:
            SearchError: nothing was evaluated yet.
        """
        found = [member for member in self.bests if member is not None]
        if not found:
            raise SearchError("best: nothing was evaluated yet")
        return max(found, key=lambda member: member.fitness)

    @property
    def bests(self) -> list[Member | None]:
        """The best program of each island; None where nothing was evaluated yet."""
        return [search.best if search._engine.evaluations > 0 else None for search in self._searches]

    @property
    def population(self) -> list[Member]:
        """The members of all islands, one island after the other, the oldest of each first."""
        return [member for search in self._searches for member in search.population]

    @property
    def hall_of_fame(self) -> list[Member]:
        """The best program of each number of live instructions that there was on any island, shortest first."""
        best: dict[int, Member] = {}
        for search in self._searches:
            for member in search.hall_of_fame:
                size = len(member.program.simplified(search.space.dims))
                if size not in best or member.fitness > best[size].fitness:
                    best[size] = member
        return [best[size] for size in sorted(best)]

    @property
    def history(self) -> list[Improvement]:
        """Improvements of the best fitness on the island that has :attr:`best`."""
        bests = [search.progress.best_fitness for search in self._searches]
        return self._searches[bests.index(max(bests))].history

    @property
    def digest(self) -> int:
        """A 64-bit hash of the states of all islands: equal ones have equal digests, on every machine."""
        with self._gate:
            digests = b"".join(search.digest.to_bytes(8, "little") for search in self._searches)
        return int.from_bytes(hashlib.sha256(digests).digest()[:8], "little")

    # ------------------------------------------------------------ archives

    def checkpoint(self, session: str | None = None) -> archive.Islands:
        """All that there is to be saved of the islands, as they are now.

        Args:
            session: a JSON object to be carried along, from :func:`pyamlz.archive.to_json`; its key "migration" is
                taken.
        """
        return self._copied(session)()

    def _copied(self, session: str | None) -> Callable[[], archive.Islands]:
        """What makes a checkpoint of a copy of them."""
        values = {} if session is None else archive.from_json(session, "session")
        if not isinstance(values, dict) or _MIGRATION in values:
            raise InputError(f"session: expected a JSON object without {_MIGRATION!r}, got {session!r:.100}")
        with self._gate:
            copies = self._copies()
        session = archive.to_json({**values, _MIGRATION: self._migration()})

        def checkpoint() -> archive.Islands:
            islands = tuple(search._saved(copied) for search, copied in zip(self._searches, copies, strict=True))
            return archive.Islands(islands=islands, session=session)

        return checkpoint

    def _copies(self) -> list[Any]:
        """Copies of all islands, between two migrations."""
        return [search._copied() for search in self._searches]

    def save(self, path: str | os.PathLike[str], *, session: str | None = None) -> None:
        """Writes a checkpoint, from which :meth:`load` goes on to the same bits; see :meth:`Search.save`."""
        self.saving(session=session)(path)

    def saving(self, *, session: str | None = None) -> Callable[[str | os.PathLike[str]], None]:
        """A copy of the islands, and what writes a file of it; see :meth:`Search.saving`."""
        checkpoint = self._copied(session)
        return lambda path: archive.write(path, checkpoint())

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        tasks: Sequence[TaskSet | PackedTasks] | None = None,
        *,
        variant: Variant = "auto",
        threads: int | None = None,
    ) -> Islands:
        """The islands of a checkpoint, where they were when they were saved.

        Args:
            path: the file.
            tasks: those of each island; by default from the file, or made again as it says.
            variant: kernels to use.
            threads: how many islands may run at once.

        Raises:
            ArchiveError: the file is no checkpoint of islands, or not of these tasks; the message names both.
        """
        name = os.fspath(path)
        saved = archive.read(path)
        if not isinstance(saved, archive.Islands):
            raise ArchiveError(f"{name}: expected islands, got a {type(saved).__name__}")
        islands = cls.anew(saved, name, tasks, variant=variant, threads=threads)
        islands.restore(saved, name)
        return islands

    @classmethod
    def of(cls, saved: archive.Islands, name: str = "archive") -> Islands:
        """The islands of a checkpoint, like :meth:`load`."""
        islands = cls.anew(saved, name)
        islands.restore(saved, name)
        return islands

    def __reduce__(self) -> tuple[Callable[[bytes], Islands], tuple[bytes]]:
        """Pickles are checkpoints; see :meth:`Search.__reduce__`."""
        return _unpickled, (archive.encode(self.checkpoint()),)

    def __repr__(self) -> str:
        settings = f"seed={self._seed}, every_evaluations={self._every}, share={self._share}"
        return f"<Islands({len(self._searches)} searches, {settings}): {done(self.progress)}>"

    @classmethod
    def anew(
        cls,
        saved: archive.Islands,
        name: str = "archive",
        tasks: Sequence[TaskSet | PackedTasks] | None = None,
        *,
        variant: Variant = "auto",
        threads: int | None = None,
    ) -> Islands:
        """Islands with the settings and tasks of a checkpoint, at their very beginning; see :meth:`Search.anew`."""
        if tasks is not None and len(tasks) != len(saved.islands):
            raise InputError(f"tasks: expected those of {len(saved.islands)} islands, got {len(tasks)}")
        given: Sequence[TaskSet | PackedTasks | None] = tasks or [None] * len(saved.islands)
        searches = [
            Search.anew(island, f"{name}: islands[{i}]", given[i], variant=variant)
            for i, island in enumerate(saved.islands)
        ]
        try:
            values = _migration_of(saved, name)
            values["every_evaluations"] = values.pop("every")
            return cls(searches, threads=threads, **values)
        except ArchiveError:
            raise
        except InputError as error:
            raise ArchiveError(f"{name}: {error}") from None

    def restore(self, saved: archive.Islands, name: str = "archive") -> None:
        """Brings islands that have not run to where others were when they were saved; see :meth:`Search.restore`.

        Raises:
            ArchiveError: they are of other tasks or settings, the message naming both values, or contradict themselves.
            SearchError: the islands have run.
        """
        if len(saved.islands) != len(self._searches):
            raise ArchiveError(f"{name}: expected {len(self._searches)} islands, got {len(saved.islands)}")
        found, wanted = _migration_of(saved, name), self._migration()
        for key, value in wanted.items():
            if found[key] != value:
                raise ArchiveError(f"{name}: session.{_MIGRATION}.{key}: expected {value!r}, got {found[key]!r}")
        for i, (search, island) in enumerate(zip(self._searches, saved.islands, strict=True)):
            search.restore(island, f"{name}: islands[{i}]")
        try:
            self._check_counts("islands")
        except InputError as error:
            raise ArchiveError(f"{name}: {error}") from None
        self._before = sum(self._counts())

    # ------------------------------------------------------------ running

    def run(
        self,
        *,
        max_evaluations: int | None = None,
        max_seconds: float | None = None,
        sufficient_fitness: float | None = None,
        callbacks: Iterable[Callback] = (),
    ) -> Result:
        """Goes on searching on all islands until something ends it, and returns what was found so far.

        Ctrl-C ends it too, within a fraction of a second, or when the evaluations or the migration at hand are done.

        Args:
            max_evaluations: programs to score in this call on all islands together, 1 or more; each scores its part of
                all that were ever scored. A migration that has begun by then is ended, and the run with it.
            max_seconds: time that this call may take, over 0. What is found then depends on the machine's speed.
            sufficient_fitness: stop when a program has this fitness on its island, in [0, 1]. That island stops there;
                the others go on to the next migration, or to the end of the call, so that nothing depends on timing.
            callbacks: as in :meth:`Search.run`.

        Raises:
            InputError: an argument is wrong, or nothing could ever end the search.
            SearchError: the islands, or one of them, are being run already, or wait for a fitness to be told.
        """
        called = Callbacks(callbacks)
        limits = Limits.checked(max_evaluations, max_seconds, sufficient_fitness, len(called))
        with ExitStack() as held:
            for lock in (self._running, *(search._running for search in self._searches)):
                if not lock.acquire(blocking=False):
                    raise SearchError("run: these islands are being run already")
                held.callback(lock.release)
            for search in self._searches:
                search._check_told("run")
            return called.around(self, lambda: self._go_on(limits, called))

    def _go_on(self, limits: Limits, callbacks: Callbacks) -> Result:
        """Runs until the end."""
        return Result.of(self, Run(self, limits, callbacks).run())

    def _counts(self) -> list[int]:
        """Evaluations of each island. While they run, those of the last slice that is done."""
        return [search._engine.evaluations for search in self._searches]

    def _migrations(self, count: int) -> int:
        """How many migrations an island has behind it when it has scored so many programs.

        One that is due has not been made yet, and making it scores programs.
        """
        return max(count - 1, 0) // self._every

    def _check_counts(self, name: str) -> None:
        """Refuses islands that cannot have come so far together."""
        counts = self._counts()
        done = [self._migrations(count) for count in counts]
        for i, count in enumerate(counts):
            least = done[0] * self._every + (self._n_migrants(self._searches[i]) if done[0] > 0 else 0)
            if done[i] != done[0] or count < least:
                wanted = f"expected islands with as many migrations behind them, of {self._every} evaluations each"
                raise InputError(f"{name}[{i}]: {wanted}, got {counts}")

    def _n_migrants(self, search: Search) -> int:
        """How many members an island gives out, and takes in."""
        return max(int(self._share * search.settings.population_size), 1)

    def _migrants(self, number: int) -> list[list[tuple[int, int]]]:
        """The members that each island takes in at a migration: island, and index in its population, the oldest 0."""
        sizes = [self._n_migrants(search) for search in self._searches]
        homes = np.repeat(np.arange(len(sizes)), sizes)
        drawn = [
            permutation(self._seed, ("migration", number, i), search.settings.population_size)[:size]
            for i, (search, size) in enumerate(zip(self._searches, sizes, strict=True))
        ]
        mixed = permutation(self._seed, ("migration", number, "mixed"), len(homes))
        given = list(zip(homes[mixed].tolist(), np.concatenate(drawn)[mixed].tolist(), strict=True))
        ends = list(itertools.accumulate(sizes))
        return [given[end - size : end] for end, size in zip(ends, sizes, strict=True)]

    def _migrate(self) -> None:
        """All islands exchange programs; what they give out are copies of members as they are before."""
        if not self._blocks:
            self._blocks = [ffi.new("amlz_program[]", self._n_migrants(search)) for search in self._searches]
        with self._gate:
            migrants = self._migrants(self._migrations(self._counts()[0]) + 1)
            engines = [search._engine for search in self._searches]
            for block, taken in zip(self._blocks, migrants, strict=True):
                for k, (island, index) in enumerate(taken):
                    engines[island].member(index, ffi.NULL, block + k)
            takes = [
                self._pool.submit(search._take, block, len(taken))
                for search, block, taken in zip(self._searches, self._blocks, migrants, strict=True)
            ]
            for take in takes:
                take.result()


class Run:
    """One call of :meth:`Islands.run`: the thread that calls it waits, and others score programs."""

    def __init__(self, islands: Islands, limits: Limits, callbacks: Callbacks) -> None:
        self.islands, self.limits, self.callbacks = islands, limits, callbacks
        self.searches = islands._searches
        self.clock = Clock(islands._seconds)
        self.stop = threading.Event()
        self.next_look = time.monotonic() + SLICE_SECONDS
        self.seen = [search.progress for search in self.searches]  # of the last slice of each
        self.before = sum(islands._counts())
        total = min(self.before + limits.evaluations, MAX_64)
        self.targets = _shared_out(islands._counts(), total)
        self.begun: list[Future[Any]] = []  # the work of the round at hand

    def run(self) -> StopReason:
        """Goes on until the end; why it ended."""
        with interrupt_flag():
            try:
                reason = self._rounds()
                self.callbacks.often(self._progress())
                return reason
            finally:
                self.stop.set()
                wait(self.begun)
                self.islands._seconds = self.clock.in_all()

    def _rounds(self) -> StopReason:
        """Runs from one migration to the next."""
        islands = self.islands
        while True:
            if max(part.best_fitness for part in self.seen) >= self.limits.fitness:
                return "sufficient_fitness"
            counts = islands._counts()
            due = (islands._migrations(counts[0]) + 1) * islands._every
            ends = [min(target, due) for target in self.targets]
            behind = [i for i, count in enumerate(counts) if count < ends[i]]
            if behind:
                reasons = self._do(*(partial(self._go, i, ends[i]) for i in behind))
                for reason in ("interrupted", "callback", "max_seconds"):
                    if reason in reasons:
                        return reason
            elif all(count >= target for count, target in zip(counts, self.targets, strict=True)):
                return "max_evaluations"
            else:
                n = len(self.searches)
                if self.callbacks.passed(n * (due - islands._every), self._progress()) or self._look():
                    return "callback"
                self._do(islands._migrate)
                self.seen = [search.progress for search in self.searches]

    def _go(self, i: int, end: int) -> StopReason:
        """Runs one island up to a count."""
        search = self.searches[i]
        left = end - search._engine.evaluations
        seconds = max(self.limits.seconds - self.clock.in_this_run(), 0.0)

        def look(progress: Progress) -> bool:
            self.seen[i] = progress
            with self.islands._gate:  # where a checkpoint waits for its turn
                return self.stop.is_set()

        return search._run(Limits(left, seconds, self.limits.fitness), Callbacks([look]))

    def _do(self, *work: Callable[[], Any]) -> list[Any]:
        """Does it all in threads, and tells the callbacks meanwhile how they do."""
        self.begun = [self.islands._pool.submit(each) for each in work]
        while wait(self.begun, timeout=SLICE_SECONDS).not_done:
            if self._look():
                self.stop.set()
        return [each.result() for each in self.begun]

    def _look(self) -> bool:
        """Tells the callbacks how it goes if that was some time ago; whether the run shall stop."""
        if time.monotonic() < self.next_look:
            return False
        self.next_look = time.monotonic() + SLICE_SECONDS
        return self.callbacks.often(self._progress())

    def _progress(self) -> Progress:
        progress = self.islands._joined(self.seen, self.clock.in_all())
        done = progress.evaluations - self.before
        return replace(progress, **self.clock.ahead(done, self.limits.evaluations, self.limits.seconds))


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shared_out(counts: Sequence[int], total: int) -> list[int]:
    """How far each island goes, so that they have scored `total` programs: all as far, but for those that are ahead.

    What cannot be divided goes to the first of them. Whether it is reached at once or in parts does not matter.
    """
    low, high = 0, total + 1  # the level that all reach is in [low, high)
    while high - low > 1:
        middle = (low + high) // 2
        fits = sum(max(count, middle) for count in counts) <= total
        low, high = (middle, high) if fits else (low, middle)
    ends = [max(count, low) for count in counts]
    left = max(total - sum(ends), 0)
    for i, end in enumerate(ends):
        if end == low and left > 0:
            ends[i] += 1
            left -= 1
    return ends


def _check_alike(name: str, one: SearchSpace, other: SearchSpace) -> None:
    """Refuses spaces of which one may have programs that the other cannot have."""
    for key in ("kind", "n_classes", "n_scalars", "n_vectors", "n_matrices"):
        here, there = getattr(one.dims, key), getattr(other.dims, key)
        if here != there:
            raise InputError(f"{name}.space.dims.{key}: expected {here!r} as in searches[0], got {there!r}")
    for function in FUNCTIONS:
        here, there = one.function(function), other.function(function)
        if here != there:
            raise InputError(f"{name}.space.{function}: expected {here!r} as in searches[0], got {there!r}")


def _unpickled(data: bytes) -> Islands:
    return Islands.of(cast(archive.Islands, archive.decode(data, "pickle")), "pickle")


def session_of(saved: archive.Islands, name: str) -> str:
    """The session that :meth:`Islands.save` was given.

    Raises:
        ArchiveError: islands did not write it.
    """
    _migration_of(saved, name)
    values = archive.from_json(saved.session or "", name)
    return archive.to_json({key: value for key, value in values.items() if key != _MIGRATION})


def _migration_of(saved: archive.Islands, name: str) -> dict[str, Any]:
    """The settings of the islands that were saved."""
    session = None if saved.session is None else archive.from_json(saved.session, f"{name}: session")
    values = session.get(_MIGRATION) if isinstance(session, Mapping) else None
    if not isinstance(values, dict) or set(values) != {"seed", "every", "share"}:
        raise ArchiveError(f"{name}: session.{_MIGRATION}: expected a table of seed, every and share, got {values!r}")
    return values
