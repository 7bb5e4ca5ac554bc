"""What `pyamlz show` tells a person who comes back to a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from samples import regression_table

from pyamlz import archive, lab, tasks
from pyamlz.lab import Experiment
from pyamlz.report._resuming import run_lines, run_state

SHORT = {"max_evaluations": 300, "population_size": 20, **dict.fromkeys(["select", "final", "sufficient_fitness"])}


def saved(path: Path, changes: dict[str, Any], **arguments: Any) -> archive.Checkpoint:
    table = regression_table(**{**SHORT, **changes})
    lab.run(Experiment.of(table, "mine"), seed=7, checkpoint=path, **arguments)
    found = archive.read(path)
    assert isinstance(found, archive.Checkpoint)
    return found


@pytest.mark.parametrize(
    ("changes", "arguments", "ended_by"),
    [
        ({}, {}, "max_evaluations"),
        ({"sufficient_fitness": 0.01}, {}, "sufficient_fitness"),
        ({"sufficient_fitness": 1.0, "max_experiments": 2}, {}, "max_experiments"),
        ({}, {"max_evaluations": 100}, "max_evaluations"),
        ({"sufficient_fitness": 1.0}, {"max_evaluations": 700}, "max_evaluations"),
        ({}, {"max_seconds": 1e-6}, "max_seconds"),
    ],
)
def test_finished_runs_say_so(
    changes: dict[str, Any], arguments: dict[str, Any], ended_by: str, tmp_path: Path
) -> None:
    found = saved(tmp_path / "x.amlz", changes, **arguments)
    state = run_state(found)
    assert state is not None
    assert state["ended_by"] == ended_by
    assert f"finished: {ended_by}" in list(run_lines(found, "x.amlz"))[-1]
    again = lab.resume(tmp_path / "x.amlz")
    assert (again.stop_reason, again.evaluations) == (ended_by, state["evaluations"])


def test_others_say_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    path = tmp_path / "a b" / "x.amlz"
    seen: list[archive.Checkpoint] = []

    def look(progress: object) -> None:
        found = archive.read(path)
        assert isinstance(found, archive.Checkpoint)
        seen.append(found)

    saved(path, {"max_evaluations": 3000}, callbacks=[look])
    told = list(run_lines(seen[0], str(path)))
    assert told[0] == "a run of mine, seed 7"
    assert told[-1] == f"not finished; to go on: pyamlz resume '{path}'"
    state = run_state(seen[0])
    assert state is not None
    assert state["evaluations"] < 3000


def test_data_are_named(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(60, 2))
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x.sum(axis=1)})
    preset = Experiment.load("table").replace(max_evaluations=50, population_size=10)
    for embed in (False, True):
        path = tmp_path / f"{embed}.amlz"
        lab.run(preset.with_table(tasks.read_table(frame, "y")), seed=1, checkpoint=path, embed=embed)
        found = archive.read(path)
        assert isinstance(found, archive.Checkpoint)
        (line,) = [line for line in run_lines(found, str(path)) if line.startswith("data: ")]
        assert line.startswith("data: data, target 'y', 60 rows, ")
        assert ("in this archive" in line) == embed
        (line,) = [line for line in run_lines(found, str(path)) if "held-out" in line]
        assert line.startswith("on 12 held-out rows: R2 ")


def test_searches_alone_have_nothing_to_tell(tmp_path: Path) -> None:
    found = archive.read(Path(__file__).resolve().parents[3] / "archive" / "golden" / "1.1-float32.amlz")
    assert isinstance(found, archive.Checkpoint)
    assert run_state(found) is None
    assert list(run_lines(found, "x")) == []
