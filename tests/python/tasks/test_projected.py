"""Binary tasks from randomly projected images."""

from __future__ import annotations

import time
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from samples import images

from pyamlz._lib import random as _random
from pyamlz._lib.errors import InputError
from pyamlz.tasks import ImageData, TaskSet, class_pairs, projected_binary

SPLITS = ("search", "select", "test")


DATA = images()
SIZES: dict[str, Any] = {"n_train": 40, "n_valid": 20, "n_features": 4, "n_tasks": 5}


def test_pairs_of_ten_classes() -> None:
    search, select, test = (class_pairs(10, split) for split in SPLITS)  # type: ignore[arg-type]
    assert (len(search), len(select), len(test)) == (36, 9, 45)
    assert set(search).isdisjoint(select)
    assert sorted(search + select) == test == list(combinations(range(10), 2))
    assert select == [
        (0, 5),
        (1, 2),
        (1, 7),
        (2, 5),
        (3, 4),
        (3, 9),
        (4, 9),
        (6, 7),
        (8, 9),
    ]


@pytest.mark.parametrize("n_classes", [2, 3, 4, 5, 20])
def test_pairs_of_other_numbers_of_classes(n_classes: int) -> None:
    search, select = class_pairs(n_classes, "search"), class_pairs(n_classes, "select")
    n_pairs = n_classes * (n_classes - 1) // 2
    assert len(select) == n_pairs // 5
    assert sorted(search + select) == class_pairs(n_classes, "test")


def test_shapes_and_kind() -> None:
    tasks = projected_binary(DATA, **SIZES, seed=6, epochs=3)
    assert (tasks.kind, tasks.n_classes) == ("binary", 2)
    assert tasks.train_x.shape == (5, 40, 4)
    assert tasks.valid_x.shape == (5, 20, 4)
    assert tasks.train_x.dtype == np.float32
    assert (tasks.epochs, tasks.order_seed) == (3, 6)


@pytest.mark.parametrize("split", SPLITS)
def test_classes_are_balanced(split: Any) -> None:
    tasks = projected_binary(DATA, **SIZES, split=split)
    for y in (*tasks.train_y, *tasks.valid_y):
        assert sorted(y.tolist()) == [0.0] * (len(y) // 2) + [1.0] * (len(y) // 2)


@pytest.mark.parametrize("split", SPLITS)
def test_labels_cannot_be_told_from_their_order(split: Any) -> None:
    tasks = projected_binary(images(500, 500), n_tasks=5, n_train=600, n_valid=400, split=split)
    orders = [*tasks.train_y, *tasks.valid_y]
    assert len({y.tobytes() for y in orders}) == 10
    for y in orders:
        # A label after the one before, and two before, is a coin's toss: 6 deviations.
        for lag in (1, 2):
            assert abs(np.mean(y[lag:] == y[:-lag]) - 0.5) < 3 / len(y) ** 0.5
        half = y[: len(y) // 2]
        assert abs(half.mean() - 0.5) < 3 / len(half) ** 0.5


def identity(seed: int, labels: _random.Labels, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """In the projection's place: each feature is a pixel."""
    return np.eye(shape[0], shape[1], dtype=np.float64)


def unprojected(monkeypatch: pytest.MonkeyPatch, split: Any, **options: Any) -> TaskSet:
    """Tasks whose features are the images' pixels, neither projected nor standardised."""
    monkeypatch.setattr(_random, "gaussian", identity)
    monkeypatch.setattr("pyamlz.tasks._projected.standardised", lambda train, valid: (train, valid))
    sizes = SIZES | {"n_features": DATA.x_train.shape[1]} | options
    return projected_binary(DATA, **sizes, split=split)


def pairs_of(tasks: TaskSet) -> list[tuple[int, int]]:
    """Each task's classes, by the first pixel of its images and their labels."""
    pairs = []
    for x, y in zip(tasks.train_x, tasks.train_y, strict=True):
        (a,), (b,) = ({int(pixel) for pixel in x[y == label, 0]} for label in (0, 1))
        pairs.append((a, b))
    return pairs


@pytest.mark.parametrize("split", SPLITS)
def test_examples_are_images_of_the_pair_in_the_right_part(split: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = unprojected(monkeypatch, split)
    pairs = pairs_of(tasks)
    assert len(set(pairs)) == 5
    assert set(pairs) <= set(class_pairs(10, split))
    in_train = {tuple(row) for row in DATA.x_train.tolist()}
    in_test = {tuple(row) for row in DATA.x_test.tolist()}
    for task, pair in enumerate(pairs):
        assert tasks.valid_x[task, :, 0].tolist() == [pair[int(y)] for y in tasks.valid_y[task]]
        train = {tuple(row) for row in tasks.train_x[task].tolist()}
        valid = {tuple(row) for row in tasks.valid_x[task].tolist()}
        assert len(train) == tasks.n_train
        assert len(valid) == tasks.n_valid
        assert train.isdisjoint(valid)
        assert train <= in_train
        assert valid <= (in_test if split == "test" else in_train)


def test_tasks_choose_their_own_images(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = unprojected(monkeypatch, "search", pairs=[(3, 8)])
    assert pairs_of(tasks) == [(3, 8)] * 5
    assert len({frozenset(map(tuple, x.tolist())) for x in tasks.train_x}) == 5


def test_all_pairs_take_part_before_one_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = pairs_of(unprojected(monkeypatch, "select", n_tasks=20))
    assert sorted(pairs[:9]) == class_pairs(10, "select")
    assert pairs[9:18] == pairs[:9]
    assert pairs[18:] == pairs[:2]


def test_given_pairs_are_taken_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = unprojected(monkeypatch, "search", pairs=[(7, 2), (0, 1)])
    assert pairs_of(tasks) == [(7, 2), (0, 1), (7, 2), (0, 1), (7, 2)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_features_are_standardised(dtype: Any) -> None:
    tasks = projected_binary(DATA, **SIZES, precision=dtype)
    x = tasks.train_x.astype(np.float64)
    rounding = 40 * np.finfo(dtype).eps
    assert np.abs(x.mean(axis=1)).max() < rounding
    assert np.abs(x.std(axis=1) - 1).max() < rounding
    # Validation examples are moved by the training part's mean and deviation.
    assert np.abs(tasks.valid_x.mean(axis=1)).max() > 0.01


def by_hand(train: list[int], valid: list[int], projection: float) -> Any:
    """One-pixel images through a 1 x 1 projection, in order; the first half are of class 0."""
    data = ImageData(
        name="pixels",
        x_train=np.array(train, dtype=np.uint8)[:, None],
        y_train=np.repeat(np.arange(2), len(train) // 2),
        x_test=np.array(valid, dtype=np.uint8)[:, None],
        y_test=np.repeat(np.arange(2), len(valid) // 2),
        n_classes=2,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_random, "gaussian", lambda *_: np.array([[projection]]))
        patch.setattr(_random, "permutation", lambda _, __, n: np.arange(n))
        return projected_binary(
            data,
            n_features=1,
            n_tasks=1,
            n_train=len(train),
            n_valid=len(valid),
            split="test",
            precision="float64",
        )


def test_values_by_hand() -> None:
    # Projected by -2: -2, -6, -10, -14; mean -8, deviation sqrt((36+4+4+36)/4).
    tasks = by_hand([1, 3, 5, 7], [4, 0], -2.0)
    deviation = 20.0**0.5
    expected = [6 / deviation, 2 / deviation, -2 / deviation, -6 / deviation]
    assert tasks.train_x.ravel().tolist() == expected
    assert tasks.valid_x.ravel().tolist() == [0.0, 8 / deviation]
    assert tasks.train_y.tolist() == [[0.0, 0.0, 1.0, 1.0]]
    assert tasks.valid_y.tolist() == [[0.0, 1.0]]


def test_constant_features_are_zero_in_training() -> None:
    # 0.1 * 3 is no exact number: a mean over six of them would be off by rounding.
    tasks = by_hand([3] * 6, [3, 5], 0.1)
    assert tasks.train_x.ravel().tolist() == [0.0] * 6
    assert tasks.valid_x.ravel().tolist() == [0.0, 5 * 0.1 - 3 * 0.1]


def test_same_seed_same_set_other_seed_other_set() -> None:
    digests = {projected_binary(DATA, **SIZES, seed=seed).digest for seed in range(4)}
    assert len(digests) == 4
    assert projected_binary(DATA, **SIZES, seed=2).digest in digests


def test_splits_do_not_share_projections() -> None:
    sets = [
        projected_binary(DATA, **SIZES, split=split, pairs=[(0, 1)])  # type: ignore[arg-type]
        for split in SPLITS
    ]
    assert len({tasks.digest for tasks in sets}) == 3


def test_tasks_differ_and_do_not_depend_on_their_number() -> None:
    sizes = SIZES | {"pairs": [(0, 1)]}
    five = projected_binary(DATA, **sizes)
    three = projected_binary(DATA, **(sizes | {"n_tasks": 3}))
    assert len({x.tobytes() for x in five.train_x}) == 5
    np.testing.assert_array_equal(three.train_x, five.train_x[:3])
    np.testing.assert_array_equal(three.valid_x, five.valid_x[:3])


def test_float_pixels_of_the_same_values_make_the_same_set() -> None:
    floats = ImageData(
        name="images",
        x_train=DATA.x_train.astype(np.float32),
        y_train=DATA.y_train,
        x_test=DATA.x_test.astype(np.float32),
        y_test=DATA.y_test,
        n_classes=10,
    )
    sets = [projected_binary(data, **SIZES) for data in (DATA, floats)]
    assert sets[0].digest == sets[1].digest


def test_source_makes_the_set_again() -> None:
    tasks = projected_binary(DATA, **(SIZES | {"n_valid": None, "n_train": "all"}), pairs=[(4, 2)], seed=3)
    assert tasks.source["generator"] == "projected_binary"
    assert tasks.source["arguments"].pop("dataset") == "images"
    again = projected_binary(DATA, **tasks.source["arguments"])
    assert again.digest == tasks.digest


@pytest.mark.parametrize(
    ("options", "n_train", "n_valid"),
    [
        ({}, 2 * 40, 2 * 10),
        ({"n_valid": 6}, 2 * 47, 6),
        ({"split": "select"}, 2 * 40, 2 * 10),
        ({"split": "test"}, 2 * 50, 2 * 20),
        ({"split": "test", "n_valid": 6}, 2 * 50, 6),
    ],
)
def test_all_examples(options: dict[str, Any], n_train: int, n_valid: int) -> None:
    tasks = projected_binary(DATA, n_train="all", n_tasks=2, n_features=2, **options)
    assert (tasks.n_train, tasks.n_valid) == (n_train, n_valid)


def test_all_examples_stops_at_the_scarcest_class_in_use() -> None:
    keep = (DATA.y_train != 7) | (np.arange(500) < 130)  # 13 examples of class 7
    data = ImageData(
        name="images",
        x_train=DATA.x_train[keep],
        y_train=DATA.y_train[keep],
        x_test=DATA.x_test,
        y_test=DATA.y_test,
        n_classes=10,
    )
    tasks = projected_binary(data, n_train="all", n_tasks=1)
    assert (tasks.n_train, tasks.n_valid) == (2 * 11, 2 * 2)
    tasks = projected_binary(data, n_train="all", n_tasks=1, pairs=[(1, 2)])
    assert (tasks.n_train, tasks.n_valid) == (2 * 40, 2 * 10)
    with pytest.raises(InputError, match=r"expected at least 30 .*training part of images.*7 has 13"):
        projected_binary(data, **SIZES)


def test_paper_sizes_are_the_default() -> None:
    data = images(n_each=4500, d=3, n_classes=2)
    tasks = projected_binary(data, n_tasks=1)
    assert (tasks.n_train, tasks.n_valid, tasks.n_features) == (8000, 1000, 16)


def test_speed_at_the_size_of_mnist() -> None:
    data = images(n_each=5000, d=784, n_classes=2)
    start = time.perf_counter()
    projected_binary(data, n_tasks=1, n_train=9000, n_valid=1000)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "no-such-data"}, r"^name_or_path: .*no-such-data"),
        ({"dataset": None}, r"^name_or_path: .*got None"),
        ({"n_features": 0}, r"^n_features: .*got 0"),
        ({"n_tasks": 0}, r"^n_tasks: .*got 0"),
        ({"n_train": 41}, r"^n_train: expected a multiple of 2, .*got 41"),
        ({"n_train": 0}, r"^n_train: .*got 0"),
        ({"n_train": None}, r"^n_train: .*got None"),
        ({"n_valid": 3}, r"^n_valid: expected a multiple of 2, .*got 3"),
        ({"seed": -1}, r"^seed: .*got -1"),
        ({"epochs": 0}, r"^epochs: .*got 0"),
        ({"split": "train"}, r"^split: expected one of search, select, test, got 'tra"),
        ({"precision": "int8"}, r"^precision: .*got 'int8'"),
        ({"pairs": []}, r"^pairs: .*got \[\]"),
        ({"pairs": "01"}, r"^pairs: .*got '01'"),
        ({"pairs": [(1, 1)]}, r"^pairs: .*different classes from 0 to 9, got \(1, 1\)"),
        ({"pairs": [(1, 2, 3)]}, r"^pairs: .*got \(1, 2, 3\)"),
        ({"pairs": [(1, 10)]}, r"^pairs: .*from 0 to 9, got 10"),
        ({"pairs": [5]}, r"^pairs: .*got 5"),
        ({"n_train": 82}, r"^n_train=82, n_valid=20: expected at least 51 .* has 50"),
        ({"n_valid": None}, r"n_valid=1000: expected at least 520 .* has 50"),
        (
            {"split": "test", "n_valid": 42},
            r"at least 21 examples .*test part of images, but class 0 has 20",
        ),
        ({"n_train": "all", "n_valid": 100}, r"expected at least 51 .*has 50"),
        ({"n_tasks": 2**31 - 1, "n_features": 4096}, r"n_tasks.*2\*\*48"),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        projected_binary(**({"dataset": DATA} | SIZES | changes))


def test_too_few_classes_to_hold_pairs_out() -> None:
    data = images(n_classes=3)
    with pytest.raises(InputError, match=r"^split: 'select' needs at least 4 classes"):
        projected_binary(data, **SIZES, split="select")
    assert projected_binary(data, **SIZES, split="select", pairs=[(0, 2)]).n_tasks == 5


def test_a_class_without_images() -> None:
    data = ImageData(
        name="gap",
        x_train=DATA.x_train[DATA.y_train != 4],
        y_train=DATA.y_train[DATA.y_train != 4],
        x_test=DATA.x_test,
        y_test=DATA.y_test,
        n_classes=10,
    )
    with pytest.raises(InputError, match="class 4 has 0"):
        projected_binary(data, n_train="all")


def test_pixels_too_large_for_the_arithmetic_are_an_error_not_a_warning() -> None:
    huge = ImageData(
        name="huge",
        x_train=DATA.x_train * 5e305,
        y_train=DATA.y_train,
        x_test=DATA.x_test * 5e305,
        y_test=DATA.y_test,
        n_classes=10,
    )
    with pytest.raises(InputError, match="expected finite numbers"):
        projected_binary(huge, **SIZES)
