"""Models: from rows of a table to answers in its units, and back from a file to the same bits."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from archives import seal

from pyamlz import (
    ArchiveError,
    DataError,
    InputError,
    Model,
    Preparation,
    Program,
    archive,
    linear_regressor,
    load,
    tasks,
)
from pyamlz.program.baselines import evolved_linear_form, neural_network, softmax_regressor
from pyamlz.search import Score, scores_of
from pyamlz.tasks import Table

RNG = np.random.default_rng(3)
N = 400
GOLDEN = Path(__file__).resolve().parents[3] / "archive" / "golden"
CITIES = np.array(["Bern", "Rome", "Oslo"])
FRAME = pd.DataFrame(
    {
        "near 1000": RNG.normal(1000, 30, N),
        "tiny": RNG.normal(0, 0.002, N),
        "city": CITIES[RNG.integers(0, 3, N)],
        "gaps": np.where(RNG.random(N) < 0.1, np.nan, RNG.normal(size=N)),
    }
)
SIGNAL = (FRAME["near 1000"] - 1000) / 30 + FRAME["tiny"] / 0.002 + 2 * (FRAME["city"] == "Oslo")
NUMBERS = FRAME.assign(price=5000 + 250 * SIGNAL)
TWO = FRAME.assign(price=np.where(SIGNAL > 0.5, "dear", "cheap"))
THREE = FRAME.assign(price=np.array(["low", "middle", "high"])[np.digitize(SIGNAL, [-0.5, 1.5])])
CASES: dict[str, tuple[pd.DataFrame, Program]] = {
    "numbers": (NUMBERS, linear_regressor()),
    "two classes": (TWO, neural_network()),
    "three classes": (THREE, softmax_regressor()),
    "random ops": (TWO, evolved_linear_form()),
}


def learned(case: str, **arguments: Any) -> Model:
    frame, program = CASES[case]
    preparation = Preparation.of(tasks.read_table(frame[:300], "price"))
    return Model(program, preparation, **arguments).learn(frame[:300], epochs=5)


class TestAnswers:
    def test_numbers_come_in_their_units(self) -> None:
        model = learned("numbers")
        found = model.predict(FRAME[300:])
        assert np.corrcoef(found, NUMBERS.price[300:])[0, 1] > 0.98
        assert abs(np.mean(found - NUMBERS.price[300:])) < 50
        with pytest.raises(InputError, match="expected a model of classes"):
            model.predict_proba(FRAME)

    @pytest.mark.parametrize("case", ["two classes", "three classes"])
    def test_classes_come_by_name(self, case: str) -> None:
        model, (frame, _) = learned(case), CASES[case]
        found = model.predict(frame[300:])
        assert set(found) == set(frame.price)
        assert np.mean(found == frame.price[300:]) > 0.7
        given = model.predict_proba(frame[300:])
        assert given.shape == (100, len(model.classes))
        np.testing.assert_allclose(given.sum(axis=1), 1, rtol=1e-5)
        assert [model.classes[place] for place in given.argmax(axis=1)] == found.tolist()

    def test_score_is_what_answers_say(self) -> None:
        accuracy, log_loss = learned("two classes").score(TWO[300:])
        assert accuracy.value == np.mean(learned("two classes").predict(TWO[300:]) == TWO.price[300:])
        assert (accuracy.name, accuracy.n_rows, log_loss.name) == ("accuracy", 100, "log loss")
        r2, rmse = learned("numbers").score(NUMBERS[300:])
        errors = learned("numbers").predict(NUMBERS[300:]) - NUMBERS.price[300:]
        assert rmse.value == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-5)
        assert r2.value == pytest.approx(1 - np.mean(errors**2) / np.var(NUMBERS.price[300:]), rel=1e-5)

    @pytest.mark.parametrize("case", CASES)
    def test_do_not_depend_on_other_rows(self, case: str) -> None:
        model = learned(case)
        rows = RNG.permutation(100)
        together = model.predict(FRAME[300:])
        assert (model.predict(FRAME[300:].iloc[rows]) == together[rows]).all()
        assert [model.predict(FRAME[300 + i : 301 + i])[0] for i in range(20)] == together[:20].tolist()

    def test_threads_may_ask_at_the_same_time(self) -> None:
        model = learned("two classes")
        wanted = model.predict_proba(FRAME)
        with ThreadPoolExecutor(4) as pool:
            for found in pool.map(model.predict_proba, [FRAME] * 20):
                np.testing.assert_array_equal(found, wanted)

    def test_of_a_program_that_has_lost_its_way_are_told(self) -> None:
        model = Model(linear_regressor(1e30), Preparation.of(tasks.read_table(NUMBERS, "price"))).learn(NUMBERS)
        with pytest.warns(UserWarning, match="400 of 400 predictions are no numbers"):
            assert np.isnan(model.predict(FRAME)).all()
        r2, rmse = model.score(NUMBERS)
        assert (r2.value, rmse.value) == (-np.inf, np.inf)


class TestLearning:
    def test_a_table_a_frame_and_arrays_are_the_same(self) -> None:
        table = tasks.read_table(TWO.drop(columns="city").fillna(0), "price")
        models = [Model(neural_network(), Preparation.of(table)) for _ in range(3)]
        models[0].learn(table)
        models[1].learn(TWO.drop(columns="city").fillna(0))
        models[2].learn(table.X, TWO.price.to_numpy(dtype=object))
        assert models[0].to_archive() == models[1].to_archive() == models[2].to_archive()

    def test_what_is_wrong_is_told_before_anything_is_learned(self) -> None:
        model = learned("two classes")
        before = model.to_archive()
        for data, message in (
            (TWO.drop(columns="tiny"), "expected a column 'tiny'"),
            (TWO.drop(columns="price"), "expected a column 'price'"),
            (TWO.assign(price="other"), "row 1, column 'price': expected one of cheap, dear, got 'other'"),
            (TWO.assign(price=[None, *TWO.price[1:]]), "row 1, column 'price': expected a label"),
            (TWO.assign(tiny="x"), "row 1, column 'tiny': expected a number, as in the training rows, got 'x'"),
        ):
            with pytest.raises(DataError, match=message):
                model.learn(data)
        with pytest.raises(InputError, match="y: expected labels"):
            model.learn(np.zeros((3, 4)))
        assert model.to_archive() == before


class TestFiles:
    @pytest.mark.parametrize("case", CASES)
    @pytest.mark.parametrize("precision", ["float32", "float64"])
    def test_go_on_to_the_same_bits(self, case: str, precision: Any, tmp_path: Path) -> None:
        model, (frame, _) = learned(case, precision=precision, seed=5), CASES[case]
        model.session = {"run": "x.amlz"}
        model.save(tmp_path / "m.amlz")
        again = Model.load(tmp_path / "m.amlz")
        assert (again.session, again.n_examples, again.seed) == ({"run": "x.amlz"}, 1500, 5)
        assert again.to_archive() == model.to_archive()
        assert archive.encode(again.to_archive()) == (tmp_path / "m.amlz").read_bytes()
        for one in (model, again, copy.deepcopy(again), pickle.loads(pickle.dumps(again))):  # noqa: S301
            one.learn(frame[300:], epochs=2)
            assert archive.encode(one.to_archive()) == archive.encode(model.to_archive())
            assert (one.predict(frame) == model.predict(frame)).all()

    def test_came_with_version_1_2(self) -> None:
        data = archive.encode(learned("numbers").to_archive())
        assert data[7:9] == bytes([1, 2])
        with pytest.raises(ArchiveError, match="got 'model'"):
            archive.decode(seal(data[:8] + b"\x01" + data[9:-5]))

    def test_bring_their_program(self, tmp_path: Path) -> None:
        learned("numbers").save(tmp_path / "m.amlz")
        assert archive.find_program("program", str(tmp_path / "m.amlz")) == linear_regressor()
        assert isinstance(load(tmp_path / "m.amlz"), Model)
        assert archive.find_start("start", str(tmp_path / "m.amlz")) == linear_regressor()

    def test_damage_is_refused(self, tmp_path: Path) -> None:
        good = learned("numbers").to_archive()
        for broken, message in (
            (replace(good, memory=(*good.memory[:2], b"123")), r"memory\[2\]: expected 0 bytes, got 3"),
            (replace(good, runs=(1, 2)), "runs: expected an array of 3, got one of 2"),
            (replace(good, examples=-1), "examples: expected an integer, got a negative integer"),
        ):
            with pytest.raises(ArchiveError, match=message):
                archive.encode(broken)
        for broken, message in (
            (replace(good, preparation="{}"), "preparation: expected a table"),
            (replace(good, preparation="["), "preparation: expected JSON"),
            (replace(good, session="[]"), "session: expected a table"),
            (replace(good, program=Program.parse("def Predict():\n  s1 = s1 + s1\n")), "dims: expected"),
        ):
            archive.write(tmp_path / "m.amlz", broken)
            with pytest.raises(ArchiveError, match=r"m\.amlz: .*" + message):
                Model.load(tmp_path / "m.amlz")
        archive.write(tmp_path / "p.amlz", archive.ProgramArchive(program=linear_regressor()))
        with pytest.raises(ArchiveError, match="expected a model, which `fit` makes"):
            Model.load(tmp_path / "p.amlz")


def test_the_golden_model_answers_as_ever() -> None:
    model = Model.load(GOLDEN / "1.2-model.amlz")
    rows = {
        "near 1000": np.array([1000.0, 1001.0, 1002.0]),
        "tiny": np.array([0.0, 0.002, np.nan]),
        "city": np.array(["Bern", "Oslo", "Paris"], dtype=object),
    }
    given = model.predict_proba(rows)[:, 1].tolist()
    assert given == [0.016625117510557175, 0.8081914186477661, 0.003831750014796853]
    assert model.predict(rows).tolist() == ["no", "yes", "no"]


class TestScores:
    def test_by_hand(self) -> None:
        two = Preparation.of(Table(np.arange(10.0)[:, np.newaxis], np.arange(10.0) % 2, ("a", "b")))
        accuracy, log_loss = scores_of(two, np.array([0.9, 0.2, 0.6, np.nan]), np.array([1.0, 0.0, 0.0, 0.0]))
        assert accuracy.value == 0.5
        assert log_loss.value == pytest.approx(-np.mean(np.log([0.9, 0.8, 0.4, 1e-15])))
        numbers = Preparation.of(Table(np.arange(4.0)[:, np.newaxis], np.array([10.0, 20.0, 10.0, 20.0])))
        r2, rmse = scores_of(numbers, np.array([-1.0, 1.0, -1.0, 0.0]), np.array([-1.0, 1.0, -1.0, 1.0]))
        assert (r2.value, rmse.value) == (pytest.approx(0.75), pytest.approx(5 * 0.5))

    def test_intervals_cover_as_often_as_they_say(self) -> None:
        """Of an accuracy of .8 on 100 rows, about 95 of 100 intervals hold .8."""
        two = Preparation.of(Table(np.arange(10.0)[:, np.newaxis], np.arange(10.0) % 2, ("a", "b")))
        held = 0
        for _ in range(100):
            right = RNG.random(100) < 0.8
            accuracy, _ = scores_of(two, np.where(right, 0.9, 0.1), np.ones(100))
            assert accuracy.low <= accuracy.value <= accuracy.high
            held += accuracy.low <= 0.8 <= accuracy.high
        assert 86 <= held <= 100

    def test_come_back_from_json(self) -> None:
        two = Preparation.of(Table(np.arange(10.0)[:, np.newaxis], np.arange(10.0)))
        for scores in (
            scores_of(two, np.arange(10.0) / 7, two.labels(np.arange(10.0))),
            scores_of(two, np.full(10, np.nan), np.arange(10.0)),
        ):
            assert [Score.of("x", score.to_json()) for score in scores[1:]] == list(scores[1:])
            assert scores[0].rounded().value == pytest.approx(scores[0].value, rel=1e-5)
        for wrong in (3, {}, {**scores[0].to_json(), "low": "x"}, {**scores[0].to_json(), "n_rows": 0}):
            with pytest.raises(InputError, match="x"):
                Score.of("x", wrong)

    def test_without_rows_there_is_none(self) -> None:
        two = Preparation.of(Table(np.arange(10.0)[:, np.newaxis], np.arange(10.0) % 2, ("a", "b")))
        with pytest.raises(DataError, match="expected one row or more"):
            scores_of(two, np.empty(0), np.empty(0))
