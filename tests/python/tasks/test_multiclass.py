"""Tasks of all classes of randomly projected images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from samples import images

from pyamlz import Dims, Evaluator, Search, SearchSpace, archive
from pyamlz._lib import random as _random
from pyamlz._lib.errors import InputError
from pyamlz.lab import tuned
from pyamlz.program import FunctionSpace
from pyamlz.tasks import ImageData, TaskSet, from_arrays, projected_multiclass
from pyamlz.tasks._generators import remake

SPLITS = ("search", "select", "test")
DATA = images(n_classes=3)
SIZES: dict[str, Any] = {"n_train": 24, "n_valid": 6, "n_features": 4, "n_tasks": 5}


def test_shapes_and_kind() -> None:
    tasks = projected_multiclass(DATA, **SIZES, seed=6, epochs=3)
    assert (tasks.kind, tasks.n_classes) == ("multiclass", 3)
    assert tasks.train_x.shape == (5, 24, 4)
    assert tasks.valid_x.shape == (5, 6, 4)
    assert tasks.train_x.dtype == np.float32
    assert (tasks.epochs, tasks.order_seed) == (3, 6)


@pytest.mark.parametrize("split", SPLITS)
def test_classes_are_balanced_and_mixed(split: Any) -> None:
    tasks = projected_multiclass(DATA, **SIZES, split=split)
    for y in (*tasks.train_y, *tasks.valid_y):
        assert np.bincount(y.astype(int)).tolist() == [len(y) // 3] * 3
    assert len({y.tobytes() for y in tasks.train_y}) == 5


def unprojected(monkeypatch: pytest.MonkeyPatch, split: Any, n_tasks: int = 40) -> TaskSet:
    """Tasks whose features are the images' pixels, neither projected nor standardised."""

    def identity(seed: int, labels: _random.Labels, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
        return np.eye(shape[0], shape[1], dtype=np.float64)

    monkeypatch.setattr(_random, "gaussian", identity)
    monkeypatch.setattr("pyamlz.tasks._projected.standardised", lambda train, valid: (train, valid))
    return projected_multiclass(DATA, **(SIZES | {"n_features": 12, "n_tasks": n_tasks}), split=split)


def seen(*examples: npt.NDArray[Any]) -> set[int]:
    """Numbers of the images, which their second and third pixel tell."""
    return {int(n) for x in examples for n in (256 * x[..., 1] + x[..., 2]).ravel()}


def test_splits_keep_images_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {split: unprojected(monkeypatch, split) for split in SPLITS}
    for tasks in sets.values():
        for task in range(tasks.n_tasks):
            assert tasks.train_x[task, :, 0].tolist() == tasks.train_y[task].tolist()  # the first pixel is the class
            assert tasks.valid_x[task, :, 0].tolist() == tasks.valid_y[task].tolist()
            train, valid = seen(tasks.train_x[task]), seen(tasks.valid_x[task])
            assert (len(train), len(valid)) == (24, 6)
            assert tasks is sets["test"] or train.isdisjoint(valid)
    search, select = (seen(sets[s].train_x, sets[s].valid_x) for s in ("search", "select"))
    # Images are numbered class after class in turn: of each class, the fifth, tenth, ... are those for selection.
    assert select == {n for n in range(150) if n // 3 % 5 == 4}
    assert search == set(range(150)) - select
    in_test = {tuple(row) for row in DATA.x_test.tolist()}
    assert {tuple(row) for x in sets["test"].valid_x for row in x.tolist()} <= in_test
    assert seen(sets["test"].train_x) == set(range(150))


def test_each_task_and_each_split_has_its_own_projection() -> None:
    # One image of each class for training: features are a function of the projection and the order alone.
    data = ImageData(
        name="few",
        x_train=np.tile(DATA.x_train[:3], (10, 1)),
        y_train=np.tile(DATA.y_train[:3], 10),
        x_test=DATA.x_test,
        y_test=DATA.y_test,
        n_classes=3,
    )
    rows = set()
    for split in SPLITS:
        tasks = projected_multiclass(data, n_train=3, n_valid=3, n_features=4, n_tasks=2, split=split)  # type: ignore[arg-type]
        rows |= {x[np.argsort(y)].tobytes() for x, y in zip(tasks.train_x, tasks.train_y, strict=True)}
    assert len(rows) == 6


def test_values_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two pixels, projected to themselves. First: 0, 3, 6: mean 3, deviation sqrt(6). Second: 2, 2, 8: mean 4, sqrt(8).
    data = ImageData(
        name="pixels",
        x_train=np.array([[0, 2], [3, 2], [6, 8]], dtype=np.uint8),
        y_train=np.array([0, 1, 1]),
        x_test=np.array([[1, 4], [3, 0]], dtype=np.uint8),
        y_test=np.array([1, 0]),
        n_classes=2,
    )
    monkeypatch.setattr(_random, "gaussian", lambda _, __, shape: np.eye(*shape))
    monkeypatch.setattr(_random, "permutation", lambda _, __, n: np.arange(n))
    with pytest.raises(InputError, match=r"n_train=4, n_valid=2: .*at least 2 .*but class 0 has 1"):
        projected_multiclass(data, n_features=2, n_tasks=1, n_train=4, n_valid=2, split="test")
    tasks = projected_multiclass(data, n_features=2, n_tasks=1, n_train=2, n_valid=2, split="test", precision="float64")
    # Of class 1 the first training image is taken: mean 1.5 and 2, deviation 1.5 and (constant) none.
    assert tasks.train_x[0].tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert tasks.train_y[0].tolist() == [0.0, 1.0]
    assert tasks.valid_x[0].tolist() == [[1.0, -2.0], [-1 / 3, 2.0]]
    assert tasks.valid_y[0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("options", "n_train", "n_valid"),
    [
        ({"split": "search"}, 3 * 32, 3 * 8),  # 40 of 50 images of each class
        ({"split": "select"}, 3 * 8, 3 * 2),  # the other 10
        ({"split": "test"}, 3 * 50, 3 * 20),
    ],
)
def test_all_examples(options: dict[str, Any], n_train: int, n_valid: int) -> None:
    tasks = projected_multiclass(DATA, n_train="all", n_tasks=2, n_features=3, **options)
    assert (tasks.n_train, tasks.n_valid) == (n_train, n_valid)


def test_source_makes_the_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = projected_multiclass(DATA, n_train="all", n_features=5, n_tasks=2, seed=3, epochs=2, split="select")
    assert tasks.source["generator"] == "projected_multiclass"
    tasks.source["arguments"]["dataset"] = "mnist"
    monkeypatch.setattr("pyamlz.tasks._projected.load", {"mnist": DATA}.__getitem__)
    again = remake(tasks.source)
    assert (again.digest, again.epochs, again.order_seed) == (tasks.digest, 2, 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_features": 2}, r"^n_features: expected at least 3, the number of classes of images, got 2"),
        ({"n_features": 70000}, r"^n_features: .*got 70000"),
        ({"n_train": 20}, r"^n_train: expected a multiple of 3, .*got 20"),
        ({"n_valid": 7}, r"^n_valid: expected a multiple of 3, .*got 7"),
        ({"n_train": 120}, r"^n_train=120, n_valid=6: expected at least 42 .* has 40"),
        ({"n_train": 27, "split": "select"}, r"expected at least 11 .* has 10"),
        ({"n_tasks": 0}, r"^n_tasks: .*got 0"),
        ({"n_tasks": 2**31 - 1, "n_features": 4096, "n_train": 90}, r"n_tasks.*2\*\*48"),
        ({"split": "train"}, r"^split: expected one of search, select, test, got 'tra"),
        ({"seed": -1}, r"^seed: .*got -1"),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        projected_multiclass(**({"dataset": DATA} | SIZES | changes))


def test_searches_on_them_are_saved_and_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks of a data set with a name are not in the archive but made again."""
    data = ImageData(
        name="mnist",
        x_train=DATA.x_train,
        y_train=DATA.y_train,
        x_test=DATA.x_test,
        y_test=DATA.y_test,
        n_classes=3,
    )
    tasks = projected_multiclass(data, **SIZES)
    function = FunctionSpace(["vector_sum", "vector_difference", "matrix_vector_product", "outer_product"], 0, 6, 3)
    dims = Dims.of(tasks, n_scalars=2, n_vectors=5, n_matrices=2)
    assert (dims.kind, dims.n_classes) == ("multiclass", 3)
    search = Search(tasks, SearchSpace(dims, function, function, function), seed=1, population_size=20, fec_size=0)
    search.run(max_evaluations=200)
    search.save(str(tmp_path / "run.amlz"))
    monkeypatch.setattr("pyamlz.tasks._projected.load", {"mnist": data}.__getitem__)
    again = Search.load(str(tmp_path / "run.amlz"))
    assert again.digest == search.digest
    saved = archive.read(str(tmp_path / "run.amlz"))
    assert isinstance(saved, archive.Checkpoint)
    assert saved.tasks.data is None
    assert json.loads(saved.tasks.source) == tasks.source


def test_softmax_programs_tell_classes_apart() -> None:
    """Tuned, they are far above chance where the classes are clusters; the network also where they are rings."""
    x = _random.gaussian(1, ("x",), (900, 4))
    clusters = np.argmax(x[:, :3], axis=1)
    rings = np.searchsorted([2.2, 4.5], (x[:, :2] ** 2).sum(axis=1) * 2)

    def accuracy(name: str, y: npt.NDArray[Any]) -> float:
        evaluator = Evaluator(from_arrays(x, y, kind="multiclass", n_classes=3, epochs=10, seed=2, precision="float32"))
        return evaluator.evaluate(tuned(name, evaluator)[0]).fitness

    assert accuracy("softmax_regressor", clusters) > 0.9
    assert accuracy("softmax_regressor", rings) < 0.6
    assert accuracy("softmax_network", rings) > 0.75
