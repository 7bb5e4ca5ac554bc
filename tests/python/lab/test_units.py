"""Climbs, selections and tunings in sittings: ended by signals and callbacks, gone on with to the same result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from samples import Counted, environment

from pyamlz import ArchiveError, Evaluator, Experiment, InputError, TaskSet, linear_regressor, neural_network, tasks
from pyamlz.lab import Candidate, Stage, climb, rank, select, tune
from pyamlz.lab._units import is_units, read_units
from pyamlz.search import log

SMALL = Experiment.load("linear").replace(
    tasks={"n_train": 20, "n_valid": 5, "n_tasks": 2}, population_size=20, fec={"valid": 5}
)
ROOT = Path(__file__).resolve().parents[3]
TASKS = tasks.linear(n_features=4, n_tasks=4, n_train=50, n_valid=10, seed=1)
TESTS = tasks.linear(n_features=4, n_tasks=4, n_train=50, n_valid=10, seed=2)


def stage(name, fitness, attempts=1, evaluations=50):
    return Stage(name, SMALL.replace(max_evaluations=evaluations, sufficient_fitness=fitness), attempts)


def climbed(**options):
    stages = [stage("first", 0.01), stage("second", 0.3, attempts=3), stage("third", 1.0, attempts=2)]
    return climb(stages, 4, 1500, **options)


def tuned(**options):
    return tune(neural_network(), [TASKS, TESTS], trials=12, seed=3, keep=0.5, **options)


def selected(**options):
    programs = [Candidate(f"l{i}", linear_regressor(0.01 * i)) for i in range(1, 9)]
    return select(programs, [TASKS, TESTS], [TESTS, TASKS], keep=0.5, **options)


def found(result):
    """What does not depend on time."""
    if hasattr(result, "ranking"):
        return result.ranking, result.test.fitness, result.evaluations, result.stop_reason
    return result


RUNS = {"climb": climbed, "tune": tuned, "select": selected}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
class TestSittings:
    def test_end_in_what_one_sitting_gives(self, run, tmp_path):
        """However often they are ended: by a callback after each second unit."""
        whole, torn = tmp_path / "whole", tmp_path / "torn"
        wanted = run(checkpoint=whole, log=tmp_path / "whole.jsonl")
        result = run(checkpoint=torn, callbacks=[Counted(stop=2)], log=tmp_path / "torn.jsonl")
        sittings = 1
        while result.stop_reason == "callback":
            sittings += 1
            result = run(checkpoint=torn, resume=True, callbacks=[Counted(stop=2)], log=tmp_path / "torn.jsonl")
        assert sittings > 3
        assert found(result) == found(wanted) == found(run())
        assert torn.read_bytes() == whole.read_bytes()
        logs = [
            [{**row, "seconds": 0} for row in log.read(tmp_path / f"{name}.jsonl") if row["kind"] == "progress"]
            for name in ("whole", "torn")
        ]
        assert logs[0] == logs[1]
        assert len(logs[0]) == len(read_units(whole)["done"])
        again = run(checkpoint=torn, resume=True)
        assert found(again) == found(wanted)
        assert torn.read_bytes() == whole.read_bytes()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_end_by_a_signal(self, run, number, tmp_path):
        path, pressed = tmp_path / "torn", []

        def press(progress):
            if progress.evaluations and not pressed:
                pressed.append(1)
                os.kill(os.getpid(), number)

        result = run(checkpoint=path, callbacks=[press])
        assert result.stop_reason == "interrupted"
        assert is_units(path)
        assert found(run(checkpoint=path, resume=True)) == found(run())

    def test_of_something_else_are_refused(self, run, tmp_path):
        path = tmp_path / "one"
        run(checkpoint=path, callbacks=[Counted(stop=1)])
        before = path.read_bytes()
        for other in RUNS.values():
            if other is not run:
                with pytest.raises(ArchiveError, match="one: kind: expected"):
                    other(checkpoint=path, resume=True)
        with pytest.raises(InputError, match="one: is there already"):
            run(checkpoint=path)
        with pytest.raises(InputError, match="expected another file for the log"):
            run(checkpoint=tmp_path / "x", log=tmp_path / "x")
        assert path.read_bytes() == before
        table = json.loads(before)
        for changes, message in [
            ({"config": {**table["config"], "made_of": "0"}}, "made_of: expected"),
            ({"seed": 77}, "seed: expected"),
            ({"done": 3}, "done: expected"),
            ({"version": 2}, "version 1"),
            ({"pyamlz": "x"}, "expected a checkpoint of"),
        ]:
            path.write_text(json.dumps({**table, **changes}))
            with pytest.raises(ArchiveError, match=message):
                run(checkpoint=path, resume=True)
        path.write_text("{")
        with pytest.raises(ArchiveError, match="one: cannot be read"):
            run(checkpoint=path, resume=True)


def test_other_arguments_are_refused(tmp_path):
    path = tmp_path / "one"
    tuned(checkpoint=path, callbacks=[Counted(stop=1)])
    with pytest.raises(ArchiveError, match="trials: expected 13, got 12"):
        tune(neural_network(), [TASKS, TESTS], trials=13, seed=3, keep=0.5, checkpoint=path, resume=True)
    with pytest.raises(ArchiveError, match="made_of: expected"):
        tune(linear_regressor(), [TASKS, TESTS], trials=12, seed=3, keep=0.5, checkpoint=path, resume=True)


def test_an_evaluation_that_takes_long_is_not_waited_for():
    """One of many seconds; Ctrl-C ends it in a fraction of one."""
    n = 200_000
    x, y = np.ones((1, n, 30)), np.ones((1, n))
    big = TaskSet(kind="regression", train_x=x, train_y=y, valid_x=x[:, :2], valid_y=y[:, :2], n_classes=0, epochs=40)
    slow = Evaluator(big)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    began = time.monotonic()
    timer.start()
    ranking = rank([Candidate("slow", neural_network())], slow)
    assert time.monotonic() - began < 1.5
    assert ranking[0].fitness == ()


def test_nothing_is_lost_by_kills():
    """The quick part of `make kill`."""
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "tools" / "kill_units.py", "4"],
        env=environment(), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "the same as undisturbed" in done.stdout
