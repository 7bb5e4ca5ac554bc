"""Binary tasks from images at their own size."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from samples import images

from pyamlz._lib import random as _random
from pyamlz._lib.errors import InputError
from pyamlz.tasks import ImageData, TaskSet, class_pairs, native_binary
from pyamlz.tasks._generators import remake

SPLITS = ("search", "select", "test")
DATA = images()
SIZES: dict[str, Any] = {"n_train": 40, "n_valid": 20}


@pytest.mark.parametrize(("split", "n_tasks"), [("search", 36), ("select", 9), ("test", 45)])
def test_there_is_a_task_for_each_pair(split: Any, n_tasks: int) -> None:
    tasks = native_binary(DATA, **SIZES, split=split, seed=4, epochs=2)
    assert (tasks.kind, tasks.n_classes, tasks.epochs, tasks.order_seed) == ("binary", 2, 2, 4)
    assert tasks.train_x.shape == (n_tasks, 40, 12)
    assert tasks.valid_x.shape == (n_tasks, 20, 12)
    for y in (*tasks.train_y, *tasks.valid_y):
        assert y.sum() == len(y) / 2


def raw(monkeypatch: pytest.MonkeyPatch, split: Any, **options: Any) -> TaskSet:
    """Tasks of pixels as they are, in float64 so that they tell the image."""

    def unchanged(train: Any, valid: Any) -> tuple[Any, Any, Any]:
        return train, valid, np.zeros(train.shape[1], dtype=bool)

    monkeypatch.setattr("pyamlz.tasks._full_size.standardised", unchanged)
    return native_binary(DATA, **(SIZES | options), split=split, precision="float64")


def rows(x: npt.NDArray[Any]) -> set[tuple[int, ...]]:
    return {tuple(row) for row in x.astype(int).tolist()}


@pytest.mark.parametrize("split", SPLITS)
def test_examples_are_images_of_the_pair_in_the_right_part(split: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = raw(monkeypatch, split)
    for task, pair in enumerate(class_pairs(10, split)):
        assert tasks.train_x[task, :, 0].tolist() == [pair[int(y)] for y in tasks.train_y[task]]
        assert tasks.valid_x[task, :, 0].tolist() == [pair[int(y)] for y in tasks.valid_y[task]]
        train, valid = rows(tasks.train_x[task]), rows(tasks.valid_x[task])
        assert (len(train), len(valid)) == (40, 20)
        assert train.isdisjoint(valid)
        assert train <= rows(DATA.x_train)
        assert valid <= rows(DATA.x_test if split == "test" else DATA.x_train)


def test_a_pair_trains_on_the_same_images_in_all_splits_and_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = raw(monkeypatch, "test")
    alone = [raw(monkeypatch, split, pairs=[(2, 7), (0, 1)]) for split in SPLITS]
    for number, pair in enumerate([(2, 7), (0, 1)]):
        place = class_pairs(10, "test").index(pair)
        for tasks in alone:
            np.testing.assert_array_equal(tasks.train_x[number], whole.train_x[place])
            np.testing.assert_array_equal(tasks.train_y[number], whole.train_y[place])
        np.testing.assert_array_equal(alone[2].valid_x[number], whole.valid_x[place])
    other = raw(monkeypatch, "test", seed=1)
    assert all(rows(a) != rows(b) for a, b in zip(whole.train_x, other.train_x, strict=True))


def test_values_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # First pixel 1, 3, 5, 7: mean 4, deviation sqrt(5). Second: 9 throughout, so it is 0 whatever comes later.
    data = ImageData(
        name="pixels",
        x_train=np.array([[1, 9], [3, 9], [5, 9], [7, 9]], dtype=np.uint8),
        y_train=np.array([0, 0, 1, 1]),
        x_test=np.array([[4, 0], [9, 255]], dtype=np.uint8),
        y_test=np.array([0, 1]),
        n_classes=2,
    )
    monkeypatch.setattr(_random, "permutation", lambda _, __, n: np.arange(n))
    tasks = native_binary(data, pairs=[(0, 1)], n_train=4, n_valid=2, precision="float64")
    deviation = 5.0**0.5
    assert tasks.train_x[0].tolist() == [[n / deviation, 0.0] for n in (-3, -1, 1, 3)]
    assert tasks.train_y[0].tolist() == [0.0, 0.0, 1.0, 1.0]
    assert tasks.valid_x[0].tolist() == [[0.0, 0.0], [5 / deviation, 0.0]]
    assert tasks.valid_y[0].tolist() == [0.0, 1.0]


def test_all_examples() -> None:
    tasks = native_binary(DATA, pairs=[(0, 1)], n_train="all", n_valid=None)
    assert (tasks.n_train, tasks.n_valid) == (100, 40)
    tasks = native_binary(DATA, pairs=[(0, 1)], n_train="all", n_valid=30, split="select")
    assert (tasks.n_train, tasks.n_valid) == (70, 30)


def test_paper_sizes_are_the_default() -> None:
    tasks = native_binary(images(n_each=5000, n_test=1000, d=3, n_classes=2))
    assert (tasks.n_tasks, tasks.n_train, tasks.n_valid, tasks.n_features) == (1, 8000, 2000, 3)


@pytest.mark.parametrize("pairs", [None, [(4, 2), (0, 9)]])
def test_source_makes_the_set_again(pairs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = native_binary(DATA, **SIZES, pairs=pairs, split="select", seed=3)
    assert tasks.source["generator"] == "native_binary"
    tasks.source["arguments"]["dataset"] = "mnist"
    monkeypatch.setattr("pyamlz.tasks._full_size.load", {"mnist": DATA}.__getitem__)
    assert remake(tasks.source).digest == tasks.digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pairs": [(0, 1), (2, 3), (0, 1)]}, r"^pairs: expected each pair once, got \(0, 1\) twice"),
        ({"pairs": [(0, 10)]}, r"^pairs: .*from 0 to 9, got 10"),
        ({"n_train": 41}, r"^n_train: expected a multiple of 2, .*got 41"),
        ({"n_train": 102}, r"^n_train=102, n_valid=20: expected at least 51 .* has 50"),
        ({"n_train": 90, "split": "select"}, r"expected at least 55 .* has 50"),
        ({"n_valid": 42}, r"at least 21 examples .*test part of images, but class 0 has 20"),
        ({"split": "train"}, r"^split: expected one of search, select, test, got 'tra"),
        ({"epochs": 0}, r"^epochs: .*got 0"),
        ({"precision": "int8"}, r"^precision: .*got 'int8'"),
        ({"dataset": images(n_classes=2), "split": "select"}, r"^split: 'select' needs at least 4 classes"),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        native_binary(**({"dataset": DATA} | SIZES | changes))


def test_more_pixels_than_programs_have_features(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="at most 65536 features, got 65537"):
        native_binary(images(d=65537, n_each=2, n_test=1, n_classes=2), n_train=2, n_valid=2)
