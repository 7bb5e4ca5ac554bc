"""Models in other languages: from the columns of a table to answers, as the model itself gives them; and they go on."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import COMPILERS, run

from pyamlz.export import model_to_c, model_to_onnx, model_to_python
from pyamlz.program import Program
from pyamlz.program.baselines import linear_regressor, neural_network, softmax_regressor
from pyamlz.search import Model
from pyamlz.tasks import Preparation, Table

COLOURS = ("blue", "green", "réd")
NAMES = ("learner_age", 'b"c\\', "REAL math_x", "colour")  # some that mean something in the header
RANDOM = np.random.default_rng(5)
N = 240


def examples(kind: str) -> Table:
    """A table with numbers of all sizes, categories, and values that are missing."""
    X = RANDOM.normal(size=(N, 4)) * [1, 1000, 0.002, 1] + [0, 5000, 0, 0]
    X[:, 3] = RANDOM.integers(0, 3, N)
    signal = X[:, 0] + (X[:, 3] == 1)
    X[RANDOM.random(N) < 0.1, 1] = np.nan
    X[RANDOM.random(N) < 0.1, 3] = np.nan
    categories = {"colour": COLOURS}
    if kind == "regression":
        return Table(X, 1e4 + 300 * signal, (), NAMES, categories=categories)
    classes = ("no", "yes", 'per"haps')[: 2 if kind == "binary" else 3]
    y = np.digitize(signal, [0.5] if kind == "binary" else [-0.2, 0.8]).astype(float)
    return Table(X, y, classes, NAMES, categories=categories)


def model_of(kind: str, n_features: int | None = None, program: Program | None = None) -> tuple[Model, Table]:
    table = examples(kind)
    own = {"regression": linear_regressor(0.01), "binary": neural_network(), "multiclass": softmax_regressor(0.1)}
    model = Model(program or own[kind], Preparation.of(table, n_features=n_features, seed=3), seed=4)
    model.learn(table.take(np.arange(N // 2)), epochs=3)
    return model, table


MODELS = [("regression", None), ("regression", 2), ("binary", None), ("binary", 3), ("multiclass", None)]


def places(model: Model, table: Table) -> Any:
    """Rows as C and ONNX want them: categories by their place in the model's."""
    own = model.preparation.columns[3].categories
    X = table.X.copy()
    X[:, 3] = [np.nan if np.isnan(v) else own.index(COLOURS[int(v)]) if COLOURS[int(v)] in own else -1 for v in X[:, 3]]
    return X


@pytest.mark.parametrize("kind", ["regression", "multiclass"])
def test_rows_are_what_exports_take(kind: str) -> None:
    model, table = model_of(kind)
    np.testing.assert_array_equal(model.preparation.rows(table), places(model, table))
    shuffled = Table(table.X[:, ::-1], table.y, table.classes, NAMES[::-1], categories={"colour": COLOURS})
    np.testing.assert_array_equal(model.preparation.rows(shuffled), places(model, table))


def rows_of(table: Table) -> list[list[Any]]:
    """Rows as they are in the table."""
    return [
        [None if np.isnan(v) else COLOURS[int(v)] if i == 3 else float(v) for i, v in enumerate(row)] for row in table.X
    ]


def expected(model: Model, table: Table) -> Any:
    """Answers as numbers: classes by their place."""
    answers = model.predict(table)
    return answers if not model.classes else np.array([model.classes.index(answer) for answer in answers])


def c_row(row: Any) -> str:
    return "{" + ", ".join("NAN" if np.isnan(v) else repr(float(v)) for v in row) + "}"


@pytest.mark.parametrize(("kind", "n_features"), MODELS)
def test_c(kind: str, n_features: int | None, tmp_path: Path) -> None:
    """The answers of the model; and after a table more has been learned in both, those too."""
    model, table = model_of(kind, n_features)
    more = table.take(np.arange(N // 2, N))
    answer = "m_answer(&state, x[i], NULL)" if kind == "multiclass" else "m_answer(&state, x[i])"
    label = "double" if kind == "regression" else "int"
    code = f"""
#include <stdio.h>
#include "m.h"
static const double x[{N}][M_COLUMNS] = {{{", ".join(map(c_row, places(model, table)))}}};
static const {label} y[{N}] = {{{", ".join(repr(float(v)) if kind == "regression" else str(int(v)) for v in table.y)}}};
int main(void)
{{
    m_state state;
    m_load(&state);
    for (int i = 0; i < {N}; i++) {{
        printf("%.17g\\n", (double){answer});
    }}
    for (int i = {N // 2}; i < {N}; i++) {{
        m_learn_answer(&state, x[i], y[i]);
    }}
    for (int i = 0; i < {N}; i++) {{
        printf("%.17g\\n", (double){answer});
    }}
    return m_self_test(&state);
}}
"""
    (tmp_path / "m.h").write_text(model_to_c(model, name="m"), "utf-8")
    got = np.array([float(line) for line in run(tmp_path, code, COMPILERS[0], "-O2").split()])
    np.testing.assert_allclose(got[:N], expected(model, table), rtol=1e-12)
    model.learner.learn(model.preparation.features(more), model.preparation.labels(more))
    np.testing.assert_allclose(got[N:], expected(model, table), rtol=1e-12)


def test_names_come_out_as_they_went_in(tmp_path: Path) -> None:
    model, _ = model_of("multiclass")
    code = """
#include <stdio.h>
#include "m.h"
int main(void)
{
    for (int i = 0; i < M_COLUMNS; i++) {
        printf("%s\\n", m_column_names[i]);
    }
    for (int i = 0; i < M_CLASSES; i++) {
        printf("%s\\n", m_class_names[i]);
    }
    for (int i = 0; i < 3; i++) {
        printf("%s\\n", m_category_names[3][i]);
    }
    return m_category_names[0] != NULL;
}
"""
    (tmp_path / "m.h").write_text(model_to_c(model, name="m"), "utf-8")
    assert run(tmp_path, code, COMPILERS[0]).splitlines() == [*NAMES, *model.classes, *COLOURS]


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
def test_the_header_is_c_plus_plus_too(kind: str, tmp_path: Path) -> None:
    compiler = next((c for c in ("g++", "clang++", "c++") if subprocess.call(["which", c], stdout=-3) == 0), None)
    if compiler is None:
        pytest.skip("needs a C++ compiler")
    (tmp_path / "m.h").write_text(model_to_c(model_of(kind)[0], name="m"), "utf-8")
    (tmp_path / "m.cpp").write_text('#include "m.h"\nint main() { m_state s; m_load(&s); return m_self_test(&s); }\n')
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o", "m", "m.cpp"]
    done = subprocess.run([compiler, *flags], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert subprocess.call([tmp_path / "m"]) == 0


@pytest.mark.parametrize(("kind", "n_features"), MODELS)
def test_python(kind: str, n_features: int | None) -> None:
    model, table = model_of(kind, n_features)
    module: dict[str, Any] = {}
    exec(model_to_python(model, name="Own"), module)
    own = module["Own"]()
    rows, answers = rows_of(table), model.predict(table)
    by_name = [dict(zip(NAMES, row, strict=True)) for row in rows]
    assert own.predict(rows[:9]) == own.predict(by_name[:9])
    if kind == "regression":
        np.testing.assert_allclose(own.predict(rows), answers, rtol=1e-6)
    else:
        assert own.predict(rows) == list(answers)
        np.testing.assert_allclose(own.predict_proba(rows), model.predict_proba(table), atol=1e-5)
    own.learn(rows[N // 2 :], [model.classes[int(y)] if model.classes else y for y in table.y[N // 2 :]])
    more = table.take(np.arange(N // 2, N))
    model.learner.learn(model.preparation.features(more), model.preparation.labels(more))
    if kind == "regression":
        np.testing.assert_allclose(own.predict(rows), model.predict(table), rtol=1e-6)
    else:
        np.testing.assert_allclose(own.predict_proba(rows), model.predict_proba(table), atol=1e-4)


@pytest.mark.parametrize(("kind", "n_features"), MODELS)
def test_onnx(kind: str, n_features: int | None) -> None:
    if any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")):
        pytest.skip("needs onnx and onnxruntime")
    import onnxruntime

    model, table = model_of(kind, n_features)
    session = onnxruntime.InferenceSession(model_to_onnx(model), providers=["CPUExecutionProvider"])
    found = dict(
        zip(
            [output.name for output in session.get_outputs()],
            session.run(None, {"rows": places(model, table)}),
            strict=True,
        )
    )
    if kind == "regression":
        np.testing.assert_allclose(found["answer"], model.predict(table), rtol=1e-6)
    else:
        np.testing.assert_array_equal(found["class"], expected(model, table))
        np.testing.assert_allclose(found["probabilities"], model.predict_proba(table), atol=1e-5)
    assert session.get_modelmeta().custom_metadata_map["target"] == "y"


def test_a_program_that_draws_goes_on_drawing_the_same(tmp_path: Path) -> None:
    """Noise in Learn: what is drawn next depends on how often it was."""
    program = Program.parse(
        "def Setup():\n s2 = 0.01\ndef Predict():\n s1 = dot(v0, v1)\n"
        "def Learn():\n s3 = s0 - s1\n s3 = s3 * s2\n v3 = gaussian(0, 0.1)\n v2 = v0 + v3\n"
        " v2 = s3 * v2\n v1 = v1 + v2\n"
    )
    model, table = model_of("regression", None, program)
    code = f"""
#include <stdio.h>
#include "m.h"
static const double x[2][M_COLUMNS] = {{{", ".join(map(c_row, places(model, table)[:2]))}}};
int main(void)
{{
    m_state state;
    m_load(&state);
    m_learn_answer(&state, x[0], {float(table.y[0])!r});
    printf("%.17g\\n", m_answer(&state, x[1]));
    return 0;
}}
"""
    (tmp_path / "m.h").write_text(model_to_c(model, name="m"), "utf-8")
    got = float(run(tmp_path, code, COMPILERS[0]))
    model.learner.learn(*(part[0] for part in (model.preparation.features(table), model.preparation.labels(table))))
    assert got == model.predict(table.take(np.array([1])))[0]
