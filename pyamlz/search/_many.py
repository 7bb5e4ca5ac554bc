"""Many evaluations at a time, in any number of threads: what comes out is the same, in the same order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import NamedTuple, cast

from pyamlz.program import Program
from pyamlz.search._crew import Threads, checked_threads
from pyamlz.search._evaluate import Evaluation, Evaluator, Variant

__all__ = ["Job", "evaluate_all", "evaluate_many"]


class Job(NamedTuple):
    """What :meth:`Evaluator.evaluate` needs, and of which evaluator."""

    evaluator: Evaluator
    program: Program
    seed: int


@contextmanager
def evaluate_many(jobs: Sequence[Job], threads: Threads = 1) -> Iterator[Iterator[Future[Evaluation]]]:
    """Evaluations in the order of the jobs, with as many at work at a time as there are threads.

    What has not begun when the context is left is never done, and what has is not waited for.
    """
    n_threads = max(min(checked_threads(threads), len(jobs)), 1)
    futures: list[Future[Evaluation]] = [Future() for _ in jobs]
    is_left = threading.Event()
    todo: SimpleQueue[tuple[Job, Future[Evaluation]] | None] = SimpleQueue()

    def work(is_first: bool) -> None:
        own: dict[int, Evaluator] = {}  # an evaluator serves one thread at a time; the first has those that are there
        while (item := todo.get()) is not None:
            (evaluator, program, seed), future = item
            if is_left.is_set():
                return
            try:
                if not is_first and id(evaluator) not in own:
                    own[id(evaluator)] = _another(evaluator)
                future.set_result(own.get(id(evaluator), evaluator).evaluate(program, seed))
            except BaseException as error:
                future.set_exception(error)

    for item in zip(jobs, futures, strict=True):
        todo.put(item)
    for number in range(n_threads):
        todo.put(None)
        threading.Thread(target=work, args=(number == 0,), daemon=True).start()  # it does not outlive the process
    try:
        yield iter(futures)
    finally:
        is_left.set()


def evaluate_all(jobs: Sequence[Job], threads: Threads = 1) -> list[Evaluation]:
    """All of them, when they are done."""
    with evaluate_many(jobs, threads) as futures:
        return [future.result() for future in futures]


def _another(evaluator: Evaluator) -> Evaluator:
    return Evaluator(evaluator.tasks, variant=cast(Variant, evaluator.variant), combine=evaluator.combine)
