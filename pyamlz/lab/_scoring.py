"""Programs that are scored in a funnel, as units of a run."""

from __future__ import annotations

from collections.abc import Sequence

from pyamlz._lib.interrupt import Flag
from pyamlz.lab._funnel import planned, run_funnel, weight_of
from pyamlz.lab._units import Units
from pyamlz.program import Program
from pyamlz.search import Evaluator
from pyamlz.search._crew import Threads
from pyamlz.search._running import Callbacks

__all__ = ["score_all", "work_of"]


def work_of(n: int, stages: Sequence[Evaluator], keep: float, always: int = 0) -> float:
    """How much work it is to score so many programs in stages."""
    counts = planned(n, stages, keep, always)
    return sum(count * weight_of(stage) for count, stage in zip(counts, stages, strict=True))


def score_all(
    run: Units,
    programs: Sequence[Program],
    stages: Sequence[Evaluator],
    callbacks: Callbacks,
    interrupt: Flag,
    *,
    keep: float,
    seed: int,
    threads: Threads,
    always: int = 0,
    known: dict[int, tuple[float, ...]] | None = None,
) -> list[tuple[float, ...]]:
    """Scores programs as :func:`run_funnel` does; what the run has done already is not scored again.

    Each score is a unit: the program's number and its fitness.
    """
    scored: dict[int, tuple[float, ...]] = dict(known or {})
    for number, fitness in run.done:
        scored[number] = (*scored.get(number, ()), fitness)
    told: dict[int, int] = {}  # stages of each program that were told of
    state = {"count": 0, "new": 0, "work": 0.0, "stage": 0, "best": -1.0}

    def tell(number: int, fitness: float) -> bool:
        stage = told[number] = told.get(number, 0) + 1
        if stage > state["stage"]:
            state["stage"], state["best"], run.hall_of_fame = stage, -1.0, []
        state["count"] += 1
        state["work"] += weight_of(stages[stage - 1])
        state["best"] = max(state["best"], fitness)
        run.lead(programs[number], fitness, number + 1)
        is_new = stage > len(scored.get(number, ()))
        if is_new:
            run.done.append([number, fitness])
            state["new"] += 1
        seconds = run.clock.in_this_run()
        progress = run.tell(
            state["work"],
            evaluations=int(state["count"]),
            evaluations_per_second=state["new"] / seconds if seconds > 0 else 0.0,
            best_fitness=state["best"],
            stage=f"stage {stage} of {len(stages)}",
        )
        if is_new and callbacks.now(progress):
            run.stopped = run.stopped or "callback"
        if interrupt.is_set:
            run.stopped = "interrupted"
        return run.stopped is not None

    return run_funnel(
        programs,
        stages,
        keep=keep,
        seed=seed,
        threads=threads,
        always=always,
        known=scored,
        told=tell,
        look=lambda: run.look(callbacks, interrupt),
    )
