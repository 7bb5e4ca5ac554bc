"""What the archive of a run tells a person who comes back to it: what it is, how far it is, and how to go on."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from pyamlz import archive
from pyamlz.lab import Session
from pyamlz.search import Score

__all__ = ["run_lines", "run_state"]


def run_state(found: archive.Checkpoint | archive.Islands) -> dict[str, Any] | None:
    """Where a run is, as JSON values; None for an archive of a search alone."""
    session = Session.of(found, "archive")
    if session is None:
        return None
    islands = found.islands if isinstance(found, archive.Islands) else (found,)
    evaluations = sum(island.evaluations for island in islands)
    is_begun = any(island.evaluations for island in islands)
    chosen = archive.found(found) if is_begun or session.chosen is not None else None
    return {
        "preset": session.preset.name,
        "seed": session.seed,
        "data": [
            {
                "path": record["read"]["path"],
                "target": record["read"].get("target"),
                "rows": record["rows"],
                "is_embedded": record["examples"] is not None,
            }
            for record in session.data or ()
        ],
        "max_evaluations": session.max_evaluations,
        "max_seconds": session.max_seconds,
        "experiment": session.experiment,
        "evaluations": session.evaluations + evaluations,
        "seconds": session.seconds,
        "fitness": None if chosen is None else chosen.fitness,
        "select_fitness": None if chosen is None else chosen.select_fitness,
        "final_fitness": None if chosen is None else chosen.final_fitness,
        "scores": [score.to_json() for score in session.scores or ()],
        "program": None if chosen is None else str(chosen.program),
        "ended_by": session.ended_by(evaluations),
    }


def run_lines(found: archive.Checkpoint | archive.Islands, name: str) -> Iterator[str]:
    """The same in sentences, with the command to go on.

    Args:
        found: the archive.
        name: its path.
    """
    state = run_state(found)
    if state is None:
        return
    yield f"a run of {state['preset']}, seed {state['seed']}"
    for table in state["data"]:
        target = "" if table["target"] is None else f", target {table['target']!r}"
        where = "in this archive" if table["is_embedded"] else "to be read from there, from beside this file, or --data"
        yield f"data: {table['path']}{target}, {table['rows']:,} rows, {where}"
    limits = []
    if state["max_evaluations"] is not None:
        limits.append(f"{state['max_evaluations']:,} programs")
    if state["max_seconds"] is not None:
        limits.append(f"{state['max_seconds']:g} s")
    yield f"limits: {', '.join(limits) or 'those of the preset'}"
    took = "" if state["seconds"] is None else f" in {state['seconds']:.1f} s"
    yield f"so far: {state['evaluations']:,} programs{took}, experiment {state['experiment']}"
    if state["fitness"] is not None:
        select = "" if state["select_fitness"] is None else f", {state['select_fitness']:.7f} on the select tasks"
        final = "" if state["final_fitness"] is None else f", {state['final_fitness']:.7f} on the final tasks"
        yield f"found: fitness {state['fitness']:.7f} on the search's tasks{select}{final}"
    scores = [Score.of("score", score) for score in state["scores"]]
    if scores:
        yield f"on {scores[0].n_rows:,} held-out rows: {', '.join(map(str, scores))}"
    if state["ended_by"] is not None:
        yield f"finished: {state['ended_by']}; `pyamlz resume {shlex.quote(name)}` tells once more what was found"
    else:
        yield f"not finished; to go on: pyamlz resume {shlex.quote(name)}"
