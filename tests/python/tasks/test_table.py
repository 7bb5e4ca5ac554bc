"""Tables of the user's own: what is read of files and data frames, and what is said about what is wrong."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyamlz import AmlzError, DataError, InputError, MissingExtraError, tasks
from pyamlz.tasks._table import Labels

RNG = np.random.default_rng(5)
X = RNG.normal(size=(100, 3)) * [1, 10, 100] + [0, 5, -7]
WEIGHTS = np.array([1.0, 0.2, -0.03])


def csv_of(path: Path, X: Any, y: Any, names: str = "a,b,c,label") -> str:
    rows = [",".join([*map(repr, map(float, x)), str(label)]) for x, label in zip(X, y, strict=True)]
    path.write_text("\n".join([names, *rows]) + "\n")
    return str(path)


def text_file(path: Path, text: str) -> str:
    path.write_bytes(text.encode())
    return str(path)


@pytest.fixture
def numbers(tmp_path: Path) -> str:
    return csv_of(tmp_path / "numbers.csv", X, X @ WEIGHTS)


@pytest.fixture
def kinds(tmp_path: Path) -> str:
    return csv_of(tmp_path / "kinds.csv", X, np.array(["blue", "red", "green"])[np.arange(100) % 3])


# Writers of each format, of a data frame, into a folder.
FORMATS: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "csv": lambda frame, folder: frame.to_csv(folder / "t.csv", index=False) or folder / "t.csv",
    "tsv": lambda frame, folder: frame.to_csv(folder / "t.tsv", index=False, sep="\t") or folder / "t.tsv",
    "semicolons": lambda frame, folder: frame.to_csv(folder / "t.csv", index=False, sep=";") or folder / "t.csv",
    "utf-16": lambda frame, folder: frame.to_csv(folder / "t.csv", index=False, encoding="utf-16") or folder / "t.csv",
    "row numbers": lambda frame, folder: frame.to_csv(folder / "t.csv") or folder / "t.csv",
    "parquet": lambda frame, folder: frame.to_parquet(folder / "t.parquet") or folder / "t.parquet",
    "feather": lambda frame, folder: frame.to_feather(folder / "t.feather") or folder / "t.feather",
    "pandas": lambda frame, folder: frame,
    "shuffled pandas": lambda frame, folder: frame.set_index(np.arange(len(frame))[::-1] * 2),
    "polars": lambda frame, folder: pl.DataFrame(frame.to_dict("list")),
    "arrow": lambda frame, folder: pa.Table.from_pandas(frame),
    "mapping": lambda frame, folder: {name: frame[name].to_numpy() for name in frame},
    "interchange": lambda frame, folder: Interchange(frame),
}


class Interchange:
    """Has the dataframe interchange protocol and nothing else."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.table = pa.Table.from_pandas(frame.astype({"city": object}), preserve_index=False)

    def __dataframe__(self, *args: Any, **kwargs: Any) -> Any:
        return self.table.__dataframe__(*args, **kwargs)


@pytest.mark.parametrize("form", FORMATS)
def test_all_forms_give_the_same_table(form: str, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "a": X[:, 0],
            "city": np.array(["Z\u00fcrich", "\U0001f600 town", "Rome, North"])[np.arange(100) % 3],
            "n": np.arange(100),
            "label": np.array(["yes", "no"])[np.arange(100) % 2],
        }
    )
    frame.loc[7, "a"] = np.nan
    read = tasks.read_table(FORMATS[form](frame, tmp_path), "label")
    assert read.features == ("a", "city", "n")
    assert np.isnan(read.X[7, 0])
    assert np.isnan(read.X).sum() == 1
    np.testing.assert_array_equal(np.delete(read.X[:, 0], 7), np.delete(X[:, 0], 7))
    assert read.categories == {"city": ("Rome, North", "Z\u00fcrich", "\U0001f600 town")}
    np.testing.assert_array_equal(read.X[:3, 1], [1, 2, 0])
    np.testing.assert_array_equal(read.X[:, 2], np.arange(100))
    assert read.classes == ("no", "yes")
    assert read.digest == tasks.read_table(FORMATS["csv"](frame, tmp_path), "label").digest


class TestReading:
    def test_the_target_may_be_any_column(self, numbers: str) -> None:
        read = tasks.read_table(numbers, "b")
        np.testing.assert_array_equal(read.y, X[:, 1])
        assert read.features == ("a", "c", "label")

    def test_columns_are_chosen_and_left_out(self, numbers: str) -> None:
        assert tasks.read_table(numbers, "label", drop=["b"]).features == ("a", "c")
        assert tasks.read_table(numbers, "label", columns=["c", "a"]).features == ("a", "c")
        for wrong in ({"drop": ["x"]}, {"columns": ["x"]}):
            with pytest.raises(InputError, match="has no column 'x', only a, b, c, label"):
                tasks.read_table(numbers, "label", **wrong)  # type: ignore[arg-type]

    def test_npz(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "t.npz", X=X, y=np.arange(100.0))
        read = tasks.read_table(tmp_path / "t.npz")
        np.testing.assert_array_equal(read.X, X)
        np.testing.assert_array_equal(read.y, np.arange(100.0))
        with pytest.raises(InputError, match="target: expected none"):
            tasks.read_table(tmp_path / "t.npz", "label")

    def test_pyarrow_is_an_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
        for module in [name for name in sys.modules if name.split(".")[0] == "pyarrow"]:
            monkeypatch.setitem(sys.modules, module, None)
        for source in (tmp_path / "t.parquet", tmp_path / "t.feather", frame):
            with pytest.raises(MissingExtraError, match=r"pyarrow is missing or too old: pip install 'pyarrow>="):
                tasks.read_table(source, "b")

    def test_spaces_and_quotes_as_people_write_them(self, tmp_path: Path) -> None:
        text = 'a, b , y\n1, "2", "yes"\n3,4,no\n 5 , 6,"no"\n7,8,yes\n9,10, yes \n'
        read = tasks.read_table(text_file(tmp_path / "t.csv", text), "y")
        assert (read.features, read.classes) == (("a", "b"), ("no", "yes"))
        np.testing.assert_array_equal(read.X[:, 1], [2, 4, 6, 8, 10])

    def test_byte_order_marks_and_old_encodings(self, tmp_path: Path) -> None:
        text = "\u00e4,y\n" + "1,\u00f6\n2,\u20ac\n" * 3
        for encoding, notes in (("utf-8", 0), ("utf-8-sig", 0), ("utf-16", 0), ("cp1252", 1)):
            (tmp_path / "t.csv").write_bytes(text.encode(encoding))
            read = tasks.read_table(tmp_path / "t.csv", "y")
            assert (read.features, read.classes, len(read.notes)) == (("\u00e4",), ("\u00f6", "\u20ac"), notes)
        assert "not UTF-8 (byte 0): read as Windows-1252" in read.notes[0]
        assert tasks.read_table(tmp_path / "t.csv", "y", encoding="cp1252").notes == ()
        with pytest.raises(InputError, match="encoding: expected one that Python knows"):
            tasks.read_table(tmp_path / "t.csv", "y", encoding="no such")
        (tmp_path / "t.csv").write_bytes(b"\xff\xfea")
        with pytest.raises(DataError, match="not utf-16"):
            tasks.read_table(tmp_path / "t.csv", "y")
        (tmp_path / "t.csv").write_bytes(b"a,y\n\0\0,1\n")
        with pytest.raises(DataError, match="zero bytes"):
            tasks.read_table(tmp_path / "t.csv", "y")

    def test_paths_may_hold_anything(self, tmp_path: Path, numbers: str) -> None:
        for name in ("\U0001f600.csv", "\udcff.csv", "a b;'\".csv"):
            (tmp_path / name).write_bytes(Path(numbers).read_bytes())
            assert tasks.read_table(tmp_path / name, "label").n_rows == 100

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "expected a line of names first"),
            ("a,label\n", "expected rows of values after the line of names, got none"),
            ("a,b\n" + "1,2\n" * 5, "expected a column 'label', there are only a, b"),
            ("a,Label\n" + "1,2\n" * 5, "only a, Label; did you mean 'Label'?"),
            ("a,label,label\n" + "1,2,3\n" * 5, "expected one column 'label', there are several"),
            ("a,a,label\n" + "1,2,3\n" * 5, "expected one column 'a', there are several"),
            ("label\n" + "1\n2\n" * 5, "expected columns of features"),
            ("a,label\n1,2\n1,2,3\n", "line 3: expected 2 values, got 3"),
            ("a,label\n1,2\n1,4\n\nx,3\n", "line 5, column 'a': expected a finite number, as in 2 other rows, got 'x'"),
            ("a,label\n1,2\n1,4\n1_0,3\n", "line 4, column 'a': expected a finite number, .* got '1_0'"),
            ("a,label\n1,2\n-inf,3\n", "line 3, column 'a': expected a finite number, got '-inf'"),
            ("a,label\n1,2\n1,\n", "line 3, column 'label': expected a label, got nothing"),
            ("a,label\n" + "1,red\n" * 5, "expected at least 2 classes, got only 'red'"),
            ('a,label\n1,"2', "not CSV"),
        ],
    )
    def test_bad_csv_is_told_by_line_and_column(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "t.csv").write_text(text)
        with pytest.raises(DataError, match=message.replace("?", r"\?")):
            tasks.read_table(tmp_path / "t.csv", "label")

    def test_bad_files(self, tmp_path: Path, numbers: str) -> None:
        (tmp_path / "t.npz").write_bytes(b"PK\x03\x04 nothing")
        np.savez(tmp_path / "u.npz", X=X)
        (tmp_path / "v.parquet").write_bytes(b"PAR1 nothing")
        (tmp_path / "w.arrow").write_bytes(b"nothing")
        for name, message in (
            ("t.npz", "t.npz"),
            ("u.npz", "expected arrays X and y, there are X"),
            ("v.parquet", "v.parquet: not a Parquet file"),
            ("w.arrow", "w.arrow: not a Arrow file|w.arrow: not an Arrow file"),
            ("none.csv", "cannot be read: No such file"),
            ("none.parquet", "cannot be read: No such file"),
        ):
            with pytest.raises(DataError, match=message):
                tasks.read_table(tmp_path / name, None if name.endswith("z") else "label")
        with pytest.raises(InputError, match=r"path: expected a file that ends in one of \.csv"):
            tasks.read_table(tmp_path / "t.xlsx", "label")
        with pytest.raises(InputError, match="target: expected the name"):
            tasks.read_table(numbers)
        with pytest.raises(DataError, match="line 2, column 'label': labels: expected numbers, got 'x'"):
            tasks.read_table(csv_of(tmp_path / "t.csv", X[:5], list("xyxyx")), "label", "numbers")

    def test_dates_and_lists_are_no_features(self) -> None:
        frame = pd.DataFrame({"a": np.arange(6), "when": pd.date_range("2020", periods=6), "y": np.arange(6) % 2})
        with pytest.raises(DataError, match="column 'when': expected numbers or text, got timestamp"):
            tasks.read_table(frame, "y")
        assert tasks.read_table(frame, "y", drop=["when"]).features == ("a",)
        with pytest.raises(InputError, match="expected a path, a data frame or a mapping"):
            tasks.read_table(3, "y")
        with pytest.raises(DataError, match="columns of one length"):
            tasks.read_table({"a": np.arange(3), "y": np.arange(4)}, "y")


# ---------------------------------------------------------------- labels

REGRESSION = [str(i % 11) for i in range(400)]


class TestMissingLabels:
    @pytest.mark.parametrize("gone", ["NA", "?", "", "nan", "NULL"])
    def test_in_text_are_told_by_line_and_column(self, tmp_path: Path, gone: str) -> None:
        labels = [*REGRESSION[:17], gone, *REGRESSION[18:]]
        path = csv_of(tmp_path / "t.csv", np.arange(400.0)[:, np.newaxis], labels, "a,y")
        for kind in ("auto", "numbers", "classes"):
            with pytest.raises(DataError, match=r"t\.csv, line 19, column 'y': expected a label, got"):
                tasks.read_table(path, "y", kind)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("wrong", "message"), [("inf", "finite, got 'inf'"), ('"1,234"', "got '1,234'"), ("x", "x")]
    )
    def test_unreadable_ones_do_not_make_classes_of_numbers(self, tmp_path: Path, wrong: str, message: str) -> None:
        labels = [*REGRESSION[:17], wrong, *REGRESSION[18:]]
        path = csv_of(tmp_path / "t.csv", np.arange(400.0)[:, np.newaxis], labels, "a,y")
        for kind in ("auto", "numbers"):
            with pytest.raises(DataError, match=r"t\.csv, line 19, column 'y': .*" + message):
                tasks.read_table(path, "y", kind)  # type: ignore[arg-type]

    @pytest.mark.parametrize("gone", [None, np.nan])
    @pytest.mark.parametrize("form", ["parquet", "feather", "pandas", "polars", "arrow", "mapping"])
    def test_in_typed_forms_are_told_by_row_and_column(self, tmp_path: Path, form: str, gone: Any) -> None:
        for labels in (list(map(float, REGRESSION)), [f"class {i}" for i in REGRESSION]):
            mixed: list[Any] = [*labels[:17], gone, *labels[18:]]
            if form == "polars":
                source: Any = pl.DataFrame({"a": np.arange(400), "y": [None if v != v else v for v in mixed]})
            else:
                frame = pd.DataFrame({"a": np.arange(400), "y": mixed})
                source = FORMATS[form](frame, tmp_path)
            with pytest.raises(DataError, match="row 18, column 'y': expected a label, got nothing"):
                tasks.read_table(source, "y")

    def test_in_npz(self, tmp_path: Path) -> None:
        y = np.arange(20.0)
        for value, message in (
            (np.nan, "row 4, column 'y': expected a label"),
            (np.inf, "row 4, column 'y': .*finite"),
        ):
            y[3] = value
            np.savez(tmp_path / "t.npz", X=X[:20], y=y)
            with pytest.raises(DataError, match=message):
                tasks.read_table(tmp_path / "t.npz")

    def test_complex_labels_keep_no_half(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "t.npz", X=X, y=np.arange(100) * 1j)
        with pytest.raises(DataError, match="column 'y': expected numbers or text, got complex128"):
            tasks.read_table(tmp_path / "t.npz")
        np.savez(tmp_path / "t.npz", X=X * 1j, y=np.arange(100))
        with pytest.raises(DataError, match=r"expected X .* of real numbers"):
            tasks.read_table(tmp_path / "t.npz")


class TestClasses:
    @pytest.mark.parametrize(
        "values",
        [
            ["1000001", "1000002", "1000003"],
            [".1234567", ".1234568", ".1234569"],
            ["9007199254740992", "9007199254740993", "9007199254740994"],  # one float for two of them
            ["2", "10", "-3.5"],
            ["1e3", "1e-7", "0.5"],
        ],
    )
    def test_that_are_numbers_stay_distinct_and_in_order(self, tmp_path: Path, values: list[str]) -> None:
        path = csv_of(tmp_path / "t.csv", X, np.array(values)[np.arange(100) % 3])
        read = tasks.read_table(path, "label", "classes")
        assert len(set(read.classes)) == 3
        assert sorted(read.classes, key=Decimal) == list(read.classes)
        names = [read.classes[int(place)] for place in read.y[:3]]
        assert list(map(Decimal, names)) == list(map(Decimal, values))

    def test_of_whole_numbers_beyond_floats_in_frames(self) -> None:
        values = np.array([2**53, 2**53 + 1, 2**53 + 2])[np.arange(30) % 3]
        for source in (pd.DataFrame({"a": X[:30, 0], "y": values}), {"a": X[:30, 0], "y": values}):
            read = tasks.read_table(source, "y", "classes")
            assert read.classes == ("9007199254740992", "9007199254740993", "9007199254740994")

    def test_single_precision_keeps_its_digits(self) -> None:
        y = np.array([0.1, 0.2], dtype=np.float32)[np.arange(30) % 2]
        assert tasks.read_table({"a": X[:30, 0], "y": y}, "y").classes == ("0.1", "0.2")

    def test_one_number_written_in_two_ways_is_one_class(self, tmp_path: Path) -> None:
        path = csv_of(tmp_path / "t.csv", X, np.array(["1", "1.0", "2", "+2"])[np.arange(100) % 4])
        assert tasks.read_table(path, "label").classes == ("1", "2")

    @pytest.mark.parametrize(
        ("values", "labels", "classes", "why"),
        [
            (["0", "4"], "auto", ("0", "4"), "only two different"),
            (["0", "1", "2"], "auto", ("0", "1", "2"), "whole numbers from 0 to 2"),
            (["1", "2", "3"], "auto", ("1", "2", "3"), "whole numbers from 1 to 3"),
            ([str(i) for i in range(10)], "auto", tuple("0123456789"), "whole numbers from 0 to 9"),
            ([str(i) for i in range(11)], "auto", (), "11 different numbers"),
            (["0", "2", "4"], "auto", (), "3 different numbers"),
            (["0", "0.5", "1"], "auto", (), "3 different numbers"),
            (["0", "1", "2"], "numbers", (), "said"),
            (["0", "2", "4"], "classes", ("0", "2", "4"), "said"),
            (["b", "a"], "auto", ("a", "b"), "not numbers"),
        ],
    )
    def test_what_labels_are_taken_for(
        self, tmp_path: Path, values: list[str], labels: Labels, classes: tuple[str, ...], why: str
    ) -> None:
        path = csv_of(tmp_path / "t.csv", X, np.array(values)[np.arange(100) % len(values)])
        read = tasks.read_table(path, "label", labels)
        assert read.classes == classes
        assert why in read.why

    def test_true_and_false(self) -> None:
        read = tasks.read_table({"a": X[:, 0], "y": X[:, 0] > 0}, "y")
        assert read.classes == ("False", "True")
        np.testing.assert_array_equal(read.y, X[:, 0] > 0)

    def test_are_counted(self, kinds: str) -> None:
        assert tasks.read_table(kinds, "label").counts == {"blue": 34, "green": 33, "red": 33}

    def test_numbers_that_are_all_the_same_are_refused(self, tmp_path: Path) -> None:
        path = csv_of(tmp_path / "t.csv", X, [3] * 100)
        with pytest.raises(DataError, match="column 'label': expected labels that differ, got only 3"):
            tasks.read_table(path, "label", "numbers")


def test_marks_tell_changed_rows(numbers: str) -> None:
    read = tasks.read_table(numbers, "label")
    assert read.changed_rows(read.marks()) == []
    y = read.y.copy()
    y[[4, 5, 98]] += 1
    other = tasks.Table(read.X, y, features=read.features)
    assert other.changed_rows(read.marks()) == [(5, 6), (99, 99)]
    big = tasks.Table(np.arange(6000.0).reshape(3000, 2), np.arange(3000.0))
    y = np.arange(3000.0)
    y[1500] = 0
    ((first, last),) = tasks.Table(big.X, y).changed_rows(big.marks())
    assert first <= 1501 <= last
    assert last - first < 3


CELLS = [
    "1",
    "2",
    "3.5",
    "-1e5",
    "NA",
    "",
    "?",
    "x",
    "red",
    '"q"',
    "inf",
    "1,5",
    "1_0",
    "\uff11",
    ".5",
    "1e400",
    "\U0001f600",
]


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3), max_size=30),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    flipped=st.none() | st.tuples(st.integers(0, 200), st.integers(0, 255)),
    labels=st.sampled_from(["auto", "numbers", "classes"]),
)
def test_whatever_is_in_a_file_is_read_or_refused(
    rows: list[list[str]], separator: str, encoding: str, flipped: tuple[int, int] | None, labels: Labels
) -> None:
    """What is read can be prepared, told of, and made tasks of; anything else is an error of this package."""
    data = bytearray("\n".join(separator.join(row) for row in (["a", "b", "y"], *rows)).encode(encoding))
    if flipped is not None:
        data[flipped[0] % len(data)] = flipped[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(data)
        with contextlib.suppress(AmlzError):
            table = tasks.read_table(path, "y", labels)
            assert tasks.described(table)
            prepared = tasks.Preparation.of(table)
            assert np.isfinite(prepared.features(path)).all()
            np.testing.assert_array_equal(prepared.features(path), prepared.features(table))
            tasks.resampled(table, n_tasks=1)
