"""Figures by matplotlib, for reports and papers. Needs the extra `plot`.

Each function draws into the axes that it is given, or into a figure of its own, and returns the axes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from pyamlz._lib.errors import InputError
from pyamlz._lib.extras import imported

__all__ = [
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

Point: TypeAlias = tuple[int, float]  # an evaluation, and a fitness

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
        MissingExtraError: matplotlib is not installed.
    """
    return imported("matplotlib.figure", "plot").Figure(figsize=(width, height), layout="constrained")


def svg(axes: Any, salt: str) -> str:
    """The figure of some axes as an SVG element with texts as texts; the same for the same salt and figure."""
    matplotlib = imported("matplotlib", "plot")
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
    runs: Mapping[str, Sequence[Point]],
    ends: Mapping[str, Point],
    axes: Any = None,
) -> Any:
    """Best fitness over evaluations, of one search or several.

    Args:
        runs: improvements of each search, by its name: the evaluations that found them, and their fitnesses.
        ends: evaluations that each has made in all, and its best fitness.
        axes: where to draw.
    """
    axes = _axes(axes)
    for name, rows in runs.items():
        if rows:
            evaluations, fitnesses = zip(*rows, ends[name], strict=True)
            axes.step(evaluations, fitnesses, where="post", label=name)
    _over_evaluations(axes, "best fitness")
    if len(runs) > 1:
        axes.legend()
    return axes


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


def lineage(ancestors: Sequence[Point], improvements: Sequence[Point], axes: Any = None) -> Any:
    """Fitness along the line of the best program; improvements are marked, large ones numbered (figure 6).

    Args:
        ancestors: evaluations that scored them, and their fitnesses, the oldest first.
        improvements: those of them that were better than all before them.
        axes: where to draw.
    """
    axes = _axes(axes)
    if not ancestors or not improvements:
        raise InputError("ancestors, improvements: expected one or more")
    axes.plot(*zip(*ancestors, strict=True), drawstyle="steps-post", alpha=0.6)
    axes.plot(*zip(*improvements, strict=True), "o", color="C1", markersize=4)
    large = (improvements[-1][1] - improvements[0][1]) / 20
    for number, (evaluation, fitness) in enumerate(improvements, 1):
        if number == 1 or fitness - improvements[number - 2][1] > large:
            axes.annotate(str(number), (evaluation, fitness), xytext=(-12, 2), textcoords="offset points")
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
        rows: lines of a log (:func:`pyamlz.search.log.read`), of which those of progress count.
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
