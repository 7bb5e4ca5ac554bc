"""A run's checkpoint as a page of HTML that needs nothing else."""

from __future__ import annotations

import hashlib
import html
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyamlz import archive, plot
from pyamlz._lib.errors import ArchiveError
from pyamlz._lib.random import derived_seed
from pyamlz._lib.version import VERSION
from pyamlz.explain import Ancestor, arcs, changes, improvements, lineage
from pyamlz.lab import Session, tuned
from pyamlz.program import Dims, Program
from pyamlz.program.baselines import TUNABLE, built_in
from pyamlz.report._style import STYLE
from pyamlz.search import Evaluator, log

__all__ = ["report"]

_MOST_RETRACED = 5_000_000  # evaluations that are run again for the lineage unless it is asked for
_CURVE = 1000  # examples of learning curves


@dataclass(frozen=True, slots=True)
class _Run:
    """What a checkpoint tells."""

    path: str
    data: bytes
    saved: archive.Checkpoint | archive.Islands
    session: Session | None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> _Run:
        name = os.fspath(path)
        found = archive.read(path)
        if not isinstance(found, archive.Checkpoint | archive.Islands):
            raise ArchiveError(f"{name}: expected a checkpoint, got a {type(found).__name__}")
        session = Session.of(found, name)
        with open(path, "rb") as file:
            data = file.read()
        return cls(name, data, found, session)

    @property
    def islands(self) -> tuple[archive.Checkpoint, ...]:
        """The searches; one that is alone is an island too."""
        return self.saved.islands if isinstance(self.saved, archive.Islands) else (self.saved,)

    @property
    def best(self) -> tuple[Program, Dims]:
        """The program that the page is about: what the run would give, or the best of the search."""
        island = max(self.islands, key=lambda i: -1.0 if i.best is None else i.best.fitness)
        if self.session is not None:
            candidates = [c for c in (self.session.best, self.session.champion) if c is not None]
            if candidates:
                return max(candidates, key=lambda c: c.merit).program, island.dims
        if island.best is None:
            raise ArchiveError(f"{self.path}: nothing was evaluated yet")
        return island.best.program, island.dims


def report(
    path: str | os.PathLike[str],
    *,
    log_path: str | os.PathLike[str] | None = None,
    retrace: bool | None = None,
    progress: Callable[[float], object] | None = None,
) -> str:
    """The page for a checkpoint, as HTML.

    Args:
        path: the checkpoint of a search, of islands, or of a run of experiments.
        log_path: the run's log, for throughput over time.
        retrace: run the search again for the lineage of its best program; by default if it is short, and can be.
        progress: called with how much of that is done.

    Raises:
        ArchiveError: the file is no checkpoint, or of a search that has not run.
        InputError: the log cannot be read.
        MissingExtraError: matplotlib is not installed.
    """
    run = _Run.read(path)
    program, dims = run.best
    rows = [] if log_path is None else log.read(log_path)
    parts = [
        _head(run, program, dims),
        _found(program, dims),
        _unseen(run, program),
        _course(run, rows),
        _ancestors(run, retrace, progress),
        _made_of(run),
    ]
    title = f"{run.session.preset.name if run.session else 'search'}, {os.path.basename(run.path)}"
    return _PAGE.format(title=html.escape(title), style=STYLE, body="\n".join(part for part in parts if part))


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


# ---------------------------------------------------------------- pieces


def _section(title: str, *parts: str) -> str:
    return f"<section>\n<h2>{html.escape(title)}</h2>\n" + "\n".join(parts) + "\n</section>"


def _figure(axes: Any, caption: str) -> str:
    """A figure as SVG that takes the page's colours."""
    svg = plot.svg(axes, caption)
    svg = re.sub(
        r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1), count=1
    )
    svg = re.sub(r"#000000|\bblack\b", "currentColor", svg)
    svg = re.sub(r"#ffffff", "var(--page)", svg)
    svg = re.sub(r'(<text [^>]*style=")', r"\1fill: currentColor; ", svg)
    number = hashlib.sha256(caption.encode("utf-8")).hexdigest()[:8]
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>f{number}", svg)  # so that no two figures share names
    label = html.escape(caption)
    return f'<figure role="img" aria-label="{label}">{svg}<figcaption>{label}</figcaption></figure>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = "".join(f"<th>{html.escape(text)}</th>" for text in head)
    body = "\n".join("<tr>" + "".join(f"<td>{text}</td>" for text in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _head(run: _Run, program: Program, dims: Dims) -> str:
    evaluations = sum(island.evaluations for island in run.islands)
    fitness = max(island.best.fitness for island in run.islands if island.best is not None)
    facts = [("best fitness", f"{fitness:.7g}"), ("evaluations", f"{evaluations:,}")]
    if run.session is not None:
        done = run.session.evaluations + evaluations
        facts = [("experiment", str(run.session.experiment)), ("evaluations in all", f"{done:,}"), *facts]
        name, description = run.session.preset.name, run.session.preset.description
    else:
        name, description = "search", ""
    if len(run.islands) > 1:
        facts.append(("islands", str(len(run.islands))))
    facts.append(("live instructions", str(len(program.simplified(dims)))))
    items = "".join(f"<div><dt>{html.escape(k)}</dt><dd>{html.escape(v)}</dd></div>" for k, v in facts)
    return f"<header><h1>{html.escape(name)}</h1><p>{html.escape(description)}</p><dl>{items}</dl></header>"


def _found(program: Program, dims: Dims) -> str:
    return _section(
        "The best program",
        "<p>Lines that cannot reach the prediction are grey.</p>",
        f'<div class="wide">{program.html(dims)}</div>',
        "<p>How its live lines hang together: on the left within a step, on the right from one step to the next.</p>",
        f'<div class="wide">{arcs(program, dims)}</div>',
    )


def _unseen(run: _Run, program: Program) -> str:
    """On the final tasks, beside the programs that the preset compares with."""
    if run.session is None or "final" not in run.session.preset.config:
        return ""
    preset, seed = run.session.preset, run.session.seed
    tasks = preset.tasks("final", derived_seed(seed, "final"))
    assert tasks is not None
    evaluator = preset.evaluator(tasks)
    draws = derived_seed(seed, "final", "draws")
    programs = {"this program": program, **_compared(run, draws)}
    scores = {name: evaluator.evaluate(p, draws) for name, p in programs.items()}
    rows = [
        (html.escape(name), f"{s.fitness:.5f}", f"{min(s.task_fitness):.5f}", f"{max(s.task_fitness):.5f}")
        for name, s in scores.items()
    ]
    curves = {name: _errors(evaluator, p, draws) for name, p in programs.items()}
    return _section(
        "On tasks that it has never seen",
        _table(["program", f"fitness ({preset.config['combine']})", "lowest", "highest"], rows),
        _figure(plot.tasks({n: s.task_fitness.tolist() for n, s in scores.items()}), f"{tasks.n_tasks} unseen tasks"),
        _figure(plot.learning(curves), "Learning: error of each training example before it is learned from"),
    )


def _compared(run: _Run, draws: int) -> dict[str, Program]:
    """The built-in programs that the preset names, tuned as the run's outcome has them."""
    assert run.session is not None
    preset, seed = run.session.preset, run.session.seed
    programs = {}
    for name in preset.config["final"].get("compare", []):
        section: Any = "select" if "select" in preset.config else "tasks"
        labels = ("select",) if section == "select" else ("tasks", run.session.experiment)
        tasks = preset.tasks(section, derived_seed(seed, *labels))
        assert tasks is not None
        programs[name] = tuned(name, preset.evaluator(tasks), draws)[0] if name in TUNABLE else built_in(name)
    return programs


def _errors(evaluator: Evaluator, program: Program, draws: int) -> list[float]:
    n = min(evaluator.tasks.tasks.n_train, _CURVE)
    errors = evaluator.probe(program, n_train=n, n_valid=1, seed=draws).train_errors
    with np.errstate(invalid="ignore"):
        means = np.nanmean(np.where(np.isfinite(errors), errors, np.nan), axis=0)
    return [float(value) for value in means if np.isfinite(value)]


def _course(run: _Run, rows: list[dict[str, Any]]) -> str:
    names = [f"island {i}" for i in range(len(run.islands))] if len(run.islands) > 1 else ["search"]
    histories = {name: _improvements(island) for name, island in zip(names, run.islands, strict=True)}
    ends = {
        name: (island.evaluations, 0.0 if island.best is None else island.best.fitness)
        for name, island in zip(names, run.islands, strict=True)
    }
    sizes: dict[int, float] = {}
    for island in run.islands:
        for member in island.mark.hall:
            size = len(member.program.simplified(island.dims))
            sizes[size] = max(sizes.get(size, 0.0), member.fitness)
    figures = [
        _figure(plot.history(histories, ends), "Best fitness over evaluations"),
        _figure(plot.fitness_by_size(sorted(sizes.items())), "Fitness against size, until the last mark"),
        _figure(plot.scored(_counts(run)), "How programs got their fitness, until the last mark"),
    ]
    if any(row.get("kind") == "progress" for row in rows):
        figures.append(_figure(plot.throughput(rows), "Throughput, and what the caches know"))
    return _section("The search", *figures)


def _improvements(island: archive.Checkpoint) -> list[plot.Point]:
    """Those until the last mark, and the best program, which may be of later."""
    points = [(row.birth, row.fitness) for row in island.mark.history]
    best = island.best
    if best is not None and (not points or points[-1][0] < best.birth):
        points.append((best.birth, best.fitness))
    return points


def _counts(run: _Run) -> dict[str, Any]:
    """How programs were scored until the last mark, on all islands."""
    sums: dict[str, Any] = {}
    for island in run.islands:
        for key, value in island.mark.counts._asdict().items():
            sums[key] = sums.get(key, 0) + (sum(value) if isinstance(value, (tuple, list)) else value)
    return sums


def _ancestors(run: _Run, retrace: bool | None, progress: Callable[[float], object] | None) -> str:
    title = "Where it came from"
    is_short = sum(island.evaluations for island in run.islands) <= _MOST_RETRACED
    if retrace is False or (retrace is None and not is_short) or all(i.best is None for i in run.islands):
        return ""
    try:
        line = lineage(run.saved, progress=progress)
    except ArchiveError as error:
        if retrace:
            raise
        return _section(title, f"<p>It cannot be retraced: {html.escape(str(error))}.</p>")
    better = improvements(line)
    rows = [_step(number, better) for number in range(len(better))]
    return _section(
        title,
        f"<p>The best program of the search has {len(line) - 1:,} ancestors, of which {len(better) - 1:,} were better "
        "than all before them; the mutations between them changed nothing for the better.</p>",
        _figure(plot.lineage(_points(line), _points(better)), "Fitness along the line of the best program"),
        _table(["", "evaluation", "fitness", "mutation", "what is other than in the one before"], rows),
    )


def _points(ancestors: list[Ancestor]) -> list[plot.Point]:
    return [(ancestor.evaluation, ancestor.fitness) for ancestor in ancestors]


def _step(number: int, better: list[Ancestor]) -> tuple[str, ...]:
    ancestor, brought = better[number], ""
    if number > 0:
        lines = changes(better[number - 1].program, ancestor.program)
        brought = "<pre>" + "\n".join(_change(text) for text in lines) + "</pre>"
        if len(lines) > _FOLDED:
            brought = f"<details><summary>{len(lines)} lines</summary>{brought}</details>"
    return (str(number + 1), ancestor.place, f"{ancestor.fitness:.6f}", ancestor.action, brought)


_FOLDED = 8  # lines of changes that are shown at once


def _change(text: str) -> str:
    kind = "del" if text.startswith("-") else "ins"
    return f"<{kind}>{html.escape(text)}</{kind}>"


def _made_of(run: _Run) -> str:
    facts = [
        ("file", os.path.basename(run.path)),
        ("SHA-256", hashlib.sha256(run.data).hexdigest()),
        ("written by", run.islands[0].writer),
        ("report by", f"pyamlz {VERSION}"),
        ("seed of the run", str(run.session.seed) if run.session else str(run.islands[0].config.seed)),
        ("digest of the search's state", ", ".join(f"{island.digest:016x}" for island in run.islands)),
        ("digest of its tasks", ", ".join(f"{island.tasks.digest:016x}" for island in run.islands)),
    ]
    rows = [(html.escape(key), f"<code>{html.escape(value)}</code>") for key, value in facts]
    parts = [_table(["", ""], rows)]
    if run.session is not None:
        toml = html.escape(run.session.preset.toml())
        parts.append(f"<details><summary>Configuration</summary><pre>{toml}</pre></details>")
    return _section("What it was made of", *parts)
