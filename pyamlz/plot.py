"""Figures by matplotlib, for reports and papers. Needs the extra `plot`.

Each function draws into the axes that it is given, or into a figure of its own, and returns the axes.
"""

from __future__ import annotations

import importlib
import io
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from pyamlz import archive
from pyamlz.errors import AmlzError, InputError
from pyamlz.lineage import Ancestor, improvements
from pyamlz.records import Improvement

__all__ = [
    "ablation",
    "difficulty",
    "figure",
    "fitness_by_size",
    "history",
    "learning",
    "lineage",
    "scored",
    "svg",
    "tasks",
    "throughput",
]

_WAYS = {
    "cache_hits": "known by their code",
    "fec_hits": "known by their first errors",
    "rejected": "rejected unrun",
    "hurdle_stops": "stopped at a hurdle",
    "full_evaluations": "run to the end",
}  #: how programs are scored


def figure(width: float = 6.4, height: float = 3.6) -> Any:
    """An empty figure, in inches.

    Raises:
        AmlzError: matplotlib is not installed.
    """
    try:
        figures: Any = importlib.import_module("matplotlib.figure")
    except ImportError:
        raise AmlzError("matplotlib is not installed: pip install 'pyamlz[plot]'") from None
    return figures.Figure(figsize=(width, height), layout="constrained")


def svg(axes: Any, salt: str) -> str:
    """The figure of some axes as an SVG element with texts as texts; the same for the same salt and figure."""
    matplotlib: Any = importlib.import_module("matplotlib")
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": salt}):
        axes.figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def _axes(axes: Any) -> Any:
    return figure().subplots() if axes is None else axes


def _over_evaluations(axes: Any, ylabel: str) -> None:
    axes.set(xscale="log", xlabel="evaluations", ylabel=ylabel)
    axes.xaxis.set_major_formatter("{x:,.0f}")


def history(
    runs: Mapping[str, Sequence[Improvement | archive.HistoryRow]],
    ends: Mapping[str, tuple[int, float]],
    axes: Any = None,
) -> Any:
    """Best fitness over evaluations, of one search or several.

    Args:
        runs: improvements of each search, by its name.
        ends: evaluations that each has made in all, and its best fitness.
        axes: where to draw.
    """
    axes = _axes(axes)
    for name, rows in runs.items():
        points = [_point(row) for row in rows]
        if not points:
            continue
        points.append(ends[name])
        axes.step([p[0] for p in points], [p[1] for p in points], where="post", label=name)
    _over_evaluations(axes, "best fitness")
    if len(runs) > 1:
        axes.legend()
    return axes


def _point(row: Improvement | archive.HistoryRow) -> tuple[int, float]:
    return (row.evaluation if isinstance(row, Improvement) else row.birth), row.fitness


def fitness_by_size(members: Sequence[tuple[int, float]], axes: Any = None) -> Any:
    """Fitness against live instructions, the best of each size, and those that no shorter one equals.

    Args:
        members: live instructions and fitness of each program.
        axes: where to draw.
    """
    axes = _axes(axes)
    front: list[tuple[int, float]] = []
    for size, fitness in sorted(members):
        if not front or fitness > front[-1][1]:
            front.append((size, fitness))
    axes.plot([m[0] for m in members], [m[1] for m in members], "o", alpha=0.4, label="best of its size")
    axes.step([m[0] for m in front], [m[1] for m in front], where="post", label="no shorter one is as good")
    axes.set(xlabel="live instructions", ylabel="fitness")
    axes.legend()
    return axes


def lineage(ancestors: Sequence[Ancestor], axes: Any = None) -> Any:
    """Fitness along the line of the best program; improvements are marked, large ones numbered (figure 6)."""
    axes = _axes(axes)
    if not ancestors:
        raise InputError("ancestors: expected one or more")
    axes.plot([a.evaluation for a in ancestors], [a.fitness for a in ancestors], drawstyle="steps-post", alpha=0.6)
    steps = improvements(list(ancestors))
    axes.plot([step.evaluation for step in steps], [step.fitness for step in steps], "o", color="C1", markersize=4)
    large = (steps[-1].fitness - steps[0].fitness) / 20
    for number, step in enumerate(steps, 1):
        if number == 1 or step.fitness - steps[number - 2].fitness > large:
            axes.annotate(str(number), (step.evaluation, step.fitness), xytext=(-12, 2), textcoords="offset points")
    _over_evaluations(axes, "fitness of ancestors")
    return axes


def scored(counts: Mapping[str, Any], axes: Any = None) -> Any:
    """How programs got their fitness: known before, stopped early, or run to the end.

    Args:
        counts: as of :class:`pyamlz.Progress`, by name; `hurdle_stops` a number or one a hurdle.
        axes: where to draw.
    """
    axes = _axes(axes)
    numbers = {label: _total(counts.get(key, 0)) for key, label in _WAYS.items()}
    shown = {label: number for label, number in numbers.items() if number > 0}
    total = sum(shown.values())
    bars = axes.barh(list(shown), list(shown.values()))
    axes.bar_label(bars, [f" {100 * n / total:.1f} %" for n in shown.values()])
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_xlabel("programs")
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    return axes


def _total(value: Any) -> int:
    return sum(value) if isinstance(value, (list, tuple)) else int(value)


def throughput(rows: Sequence[Mapping[str, Any]], axes: Any = None) -> Any:
    """Programs a second, and the share of them that were known before, over time.

    Args:
        rows: lines of a log (:func:`pyamlz.log.read`), of which those of progress count.
        axes: where to draw.
    """
    axes = _axes(axes)
    points = [row for row in rows if row.get("kind") == "progress"]
    x, rate, known = [], [], []
    for before, after in pairwise(points):
        seconds = after["seconds"] - before["seconds"]
        programs = after["evaluations"] - before["evaluations"]
        if seconds <= 0 or programs <= 0:  # another experiment, or a run that was resumed
            continue
        hits = sum(after[key] - before[key] for key in ("cache_hits", "fec_hits"))
        x.append(after["seconds"])
        rate.append(programs / seconds)
        known.append(hits / programs)
    axes.plot(x, rate, label="programs a second")
    axes.set(xlabel="seconds", ylabel="programs a second", ylim=(0, None))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    right = axes.twinx()
    right.plot(x, known, color="C1", label="share known before")
    right.set(ylabel="share known before", ylim=(0, 1))
    axes.legend(handles=[axes.lines[0], right.lines[0]], loc="lower right")
    return axes


def tasks(scores: Mapping[str, Sequence[float]], axes: Any = None) -> Any:
    """Fitness on each of several tasks, a box a program."""
    axes = _axes(axes)
    names = list(scores)
    axes.boxplot([list(scores[name]) for name in names], orientation="horizontal")
    axes.set_yticks(range(1, len(names) + 1), names)
    axes.invert_yaxis()
    axes.set_xlabel("fitness on unseen tasks")
    axes.ticklabel_format(axis="x", useOffset=False)
    return axes


def learning(errors: Mapping[str, Sequence[float]], axes: Any = None) -> Any:
    """Mean absolute error of training examples in the order in which they come, smoothed over a twentieth of them."""
    axes = _axes(axes)
    for name, values in errors.items():
        width = max(len(values) // 20, 1)
        smooth = [sum(values[i : i + width]) / width for i in range(len(values) - width + 1)]
        axes.plot(range(1, len(smooth) + 1), smooth, label=name)
    axes.set(xlabel="training example", ylabel="mean absolute error", yscale="log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.legend()
    return axes


def difficulty(folder: str | os.PathLike[str], into: Any = None) -> Any:
    """Figure 4, of what the study `difficulty` has found so far: gain of evolution over random search.

    Args:
        folder: where the study's files are.
        into: the figure to draw into; by default a new one.

    Returns:
        The figure.

    Raises:
        InputError: the folder has no study of that name.
    """
    return _of_study("difficulty", folder, into)


def ablation(folder: str | os.PathLike[str], into: Any = None) -> Any:
    """The rows of table S9, of what the study `ablation` has found so far; arguments as of :func:`difficulty`."""
    return _of_study("ablation", folder, into)


def _of_study(name: str, folder: str | os.PathLike[str], into: Any) -> Any:
    from pyamlz import study  # which draws with this module

    found = study.name_of(folder)
    if found != name:
        raise InputError(f"{os.fspath(folder)}: expected the study {name!r}, got {found!r}")
    drawn = figure() if into is None else into
    study.draw(folder, drawn)
    return drawn
