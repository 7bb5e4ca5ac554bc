"""Islands on many machines: each is an actor of Ray, and together they are the search that Islands of one machine are.

What is found depends on counts and seeds alone. So whatever dies, it is enough to go back to a point where all islands
were saved, and to do again what came after: it ends in the same bits. Programs that migrate go from process to process
through a task of Ray's, which has no state to lose; the process that began the search sees references to them only.
"""

from __future__ import annotations

import gc
import math
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from pyamlz import archive
from pyamlz._lib.checks import checked_float, checked_int, checked_type
from pyamlz._lib.errors import InputError, SearchError
from pyamlz._lib.extras import imported
from pyamlz._lib.interrupt import interrupt_flag
from pyamlz.program import Settings
from pyamlz.search import Improvement, Islands, Member, PackedTasks, Progress, Result, Search, Variant
from pyamlz.search._islands import EVERY, SHARE, Run
from pyamlz.search._records import StopReason
from pyamlz.search._running import SLICE_SECONDS, Callbacks, Clock, Limits
from pyamlz.search._search import done

__all__ = ["RaySearch"]

_START_SECONDS: Final = 60.0  # for an actor to be there, before all are dealt anew
_PATIENCE_SECONDS: Final = 600.0  # for the cluster to have room for all
_MOST_FAULTS: Final = 100  # from one point to the next
_THREADS_OF_ACTOR: Final = 4  # one that runs, and others that are asked meanwhile


class RaySearch(Islands):
    """Islands on the machines of a Ray cluster: bit for bit what :class:`pyamlz.Islands` find on one.

    Each island is an actor, wherever there is room; where there are fewer processors than islands, they share them. All
    else is as with :class:`pyamlz.Islands`: arguments, results, callbacks, archives. A checkpoint of the one goes on
    as the other, on as many machines as there are then.

    Where an island or a machine dies, all islands go back to the last point at which they were saved in memory here,
    and do again what came after; so does one that reads them. Points are taken at the first migration when
    `every_seconds` are over, with each checkpoint, and at the end of :meth:`run`. Where the process that began the
    search dies, its islands end, and :meth:`load` goes on from its last checkpoint. Callbacks may be told counts once
    more after a fault.

    Args:
        searches: as of :class:`pyamlz.Islands`. Each runs with the kernels that it was made for here; "auto" are the
            best of the machine that it comes to.
        seed: as of Islands.
        every_evaluations: as of Islands.
        share: as of Islands.
        threads: of each island, see :attr:`pyamlz.Search.threads`.
        address: of the cluster: "local" begins one on this machine, "auto" takes the one that runs here, or that
            RAY_ADDRESS names. Where this process is connected already, that cluster is taken.
        every_seconds: between two points, 0 or more.

    Raises:
        InputError: an argument is wrong.
        MissingExtraError: Ray is not installed.
    """

    def __init__(
        self,
        searches: Sequence[Search],
        *,
        seed: int,
        every_evaluations: int = EVERY,
        share: float = SHARE,
        threads: int | None = None,
        address: str = "local",
        every_seconds: float = 60.0,
    ) -> None:
        n = len(searches) if isinstance(searches, Sequence) else 1
        super().__init__(searches, seed=seed, every_evaluations=every_evaluations, share=share, threads=max(n, 1))
        self._ray = imported("ray", "ray")
        self._island_threads = 1 if threads is None else checked_int("threads", threads, 1, 1024)
        self._address = checked_type("address", address, str)
        self._every_seconds = checked_float("every_seconds", every_seconds, 0.0)
        self._remote: list[_Remote] = []  # in place of the searches, once they are on the cluster
        self._point: list[bytes] = []  # archives of all islands, at counts that go together
        self._pointed = 0.0  # when
        self._reached = -1  # evaluations there
        self._faults = 0  # since then
        self._going = False  # whether islands run, and are not at the point

    # ------------------------------------------------------------ running

    def _go_on(self, limits: Limits, callbacks: Callbacks) -> Result:
        """Runs until the end, through all faults."""
        if not self._remote:
            self._send_out()
        end = sum(self._counts()) + limits.evaluations
        clock, reason = Clock(), None
        self._going = True
        try:
            while True:
                try:
                    if reason is None:
                        seconds = max(limits.seconds - clock.in_this_run(), 0.0)
                        left = Limits(end - sum(self._counts()), seconds, limits.fitness)
                        ended = Run(self, left, callbacks).run()
                        self._take_point()
                        reason = ended
                    return Result.of(self, reason)
                except self._ray.exceptions.RayError as error:
                    self._recover(error)
        finally:
            self._going = False

    def _migrate(self) -> None:
        with self._gate:
            given: list[list[int]] = [[] for _ in self._remote]  # members that each gives out
            plan: list[list[tuple[int, int]]] = []  # for each that takes: who gives, and which of what that one gives
            for taken in self._migrants(self._migrations(self._counts()[0]) + 1):
                plan.append([])
                for home, index in taken:
                    plan[-1].append((home, len(given[home])))
                    given[home].append(index)
            programs = [island.call("give", which) for island, which in zip(self._remote, given, strict=True)]
            mix = self._ray.remote(_mix).options(num_cpus=0, num_returns=len(plan), max_retries=-1)
            mixed = mix.remote(plan, *programs)
            takes = [island.take(part) for island, part in zip(self._remote, mixed, strict=True)]
            for island, progress in zip(self._remote, self._ray.get(takes), strict=True):
                island.progress = progress
            if time.monotonic() - self._pointed >= self._every_seconds:
                self._take_point()

    def _copies(self) -> list[Any]:
        if not self._remote:
            return super()._copies()
        while True:
            try:
                self._take_point()
                return [_Archived(saved) for saved in self._point]
            except self._ray.exceptions.RayError as error:
                if self._going:
                    raise
                self._recover(error)

    # ------------------------------------------------------------ where the islands are

    def _send_out(self) -> None:
        """Puts the searches on the cluster."""
        _connect(self._ray, self._address)
        gc.collect()  # searches that nobody holds any more, as after a fault, make room
        # It would keep the search, and its actors, for as long as these are there, if it were no weak reference.
        recover = weakref.WeakMethod(self._read_again)
        self._point = [archive.encode(search._copied().checkpoint()) for search in self._searches]
        remote = [_Remote(self._ray, i, search, recover) for i, search in enumerate(self._searches)]
        self._place(remote)
        self._remote, self._searches = remote, tuple(cast(list[Search], remote))
        self._pointed, self._reached = time.monotonic(), sum(self._counts())

    def _take_point(self) -> None:
        """Saves all islands, between two migrations."""
        self._point = self._ray.get([island.call("saved") for island in self._remote])
        self._pointed = time.monotonic()
        reached = sum(self._counts())
        if reached > self._reached:
            self._reached, self._faults = reached, 0

    def _read_again(self, error: Exception) -> None:
        """Mends what a reader has found dead, unless who runs the islands does."""
        if self._going:
            raise error
        self._recover(error)

    def _recover(self, error: Exception) -> None:
        """Brings all islands back to the last point, on the machines that are left.

        Raises:
            SearchError: there are not enough of them, or faults do not end.
            Exception: what an island raised of itself: there is no use in trying that again.
        """
        exceptions = self._ray.exceptions
        cause = getattr(error, "cause", None)
        if isinstance(error, exceptions.RayTaskError) and not isinstance(cause, exceptions.RayError):
            raise cause or error
        self._faults += 1
        if self._faults > _MOST_FAULTS:
            raise SearchError(f"ray: {self._faults} faults without getting on; the last: {error}") from error
        self._place(self._remote)

    def _place(self, islands: Sequence[_Remote]) -> None:
        """Has an actor for each, all at the point."""
        ray, until = self._ray, time.monotonic() + _PATIENCE_SECONDS
        while True:
            processors = self._processors()
            if time.monotonic() > until:
                wanted = f"ray: expected room for {len(islands)} islands within {_PATIENCE_SECONDS:.0f} s"
                raise SearchError(f"{wanted}, got {processors:g} processors, or they are taken")
            for island in islands:
                island.ensure(_share(processors, len(islands), self._island_threads), self._island_threads)
            late = self._late([island.call("hello") for island in islands], processors)
            if late:  # where machines are gone or have come: all are dealt anew
                for island in islands:
                    island.kill()
                continue
            rewound = [island.rewind(saved) for island, saved in zip(islands, self._point, strict=True)]
            alive = True
            for island, ref in zip(islands, rewound, strict=True):
                try:
                    island.progress = ray.get(ref)
                except ray.exceptions.RayTaskError as error:
                    raise error.cause or error from None
                except ray.exceptions.RayError:
                    island.kill()
                    alive = False
            if alive:
                return

    def _late(self, refs: list[Any], processors: float) -> bool:
        """Whether some are not there in time, or there are other machines meanwhile."""
        until = time.monotonic() + _START_SECONDS
        while True:
            _, late = self._ray.wait(refs, num_returns=len(refs), timeout=1.0)
            if not late:
                return False
            if time.monotonic() > until or self._processors() != processors:
                return True

    def _processors(self) -> float:
        """Those of all machines that are alive."""
        return math.fsum(node["Resources"].get("CPU", 0.0) for node in self._ray.nodes() if node["Alive"])


class _Remote:
    """An island on the cluster, with as much of the interface of a :class:`pyamlz.Search` as islands make use of."""

    def __init__(self, ray: Any, number: int, search: Search, mend: Callable[[], Callable[[Any], None] | None]) -> None:
        self._ray, self._number, self._local, self._mend = ray, number, search, mend
        self._tasks = ray.put(search.tasks)
        self._actor: Any = None
        self._cpus = 0.0
        self._legs = 0
        self._epoch = 0  # how often it was rewound: what was asked of it before is of no account
        self._running = threading.Lock()
        self.progress = search.progress

    # ------------------------------------------------------------ the actor

    def ensure(self, cpus: float, threads: int) -> None:
        """Has an actor that asks for so many processors, made now if there is none."""
        if cpus != self._cpus:  # those that hold more than their share would leave no room for others
            self.kill()
        if self._actor is None:
            self._cpus = cpus
            made = self._ray.remote(_Island).options(
                num_cpus=cpus, max_concurrency=_THREADS_OF_ACTOR, scheduling_strategy="SPREAD"
            )
            self._actor = made.remote(self._number, self._tasks, self._local.config["variant"], threads)

    def kill(self) -> None:
        """Ends it."""
        if self._actor is not None:
            self._ray.kill(self._actor)
            self._actor = None

    def call(self, method: str, *arguments: Any) -> Any:
        """Calls a method of :class:`_Island`; a reference to what it returns."""
        return getattr(self._actor, method).remote(*arguments)

    def rewind(self, saved: bytes) -> Any:
        """Has it go on from an archive; a reference to its progress."""
        self._epoch += 1
        return self.call("rewind", self._epoch, saved)

    def take(self, programs: Any) -> Any:
        """Has it take in programs; a reference to its progress."""
        return self.call("take", self._epoch, programs)

    def _read(self, name: str) -> Any:
        while True:
            try:
                return self._ray.get(self.call("read", name))
            except self._ray.exceptions.RayError as error:
                mend = self._mend()
                if mend is None:
                    raise
                mend(error)

    # ------------------------------------------------------------ as a search

    settings = property(lambda self: cast(Settings, self._local.settings))
    space = property(lambda self: self._local.space)
    config = property(lambda self: cast(dict[str, Any], self._local.config))
    best = property(lambda self: cast(Member, self._read("best")))
    population = property(lambda self: cast(Sequence[Member], self._read("population")))
    hall_of_fame = property(lambda self: cast(Sequence[Member], self._read("hall_of_fame")))
    history = property(lambda self: cast(list[Improvement], self._read("history")))
    digest = property(lambda self: cast(int, self._read("digest")))

    @property
    def _engine(self) -> Any:
        return self

    @property
    def evaluations(self) -> int:
        """As of the last time that it was heard of."""
        return self.progress.evaluations

    def _check_told(self, what: str) -> None:
        """It never asks."""

    def _saved(self, copied: Any) -> archive.Checkpoint:
        return self._local._saved(copied)

    def _run(self, limits: Limits, callbacks: Callbacks) -> StopReason:
        """Waits while it runs."""
        self._legs += 1
        going = self.call("go", self._legs, tuple(limits))
        with interrupt_flag() as interrupt:
            while not self._ray.wait([going], timeout=SLICE_SECONDS)[0]:
                self.progress = self._ray.get(self.call("seen"))
                if callbacks.often(self.progress) or interrupt.is_set:
                    self.call("stop", self._legs)
            reason, self.progress = self._ray.get(going)
            if interrupt.is_set and reason != "sufficient_fitness":
                return "interrupted"
            return cast(StopReason, reason)

    def __repr__(self) -> str:
        return f"<island {self._number}: {done(self.progress)}>"


class _Archived:
    """An archive of a search without tasks, in place of a copy of it."""

    def __init__(self, saved: bytes) -> None:
        self._archive = saved

    def checkpoint(
        self, *, source: str | None, data: tuple[tuple[bytes, ...], ...] | None, session: str | None
    ) -> archive.Checkpoint:
        """The same with them."""
        saved = cast(archive.Checkpoint, archive.decode(self._archive, "island"))
        return replace(saved, tasks=replace(saved.tasks, source=source, data=data), session=session)


class _Island:
    """What runs in a process of its own, on whatever machine: a search, whose kernels prove themselves there first."""

    def __init__(self, number: int, tasks: PackedTasks, variant: Variant, threads: int) -> None:
        self._tasks, self._variant, self._threads = tasks, variant, threads
        self._search: Search | None = None
        self._running = threading.Lock()
        self._stopped = 0  # the last leg that shall end
        self._epoch = 0
        self._seen = Progress()
        gauge, tags = imported("ray.util.metrics", "ray").Gauge, {"island": str(number)}
        self._metrics = [
            (name, gauge(f"pyamlz_{name}", description=f"{name} of an island's search", tag_keys=("island",)))
            for name in ("evaluations", "best_fitness", "evaluations_per_second")
        ]
        for _, metric in self._metrics:
            metric.set_default_tags(tags)

    def hello(self) -> int:
        """The number of its process, when that is there."""
        return os.getpid()

    def rewind(self, epoch: int, saved: bytes) -> Progress:
        """Goes on from an archive, whatever it was at; takes of an earlier epoch that come late are refused."""
        with self._running:
            archived = cast(archive.Checkpoint, archive.decode(saved, "island"))
            search = Search.anew(archived, "island", self._tasks, variant=self._variant)
            search.restore(archived, "island")
            search.threads = self._threads
            self._search, self._seen, self._epoch = search, search.progress, epoch
            return self._seen

    def go(self, leg: int, limits: tuple[int, float, float]) -> tuple[StopReason, Progress]:
        """Runs until one of the :class:`Limits`."""

        def look(progress: Progress) -> bool:
            self._seen = progress
            for name, metric in self._metrics:
                metric.set(getattr(progress, name))
            return self._stopped >= leg

        with self._running:
            assert self._search is not None
            reason = self._search._run(Limits(*limits), Callbacks([look]))
            return reason, self._search.progress

    def stop(self, leg: int) -> None:
        """Ends a leg soon."""
        self._stopped = max(self._stopped, leg)

    def seen(self) -> Progress:
        """How far it is, while it runs."""
        return self._seen

    def give(self, which: Sequence[int]) -> list[bytes]:
        """Members of the population as they are, packed; 0 is the oldest."""
        assert self._search is not None
        members = self._search.population
        return [members[index].packed for index in which]

    def take(self, epoch: int, packed: Sequence[bytes]) -> Progress:
        """Takes in programs, see :meth:`pyamlz.Search.take`."""
        with self._running:
            assert self._search is not None
            if epoch == self._epoch:
                self._search.take(map(archive.unpack, packed))
            return self._search.progress

    def saved(self) -> bytes:
        """An archive of it, without what it needs of tasks."""
        assert self._search is not None
        return archive.encode(self._search._copied().checkpoint())

    def read(self, name: str) -> Any:
        """An attribute of the search."""
        value = getattr(self._search, name)
        return list(value) if isinstance(value, Sequence) else value


def _mix(plan: Sequence[Sequence[tuple[int, int]]], *given: Sequence[bytes]) -> list[list[bytes]]:
    """What each island takes in, of what all have given."""
    return [[given[home][place] for home, place in taken] for taken in plan]


def _share(processors: float, islands: int, threads: int) -> float:
    """Processors that an island asks for: one a thread, or so much less that all find room."""
    wanted = math.ceil(islands * threads / max(processors, 1.0))
    return float(threads) if wanted <= 1 else math.floor(1e4 / math.ceil(islands / max(processors, 1.0))) / 1e4


def _connect(ray: Any, address: str) -> None:
    """Connects this process with a cluster, if it is not yet.

    Raises:
        InputError: there is none.
    """
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # what nobody asks for after a fault need not be printed
    options = {"include_dashboard": False} if address == "local" else {}
    former = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="WARNING", **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(f"ray: expected local, or the address of a cluster, got {address!r}: {error}") from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, former)  # Ray sets its own, with which nothing would be saved
