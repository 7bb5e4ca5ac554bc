"""Figures by matplotlib, for reports and papers. Needs the extra `plot`.

Each function draws into the axes that it is given, or into a figure of its own, and returns the axes. Names and legends
stand over what they name, and ticks are as many as there is room for, so that figures can be narrow.

>>> from pyamlz import plot
>>> axes = plot.history({"search": [(1, 0.2), (40, 0.7)]}, {"search": (1000, 0.7)})  # doctest: +SKIP
>>> axes.figure.savefig("history.pdf")  # doctest: +SKIP
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pyamlz._lib.errors import InputError
from pyamlz._lib.extras import imported

__all__ = [
    "figure",
    "fitness_by_size",
    "history",
    "learning",
    "legend",
    "lineage",
    "scored",
    "svg",
    "tasks",
    "throughput",
]

Point: TypeAlias = tuple[int, float]  # an evaluation, and a fitness

_WAYS: Final = {
    "cache_hits": "known by their code",
    "fec_hits": "known by their first errors",
    "rejected": "rejected unrun",
    "hurdle_stops": "stopped at a hurdle",
    "full_evaluations": "run to the end",
}  #: how programs are scored
_PIXELS: Final = 96  # of an inch
_TICK, _LETTER = 80, 8  # pixels that a tick's label takes, and a letter
_TOLD_APART: Final = 6  # curves that can be told apart by their colours


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


# ---------------------------------------------------------------- over evaluations


def history(
    runs: Mapping[str, Sequence[Point]],
    ends: Mapping[str, Point],
    axes: Any = None,
) -> Any:
    """Best fitness over evaluations, of one search or several. Of many only the best has a name.

    Args:
        runs: improvements of each search, by its name: the evaluations that found them, and their fitnesses.
        ends: evaluations that each has made in all, and its best fitness.
        axes: where to draw.
    """
    axes = _axes(axes)
    best = max(ends, key=lambda name: ends[name][1], default=None)
    are_few = len(runs) <= _TOLD_APART
    for name, rows in runs.items():
        style: dict[str, Any] = {"label": name} if are_few else {"color": "gray", "alpha": 0.4}
        if not are_few and name == best:
            style = {"label": f"{name}, the best of {len(runs)}", "color": "C0", "zorder": 3}
        if rows:
            evaluations, fitnesses = zip(*rows, ends[name], strict=True)
            axes.step(evaluations, fitnesses, where="post", **style)
    _over_evaluations(axes, [x for name, rows in runs.items() if rows for x, _ in (*rows, ends[name])])
    axes.set_ylabel("best fitness")
    if len(runs) > 1:
        legend(axes)
    return axes


def lineage(ancestors: Sequence[Point], improvements: Sequence[Point], axes: Any = None) -> Any:
    """Fitness along the line of the best program; improvements are marked, large ones numbered (figure 6).

    Args:
        ancestors: evaluations that scored them, and their fitnesses, the oldest first.
        improvements: those of them that were better than all before them.
        axes: where to draw.

    Raises:
        InputError: there are none.
    """
    axes = _axes(axes)
    if not ancestors or not improvements:
        raise InputError("ancestors, improvements: expected one or more")
    axes.plot(*zip(*ancestors, strict=True), drawstyle="steps-post", alpha=0.6)
    axes.plot(*zip(*improvements, strict=True), "o", color="C1", markersize=4)
    axes.margins(y=0.12)
    _over_evaluations(axes, [x for x, _ in ancestors])
    axes.set_ylabel("fitness of ancestors")
    large = (improvements[-1][1] - improvements[0][1]) / 20
    numbered: list[Any] = []
    for number, point in enumerate(improvements, 1):
        if number == 1 or point[1] - improvements[number - 2][1] > large:
            place = axes.transData.transform(point)
            if all(abs(place[0] - x) > 3 * _LETTER or abs(place[1] - y) > 3 * _LETTER for x, y in numbered):
                numbered.append(place)
                axes.annotate(str(number), point, xytext=(-4, 2), textcoords="offset points", ha="right")
    return axes


def throughput(rows: Sequence[Mapping[str, Any]], axes: Any = None) -> Any:
    """Programs a second, and the share of them that were known before, over the time of all searches.

    Args:
        rows: lines of a log (:func:`pyamlz.search.log.read`), of which those of progress count.
        axes: where to draw.

    Raises:
        InputError: there are too few lines of progress for two points.
    """
    axes = _axes(axes)
    points = _rates(rows)
    if len(points) < 2:
        raise InputError("rows: expected three lines of progress or more, between which time has passed")
    x, rate, known = zip(*points, strict=True)
    marker = "o" if len(points) < 10 else ""
    axes.plot(x, rate, marker=marker)
    axes.set(xlabel="seconds", ylim=(0, 1.08 * max(rate)))
    axes.set_ylabel("programs a second", color="C0")
    _in_thousands(axes.yaxis)
    _few_ticks(axes)
    right = axes.twinx()
    right.plot(x, known, color="C1", marker=marker)
    right.set(ylim=(0, 1.08))
    right.set_ylabel("share known before", color="C1")
    right.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    return axes


def _rates(rows: Iterable[Mapping[str, Any]]) -> list[tuple[float, float, float]]:
    """Seconds, programs a second and share known before, from each line of progress to the next.

    A search that begins within the log begins at nothing; where a run was resumed there is a gap.
    """
    nothing = {"seconds": 0.0, "evaluations": 0, "cache_hits": 0, "fec_hits": 0}
    found = []
    clock = 0.0
    before: Mapping[str, Any] | None = None
    for after in rows:
        if after.get("kind") != "progress":
            continue
        if before is not None:
            start = before if before["experiment"] == after["experiment"] else nothing
            seconds = after["seconds"] - start["seconds"]
            programs = after["evaluations"] - start["evaluations"]
            if seconds > 0 and programs > 0:
                clock += seconds
                known = sum(after[key] - start[key] for key in ("cache_hits", "fec_hits"))
                found.append((clock, programs / seconds, known / programs))
        before = after
    return found


# ---------------------------------------------------------------- others


def fitness_by_size(members: Sequence[tuple[int, float]], found: tuple[int, float], axes: Any = None) -> Any:
    """Fitness against live instructions, the best of each size, and those that no shorter one equals.

    Args:
        members: live instructions and fitness of programs.
        found: those of the program that was found.
        axes: where to draw.
    """
    axes = _axes(axes)
    best: dict[int, float] = {}
    for size, fitness in (*members, found):
        best[size] = max(fitness, best.get(size, fitness))
    front: list[tuple[int, float]] = []
    for size in sorted(best):
        if not front or best[size] > front[-1][1]:
            front.append((size, best[size]))
    axes.step(*zip(*front, strict=True), where="post", color="C1", label="no shorter one is as good")
    axes.plot(*zip(*best.items(), strict=True), "o", color="C0", alpha=0.5, label="best of its size")
    axes.plot(*found, "D", color="C2", label="the program found")
    axes.set(xlabel="live instructions", ylabel="fitness")
    _few_ticks(axes, integer=True)
    axes.ticklabel_format(axis="y", useOffset=False)
    legend(axes)
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
    axes.barh(range(len(shown)), list(shown.values()), height=0.4)
    _named_rows(axes, [f"{label}: {n:,} ({100 * n / total:.1f} %)" for label, n in shown.items()])
    axes.margins(x=0)
    axes.set_axis_off()
    return axes


def _total(value: Any) -> int:
    return sum(value) if isinstance(value, (list, tuple)) else int(value)


def tasks(scores: Mapping[str, Sequence[float]], axes: Any = None) -> Any:
    """Fitness on each of several tasks, a box a program.

    Args:
        scores: fitnesses on the tasks, by the program's name.
        axes: where to draw.
    """
    axes = _axes(axes)
    values = [list(fitnesses) for fitnesses in scores.values()]
    axes.boxplot(values, orientation="horizontal", positions=range(len(values)), widths=0.4)
    _named_rows(axes, list(scores))
    axes.set_xlabel("fitness on unseen tasks")
    _few_ticks(axes)
    axes.ticklabel_format(axis="x", useOffset=False)
    return axes


def learning(errors: Mapping[str, Sequence[float]], axes: Any = None) -> Any:
    """Mean absolute error of training examples in the order in which they come, smoothed over a twentieth of them.

    Args:
        errors: of each example, by the program's name.
        axes: where to draw.
    """
    axes = _axes(axes)
    seen: list[float] = []
    for name, values in errors.items():
        width = max(len(values) // 20, 1)
        smooth = [sum(values[i : i + width]) / width for i in range(len(values) - width + 1)]
        axes.plot(range(1, len(smooth) + 1), smooth, label=name)
        seen += smooth
    axes.set(xlabel="training example", ylabel="mean absolute error")
    if seen and max(seen) > 10 * min(seen) > 0:
        ticker = imported("matplotlib.ticker", "plot")
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    _few_ticks(axes)
    if len(errors) > 1:
        legend(axes)
    return axes


# ---------------------------------------------------------------- room


def _axes(axes: Any) -> Any:
    return figure().subplots() if axes is None else axes


def _over_evaluations(axes: Any, evaluations: Sequence[int]) -> None:
    """The axis below: its labels as 1k, 1M, ..., in a logarithmic scale where they go over some decades."""
    axes.set_xlabel("evaluations")
    _in_thousands(axes.xaxis)
    axes.ticklabel_format(axis="y", useOffset=False)
    if evaluations and max(evaluations) >= 100 * max(min(evaluations), 1):
        axes.set_xscale("log")
        _in_thousands(axes.xaxis)  # a scale brings a formatter of its own
        axes.xaxis.set_minor_formatter(imported("matplotlib.ticker", "plot").NullFormatter())
    else:
        _few_ticks(axes)


def _in_thousands(axis: Any) -> None:
    axis.set_major_formatter(imported("matplotlib.ticker", "plot").EngFormatter(sep=""))


def _few_ticks(axes: Any, integer: bool = False) -> None:
    """No more ticks below than there is room for their labels."""
    axes.locator_params(axis="x", nbins=max(int(_width(axes) / _TICK), 2), integer=integer)


def _named_rows(axes: Any, names: Sequence[str]) -> None:
    """Names over the rows of a chart, the first at the top."""
    axes.set_yticks([])
    axes.set_ylim(len(names) - 0.6, -0.75)
    for row, name in enumerate(names):
        axes.annotate(name, (0.01, row - 0.26), xycoords=("axes fraction", "data"), va="bottom")


def legend(axes: Any) -> None:
    """A legend over the axes, where nothing is drawn, in as many columns as there is room for."""
    labels = axes.get_legend_handles_labels()[1]
    longest = max(map(len, labels), default=0)
    columns = max(int(_width(axes) / (_LETTER * longest + 40)), 1)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=columns, frameon=False, borderaxespad=0.2)


def _width(axes: Any) -> float:
    """Of the axes, in pixels."""
    return float(axes.bbox.width / axes.figure.dpi) * _PIXELS
