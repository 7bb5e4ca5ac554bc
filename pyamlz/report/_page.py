"""A run's checkpoint as a page of HTML that needs nothing else: what is gathered for `templates/page.html`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from pyamlz import archive, plot
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz._lib.extras import imported
from pyamlz._lib.random import derived_seed
from pyamlz._lib.version import VERSION
from pyamlz.explain import Ancestor, arcs, changes, improvements, lineage
from pyamlz.lab import scored, tuned
from pyamlz.lab._fit import model_of
from pyamlz.program import Program
from pyamlz.program.baselines import TUNABLE, built_in
from pyamlz.report._figures import figure
from pyamlz.report._run import Found, Run
from pyamlz.search import Callback, Evaluator, log
from pyamlz.tasks import Kind
from pyamlz.tasks._reading import DataSource

__all__ = ["report"]

_MOST_RETRACED: Final = 5_000_000  # evaluations that are run again for the lineage unless it is asked for
_CURVE: Final = 1000  # examples of learning curves
_ROW: Final = 0.55  # inches of a row in a chart of rows


def report(
    path: str | os.PathLike[str],
    *,
    log_path: str | os.PathLike[str] | None = None,
    data: DataSource | None = None,
    retrace: bool | None = None,
    callbacks: Iterable[Callback] = (),
) -> str:
    """The page for a checkpoint, as HTML in one piece: it opens anywhere, offline.

    >>> from pyamlz.report import report
    >>> page = report("run.amlz", log_path="run.jsonl")  # doctest: +SKIP

    Args:
        path: the checkpoint of a search, of islands, or of a run of experiments.
        log_path: the run's log, for its duration, and throughput over time.
        data: where the user's own table is now, if it is not where the run looks for it.
        retrace: run the search again for the lineage of its best program; by default if it is short, and can be.
        callbacks: are told of the progress of that.

    Raises:
        ArchiveError: the file is no checkpoint, or of a search that has not run.
        InputError: the log cannot be read.
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    jinja = imported("jinja2", "report")
    run = Run.read(path, [] if log_path is None else log.read(log_path), data)
    found = run.found
    unseen = _held_out(run, found.program) or _unseen(run, found.program)
    live = found.program.live(found.dims)
    environment = jinja.Environment(
        loader=jinja.PackageLoader("pyamlz.report"),
        autoescape=True,
        undefined=jinja.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    page: str = environment.get_template("page.html").render(
        title=run.title,
        description=run.description,
        figures=_figures(run, found, unseen),
        origin=_origin(run),
        code=[
            (name.capitalize(), list(zip(map(str, lines), live[name], strict=True)))
            for name, lines in found.program.code.items()
        ],
        n_lines=len(found.program),
        n_live=sum(map(sum, live.values())),
        arcs=imported("markupsafe", "report").Markup(arcs(found.program, found.dims)),
        unseen=unseen,
        search=_search(run, found),
        ancestors=_ancestors(run, found, retrace, callbacks),
        provenance=_provenance(run),
        configuration=None if run.session is None else run.session.preset.toml(),
    )
    return page


# ---------------------------------------------------------------- facts


def _figures(run: Run, found: Found, unseen: dict[str, Any] | None) -> list[tuple[str, str]]:
    figures = [("fitness in the search", f"{found.fitness:.5f}")]
    if found.select_fitness is not None:
        figures.append(("on select tasks", f"{found.select_fitness:.5f}"))
    if unseen is not None:
        figures.append(unseen["fact"])
    return [*figures, ("programs scored", f"{run.evaluations:,}")]


def _origin(run: Run) -> list[tuple[str, str]]:
    facts = [("data", run.tasks), ("seed", str(run.seed)), ("saved", run.saved_at), ("duration", run.duration)]
    if run.session is not None:
        facts.append(("experiments", str(run.session.experiment)))
    return [*facts, ("islands", str(len(run.islands)))] if len(run.islands) > 1 else facts


def _provenance(run: Run) -> list[tuple[str, str]]:
    return [
        ("file", run.path.name),
        ("SHA-256", hashlib.sha256(run.data).hexdigest()),
        ("written by", run.islands[0].writer),
        ("report by", f"pyamlz {VERSION}"),
        ("digest of the search's state", ", ".join(f"{island.digest:016x}" for island in run.islands)),
        ("digest of its tasks", ", ".join(f"{island.tasks.digest:016x}" for island in run.islands)),
    ]


# ---------------------------------------------------------------- what no search has seen


def _held_out(run: Run, program: Program) -> dict[str, Any] | None:
    """On the held-out rows of the user's own table; None where the examples are others.

    Tasks that are drawn from one table share their rows, so that their spread says little.
    """
    if run.session is None or not run.session.preset.is_of_table:
        return None
    preset = run.session.preset
    if preset.table_settings().get("multiclass") == "pairs":
        return None
    model, table = model_of(program, preset, run.session.seed)
    scores = scored(model, table, _FOUND)
    first = scores[0].scores[0]
    return {
        "n_rows": first.n_rows,
        "fact": (f"{first.name} on held-out rows", f"{first.value:.4g}"),
        "scores": scores,
        "figures": [],
    }


_FOUND: Final = "the program found"


def _unseen(run: Run, program: Program) -> dict[str, Any] | None:
    """On the final tasks, beside the programs that the preset compares with; None where there are no such tasks."""
    if run.session is None or "final" not in run.session.preset.sections:
        return None
    preset, seed = run.session.preset, run.session.seed
    tasks = preset.tasks("final", derived_seed(seed, "final"))
    assert tasks is not None
    evaluator = preset.evaluator(tasks)
    draws = derived_seed(seed, "final", "draws")
    programs = {_FOUND: program, **_compared(run, tasks.kind, draws)}
    scores = {name: evaluator.evaluate(p, draws) for name, p in programs.items()}
    by_task = {name: score.task_fitness.tolist() for name, score in scores.items()}
    curves = {name: _errors(evaluator, p, draws) for name, p in programs.items()}
    return {
        "n_rows": None,
        "n_tasks": tasks.n_tasks,
        "combine": preset.settings.combine,
        "fact": ("on unseen tasks", f"{scores[_FOUND].fitness:.5f}"),
        "scores": scores,
        "figures": [
            figure("Fitness on each of the tasks", lambda axes: plot.tasks(by_task, axes), 0.9 + _ROW * len(by_task)),
            figure("Learning: errors before examples are learned from", lambda axes: plot.learning(curves, axes)),
        ],
    }


def _compared(run: Run, kind: Kind, draws: int) -> dict[str, Program]:
    """The built-in programs that the preset names, tuned as the run's outcome has them."""
    assert run.session is not None
    preset, seed = run.session.preset, run.session.seed
    programs = {}
    for name in preset.compared(kind):
        section: Any = "select" if "select" in preset.sections else "tasks"
        labels = ("select",) if section == "select" else ("tasks", run.session.experiment)
        tasks = preset.tasks(section, derived_seed(seed, *labels))
        assert tasks is not None
        made = tuned(name, preset.evaluator(tasks), draws)[0] if name in TUNABLE else built_in(name)
        programs[name.replace("_", " ")] = made
    return programs


def _errors(evaluator: Evaluator, program: Program, draws: int) -> list[float]:
    n = min(evaluator.tasks.tasks.n_train, _CURVE)
    errors = evaluator.probe(program, n_train=n, n_valid=1, seed=draws).train_errors
    with np.errstate(invalid="ignore"):
        means = np.nanmean(np.where(np.isfinite(errors), errors, np.nan), axis=0)
    return [float(value) for value in means if np.isfinite(value)]


# ---------------------------------------------------------------- the search


def _search(run: Run, found: Found) -> dict[str, Any]:
    are_many = len(run.islands) > 1
    names = [f"island {i}" for i in range(len(run.islands))] if are_many else ["search"]
    histories = {name: _improvements(island) for name, island in zip(names, run.islands, strict=True)}
    ends = {
        name: (island.evaluations, 0.0 if island.best is None else island.best.fitness)
        for name, island in zip(names, run.islands, strict=True)
    }
    sizes = _sizes(run)
    here = (len(found.program.simplified(found.dims)), found.fitness)
    counts = _counts(run)
    figures = [
        figure("Best fitness over evaluations", lambda axes: plot.history(histories, ends, axes)),
        figure("Fitness against size", lambda axes: plot.fitness_by_size(sizes, here, axes)),
    ]
    if any(counts.values()):
        caption = "How programs got their fitness, until the last mark"
        figures.append(figure(caption, lambda axes: plot.scored(counts, axes), 2.2))
    lacks_throughput = False
    if run.log:
        try:
            figures.append(figure("Throughput", lambda axes: plot.throughput(run.log, axes)))
        except InputError:
            lacks_throughput = True
    return {"figures": figures, "lacks_throughput": lacks_throughput}


def _improvements(island: archive.Checkpoint) -> list[plot.Point]:
    """Those until the last mark, and the best program, which may be of later."""
    points = [(row.evaluation, row.fitness) for row in island.mark.history]
    best = island.best
    if best is not None and (not points or points[-1][0] < best.evaluation):
        points.append((best.evaluation, best.fitness))
    return points


def _sizes(run: Run) -> list[tuple[int, float]]:
    """Live instructions and fitness of all halls of fame, and of the best program, which may be of later."""
    members = [(island.dims, member) for island in run.islands for member in island.mark.hall]
    members += [(island.dims, island.best) for island in run.islands if island.best is not None]
    return [(len(member.program.simplified(dims)), member.fitness) for dims, member in members]


def _counts(run: Run) -> dict[str, int]:
    """How programs were scored until the last mark, on all islands."""
    sums: dict[str, int] = {}
    for island in run.islands:
        for key, value in asdict(island.mark.counts).items():
            sums[key] = sums.get(key, 0) + (sum(value) if isinstance(value, (tuple, list)) else value)
    return sums


# ---------------------------------------------------------------- ancestors


def _ancestors(run: Run, found: Found, retrace: bool | None, callbacks: Iterable[Callback]) -> dict[str, Any] | None:
    """The line of the search's best program; None if it is not wanted, and a reason if it cannot be retraced."""
    is_short = sum(island.evaluations for island in run.islands) <= _MOST_RETRACED
    if retrace is False or (retrace is None and not is_short) or run.saved.best is None:
        return None
    try:
        line = lineage(run.saved, callbacks=callbacks)
    except ArchiveError as error:
        if retrace:
            raise
        return {"reason": str(error)}
    better = improvements(line)
    points, marked = _points(line), _points(better)
    return {
        "reason": None,
        "n": len(line),
        "is_found": run.saved.best.program == found.program,
        "figure": figure("Fitness along its line", lambda axes: plot.lineage(points, marked, axes)),
        "steps": [
            {
                "fitness": ancestor.fitness,
                "place": ancestor.place,
                "action": ancestor.action.replace("_", " "),
                "changes": changes(better[i - 1].program, ancestor.program) if i > 0 else [],
            }
            for i, ancestor in enumerate(better)
        ],
    }


def _points(ancestors: list[Ancestor]) -> list[plot.Point]:
    return [(ancestor.evaluation, ancestor.fitness) for ancestor in ancestors]
