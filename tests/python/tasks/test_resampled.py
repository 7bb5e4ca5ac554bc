"""Tasks from a table: which rows are for what, and how examples are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyamlz import DataError, Evaluator, InputError, linear_regressor, tasks
from pyamlz.tasks import Table, split_rows
from pyamlz.tasks._generators import GENERATORS, can_remake
from pyamlz.tasks._images import Split

RNG = np.random.default_rng(5)
X = RNG.normal(size=(100, 3)) * [1, 10, 100] + [0, 5, -7]
Y = X @ [1.0, 0.2, -0.03]
NUMBERS = Table(X, Y)
KINDS = Table(X, np.arange(100.0) % 3, ("a", "b", "c"))
SPLITS: tuple[Split, ...] = ("search", "select", "test")


def with_row_numbers(n: int, classes: int = 0) -> Table:
    """A table whose only feature tells the row."""
    y = np.arange(float(n)) % classes if classes else np.arange(float(n))
    return Table(np.arange(float(n))[:, np.newaxis], y, tuple("abcdefg"[:classes]))


def rows_of(x: np.ndarray, n: int) -> list[int]:  # type: ignore[type-arg]
    """The rows of a table :func:`with_row_numbers` that tasks have."""
    prepared = tasks.Preparation.of(with_row_numbers(n).take(split_rows(with_row_numbers(n)).search))
    return np.rint(x * prepared.deviation[0] + prepared.mean[0]).astype(int).ravel().tolist()


class TestRows:
    def test_are_dealt_out_once_and_for_all(self) -> None:
        rows = split_rows(NUMBERS)
        assert [len(part) for part in rows] == [60, 20, 20]
        assert sorted(np.concatenate(rows)) == list(range(100))
        assert [part.tolist() for part in split_rows(NUMBERS)] == [part.tolist() for part in rows]
        assert rows.search.tolist() != sorted(rows.search)
        assert set(rows.training) == set(rows.search) | set(rows.select)

    def test_have_their_share_of_each_class(self) -> None:
        """The classes of which the search had none by luck of the seed."""
        sizes = [80, 80, 30, 5, 5]
        y = np.repeat(np.arange(5.0), sizes)
        rows = split_rows(Table(RNG.normal(size=(200, 2)), y, tuple("abcde")))
        for part, share in zip(rows, (0.6, 0.2, 0.2), strict=True):
            assert np.bincount(y[part].astype(int), minlength=5).tolist() == [round(share * n) for n in sizes]

    def test_too_few_of_a_class_are_told(self) -> None:
        y = np.repeat(np.arange(2.0), [20, 2])
        with pytest.raises(DataError, match="class 'rare' has only 2 of 22 rows, and needs at least 3"):
            split_rows(Table(RNG.normal(size=(22, 2)), y, ("often", "rare")))

    def test_too_few_at_all_are_told(self) -> None:
        with pytest.raises(DataError, match="expected at least 5 examples, got 4"):
            split_rows(Table(X[:4], Y[:4]))

    def test_are_kept_apart_in_tasks(self) -> None:
        n = 100
        table = with_row_numbers(n)
        rows = split_rows(table)
        made = {split: tasks.resampled(table, split=split, n_tasks=4) for split in SPLITS}
        for task in range(4):
            train, valid = rows_of(made["search"].train_x[task], n), rows_of(made["search"].valid_x[task], n)
            assert set(train) | set(valid) == set(rows.search)
            assert not set(train) & set(valid)
            assert sorted(rows_of(made["select"].valid_x[task], n)) == sorted(rows.select)
            assert sorted(rows_of(made["select"].train_x[task], n)) == sorted(rows.search)
            assert sorted(rows_of(made["test"].train_x[task], n)) == sorted(rows.training)

    def test_of_the_last_figure_belong_to_one_task_each(self) -> None:
        n = 100
        made = tasks.resampled(with_row_numbers(n), split="test", n_tasks=4)
        tested = rows_of(made.valid_x, n)
        assert len(set(tested)) == len(tested) == 20
        assert set(tested) == set(split_rows(with_row_numbers(n)).test)
        for wrong in ({"n_tasks": 21}, {"n_tasks": 4, "n_valid": 6}):
            with pytest.raises(InputError, match="expected at most"):
                tasks.resampled(with_row_numbers(n), split="test", **wrong)


class TestTasks:
    def test_are_prepared_by_the_rows_of_the_search(self) -> None:
        made = tasks.resampled(NUMBERS, n_tasks=2)
        assert (made.kind, made.n_tasks, made.n_features, made.n_train, made.n_valid) == ("regression", 2, 3, 45, 15)
        own = np.concatenate([made.train_x[0], made.valid_x[0]])
        np.testing.assert_allclose(own.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(own.std(axis=0), 1, rtol=1e-5)
        # the same straight line for all examples of all tasks
        w, *_ = np.linalg.lstsq(np.c_[made.train_x[0], np.ones(45)], made.train_y[0], rcond=None)
        np.testing.assert_allclose(np.c_[made.valid_x[1], np.ones(15)] @ w, made.valid_y[1], atol=1e-4)

    def test_three_classes_are_one_problem(self) -> None:
        for split in SPLITS:
            made = tasks.resampled(KINDS, split=split, n_tasks=2)
            assert (made.kind, made.n_classes) == ("multiclass", 3)
            assert set(np.unique(made.train_y)) == set(np.unique(made.valid_y)) == {0, 1, 2}

    def test_three_classes_in_pairs_if_wanted(self) -> None:
        made = tasks.resampled(KINDS, multiclass="pairs", n_tasks=30)
        assert made.kind == "binary"
        assert set(np.unique(made.train_y)) == {0, 1}
        assert 0.3 < made.train_y.mean() < 0.7

    def test_projection(self) -> None:
        made = tasks.resampled(NUMBERS, n_features=2)
        assert made.n_features == 2
        with pytest.raises(InputError, match="n_features: expected"):
            tasks.resampled(NUMBERS, n_features=0)

    def test_more_examples_than_rows_are_drawn_again(self) -> None:
        made = tasks.resampled(NUMBERS, n_train=500, n_valid=7, n_tasks=1)
        assert (made.n_train, made.n_valid) == (500, 7)
        assert len(np.unique(made.train_y)) <= 45

    @pytest.mark.parametrize("n", range(5, 67))
    def test_small_tables_do(self, n: int) -> None:
        """A search's fingerprints look at ten examples, so there are ten."""
        made = tasks.resampled(Table(X[:n], Y[:n]), n_tasks=2)
        assert made.n_train >= 10
        assert made.n_valid >= 10
        if n >= 7:  # of each class two rows to search with
            made = tasks.resampled(Table(X[:n], np.arange(n) % 2.0, ("a", "b")), n_tasks=2)
            assert set(np.unique(made.train_y)) == {0, 1}

    @pytest.mark.parametrize("factor", [1e-13, 1e13])
    def test_scale_does_not_matter(self, factor: float) -> None:
        """Accuracy .967 became .517, and R2 -1e21."""
        classes = (X @ [1, 0.1, 0.01] > 0) * 1.0
        for one, other in (
            (Table(X, classes, ("a", "b")), Table(X * factor, classes, ("a", "b"))),
            (NUMBERS, Table(X * factor, Y)),
            (NUMBERS, Table(X, Y * factor)),
        ):
            scores = [
                Evaluator(tasks.resampled(table, epochs=20)).evaluate(linear_regressor()).fitness
                for table in (one, other)
            ]
            assert scores[0] > 0.8
            assert scores[1] == pytest.approx(scores[0], abs=1e-4)

    def test_the_same_seed_gives_the_same_tasks(self) -> None:
        one, other = (tasks.resampled(NUMBERS, seed=3) for _ in range(2))
        assert one.digest == other.digest
        assert one.digest != tasks.resampled(NUMBERS, seed=4).digest


def test_archives_do_not_make_others_read_files(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{i},{2 * i}\n" for i in range(20)))
    made = tasks.table(str(tmp_path / "t.csv"), "y")
    assert made.source["generator"] in GENERATORS
    assert not can_remake(made.source)
    assert made.digest == tasks.table(tasks.read_table(tmp_path / "t.csv", "y"), "y").digest
