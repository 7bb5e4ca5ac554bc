"""Linear, affine and two-layer regression tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyamlz._lib import random as _random
from pyamlz._lib.errors import InputError
from pyamlz.tasks import TaskSet, affine, linear, nonlinear
from pyamlz.tasks._generators import remake

GENERATORS: dict[str, Callable[..., TaskSet]] = {
    "linear": linear,
    "affine": affine,
    "nonlinear": nonlinear,
}
each_generator = pytest.mark.parametrize("name", GENERATORS)


def weights(seed: int, *labels: str | int, shape: tuple[int, ...]) -> list[Any]:
    values: list[Any] = _random.gaussian(seed, labels, shape).tolist()
    return values


def plain_dot(w: list[float], x: list[float]) -> float:
    total = 0.0
    for a, b in zip(w, x, strict=True):
        total += a * b
    return total


def plain_label(name: str, seed: int, task: int, x: list[float]) -> float:
    """A label in plain Python floats, from the streams that the task is made of."""
    n = len(x)
    if name == "nonlinear":
        m = weights(seed, name, "hidden", task, shape=(n, n))
        u = weights(seed, name, "output", task, shape=(n,))
        return plain_dot(u, [max(plain_dot(row, x), 0.0) for row in m])
    y = plain_dot(weights(seed, name, "weights", task, shape=(n,)), x)
    if name == "affine":
        y += weights(seed, name, "bias", task, shape=(1,))[0]
    return y


@each_generator
@pytest.mark.parametrize("seed", [0, 12345])
@pytest.mark.parametrize("n_features", [1, 4, 9])
def test_labels_are_the_teachers(name: str, seed: int, n_features: int) -> None:
    tasks = GENERATORS[name](n_features, 3, 20, 10, seed, precision="float64")
    for task in range(3):
        for x, y in (
            (tasks.train_x[task], tasks.train_y[task]),
            (tasks.valid_x[task], tasks.valid_y[task]),
        ):
            expected = [plain_label(name, seed, task, row) for row in x.tolist()]
            assert y.tolist() == expected


KNOWN: dict[str, list[float]] = {
    "train": [1.0, 2.0, 3.0, -1.0],
    "valid": [-1.0, 0.5, 0.0, 0.0],
    "weights": [10.0, 100.0],
    "bias": [0.25],
    "hidden": [1.0, 0.0, -1.0, 1.0],
    "output": [10.0, 100.0],
}


@pytest.mark.parametrize(
    ("name", "train_y", "valid_y"),
    [
        ("linear", [210.0, -70.0], [40.0, 0.0]),
        ("affine", [210.25, -69.75], [40.25, 0.25]),
        # hidden: (1, 1), (3, -4 -> 0); (-1 -> 0, 1.5), (0, 0)
        ("nonlinear", [110.0, 30.0], [150.0, 0.0]),
    ],
)
def test_values_by_hand(
    name: str,
    train_y: list[float],
    valid_y: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def known(seed: int, labels: _random.Labels, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
        return np.array(KNOWN[str(labels[1])]).reshape(shape)

    monkeypatch.setattr(_random, "gaussian", known)
    tasks = GENERATORS[name](n_features=2, n_tasks=1, n_train=2, n_valid=2)
    assert tasks.train_x.tolist() == [[[1.0, 2.0], [3.0, -1.0]]]
    assert tasks.train_y.tolist() == [train_y]
    assert tasks.valid_y.tolist() == [valid_y]


@each_generator
def test_shapes_and_defaults(name: str) -> None:
    tasks = GENERATORS[name]()
    assert tasks.kind == "regression"
    assert tasks.n_classes == 0
    assert tasks.train_x.shape == (10, 100, 4)
    assert tasks.train_y.shape == (10, 100)
    assert tasks.valid_x.shape == (10, 100, 4)
    assert tasks.valid_y.shape == (10, 100)
    assert tasks.train_x.dtype == np.float32
    tasks = GENERATORS[name](3, 2, 5, 7, 11, 13)
    assert tasks.train_x.shape == (2, 5, 3)
    assert tasks.valid_x.shape == (2, 7, 3)
    assert (tasks.order_seed, tasks.epochs) == (11, 13)


@each_generator
def test_float32_is_float64_rounded_once(name: str) -> None:
    single = GENERATORS[name](seed=4)
    double = GENERATORS[name](seed=4, precision="float64")
    assert double.train_x.dtype == np.float64
    for array in ("train_x", "train_y", "valid_x", "valid_y"):
        rounded = getattr(double, array).astype(np.float32)
        np.testing.assert_array_equal(getattr(single, array), rounded)


@each_generator
def test_same_seed_same_set_other_seed_other_set(name: str) -> None:
    make = GENERATORS[name]
    digests = {make(seed=seed).digest for seed in range(5)}
    assert len(digests) == 5
    assert make(seed=3).digest in digests


def test_generators_do_not_share_features() -> None:
    sets = [make() for make in GENERATORS.values()]
    assert len({tasks.train_x.tobytes() for tasks in sets}) == 3


@each_generator
def test_tasks_differ_and_do_not_depend_on_their_number(name: str) -> None:
    three, five = (GENERATORS[name](n_tasks=n) for n in (3, 5))
    np.testing.assert_array_equal(three.train_x, five.train_x[:3])
    np.testing.assert_array_equal(three.valid_y, five.valid_y[:3])
    everything = [*five.train_x, *five.valid_x]
    assert len({x.tobytes() for x in everything}) == 10
    assert len({y.tobytes() for y in five.train_y}) == 5


@each_generator
def test_features_are_standard_gaussian(name: str) -> None:
    x = GENERATORS[name](n_tasks=2, n_train=20_000).train_x
    assert abs(x.mean()) < 0.02
    assert abs(x.std() - 1) < 0.02


@each_generator
def test_source_makes_the_set_again(name: str) -> None:
    tasks = GENERATORS[name](3, 2, 5, 7, 2**64 - 1, 13, "float64")
    assert tasks.source["generator"] == name
    again = GENERATORS[name](**tasks.source["arguments"])
    assert again.digest == tasks.digest
    assert again.source == tasks.source
    assert (again.epochs, again.order_seed) == (tasks.epochs, tasks.order_seed)


def test_numpy_numbers_and_dtypes_are_taken() -> None:
    tasks = linear(np.int64(3), seed=np.uint64(7), precision=np.float64)  # type: ignore[arg-type]
    assert tasks.source == linear(3, seed=7, precision="float64").source


@each_generator
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_features": 0}, r"^n_features: expected an integer from 1 to 65536, got 0"),
        ({"n_features": 65537}, r"^n_features: .*got 65537"),
        ({"n_tasks": 0}, r"^n_tasks: .*got 0"),
        ({"n_train": 0}, r"^n_train: .*got 0"),
        ({"n_valid": -3}, r"^n_valid: .*got -3"),
        ({"n_train": 10.0}, r"^n_train: .*got 10.0"),
        ({"n_train": "10"}, r"^n_train: .*got '10'"),
        ({"seed": -1}, r"^seed: .*got -1"),
        ({"seed": None}, r"^seed: .*got None"),
        ({"epochs": 0}, r"^epochs: .*got 0"),
        ({"precision": "float16"}, r"^precision: expected one of float32, float64, got 'float16"),
        ({"precision": "nonsense"}, r"^precision: .*got 'nonsense'"),
        ({"precision": None}, r"^precision: .*got None"),
        ({"n_tasks": 2**31 - 1, "n_train": 2**31 - 1}, r"n_tasks.*2\*\*48"),
    ],
)
def test_wrong_arguments(name: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        GENERATORS[name](**changes)


EASIER: dict[str, dict[str, Any]] = {
    "linear": {"feature_scale": 0.5, "unit_labels": True},
    "nonlinear": {
        "feature_scale": 0.5,
        "unit_labels": True,
        "n_informative": 2,
        "hidden": "identity",
        "output_mean": 1.5,
    },
}


@pytest.mark.parametrize(("name", "easier"), EASIER.items())
def test_easier_tasks_are_made_again_from_their_source(name: str, easier: dict[str, Any]) -> None:
    tasks = GENERATORS[name](3, 2, 5, 7, 11, **easier)
    assert easier.items() <= tasks.source["arguments"].items()
    assert GENERATORS[name](**tasks.source["arguments"]).digest == tasks.digest
    assert not easier.keys() & GENERATORS[name](3, 2, 5, 7, 11).source["arguments"].keys()


def test_features_are_scaled_after_they_have_labels() -> None:
    plain, scaled = linear(seed=3), linear(seed=3, feature_scale=0.5)
    np.testing.assert_array_equal(scaled.train_x, plain.train_x * np.float32(0.5))
    np.testing.assert_array_equal(scaled.valid_y, plain.valid_y)


def test_unit_labels_have_a_mean_square_of_one_in_training() -> None:
    plain, unit = (nonlinear(8, 3, 50, 20, 3, precision="float64", unit_labels=on) for on in (False, True))
    np.testing.assert_allclose((unit.train_y**2).mean(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(unit.valid_y / plain.valid_y, unit.train_y[:, :20] / plain.train_y[:, :20], rtol=1e-12)


def test_labels_that_are_all_zero_stay_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_random, "gaussian", lambda seed, labels, shape: np.zeros(shape))
    assert not nonlinear(2, 1, 3, 3, unit_labels=True).train_y.any()


def test_teachers_of_few_features_of_the_features_themselves_and_of_shifted_weights() -> None:
    few = nonlinear(4, 2, 50, 10, 5, precision="float64", n_informative=3)
    assert few.train_x[:, :, :3].all()
    assert not few.train_x[:, :, 3:].any()
    own = nonlinear(4, 1, 50, 10, 5, precision="float64", hidden="identity")
    u = np.array(weights(5, "nonlinear", "output", 0, shape=(4,)))
    np.testing.assert_allclose(own.train_y[0], np.maximum(own.train_x[0], 0) @ u, rtol=1e-12)
    shifted = nonlinear(4, 1, 50, 10, 5, precision="float64", hidden="identity", output_mean=2.0)
    np.testing.assert_allclose(shifted.train_y[0], np.maximum(own.train_x[0], 0) @ (u + 2), rtol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"feature_scale": 0.0}, r"^feature_scale: expected a number over 0, got 0.0"),
        ({"feature_scale": -1}, r"^feature_scale: .*got -1"),
        ({"unit_labels": 1}, r"^unit_labels: .*got 1"),
        ({"n_informative": 5}, r"^n_informative: expected an integer from 0 to 4, got 5"),
        ({"hidden": "diagonal"}, r"^hidden: expected one of gaussian, identity, got 'diagonal'"),
        ({"output_mean": "1"}, r"^output_mean: expected a number .*got '1'"),
    ],
)
def test_wrong_arguments_of_easier_tasks(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        nonlinear(**changes)


def test_sources_of_version_0_1_are_read() -> None:
    """They are in archives."""
    old = {"generator": "affine", "arguments": {"n_features": 3, "n_tasks": 2, "seed": 7, "dtype": "float64"}}
    assert remake(old).digest == affine(3, 2, seed=7, precision="float64").digest
