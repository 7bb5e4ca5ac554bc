"""Several threads at one search, which stays the search of one: see `amlz_crew_begin` in amlz.h."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, TypeAlias

from pyamlz._ffi import ffi, lib
from pyamlz._lib.checks import checked_int
from pyamlz._lib.errors import InputError, check
from pyamlz._lib.native import allocate, construct, new_struct, text
from pyamlz.search._engine import Engine

Threads: TypeAlias = int | Literal["auto"]

_MOST = 1024  # threads
_AHEAD = 16  # programs that are drawn ahead for each thread
# A program must be so much work, on average over all, known ones included, for threads to be worth while: about 15
# microseconds. Work is steps times F, and where there are matrices F * F / 4 more.
_WORTH = 30_000


def checked_threads(threads: object) -> int:
    """A number of threads; "auto" for as many as there are cores for this process.

    Raises:
        InputError: it is something else.
    """
    if threads == "auto":
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(threads, str):
        raise InputError(f"threads: expected a number or 'auto', got {threads!r}")
    return checked_int("threads", threads, 1, _MOST)


class Crew:
    """Threads that wait for work on one search.

    Args:
        engine: the search.
        n_threads: how many, 2 or more, with the one that calls :meth:`run`.
    """

    def __init__(self, engine: Engine, n_threads: int) -> None:
        self._engine, self.n_threads = engine, n_threads
        config, tasks, *_ = engine.made_of()
        dims = config.space.dims
        self._step = dims.n_features * (1 + dims.n_features / 4 * (dims.n_matrices > 0))  # the work of one
        self._evaluators = [
            construct(
                "evaluator",
                new_struct(
                    "amlz_evaluator_config",
                    dims=dims,
                    precision=config.precision,
                    variant=config.variant,
                    combine=config.combine,
                    max_tasks=tasks.n_tasks,
                ),
            )
            for _ in range(n_threads)
        ]
        self._monitor = ffi.new("pyamlz_monitor *")
        self._config = new_struct("amlz_crew_config", n_ahead=_AHEAD * n_threads)
        lib.pyamlz_monitor_init(self._monitor, self._config)
        reason = ffi.new("const char **")
        size = lib.amlz_crew_size(self._config, engine.pointer, reason)
        self._memory = allocate("char[]", max(size, 1))
        self._crew = lib.amlz_crew_init(self._memory, size, self._config, engine.pointer, reason)
        if self._crew == ffi.NULL:
            raise InputError(f"threads: {text(reason[0])}")
        self._pool = ThreadPoolExecutor(n_threads - 1, "pyamlz")

    def is_worth_while(self, steps: int) -> bool:
        """Whether programs are slow enough, if each is so many training and validation steps on average."""
        return bool(steps * self._step > _WORTH)

    def run(self, evaluations: int, stop_fitness: float) -> int:
        """As :meth:`Engine.run`, to the same bits."""
        before = self._engine.evaluations
        check(lib.amlz_crew_begin(self._crew, evaluations, stop_fitness))
        first, *others = self._evaluators
        helping = [self._pool.submit(self._work, evaluator) for evaluator in others]
        try:
            self._work(first)
        finally:
            for one in helping:
                one.result()
        self._engine.look()
        return self._engine.evaluations - before

    def _work(self, evaluator: Any) -> None:
        check(lib.amlz_crew_work(self._crew, evaluator.pointer))
