"""Tasks from a file of the user's own."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyamlz import DataError, InputError, tasks
from pyamlz._cli.main import main
from pyamlz.tasks._generators import GENERATORS, can_remake

RNG = np.random.default_rng(5)
X = RNG.normal(size=(100, 3)) * [1, 10, 100] + [0, 5, -7]
WEIGHTS = np.array([1.0, 0.2, -0.03])


def csv_of(path: Path, X: Any, y: Any, names: str = "a,b,c,label") -> str:
    rows = [",".join([*map(repr, map(float, x)), str(label)]) for x, label in zip(X, y, strict=True)]
    path.write_text("\n".join([names, *rows]) + "\n")
    return str(path)


@pytest.fixture
def numbers(tmp_path: Path) -> str:
    return csv_of(tmp_path / "numbers.csv", X, X @ WEIGHTS)


@pytest.fixture
def kinds(tmp_path: Path) -> str:
    return csv_of(tmp_path / "kinds.csv", X, np.array(["blue", "red", "green"])[np.arange(100) % 3])


class TestReading:
    def test_csv(self, numbers: str, kinds: str) -> None:
        read = tasks.read_table(numbers, "label")
        np.testing.assert_array_equal(read.X, X)
        np.testing.assert_array_equal(read.y, [float(str(v)) for v in X @ WEIGHTS])
        assert (read.classes, read.features) == ((), ("a", "b", "c"))
        read = tasks.read_table(kinds, "label")
        assert read.classes == ("blue", "green", "red")
        np.testing.assert_array_equal(read.y[:3], [0, 2, 1])

    def test_the_target_may_be_any_column(self, numbers: str) -> None:
        read = tasks.read_table(numbers, "b")
        np.testing.assert_array_equal(read.y, X[:, 1])
        assert read.features == ("a", "c", "label")

    def test_two_different_numbers_are_classes_unless_said_otherwise(self, tmp_path: Path) -> None:
        path = csv_of(tmp_path / "t.csv", X, np.arange(100) % 2 * 4)
        assert tasks.read_table(path, "label").classes == ("0", "4")
        assert tasks.read_table(path, "label", "numbers").classes == ()
        path = csv_of(tmp_path / "t.csv", X, np.arange(100) % 5)
        assert tasks.read_table(path, "label").classes == ()
        assert tasks.read_table(path, "label", "classes").classes == ("0", "1", "2", "3", "4")

    def test_npz(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "t.npz", X=X, y=np.arange(100.0))
        read = tasks.read_table(tmp_path / "t.npz")
        np.testing.assert_array_equal(read.X, X)
        np.testing.assert_array_equal(read.y, np.arange(100.0))
        with pytest.raises(InputError, match="target: expected none"):
            tasks.read_table(tmp_path / "t.npz", "label")

    def test_parquet_by_whatever_is_installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Frame(dict):  # type: ignore[type-arg]
            @property
            def columns(self) -> list[str]:
                return list(self)

        class Column(np.ndarray):  # type: ignore[type-arg]
            def to_numpy(self) -> Any:
                return np.asarray(self)

        polars: Any = ModuleType("polars")
        polars.read_parquet = lambda _: Frame(a=X[:, 0].view(Column), label=X[:, 1].view(Column))
        monkeypatch.setitem(sys.modules, "pandas", None)
        monkeypatch.setitem(sys.modules, "polars", polars)
        read = tasks.read_table("t.parquet", "label")
        np.testing.assert_array_equal(read.X, X[:, :1])
        monkeypatch.setitem(sys.modules, "polars", None)
        with pytest.raises(DataError, match="Parquet needs pandas or polars"):
            tasks.read_table("t.parquet", "label")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "expected a line of names first"),
            ("a,label\n" + "1,2\n" * 4, "expected at least 5 examples, got 4"),
            ("a,b\n" + "1,2\n" * 5, "expected a column 'label', there are only a, b"),
            ("a,label,label\n" + "1,2,3\n" * 5, "expected one column 'label', there are several"),
            ("label\n" + "1\n" * 5, "expected columns of features"),
            ("a,label\n1,2\n1,2,3\n", "line 3: expected 2 values, got 3"),
            ("a,label\n1,2\n\nx,3\n", "line 4, column 'a': expected a finite number, got 'x'"),
            ("a,label\n1,2\n,3\n", "line 3, column 'a': expected a finite number, got ''"),
            ("a,label\n1,2\nnan,3\n", "line 3, column 'a': expected a finite number, got 'nan'"),
            ("a,label\n1,2\n1,\n", "line 3, column 'label': expected a label, got nothing"),
            ("a,label\n" + "1,red\n" * 5, "expected at least 2 classes, got only 'red'"),
            ('a,label\n1,"2', "not CSV"),
        ],
    )
    def test_bad_csv_is_told_by_line_and_column(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(DataError, match=message):
            tasks.read_table(tmp_path / "t.csv", "label")

    def test_bad_files(self, tmp_path: Path, numbers: str) -> None:
        (tmp_path / "t.npz").write_bytes(b"PK\x03\x04 nothing")
        np.savez(tmp_path / "u.npz", X=X)
        (tmp_path / "v.csv").write_bytes(b"a,label\n\xff,1\n")
        for name, message in (
            ("t.npz", "t.npz"),
            ("u.npz", "expected arrays X and y, there are X"),
            ("v.csv", "not UTF-8"),
            ("none.csv", "cannot be read: No such file"),
        ):
            with pytest.raises(DataError, match=message):
                tasks.read_table(tmp_path / name, None if name.endswith("z") else "label")
        with pytest.raises(InputError, match=r"path: expected a file that ends in \.csv"):
            tasks.read_table(tmp_path / "t.txt", "label")
        with pytest.raises(InputError, match="target: expected the name"):
            tasks.read_table(numbers)
        with pytest.raises(DataError, match="labels: expected numbers, got 'x' in example 1"):
            tasks.read_table(csv_of(tmp_path / "t.csv", X[:5], list("xyxyx")), "label", "numbers")


class TestTasks:
    def test_features_and_numbers_are_standardised_by_the_training_examples(self, numbers: str) -> None:
        made = tasks.table(numbers, "label", n_tasks=2)
        assert (made.kind, made.n_tasks, made.n_features, made.n_train, made.n_valid) == ("regression", 2, 3, 45, 15)
        for task in range(2):
            np.testing.assert_allclose(made.train_x[task].mean(axis=0), 0, atol=1e-6)
            np.testing.assert_allclose(made.train_x[task].std(axis=0), 1, rtol=1e-5)
            np.testing.assert_allclose(made.train_y[task].std(), 1, rtol=1e-5)
        # the same straight line for all of a task's examples
        w, *_ = np.linalg.lstsq(made.train_x[0], made.train_y[0], rcond=None)
        np.testing.assert_allclose(made.valid_x[0] @ w, made.valid_y[0], atol=1e-4)

    def test_rows_of_searches_selection_and_the_last_figure_are_kept_apart(self) -> None:
        from pyamlz.tasks._table import _Draw, _pools

        examples = tasks.Table(X, np.arange(100.0))
        pools = {s: _pools(examples, s, _Draw(7, ("x",))) for s in ("search", "select", "test")}  # type: ignore[arg-type]
        search = set(pools["search"][0]) | set(pools["search"][1])
        assert len(search) == 60
        assert not set(pools["search"][0]) & set(pools["search"][1])
        assert set(pools["select"][0]) == search
        assert len(pools["select"][1]) == 20
        assert not set(pools["select"][1]) & search
        assert set(pools["test"][0]) == search | set(pools["select"][1])
        assert set(pools["test"][1]) == set(range(100)) - set(pools["test"][0])
        assert [set(p) for p in _pools(examples, "select", _Draw(8, ("y",)))] == [set(p) for p in pools["select"]]

    def test_three_classes_make_tasks_of_two(self, kinds: str) -> None:
        made = tasks.table(kinds, "label", n_tasks=30)
        assert made.kind == "binary"
        assert set(np.unique(made.train_y)) == {0, 1}
        assert 0.3 < made.train_y.mean() < 0.7

    def test_projection(self, numbers: str) -> None:
        made = tasks.table(numbers, "label", n_features=2)
        assert made.n_features == 2
        np.testing.assert_allclose(made.train_x.std(axis=1), 1, rtol=1e-5)
        assert not np.allclose(made.train_x[0][:5], made.train_x[1][:5])
        with pytest.raises(InputError, match="n_features: expected"):
            tasks.table(numbers, "label", n_features=4)

    def test_more_examples_than_rows_are_drawn_again(self, numbers: str) -> None:
        made = tasks.table(numbers, "label", n_train=500, n_valid=7, n_tasks=1)
        assert (made.n_train, made.n_valid) == (500, 7)
        assert len(np.unique(made.train_y)) <= 45

    def test_the_same_seed_gives_the_same_tasks(self, numbers: str) -> None:
        one, other = (tasks.table(numbers, "label", seed=3) for _ in range(2))
        assert one.digest == other.digest
        assert one.digest != tasks.table(numbers, "label", seed=4).digest

    def test_archives_do_not_make_others_read_files(self, numbers: str) -> None:
        made = tasks.table(numbers, "label")
        assert made.source["generator"] in GENERATORS
        assert not can_remake(made.source)


def test_search_and_evaluate_on_a_file(numbers: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "search",
        "--data",
        numbers,
        "--target",
        "label",
        "--seed",
        "1",
        "--max-evaluations",
        "2000",
        "--json",
    ]
    assert main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["evaluations"] == 2000
    assert found["preset"] == "table"
    assert found["config"]["tasks"]["path"] == numbers
    assert found["final_fitness"] > 0.8
    assert main(["evaluate", "linear_regressor", "--data", numbers, "--target", "label", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fitness"] > 0.5


def test_mistakes_on_the_command_line(numbers: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["search"], "expected a preset, or --data"),
        (["search", "demo", "--target", "x"], "--target: expected only with --data"),
        (["search", "demo", "--data", numbers], "unknown key 'tasks.path'"),
        (["search", "--data", numbers, "--target", "x"], "expected a column 'x'"),
        (["search", "--data", "none.csv", "--target", "x"], "pyamlz: none.csv: cannot be read"),
    ):
        assert main(arguments) == 2
        assert message in capsys.readouterr().err
