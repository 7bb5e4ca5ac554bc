"""Programs as scikit-learn estimators."""

from __future__ import annotations

import contextlib
import pickle
import unittest
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.datasets import load_breast_cancer, load_iris, make_regression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.estimator_checks import estimator_checks_generator

from pyamlz import InputError, Program
from pyamlz.program import baselines
from pyamlz.sklearn import EvolvedClassifier, EvolvedRegressor, ProgramClassifier, ProgramRegressor

CHECKED = [
    ProgramClassifier(),
    ProgramRegressor(),
    EvolvedClassifier(max_evaluations=60, epochs=5),
    EvolvedRegressor(max_evaluations=60, epochs=5),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", range(len(CHECKED)))
def test_scikit_learns_own_checks(number: int) -> None:
    n_run = 0
    for estimator, check in estimator_checks_generator(CHECKED[number]):
        with contextlib.suppress(unittest.SkipTest):  # checks of packages that are not there
            check(estimator)
            n_run += 1
    assert n_run > 40


def test_a_classifier_learns() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    for program in ("linear_regressor", "neural_network"):
        scores = cross_val_score(ProgramClassifier(program, random_state=1), X, y, cv=3)
        assert scores.mean() > 0.95


def test_more_classes_one_against_the_rest_or_all_at_once() -> None:
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    train_x, test_x, train_y, test_y = train_test_split(X, names, random_state=0)
    each = ProgramClassifier("neural_network", epochs=30, random_state=1).fit(train_x, train_y)
    softmax = Program.parse(
        "def Predict():\n v2 = dot(m0, v0)\n"
        "def Learn():\n s2 = 0.1\n v3 = v1 - v2\n v3 = s2 * v3\n m1 = outer(v3, v0)\n m0 = m0 + m1\n"
    )
    at_once = ProgramClassifier(softmax, epochs=30, random_state=1).fit(train_x, train_y)
    assert len(each.learners_) == 3
    assert len(at_once.learners_) == 1
    for model, least in ((each, 0.9), (at_once, 0.7)):  # the other has no bias, which the class in the middle needs
        assert model.score(test_x, test_y) > least
        np.testing.assert_allclose(model.predict_proba(test_x).sum(axis=1), 1)
        assert set(model.predict(test_x)) <= set(names)


def test_more_classes_than_features() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 5, 500)
    X = np.column_stack([np.cos(y * 1.257), np.sin(y * 1.257)]) + rng.normal(scale=0.1, size=(500, 2))
    model = ProgramClassifier("linear_regressor", random_state=1, epochs=3).fit(X, y)
    assert len(model.learners_) == 5
    assert model.predict_proba(X).shape == (500, 5)


def test_a_regressor_by_hand() -> None:
    """One example with features (1) after scaling: weight = rate * error, turned back to the target's scale."""
    X, y = np.array([[0.0], [2.0]]), np.array([10.0, 30.0])  # scaled: -1, 1 and -1, 1
    model = ProgramRegressor(baselines.linear_regressor(0.5), epochs=1, precision="float64", random_state=0).fit(X, y)
    # first step: error 1 or -1 times feature of the same sign: w = 0.5; second: error 0.5: w = 0.75
    np.testing.assert_allclose(model.predict([[2.0], [0.0], [1.0]]), [20 + 7.5, 20 - 7.5, 20])


def test_a_regressor_in_a_pipeline() -> None:
    X, y = make_regression(500, 3, noise=1.0, random_state=1)
    model = make_pipeline(PolynomialFeatures(2), ProgramRegressor("linear_regressor", random_state=1))
    assert cross_val_score(model, X, y, cv=3).mean() > 0.95


def test_partial_fit_goes_on() -> None:
    X, y = make_regression(600, 4, random_state=2)
    model = ProgramRegressor("linear_regressor", random_state=1)
    scores = [model.partial_fit(X[i : i + 100], y[i : i + 100]).score(X, y) for i in range(0, 600, 100)]
    assert scores[-1] > 0.99
    assert scores[-1] > scores[0]


@pytest.mark.parametrize("program", ["neural_network", "evolved_linear_form"])
def test_pickled_models_predict_and_learn_the_same(program: str) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    model = ProgramClassifier(program, epochs=1, random_state=3).fit(X[:300], y[:300])
    other = pickle.loads(pickle.dumps(model))  # noqa: S301
    np.testing.assert_array_equal(model.predict_proba(X), other.predict_proba(X))
    model.partial_fit(X[300:], y[300:])
    other.partial_fit(X[300:], y[300:])
    np.testing.assert_array_equal(model.predict_proba(X), other.predict_proba(X))


def test_predictions_do_not_depend_on_those_before() -> None:
    """The evolved program writes memory when it predicts."""
    X, y = load_breast_cancer(return_X_y=True)
    model = ProgramClassifier("evolved_linear_form", epochs=1, random_state=3).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X[:20])[::-1], model.predict_proba(X[:20][::-1]))


def test_a_program_that_diverges_predicts_the_mean() -> None:
    X, y = make_regression(200, 4, random_state=2)
    model = ProgramRegressor(baselines.linear_regressor(1e20), random_state=1).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y.mean())


def test_evolution_finds_a_program_that_is_at_least_as_good_as_its_start() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(X, y, random_state=0)
    bad = baselines.linear_regressor(1e-6)
    model = EvolvedClassifier(bad, max_evaluations=3000, epochs=1, random_state=1).fit(train_x, train_y)
    assert model.search_result_.evaluations == 3000
    start = ProgramClassifier(bad, epochs=1, random_state=1).fit(train_x, train_y)
    assert model.score(test_x, test_y) >= start.score(test_x, test_y)
    again = EvolvedClassifier(bad, max_evaluations=3000, epochs=1, random_state=1).fit(train_x, train_y)
    assert str(again.program_) == str(model.program_)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ProgramClassifier("linear"), "program: expected a built-in program"),
        (ProgramClassifier(3), "program: expected a Program"),  # type: ignore[arg-type]
        (ProgramClassifier(epochs=0), "epochs: expected"),
        (ProgramRegressor(precision="half"), "precision: expected"),  # type: ignore[arg-type]
        (EvolvedClassifier("nothing"), "start: expected a built-in program"),
        (EvolvedRegressor(max_evaluations=0), "max_evaluations: expected"),
        (EvolvedRegressor(n_tasks=0), "n_tasks: expected"),
    ],
)
def test_bad_arguments_are_named(model: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model.fit(np.random.default_rng(1).normal(size=(20, 3)), np.arange(20) % 2)


def test_bad_labels() -> None:
    X = np.random.default_rng(1).normal(size=(20, 3))
    with pytest.raises(ValueError, match="at least 2 classes, got 1 class"):
        ProgramClassifier().fit(X, np.zeros(20, int))
    with pytest.raises(InputError, match="classes: expected all labels with the first call"):
        ProgramClassifier().partial_fit(X, np.arange(20) % 2)
    model = ProgramClassifier().partial_fit(X, np.arange(20) % 2, classes=[0, 1])
    with pytest.raises(InputError, match="y: expected labels of classes, got 2"):
        model.partial_fit(X, np.arange(20) % 3)
