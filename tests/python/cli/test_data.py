"""Commands on a table of the user's own."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyamlz import Model, archive, lab, linear_regressor, tasks
from pyamlz._cli.main import main

RNG = np.random.default_rng(5)
X = RNG.normal(size=(150, 3)) * [1, 10, 100] + [0, 5, -7]


def csv_of(path: Path, X: Any, y: Any) -> str:
    rows = [",".join([*map(repr, map(float, x)), str(label)]) for x, label in zip(X, y, strict=True)]
    path.write_text("\n".join(["a,b,c,label", *rows]) + "\n")
    return str(path)


@pytest.fixture
def numbers(tmp_path: Path) -> str:
    return csv_of(tmp_path / "numbers.csv", X, X @ [1.0, 0.2, -0.03])


@pytest.fixture
def kinds(tmp_path: Path) -> str:
    """Three classes, which a linear model tells apart."""
    scores = X / X.std(axis=0)
    return csv_of(tmp_path / "kinds.csv", X, np.array(["red", "green", "blue"])[scores.argmax(axis=1)])


def search(data: str, *more: str) -> list[str]:
    return ["search", "--data", data, "--target", "label", "--seed", "1", "--max-evaluations", "500", "--json", *more]


def test_search_and_evaluate(numbers: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(search(numbers)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["evaluations"] == 500
    assert found["preset"] == "table"
    assert found["config"]["tasks"]["path"] == numbers
    assert found["final_fitness"] > 0.8
    assert main(["evaluate", "linear_regressor", "--data", numbers, "--target", "label", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fitness"] > 0.5


def test_three_classes_are_searched_as_one_problem(kinds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(search(kinds)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["final_fitness"] > 0.7
    assert [comparison["name"] for comparison in found["comparisons"]] == [
        "affine_softmax_regressor",
        "softmax_network",
    ]


@pytest.mark.parametrize("n", [5, 7, 13, 29, 66])
def test_defaults_fit_small_tables(n: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(search(csv_of(tmp_path / "t.csv", X[:n], X[:n, 0]), "--max-evaluations", "120")) == 0
    assert json.loads(capsys.readouterr().out)["evaluations"] == 120


def test_defaults_fit_rare_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = np.repeat(["a", "b", "c", "d", "e"], [80, 80, 30, 5, 5])
    path = csv_of(tmp_path / "t.csv", RNG.normal(size=(200, 3)), labels)
    for seed in ("1", "2", "3"):
        assert main(search(path, "--max-evaluations", "120", "--seed", seed)) == 0
    capsys.readouterr()
    path = csv_of(tmp_path / "t.csv", RNG.normal(size=(200, 3)), np.repeat(["a", "b"], [198, 2]))
    assert main(search(path)) == 2
    assert "class 'b' has only 2 of 200 rows, and needs at least 3" in capsys.readouterr().err


def test_what_data_are_is_said_before_anything_else(kinds: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [argument for argument in search(kinds) if argument != "--json"]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    first = said.split("\n# pyamlz ")[0]
    assert "150 rows, 3 columns of features, target 'label'" in first
    assert "3 classes, told apart all at once, for they are not numbers: blue " in first
    assert re.search(
        r"rows: 9. to search with, (29|30) to select by, (29|30) held out .* its share of every class", first
    )
    assert "features: 3, each less its mean and over its standard deviation; none is projected" in first
    assert re.search("on the (29|30) rows that were held out", said)
    assert "standard deviation 0.0" not in said
    assert "[space" not in said  # settings only if they are asked for
    assert main([*arguments, "--verbose"]) == 0
    assert "[space.predict]" in capsys.readouterr().out


def test_projection_is_said(numbers: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [argument for argument in search(numbers, "--set", "tasks.n_features=2") if argument != "--json"]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "features: 2, each less its mean and over its standard deviation; projected, see below" in said
    assert "3 features are projected to 2 by a random matrix, the same for all" in said


def test_errors_come_before_anything_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There were 61 lines of settings before this one."""
    bad = tmp_path / "bad.csv"
    bad.write_text("a,label\n" + "1,2\n3,x\n4,5\n6,7\n")
    for path in ("nofile.csv", str(bad)):
        assert main(["search", "--data", path, "--target", "label"]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert len(told.err.splitlines()) == 1
        assert path in told.err


@pytest.mark.parametrize("name", ["plain.csv", "\U0001f600.csv", "\udcff.csv", "a 'b\" \x7f.csv"])
@pytest.mark.parametrize("target", ["label", "\U0001f600", "\udcff", 'it\'s "y"'])
def test_names_may_hold_anything(name: str, target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frame = {"a": X[:40, 0], "b": X[:40, 1], target: X[:40, 0] * 2}
    cells = [list(frame), *map(list, zip(*frame.values(), strict=True))]
    text = io.StringIO()
    csv.writer(text).writerows(cells)
    path, encoding = tmp_path / name, "utf-8"
    if target == "\udcff":  # a shell's name for a column in a file that is not UTF-8
        target, encoding = "\u00ff", "latin-1"
    path.write_bytes(text.getvalue().replace("\udcff", "\u00ff").encode(encoding))
    run, model = str(tmp_path / "run.amlz"), str(tmp_path / "model.amlz")
    more = ["--max-evaluations", "60", "--checkpoint", run, "--log", str(tmp_path / "log.jsonl"), "--verbose"]
    assert main(["search", "--data", str(path), "--target", target, "--seed", "1", *more]) == 0
    assert main(["fit", run, "-o", model]) == 0
    capsys.readouterr()
    assert main(["predict", model, "--data", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["columns"] == [target]
    assert main(["resume", run]) == 0
    assert main(["show", run]) == 0
    assert main(["show", model]) == 0


class TestFitAndPredict:
    @pytest.fixture
    def run(self, kinds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
        assert main(search(kinds, "--checkpoint", str(tmp_path / "run.amlz"))) == 0
        self.found = json.loads(capsys.readouterr().out)
        return str(tmp_path / "run.amlz")

    def test_scores_are_those_that_the_search_told(self, run: str, capsys: pytest.CaptureFixture[str]) -> None:
        model = run.replace("run", "model")
        assert main(["fit", run, "-o", model, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["scores"] == self.found["scores"]
        assert [one["name"] for one in told["scores"]] == ["the program found", "constant", "logistic model"]
        accuracy, log_loss = told["scores"][0]["scores"]
        assert (accuracy["name"], accuracy["n_rows"], log_loss["name"]) == ("accuracy", log_loss["n_rows"], "log loss")
        assert accuracy["n_rows"] in (29, 30)
        assert accuracy["low"] <= accuracy["value"] <= accuracy["high"]
        assert Model.load(model).session["scores"] == told["scores"][0]["scores"]

    def test_answers_are_as_good_as_was_told(self, run: str, kinds: str, capsys: pytest.CaptureFixture[str]) -> None:
        model, out = run.replace("run", "model"), run.replace("run.amlz", "out.csv")
        assert main(["fit", run, "-o", model]) == 0
        assert main(["predict", model, "--data", kinds, "-o", out]) == 0
        with open(out, newline="") as file:
            answers = [row["label"] for row in csv.DictReader(file)]
        with open(kinds, newline="") as file:
            labels = [row["label"] for row in csv.DictReader(file)]
        held_out = tasks.split_rows(tasks.read_table(kinds, "label")).test
        right = np.mean([answers[row] == labels[row] for row in held_out])
        assert right == self.found["scores"][0]["scores"][0]["value"]
        capsys.readouterr()
        assert main(["predict", model, "--data", kinds, "--proba"]) == 0
        rows = list(csv.reader(capsys.readouterr().out.splitlines()))
        assert rows[0] == ["blue", "green", "red"]
        assert sum(map(float, rows[1])) == pytest.approx(1, abs=1e-5)

    def test_other_programs_by_name(self, run: str, capsys: pytest.CaptureFixture[str]) -> None:
        model = run.replace("run", "model")
        for which in ("best", "hall:1"):
            assert main(["fit", run, "-o", model, "--which", which]) == 0
            saved = archive.read(run)
            assert isinstance(saved, archive.Checkpoint)
            assert Model.load(model).program == archive.program_of(saved, run, which).simplified(saved.dims)
        assert main(["fit", run, "-o", model, "--which", "hall:999"]) == 2
        assert "expected a number from 1 to" in capsys.readouterr().err

    def test_models_go_on_learning(self, run: str, kinds: str, capsys: pytest.CaptureFixture[str]) -> None:
        model, more = run.replace("run", "model"), run.replace("run", "more")
        assert main(["fit", run, "-o", model]) == 0
        n = Model.load(model).n_examples
        assert main(["fit", model, "--data", kinds, "-o", more]) == 0
        assert (Model.load(model).n_examples, Model.load(more).n_examples) == (n, n + 150)
        assert main(["fit", model, "--data", kinds, "--epochs", "2"]) == 0
        assert Model.load(model).n_examples == n + 300

    def test_moved_data_are_found_where_it_is_told(
        self, run: str, kinds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path(kinds).rename(kinds.replace("kinds", "moved"))
        model = run.replace("run", "model")
        for command in (
            ["fit", run, "-o", model],
            ["resume", run],
            ["report", run, "-o", str(tmp_path / "r.html"), "--lineage", "no"],
            ["evaluate", run, "--preset", run, "--seed", "1"],
            ["explain", run, "--preset", run, "--seed", "1", "--seeds", "1"],
            ["tune", run, "--preset", run, "--seed", "1", "--trials", "2", "--seeds", "1"],
            ["select", run, "--preset", run, "--seed", "1", "--seeds", "1"],
        ):
            assert main(command) == 2
            assert "kinds.csv: the run's data are not there" in capsys.readouterr().err
            assert main([*command, "--data", kinds.replace("kinds", "moved")]) == 0, command

    def test_mistakes(self, run: str, kinds: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        model = run.replace("run", "model")
        assert main(["fit", run, "-o", model]) == 0
        before = Path(kinds).read_bytes(), Path(run).read_bytes(), Path(model).read_bytes()
        demo = str(tmp_path / "demo.amlz")
        assert main(["search", "demo", "--seed", "1", "--max-evaluations", "50", "--checkpoint", demo]) == 0
        capsys.readouterr()
        for arguments, code, message in (
            (["fit", run], 2, "--output: expected a file for the model"),
            (["fit", run, "-o", kinds], 2, "is there already, and is no model"),
            (["fit", run, "-o", run], 2, "is there already, and is no model"),
            (["fit", model], 2, "--data: expected examples"),
            (["fit", demo, "-o", str(tmp_path / "x.amlz")], 3, "expected a run on a table of one's own"),
            (["predict", run, "--data", kinds], 3, "expected a model, which `fit` makes"),
            (["predict", model, "--data", kinds, "-o", kinds], 2, "is read by this command; choose another name"),
            (["predict", model, "--data", kinds, "-o", model], 2, "is read by this command; choose another name"),
            (["predict", model, "--data", "none.csv"], 2, "none.csv: cannot be read"),
        ):
            assert main(arguments) == code, arguments
            assert message in capsys.readouterr().err
        assert (Path(kinds).read_bytes(), Path(run).read_bytes(), Path(model).read_bytes()) == before


@pytest.mark.parametrize("case", ["classes", "numbers"])
def test_raw_units_from_search_to_answers(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Features near 1000 and .002: claimed .9875 it was, and deployed 44 of 100."""
    n = 300
    raw = np.column_stack([RNG.normal(1000, 5, n), RNG.normal(0.002, 1e-4, n), RNG.normal(size=n)])
    signal = (raw[:, 0] - 1000) / 5 + (raw[:, 1] - 0.002) / 1e-4
    labels = np.where(signal > 0, "yes", "no") if case == "classes" else 20_000 + 500 * signal
    path = csv_of(tmp_path / "t.csv", raw, labels)
    run, model = str(tmp_path / "run.amlz"), str(tmp_path / "model.amlz")
    assert main(search(path, "--checkpoint", run)) == 0
    told = json.loads(capsys.readouterr().out)["scores"][0]["scores"][0]
    assert main(["fit", run, "-o", model]) == 0
    table = tasks.read_table(path, "label")
    test = tasks.split_rows(table).test
    found = Model.load(model).predict(raw[test])
    if case == "classes":
        measured = float(np.mean(found == labels[test]))
    else:
        measured = 1 - np.mean((found - labels[test]) ** 2) / np.var(labels[test])
    assert told["value"] > 0.9
    assert measured == pytest.approx(told["value"], abs=1e-5)


def test_mistakes(numbers: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["search"], "expected a preset, or --data"),
        (["search", "demo", "--target", "x"], "--target: expected only with --data"),
        (["search", "demo", "--data", numbers], "unknown key 'tasks.path'"),
        (["search", "--data", numbers, "--target", "x"], "expected a column 'x'"),
        (["search", "--data", "none.csv", "--target", "x"], "pyamlz: none.csv: cannot be read"),
    ):
        assert main(arguments) == 2
        assert message in capsys.readouterr().err


def test_byte_order_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Editors on Windows put one before TOML and program texts."""
    program, preset = tmp_path / "p.txt", tmp_path / "p.toml"
    program.write_text(str(linear_regressor()), "utf-8-sig")
    preset.write_text(lab.preset_source("demo"), "utf-8-sig")
    assert main(["evaluate", str(program), "--preset", str(preset), "--seed", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fitness"] > 0.9
