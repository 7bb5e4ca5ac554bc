"""Commands on a table of the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyamlz import lab, linear_regressor
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
    assert [comparison["name"] for comparison in found["comparisons"]] == ["softmax_regressor", "softmax_network"]


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
    preset.write_text(lab.source("demo"), "utf-8-sig")
    assert main(["evaluate", str(program), "--preset", str(preset), "--seed", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["fitness"] > 0.9
