"""The programs for several classes, beside the same arithmetic by hand and in NumPy."""

import math

import numpy as np
import pytest

from pyamlz import Learner, Program
from pyamlz.program import baselines

RNG = np.random.default_rng(5)
X = RNG.standard_normal((60, 5))
LABELS = RNG.integers(0, 3, 60)


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def learner_of(program, n_features=5):
    program = Program.parse(program) if isinstance(program, str) else program
    return Learner(program, program.dims(n_features, "multiclass", 3), precision="float64", keep_dead_code=True)


def test_regressor_by_hand():
    learner = learner_of(baselines.softmax_regressor(0.5), n_features=4)
    x = [1.0, 2.0, 0.0, -1.0]
    # Without weights all classes are as likely; the error is -1/3, 2/3, -1/3, and half of it times x is learned.
    np.testing.assert_allclose(learner.learn(x, 1), [1 / 3, 1 / 3, 1 / 3], rtol=1e-15)
    row = np.array(x) / 6
    np.testing.assert_allclose(learner.get("m0"), [-row, 2 * row, -row, 0 * row], rtol=1e-15)
    # x . x = 6, so the logits of x are -1, 2 and -1.
    total = 2 * math.exp(-1) + math.exp(2)
    expected = [math.exp(-1) / total, math.exp(2) / total, math.exp(-1) / total]
    np.testing.assert_allclose(learner.predict(x), expected, rtol=1e-14)


def test_regressor_is_the_one_in_numpy():
    learner = learner_of(baselines.softmax_regressor(0.1))
    weights = np.zeros((3, 5))
    for x, label in zip(X, LABELS, strict=True):
        p = softmax(weights @ x)
        np.testing.assert_allclose(learner.learn(x, label), p, rtol=1e-10)
        weights += 0.1 * np.outer(np.eye(3)[label] - p, x)
    np.testing.assert_allclose(learner.get("m0")[:3], weights, rtol=1e-10)


def test_network_is_the_one_in_numpy():
    learner = learner_of(baselines.softmax_network(0.2, 0.7))
    hidden = learner.get("m0")
    assert 0.4 < hidden.std() < 1.0
    hidden_bias, output, output_bias = np.zeros(5), np.zeros((3, 5)), np.zeros(3)
    for x, label in zip(X, LABELS, strict=True):
        before = hidden @ x + hidden_bias
        active = np.maximum(before, 0)
        p = softmax(output @ active + output_bias)
        np.testing.assert_allclose(learner.learn(x, label), p, rtol=1e-9)
        step = 0.2 * (np.eye(3)[label] - p)
        back = (output.T @ step) * (before > 0)
        output_bias += step
        output += np.outer(step, active)
        hidden_bias += back
        hidden += np.outer(back, x)
    for address, value in (("m0", hidden), ("m1", output), ("v4", hidden_bias), ("v7", output_bias)):
        found = learner.get(address)
        np.testing.assert_allclose(found[: len(value)], value, rtol=1e-8, atol=1e-12)
        assert not found[len(value) :].any()  # rows that stand for no class


@pytest.mark.parametrize(
    ("name", "memory", "sizes"),
    [("softmax_regressor", (3, 4, 2), (1, 1, 4)), ("softmax_network", (3, 10, 3), (2, 5, 12))],
)
def test_size_and_memory(name, memory, sizes):
    program = baselines.built_in(name)
    dims = program.dims(5, "multiclass", 3)
    assert (dims.n_scalars, dims.n_vectors, dims.n_matrices) == memory
    assert tuple(program.sizes.values()) == sizes
    assert program.can_learn(dims)
    assert str(program.simplified(dims)).count("=") == sum(sizes)  # all of it is live


@pytest.mark.parametrize("make", [baselines.softmax_regressor, baselines.softmax_network])
def test_take_the_learning_rate(make):
    assert make(0.25).setup[0].constants == (0.25,)
    with pytest.raises(baselines.InputError, match="learning_rate"):
        make(math.nan)


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        ([0.0, -2000.0, 5.0], [1 / (1 + math.exp(5)), 0.0, 1 / (1 + math.exp(-5))]),  # too small for any double
        ([-700.0, 0.0, 0.0], [math.exp(-700) / 2, 0.5, 0.5]),
        ([1e300, 1e300, -1e300], [0.5, 0.5, 0.0]),  # would overflow if the largest were not taken off
    ],
)
def test_far_apart_logits(features, expected):
    learner = learner_of("def Predict():\n  v2 = v0 + v3", n_features=3)
    np.testing.assert_allclose(learner.learn(features, 0), expected, rtol=1e-14, atol=0)


def test_an_infinite_logit_has_no_probability():
    learner = learner_of("def Predict():\n  v2 = v0 * v0", n_features=3)
    assert np.isnan(learner.learn([1e200, 1.0, 2.0], 0)).all()
