"""Programs as scikit-learn estimators."""

from __future__ import annotations

import _thread
import contextlib
import copy
import pickle
import re
import signal
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", minversion="1.6")

from joblib import parallel_config
from sklearn.datasets import load_breast_cancer, load_iris, make_regression
from sklearn.inspection import permutation_importance
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
    assert model.history_ == model.search_result_.history != []
    again = EvolvedClassifier(bad, max_evaluations=3000, epochs=1, random_state=1).fit(train_x, train_y)
    assert str(again.program_) == str(model.program_)


def test_what_is_better_is_taken() -> None:
    X, y = make_regression(400, 3, noise=1.0, random_state=1)
    slow = baselines.linear_regressor(1e-4)
    model = EvolvedRegressor(slow, max_evaluations=3000, epochs=1, random_state=1).fit(X[:300], y[:300])
    start = ProgramRegressor(slow, epochs=1, random_state=1).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > start.score(X[300:], y[300:]) + 0.5
    assert model.chosen_.is_evolved
    assert model.chosen_.gain > 2 * model.chosen_.error > 0
    assert model.chosen_.why.startswith("An evolved program was taken: of ")


def test_what_is_not_better_beyond_noise_is_not_taken() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    model = EvolvedClassifier("neural_network", max_evaluations=300, random_state=1).fit(X, y)
    assert not model.chosen_.is_evolved
    assert model.chosen_.gain <= 2 * model.chosen_.error
    assert model.program_ == baselines.neural_network()
    assert re.fullmatch(
        r"The start program was kept: of \d programs that 300 evaluations found, the best one gains [-+]0\.\d{4} in "
        r"accuracy over the start program, with a standard error of 0\.\d{4}, in cross-validation .*\.",
        model.chosen_.why,
    )


def test_too_little_data_or_time_for_a_search_is_said() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    rows = np.r_[np.flatnonzero(y == 0)[:20], np.flatnonzero(y == 1)[:2]]
    model = EvolvedClassifier(max_evaluations=50, random_state=1).fit(X[rows], y[rows])
    assert "was kept without a search: table: class '1' has only 2 of 22 rows" in model.chosen_.why
    model = EvolvedClassifier(max_seconds=1e-6, random_state=1).fit(X, y)
    assert "which would need max_seconds of" in model.chosen_.why
    assert model.score(X, y) > 0.95


def test_candidates_are_compared_in_threads_to_the_same_end() -> None:
    X, y = make_regression(200, 3, noise=5.0, random_state=1)
    one, more = (EvolvedRegressor(max_evaluations=200, epochs=2, random_state=1, n_jobs=n).fit(X, y) for n in (None, 2))
    assert one.chosen_.gain == more.chosen_.gain
    np.testing.assert_array_equal(one.predict(X), more.predict(X))


class TestPredicting:
    """It changes nothing: several threads may predict, and a call that is cut short leaves all as it was."""

    @pytest.mark.parametrize("program", ["neural_network", "evolved_linear_form"])
    def test_in_threads(self, program: str) -> None:
        X, y = load_breast_cancer(return_X_y=True)
        model = ProgramClassifier(program, epochs=2, random_state=1).fit(X, y)
        wanted = model.predict_proba(X)
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(model.predict_proba, X) for _ in range(200)]
            copied = copy.deepcopy(model)
            copied.partial_fit(X, y)
            for found in asked:
                np.testing.assert_array_equal(found.result(), wanted)
        np.testing.assert_array_equal(model.predict_proba(X), wanted)

    def test_by_joblib(self) -> None:
        X, y = load_breast_cancer(return_X_y=True)
        model = ProgramClassifier("neural_network", epochs=2, random_state=1).fit(X, y)
        with parallel_config("threading"):
            one, more = (permutation_importance(model, X, y, random_state=1, n_jobs=n, n_repeats=2) for n in (1, 4))
        np.testing.assert_array_equal(one.importances, more.importances)

    @pytest.mark.parametrize("call", ["predict_proba", "fit", "partial_fit"])
    def test_that_is_cut_short(self, call: str) -> None:
        X, y = load_breast_cancer(return_X_y=True)
        model = ProgramClassifier("evolved_linear_form", epochs=3, random_state=1).fit(X, y)
        wanted, state = model.predict_proba(X), dict(vars(model))
        n_cut = 0
        for i in range(100):
            timer = threading.Timer(0.0001 * (i % 25 + 1), _thread.interrupt_main)
            try:
                timer.start()
                getattr(model, call)(*([X] if call == "predict_proba" else [X[:, :30], y]))
                timer.join()
                time.sleep(0.01)
            except KeyboardInterrupt:
                timer.join()
                n_cut += 1
                if model._trained is not state["_trained"]:  # it came when all was done
                    assert call != "predict_proba"
                    n_cut -= 1
                    model.__dict__ = dict(state)
                np.testing.assert_array_equal(model.predict_proba(X), wanted)
            else:
                model.__dict__ = dict(state)
        assert n_cut > 5


def test_a_search_that_is_cut_short_ends_the_fit() -> None:
    """Ctrl-C while a fitted estimator searches again: it is what it was."""
    X, y = make_regression(100, 3, noise=1.0, random_state=1)
    model = EvolvedRegressor("linear_regressor", max_evaluations=100, epochs=1, random_state=1).fit(X, y)
    wanted, trained = model.predict(X), model._trained
    model.set_params(max_evaluations=10**9, callbacks=[lambda _: signal.raise_signal(signal.SIGINT)])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[::-1], y)
    assert model._trained is trained
    np.testing.assert_array_equal(model.predict(X), wanted)


@pytest.mark.parametrize("scale", [2.0**-43, 2.0**40])
def test_units_do_not_matter(scale: float) -> None:
    X, y = load_breast_cancer(return_X_y=True)
    one, other = (ProgramClassifier(random_state=1, epochs=2).fit(X * unit, y) for unit in (1.0, scale))
    np.testing.assert_array_equal(one.predict_proba(X), other.predict_proba(X * scale))
    X, y = make_regression(200, 3, noise=1.0, random_state=1)
    a, b = (ProgramRegressor("linear_regressor", random_state=1).fit(X, y * unit) for unit in (1.0, scale))
    np.testing.assert_allclose(a.predict(X) * scale, b.predict(X), rtol=1e-12)
    assert b.score(X, y * scale) > 0.99


def test_features_that_are_all_the_same_say_nothing() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    same = np.full((len(X), 1), 1e9)
    one, other = ProgramClassifier(random_state=1), ProgramClassifier(random_state=1)
    one.fit(np.hstack([X, same]), y)
    other.fit(np.hstack([X, 0 * same]), y)
    np.testing.assert_array_equal(
        one.predict_proba(np.hstack([X, same])), other.predict_proba(np.hstack([X, 0 * same]))
    )


def test_class_weights() -> None:
    """Of 95 examples of one class and 5 of another that looks alike, the latter's guess needs its weight."""
    rng = np.random.default_rng(1)
    y = (np.arange(2000) % 20 == 0).astype(int)
    X = rng.normal(size=(2000, 2)) + y[:, np.newaxis]
    recall = {}
    for weight in (None, "balanced", {0: 1, 1: 19}):
        model = ProgramClassifier("neural_network", class_weight=weight, random_state=1, epochs=5).fit(X, y)
        recall[str(weight)] = model.predict(X)[y == 1].mean()
    assert recall["None"] < 0.5 < recall["balanced"]
    assert recall["{0: 1, 1: 19}"] > 0.5
    for wrong in ("even", {2: 1.0}, {0: -1.0}, {0: 0.0, 1: 0.0}):
        with pytest.raises(InputError, match="class_weight: expected"):
            ProgramClassifier(class_weight=wrong).fit(X, y)  # type: ignore[arg-type]


def test_a_warm_start_goes_on() -> None:
    X, y = make_regression(300, 3, random_state=1)
    model = ProgramRegressor("linear_regressor", epochs=1, random_state=1, warm_start=True)
    scores = [model.fit(X, y).score(X, y) for _ in range(5)]
    assert scores == sorted(scores)
    assert scores[-1] > scores[0]
    cold = ProgramRegressor("linear_regressor", epochs=1, random_state=1)
    assert cold.fit(X, y).score(X, y) == cold.fit(X, y).score(X, y) == scores[0]


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
