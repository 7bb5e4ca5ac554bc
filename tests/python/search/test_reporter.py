"""What is shown while something runs long."""

import io
from dataclasses import replace

import pytest

from pyamlz import Progress
from pyamlz.search._reporter import LineReporter, LiveReporter, Reporter, live_lines, one_line, reporter

PROGRESS = Progress(
    evaluations=1_234_567,
    cache_hits=1_000_000,
    fec_hits=129_629,
    best_fitness=0.98765,
    mean_fitness=0.5,
    population=100,
    seconds=12.34,
    evaluations_per_second=410_000.0,
    experiment=3,
    select_fitness=0.9,
    share=0.25,
    seconds_left=3723.0,
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_line_has_what_applies():
    assert one_line(PROGRESS) == (
        "experiment 3  12.3 s  1,234,567 programs  410,000/s  cache hits 92 %  best 0.98765  select 0.90000  "
        "mean 0.500  1:02:03 left"
    )
    assert (
        one_line(Progress(stage="stage 1 of 2", evaluations=3, seconds=1.0)) == "stage 1 of 2  1.0 s  3 programs  0/s"
    )
    assert one_line(Progress()) == "0.0 s"


def test_live_lines_fit_a_terminal():
    leaders = ["0.98765  12 instructions, of evaluation 1,000", "b" * 200, "c\x1b[2J"]
    lines = live_lines(PROGRESS, leaders)
    assert lines == [
        "[######------------------]  25 %  1:02:03 left  experiment 3  0:12 so far",
        "1,234,567 programs  410,000/s  cache hits 92 %",
        "best 0.98765  select 0.90000  mean 0.500",
        "  0.98765  12 instructions, of evaluation 1,000",
        "  " + "b" * 77,
        r"  c\x1b[2J",
    ]
    worst = replace(PROGRESS, stage="s" * 100, seconds=1e9, seconds_left=1e9, share=1.0, evaluations=10**15)
    assert all(len(line) < 80 for line in live_lines(worst, leaders))
    assert live_lines(Progress(seconds=100_000.0), []) == ["1 d 3 h so far"]


def test_fits_the_stream():
    assert type(reporter(io.StringIO())) is LineReporter
    assert type(reporter(None)) is Reporter


def test_lines_wait_between_them(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("pyamlz.search._reporter.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with reporter(stream) as shown:
        for second in range(12):
            now[0] = float(second)
            shown.update(PROGRESS)
    assert stream.getvalue().splitlines() == [one_line(PROGRESS)] * 2


def test_draws_on_terminals():
    pytest.importorskip("rich")
    stream = Terminal()
    shown = reporter(stream)
    assert type(shown) is LiveReporter
    with shown:
        shown.update(replace(PROGRESS, stage="[red]a"), lambda: ["the leader"])
    assert "1:02:03 left" in stream.getvalue()
    assert "[red]a" in stream.getvalue()  # not markup
    assert "the leader" in stream.getvalue()
