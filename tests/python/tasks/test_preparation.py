"""Preparation: how columns become features, and predictions what they stand for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyamlz import DataError, InputError, tasks
from pyamlz.tasks import Preparation, Table

RNG = np.random.default_rng(3)
X = RNG.normal(size=(200, 4)) * [1, 10, 1000, 0.002] + [0, 5, 1000, 0]
Y = X @ [1, 0.1, 0.001, 300]


def test_by_hand() -> None:
    """1, 3, 5, -: median 3; text: a twice, b twice, others once."""
    frame = {
        "n": np.array([1.0, 3.0, 5.0, np.nan, 3.0, 3.0]),
        "t": np.array(["a", "b", "a", "b", "c", "d"], dtype=object),
        "same": np.ones(6),
        "y": np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0]),
    }
    prepared = Preparation.of(tasks.read_table(frame, "y", "numbers"))
    assert prepared.feature_names == ["n", "n=(missing)", "t=a", "t=b", "t=(other)"]
    made = prepared.features(frame)
    plain = np.array(
        [[1, 0, 1, 0, 0], [3, 0, 0, 1, 0], [5, 0, 1, 0, 0], [3, 1, 0, 1, 0], [3, 0, 0, 0, 1], [3, 0, 0, 0, 1]]
    )
    np.testing.assert_allclose(made, (plain - plain.mean(axis=0)) / plain.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(prepared.labels(frame), (frame["y"] - 35) / np.std(frame["y"]), rtol=1e-12)
    np.testing.assert_allclose(prepared.answers(prepared.labels(frame)), frame["y"], rtol=1e-12)
    said = " ".join(prepared.notes())
    assert "n: missing values become the median of the training rows, 3, and an indicator" in said
    assert "t: text, coded by an indicator for each of 2 categories, one for all others" in said


def test_new_categories_and_orders_of_columns() -> None:
    frame = pd.DataFrame({"t": list("aabbaabb"), "n": np.arange(8.0), "y": [0, 1] * 4})
    prepared = Preparation.of(tasks.read_table(frame, "y"))
    new = pd.DataFrame({"n": [3.0, 3.0, 3.0], "more": [0, 0, 0], "t": ["b", "z", None]})
    made = prepared.features(new)
    np.testing.assert_allclose(made[:, 0], [-1, -1, -1])  # t=a
    np.testing.assert_allclose(made[:, 1], [1, -1, -1])  # t=b
    table = tasks.read_table(new.assign(y=[0, 1, 0]).iloc[[0, 1, 0, 1, 2]], "y")
    np.testing.assert_array_equal(prepared.features(table), made[[0, 1, 0, 1, 2]])
    with pytest.raises(DataError, match="expected a column 't'"):
        prepared.features({"n": np.arange(3.0)})
    with pytest.raises(DataError, match="expected a data frame or a mapping"):
        prepared.features(np.zeros((3, 2)))


def test_columns_that_change_their_type_on_the_way() -> None:
    """True and false, whole numbers and texts as other programs write them."""
    flags = np.arange(8) % 2 == 0
    text = {
        "flag": flags.astype(str).astype(object),
        "code": np.array(list("12" * 4), dtype=object),
        "y": np.arange(8.0),
    }
    typed = {"flag": flags, "code": np.arange(8) % 2 + 1, "y": np.arange(8.0)}
    mixed = {**typed, "flag": np.array([*flags[:7], None], dtype=object)}
    prepared = Preparation.of(tasks.read_table(text, "y", "numbers"))
    assert prepared.feature_names == ["flag=False", "flag=True", "code=1", "code=2"]
    np.testing.assert_array_equal(prepared.features(typed), prepared.features(text))
    np.testing.assert_array_equal(prepared.features(mixed)[:7], prepared.features(text)[:7])
    again = Preparation.of(tasks.read_table(typed, "y", "numbers", categorical=["flag", "code"]))
    assert again == prepared


@pytest.mark.parametrize("factor", [1e-13, 1e13, 1e-250, 1e250, 2.0**-40])
@pytest.mark.parametrize("what", ["features", "target"])
def test_scale_does_not_matter(factor: float, what: str) -> None:
    one = Table(X, Y)
    other = Table(X * factor, Y) if what == "features" else Table(X, Y * factor)
    prepared, scaled = Preparation.of(one), Preparation.of(other)
    np.testing.assert_allclose(scaled.features(other), prepared.features(one), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(scaled.labels(other), prepared.labels(one), rtol=1e-9, atol=1e-12)
    if factor == 2.0**-40:
        np.testing.assert_array_equal(scaled.features(other), prepared.features(one))
    np.testing.assert_allclose(scaled.answers(scaled.labels(other)), other.y, rtol=1e-9)


def test_constant_is_what_has_one_value_and_nothing_else() -> None:
    x = np.column_stack([np.full(50, 0.1), 1e16 + 2 * (np.arange(50) % 2), 1.0 + np.arange(50) * 2.0**-52])
    prepared = Preparation.of(Table(x, np.arange(50.0)))
    assert prepared.feature_names == ["x1", "x2"]
    made = prepared.features(x[:, 1:])
    np.testing.assert_allclose(made.std(axis=0), 1, rtol=1e-6)
    assert [len(np.unique(column)) for column in made.T] == [2, 50]
    with pytest.raises(DataError, match="whose values are not all the same"):
        Preparation.of(Table(x[:, :1], np.arange(50.0)))


def test_json_is_exact_and_checked() -> None:
    frame = pd.DataFrame({"t": list("aabbaabbcd"), "n": [0.1, None, *np.arange(8.0)], "y": list("xyxyxyzzxz")})
    for prepared in (
        Preparation.of(tasks.read_table(frame, "y")),
        Preparation.of(Table(X, Y), n_features=2, seed=7),
        Preparation.of(Table(X[:, :2], np.arange(200.0) % 3, ("a", "b", "c"))),
    ):
        text = json.dumps(prepared.to_json(), allow_nan=False)
        again = Preparation.from_json(json.loads(text))
        assert again == prepared
        for key in prepared.to_json():
            broken: dict[str, Any] = {**prepared.to_json(), key: "?"}
            if key == "target":
                continue
            with pytest.raises(InputError):
                Preparation.from_json(broken)
            with pytest.raises(InputError):
                Preparation.from_json({name: value for name, value in prepared.to_json().items() if name != key})
        with pytest.raises(InputError, match="mean: expected"):
            replace(again, mean=again.mean[:-1])._check()


def test_projection_is_the_same_for_all() -> None:
    prepared = Preparation.of(Table(X, Y), n_features=2, seed=7)
    assert (prepared.n_features, prepared.feature_names) == (2, ["projected 0", "projected 1"])
    made = prepared.features(X)
    np.testing.assert_allclose(made.std(axis=0), 1, rtol=1e-9)
    np.testing.assert_array_equal(prepared.features(X[:10]), made[:10])
    assert "4 features are projected to 2" in prepared.notes()[0]
    assert Preparation.of(Table(X, Y), n_features=2, seed=8).features(X)[0, 0] != made[0, 0]


def test_more_classes_than_features_get_room() -> None:
    prepared = Preparation.of(Table(X[:, :1], np.arange(200.0) % 3, ("a", "b", "c")))
    assert (prepared.kind, prepared.n_features) == ("multiclass", 3)
    np.testing.assert_array_equal(prepared.features(X[:, :1])[:, 1:], 0)
    assert "2 features that are 0 make room for 3 classes" in prepared.notes()


def test_classes_and_probabilities() -> None:
    two = Preparation.of(Table(X, np.arange(200.0) % 2, ("no", "yes")))
    assert two.answers(np.array([0.2, 0.5, 0.7, np.nan])).tolist() == ["no", "no", "yes", "no"]
    np.testing.assert_allclose(two.probabilities(np.array([0.2])), [[0.8, 0.2]])
    three = Preparation.of(Table(X, np.arange(200.0) % 3, ("a", "b", "c")))
    assert three.answers(np.array([[0.2, 0.5, 0.3]])).tolist() == ["b"]
    assert three.labels(np.array(["c", "a"], dtype=object)).tolist() == [2, 0]
    with pytest.raises(DataError, match="expected one of a, b, c, got 'd'"):
        three.labels({"y": np.array(["d"])})
    with pytest.raises(InputError, match="these labels are numbers"):
        Preparation.of(Table(X, Y)).probabilities(np.zeros(3))


def test_what_is_far_off_is_told(tmp_path: Path) -> None:
    prepared = Preparation.of(Table(X, Y))
    far = X[:3].copy()
    far[1, 2] = 1e300
    with pytest.raises(DataError, match="row 2: expected numbers that are not so far"):
        prepared.features(far)
