"""What a run on a table starts from: fitted to the table, and reported unless something is better beyond noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyamlz import Evaluator, InputError, Program, TaskSet, archive, lab, tasks
from pyamlz._lib.random import derived_seed
from pyamlz.lab import Experiment
from pyamlz.lab._start import Gain, Start
from pyamlz.lab._tune import steadily_tuned
from pyamlz.program.baselines import affine_regressor, affine_softmax_regressor, linear_regressor, softmax_regressor

RNG = np.random.default_rng(5)
LINE = np.sort(RNG.normal(size=300))
# Three classes along a line: without a bias the one in the middle has no way to be the most likely one.
CLASSES = pd.DataFrame({"x": LINE, "noise": RNG.normal(size=300)}).assign(y=np.repeat(["low", "middle", "high"], 100))
NUMBERS = pd.DataFrame({"x": LINE, "noise": RNG.normal(size=300)}).assign(y=3.0 * LINE + RNG.normal(size=300))
SHORT = {"population_size": 10, "tournament_size": 3, "tasks": {"n_tasks": 2}, "max_evaluations": 300}
LOST = Program.parse("def Predict():\n  s1 = s2 / s3")  # 0 / 0


def experiment(frame: pd.DataFrame) -> Experiment:
    return Experiment.load("table").replace(**SHORT).with_table(tasks.read_table(frame, "y"))


def test_biases_are_learned() -> None:
    x = np.random.default_rng(1).normal(size=(1, 200, 3))
    y = x.sum(axis=2) + 5.0
    shifted = Evaluator(TaskSet(kind="regression", train_x=x, train_y=y, valid_x=x, valid_y=y, n_classes=0))
    assert shifted.evaluate(affine_regressor(0.1)).fitness > 0.99
    assert shifted.evaluate(linear_regressor(0.1)).fitness < 0.2
    classes = Evaluator(tasks.resampled(tasks.read_table(CLASSES, "y"), epochs=10))
    with_biases = classes.evaluate(affine_softmax_regressor(0.2)).fitness
    assert with_biases > 0.9
    assert with_biases > classes.evaluate(softmax_regressor(0.2)).fitness + 0.08


def test_the_lowest_rate_within_a_standard_error_is_taken() -> None:
    evaluator = Evaluator(tasks.resampled(tasks.read_table(CLASSES, "y"), epochs=10, n_tasks=8))
    program = steadily_tuned("affine_softmax_regressor", evaluator)
    taken = float(str(program).splitlines()[1].split("=")[1])
    rates = [a * 10.0**b for b in range(-3, 1) for a in (1, 2, 5)]
    tried = {rate: evaluator.evaluate(affine_softmax_regressor(rate)) for rate in rates}
    best = max(tried.values(), key=lambda evaluation: evaluation.fitness)
    enough = best.fitness - best.task_fitness.std() / 8**0.5
    assert taken == pytest.approx(min(rate for rate, evaluation in tried.items() if evaluation.fitness >= enough))


class TestStart:
    @pytest.mark.parametrize("frame", [CLASSES, NUMBERS])
    def test_is_reported_where_nothing_is_better(self, frame: pd.DataFrame) -> None:
        preset = experiment(frame)
        result = lab.run(preset, seed=1)
        task_set = preset.tasks("tasks", derived_seed(1, "tasks", 1))
        assert task_set is not None
        assert result.program == preset.fitted_start(task_set)
        assert result.why.startswith("the start program is reported: nothing")

    def test_gives_way_to_what_is_better(self, monkeypatch: pytest.MonkeyPatch) -> None:
        slow = affine_regressor(2e-4)  # whose rate a mutation can mend
        monkeypatch.setattr(Experiment, "fitted_start", lambda *_: slow)
        result = lab.run(experiment(NUMBERS).replace(max_evaluations=5000), seed=1)
        assert result.program != slow
        assert result.why.startswith("an evolved program is reported: on the rows to select by it gains +0.")

    def test_gains_are_by_row(self) -> None:
        start = Start(affine_regressor(0.01), experiment(NUMBERS), 1)
        assert start.gain(affine_regressor(0.01)) == Gain(0.0, 0.0, "R2")
        assert not start.gain(affine_regressor(0.01)).is_beyond_noise
        assert start.gain(LOST).mean < -1000  # what has lost its way is worse than all others, and no NaN
        from_nothing = Start(Program.parse("def Predict():\n  s1 = s2 + s2"), experiment(NUMBERS), 1)
        gain = from_nothing.gain(affine_regressor(0.01))
        assert gain.is_beyond_noise
        assert 0.8 < gain.mean < 1.1  # 9 of 10 parts of the variance
        classes = Start(softmax_regressor(0.1), experiment(CLASSES), 1).gain(affine_softmax_regressor(0.1))
        assert classes.measure == "accuracy"
        assert classes.is_beyond_noise
        assert classes.mean * 60 == pytest.approx(round(classes.mean * 60))  # of 60 rows whole ones

    def test_noise_is_two_standard_errors(self) -> None:
        assert Gain(0.0801, 0.04, "R2").is_beyond_noise
        assert not Gain(0.08, 0.04, "R2").is_beyond_noise
        assert not Gain(0.0, 0.0, "R2").is_beyond_noise


def test_a_table_is_not_worse_than_logistic_regression_where_that_is_easy() -> None:
    pytest.importorskip("sklearn")
    found, constant, logistic = lab.run(experiment(CLASSES), seed=2).scores
    assert (constant.name, logistic.name) == ("constant", "logistic model")
    assert found.scores[0].value >= logistic.scores[0].value - 0.05
    assert found.scores[0].value > 0.9 > constant.scores[0].value


def test_it_is_kept_in_archives_by_name(tmp_path: Path) -> None:
    CLASSES.to_csv(tmp_path / "own.csv", index=False)
    preset = Experiment.load("table").replace(**SHORT).replace(tasks={"path": str(tmp_path / "own.csv"), "target": "y"})
    assert preset.self_contained().table["start"] == ("affine_regressor", "neural_network")
    whole = lab.run(preset, seed=4, checkpoint=tmp_path / "whole.amlz")
    lab.run(preset, seed=4, checkpoint=tmp_path / "x.amlz", max_seconds=1e-6)
    again = lab.resume(tmp_path / "x.amlz", max_seconds=60)
    assert (again.program, again.why) == (whole.program, whole.why)
    assert archive.find_program("x", str(tmp_path / "x.amlz")) == whole.program


def test_elsewhere_lists_are_taken_in_as_they_are() -> None:
    preset = Experiment.load("demo").replace(start=["linear_regressor", "linear_regressor"])
    assert not preset.fits_start
    with pytest.raises(InputError):
        Experiment.load("table").replace(start=["linear_regressor", "nothing"])
