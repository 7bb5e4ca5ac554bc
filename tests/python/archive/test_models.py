"""Models that Python saved, at work in C: the same bits, as rows are answered and learned one after the other."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from archives import GOLDEN
from building import JOBS, LIBRARY, need, run

from pyamlz import Model, Preparation, Program
from pyamlz.program.baselines import linear_regressor, neural_network, softmax_regressor
from pyamlz.tasks import Table

N = 160
FEATURES = ("size", "hours, all", "tiny", "colour", "town")
COLOURS = ("blue", "green", "réd 𝄞", 'sel"dom\\')
TOWNS = ("Bern", "Oslo")
CLASSES = ("no", "yes", "ünsure", "-")

RANDOM_OPS = """
def Setup():
  s3 = gaussian(0.0, 1.0)
  s2 = 0.01
def Predict():
  v2 = gaussian(0.0, 0.1)
  v3 = v0 + v2
  s1 = dot(v3, v1)
  s1 = s1 + s3
def Learn():
  s4 = s0 - s1
  s4 = s4 * s2
  v3 = s4 * v3
  v1 = v1 + v3
"""


def table_of(n_classes: int, *, is_numeric: bool = False) -> Table:
    """Numbers of all sizes, texts of which one is seldom, values that are missing."""
    random = np.random.default_rng(7)
    X = random.normal(size=(N, 5)) * [1, 1000, 1e-7, 1, 1] + [0, 5000, 0, 0, 0]
    X[:, 3] = random.choice(4, N, p=[0.4, 0.3, 0.295, 0.005])
    X[:, 3][[3, 70]] = [3, 0]
    X[:, 4] = random.integers(0, 2, N)
    signal = X[:, 0] + (X[:, 3] == 1)
    X[random.random(N) < 0.1, 1] = np.nan
    X[random.random(N) < 0.1, 3] = np.nan
    categories = {} if is_numeric else {"colour": COLOURS, "town": TOWNS}
    if n_classes == 0:
        return Table(X, 1e4 + 300 * signal, (), FEATURES, categories=categories, target="prïce")
    y = np.digitize(signal, np.quantile(signal, np.arange(1, n_classes) / n_classes)).astype(float)
    return Table(X, y, CLASSES[:n_classes], FEATURES, categories=categories)


def lines_of(model: Model, table: Table) -> list[str]:
    """Rows as the program wants them, each with its answer."""
    lines = []
    for row, y in zip(table.X, table.y, strict=True):
        cells = []
        for column in model.preparation.columns:
            value = row[table.features.index(column.name)]
            names = table.categories.get(column.name)
            cells.append("" if math.isnan(value) else repr(float(value)) if names is None else names[int(value)])
        lines.append(",".join([*cells, table.classes[int(y)] if table.classes else repr(float(y))]))
    return lines


def told(model: Model, table: Table) -> str:
    """What the program prints of a row."""
    answer = model.predict(table)[0]
    if not model.classes:
        return f"{answer:.17g}"
    return ",".join([answer, *(f"{p:.17g}" for p in model.predict_proba(table)[0])])


@pytest.fixture(scope="module")
def predict() -> Path:
    need("make", "cc")
    run("make", JOBS, "-C", LIBRARY, "BUILD=build", "build/examples/predict")
    return LIBRARY / "build" / "examples" / "predict"


CASES: dict[str, dict[str, Any]] = {
    "numbers that are missing": {"n_classes": 0, "is_numeric": True},
    "regression": {"n_classes": 0},
    "regression in float64": {"n_classes": 0, "precision": "float64"},
    "regression of what is projected": {"n_classes": 0, "n_features": 3},
    "two classes": {"n_classes": 2, "program": neural_network()},
    "two classes in float64": {"n_classes": 2, "program": neural_network(), "precision": "float64", "n_features": 4},
    "four classes": {"n_classes": 4, "program": softmax_regressor(0.1)},
    "more classes than features": {"n_classes": 4, "program": softmax_regressor(0.1), "n_features": 2},
    "random ops": {"n_classes": 0, "program": Program.parse(RANDOM_OPS)},
    "lost its way": {"n_classes": 2, "program": linear_regressor(1e30)},
}


@pytest.mark.filterwarnings("ignore:.*predictions are no numbers")
@pytest.mark.parametrize("name", CASES)
def test_the_same_bits(predict: Path, tmp_path: Path, name: str) -> None:
    case = CASES[name]
    table = table_of(case["n_classes"], is_numeric=case.get("is_numeric", False))
    half = np.arange(N // 2)
    prepared = Preparation.of(table.take(half), n_features=case.get("n_features"), seed=3)
    model = Model(
        case.get("program") or linear_regressor(0.01), prepared, seed=11, precision=case.get("precision", "float32")
    )
    model.learn(table.take(half), epochs=2)
    model.save(tmp_path / "model.amlz")
    rows = "".join(f"{line}\n" for line in lines_of(model, table))
    answers = subprocess.run(
        [predict, tmp_path / "model.amlz", "--learn"], input=rows, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    features, labels = prepared.features(table), prepared.labels(table)
    for i in range(N):
        assert answers[i] == told(model, table.take(np.array([i]))), i
        model.learner.learn(features[i], labels[i])
    assert len(answers) == N


def test_a_golden_model(predict: Path) -> None:
    model = Model.load(GOLDEN / "1.2-model.amlz")
    row = {"near 1000": [1001.5], "tiny": [None], "city": ["Oslo"]}
    found = subprocess.run(
        [predict, GOLDEN / "1.2-model.amlz"], input="1001.5,,Oslo\n", capture_output=True, text=True, check=True
    )
    assert found.stdout.rstrip("\n") == ",".join(
        [model.predict(row)[0], *(f"{p:.17g}" for p in model.predict_proba(row)[0])]
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1001.5,,\n1,x,Oslo\n", "row: it does not fit"),
        ("1001.5,\n", "row: it does not fit"),
        ("inf,,Oslo\n", "row: it does not fit"),
        ("1e300,,Oslo\n", "row: it does not fit"),
    ],
)
def test_rows_that_are_refused(predict: Path, rows: str, message: str) -> None:
    found = subprocess.run(
        [predict, GOLDEN / "1.2-model.amlz"], input=rows, capture_output=True, text=True, check=False
    )
    assert found.returncode == 1
    assert message in found.stderr
