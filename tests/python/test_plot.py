"""Figures: what is drawn, and that no text lies over another or beyond the edge, however narrow they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from figures import assert_texts_are_apart, texts_of

from pyamlz import InputError, plot

pytest.importorskip("matplotlib")

LONG_NAMES = {f"evolved linear form, {i}": i for i in range(3)}
COUNTS = {"cache_hits": 10**9, "fec_hits": 5, "rejected": 1, "hurdle_stops": [3, 4], "full_evaluations": 10**7}


def steep(n: int) -> list[tuple[int, float]]:
    """A line that gets better slowly, and quickly at its end."""
    return [(i + 1 if i < n / 2 else 10**9 + 3 * i, i / n) for i in range(n)]


def rows(*counts: tuple[int, int, float]) -> list[dict[str, Any]]:
    return [
        {"kind": "progress", "experiment": e, "evaluations": n, "seconds": s, "cache_hits": n // 2, "fec_hits": n // 4}
        for e, n, s in counts
    ]


FIGURES: dict[str, Callable[[Any], object]] = {
    "history": lambda axes: plot.history(
        {name: [(1, 0.1), (4 * 10**11, 0.5 + i / 10)] for name, i in LONG_NAMES.items()},
        {name: (10**12, 0.5 + i / 10) for name, i in LONG_NAMES.items()},
        axes,
    ),
    "history within a decade": lambda axes: plot.history(
        {"search": [(1_000_000_001, 0.999_991), (1_000_000_917, 0.999_998)]},
        {"search": (1_000_001_000, 0.999_998)},
        axes,
    ),
    "many islands": lambda axes: plot.history(
        {f"island {i}": [(1, i / 64)] for i in range(64)}, {f"island {i}": (999, i / 64) for i in range(64)}, axes
    ),
    "fitness_by_size": lambda axes: plot.fitness_by_size(
        [(i, 0.999_98 + i / 10**8) for i in range(60)], (61, 0.999_99), axes
    ),
    "lineage": lambda axes: plot.lineage(steep(100), steep(100)[::4], axes),
    "scored": lambda axes: plot.scored(COUNTS, axes),
    "throughput": lambda axes: plot.throughput(rows(*((1, i * 10**6, i * 12345.678) for i in range(1, 40))), axes),
    "tasks": lambda axes: plot.tasks({name: [0.999_98, 0.999_985, 0.999_99] for name in LONG_NAMES}, axes),
    "learning": lambda axes: plot.learning(
        {name: [10.0 ** -(k / 100) for k in range(999)] for name in LONG_NAMES}, axes
    ),
    "learning within a decade": lambda axes: plot.learning({"one": [0.7 - k / 9999 for k in range(999)]}, axes),
}


@pytest.mark.parametrize("width", [8.3, 3.7])
@pytest.mark.parametrize("name", FIGURES)
def test_no_text_lies_over_another_or_beyond_the_edge(name: str, width: float) -> None:
    figure = plot.figure(width, 3.4)
    axes = figure.subplots()
    FIGURES[name](axes)
    assert_texts_are_apart(figure)


def test_texts_over_each_other_would_be_seen() -> None:
    axes = plot.figure(3.7).subplots()
    axes.text(0.5, 0.5, "one")
    axes.text(0.51, 0.5, "other")
    (_, one), (_, other) = (seen for seen in texts_of(axes.figure) if seen[0] in ("one", "other"))
    assert one.overlaps(other)


def test_many_islands_have_one_name() -> None:
    axes = FIGURES["many islands"](None)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["island 63, the best of 64"]
    assert len(axes.lines) == 64


def test_the_program_found_is_there_and_counts_for_the_front() -> None:
    axes = plot.fitness_by_size([(1, 0.2), (2, 0.1), (3, 0.6), (3, 0.5), (5, 0.6)], (4, 0.7))
    lines = {line.get_label(): line for line in axes.lines}
    assert list(map(tuple, lines["the program found"].get_xydata())) == [(4, 0.7)]
    assert list(map(tuple, lines["no shorter one is as good"].get_xydata())) == [(1, 0.2), (3, 0.6), (4, 0.7)]
    best = {(1, 0.2), (2, 0.1), (3, 0.6), (4, 0.7), (5, 0.6)}
    assert set(map(tuple, lines["best of its size"].get_xydata())) == best


def test_shares_of_how_programs_are_scored() -> None:
    axes = plot.scored({"cache_hits": 500, "hurdle_stops": [100, 150], "full_evaluations": 250, "probes": 3})
    assert [text.get_text() for text in axes.texts] == [
        "known by their code: 500 (50.0 %)",
        "stopped at a hurdle: 250 (25.0 %)",
        "run to the end: 250 (25.0 %)",
    ]


class TestThroughput:
    def points(self, *counts: tuple[int, int, float]) -> list[tuple[float, float]]:
        return list(map(tuple, plot.throughput(rows(*counts)).lines[0].get_xydata()))

    def test_from_line_to_line(self) -> None:
        assert self.points((1, 100, 1.0), (1, 300, 2.0), (1, 400, 4.0)) == [(1, 200), (3, 50)]

    def test_another_experiment_begins_at_nothing_and_time_goes_on(self) -> None:
        assert self.points((1, 100, 1.0), (1, 300, 2.0), (2, 50, 0.5)) == [(1, 200), (1.5, 100)]

    def test_a_resumed_run_has_a_gap(self) -> None:
        assert self.points((1, 100, 1.0), (1, 300, 2.0), (1, 400, 0.5), (1, 500, 1.5)) == [(1, 200), (2, 100)]

    @pytest.mark.parametrize(
        "counts", [[], [(1, 100, 1.0)], [(1, 100, 1.0), (1, 300, 2.0)], [(1, 100, 1.0), (1, 200, 1.0)]]
    )
    def test_too_little_is_no_empty_frame(self, counts: list[tuple[int, int, float]]) -> None:
        with pytest.raises(InputError, match="three lines of progress"):
            plot.throughput(rows(*counts))


def test_a_line_without_ancestors() -> None:
    with pytest.raises(InputError, match="expected one or more"):
        plot.lineage([], [])
