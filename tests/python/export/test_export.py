"""Programs exported to Python, LaTeX and ONNX."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from samples import full_space, instruction_of

from pyamlz import Dims, InputError, Learner, MissingExtraError, Program
from pyamlz._lib.checks import Precision
from pyamlz.export import _latex as latex_module
from pyamlz.export import _python as python_module
from pyamlz.export import to_latex, to_onnx, to_python
from pyamlz.program import OPS, Type
from pyamlz.program.baselines import BASELINES, built_in

needs_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnx") is None or importlib.util.find_spec("onnxruntime") is None,
    reason="needs onnx and onnxruntime",
)
KINDS = [("regression", 0), ("binary", 0), ("multiclass", 3)]


SOFTMAX = Program.parse("""
def Predict():
  v2 = dot(m0, v0)
def Learn():
  s2 = 0.1
  v3 = v1 - v2
  v3 = s2 * v3
  m1 = outer(v3, v0)
  m0 = m0 + m1
""")


def loaded(text: str) -> Any:
    """The module of a text."""
    module = ModuleType("exported")
    exec(compile(text, "exported", "exec"), module.__dict__)
    return module


_FILL = """
def Setup():
  s2 = 0.5
  s3 = -1.5
  s4 = 0.25
  v2 = gaussian(-0.3, 0.9)
  v3 = gaussian(0.1, 1)
  v4 = gaussian(0.2, 0.9)
  m2 = gaussian(0.1, 0.7)
  m3 = gaussian(0.3, 1)
  m4 = gaussian(0, 1)
def Predict():
"""
_PREDICTION = {
    Type.SCALAR: ["s1 = abs(s2)"],
    Type.VECTOR: ["s1 = dot(v2, v0)"],
    Type.MATRIX: ["v5 = dot(m2, v0)", "s1 = dot(v5, v3)"],
}


def alone(op: Any) -> Program:
    """A program in which what is predicted is made of what one op makes of random numbers."""
    line = str(Program(setup=[replace(instruction_of(op), in1=4 if op.in1 else 0)])).splitlines()[1].strip()
    return Program.parse(_FILL + "\n".join([line, *_PREDICTION[op.out]]))


@pytest.mark.parametrize("table", [python_module.OPS | python_module._ELEMENTS, latex_module.OPS])
def test_each_op_is_there(table: dict[str, str]) -> None:
    assert {op.name for op in OPS} - set(table) == {"no_op"}


def deterministic(op: Any) -> bool:
    return not op.is_random and op.name != "no_op"


def with_memory(program: Program, dims: Dims) -> tuple[Learner, dict[str, Any]]:
    """A learner that keeps dead code, and what its memory has after Setup."""
    learner = Learner(program, dims, precision="float64", keep_dead_code=True, seed=3)
    names = [
        f"{letter}{i}"
        for letter, n in (("s", dims.n_scalars), ("v", dims.n_vectors), ("m", dims.n_matrices))
        for i in range(n)
    ]
    return learner, {name: learner.get(name) for name in names}


@pytest.mark.parametrize("op", [op for op in OPS if deterministic(op)], ids=lambda op: op.name)
def test_python_ops(op: Any) -> None:
    """Each op on the same memory gives the interpreter's numbers but for rounding."""
    program = alone(op)
    dims = program.dims(5)
    learner, memory = with_memory(program, dims)
    exported = loaded(to_python(program, dims, precision="float64")).Learner()
    for name, value in memory.items():
        if hasattr(exported, name):
            setattr(exported, name, np.float64(value) if name[0] == "s" else np.array(value))
    for x in np.random.default_rng(1).normal(size=(3, 5)):
        np.testing.assert_allclose(exported.predict(x), learner.predict(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kind", "n_classes"), KINDS)
@pytest.mark.parametrize("name", ["linear_regressor", "neural_network"])
def test_python_learns_as_the_interpreter_does(name: str, kind: Any, n_classes: int) -> None:
    program = SOFTMAX if kind == "multiclass" else built_in(name)
    dims = program.dims(4, kind, n_classes)
    rng = np.random.default_rng(2)
    X = rng.normal(size=(60, 4))
    y = {"regression": X @ rng.normal(size=4), "binary": (X.sum(1) > 0) * 1, "multiclass": rng.integers(0, 3, 60)}[kind]
    learner = Learner(program, dims, precision="float64", keep_dead_code=True)
    exported = loaded(to_python(program, dims, precision="float64")).Learner()
    for name_ in ("m0", "v6"):  # random weights of the network
        if hasattr(exported, name_):
            setattr(exported, name_, np.array(learner.get(name_)))
    for row, label in zip(X, y, strict=True):
        np.testing.assert_allclose(exported.learn(row, label), learner.learn(row, label), rtol=1e-9, atol=1e-12)
    for row in X:
        np.testing.assert_allclose(exported.predict(row), learner.predict(row), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", BASELINES)
def test_exported_python_runs_on_its_own(name: str) -> None:
    program = built_in(name)
    exported = loaded(to_python(program, program.dims(6, "binary"), name="Evolved"))
    learner = exported.Evolved()
    for x in np.random.default_rng(1).normal(size=(20, 6)):
        learner.learn(x, int(x[0] > 0))
        assert 0 <= learner.predict(x) <= 1
    assert "pyamlz" not in to_python(program, program.dims(6)).partition("import numpy")[2]


def test_random_python_programs_run() -> None:
    for seed in range(30):
        kind, n_classes = KINDS[seed % 3]
        dims = Dims(n_features=4, n_scalars=4, n_vectors=5, n_matrices=3, kind=kind, n_classes=n_classes)  # type: ignore[arg-type]
        learner = loaded(to_python(Program.random(full_space(dims), seed), dims)).Learner()
        learner.learn(np.ones(4), 1)
        learner.predict(np.ones(4))


def test_latex_by_hand() -> None:
    program = built_in("linear_regressor")
    assert to_latex(program, program.dims(4)) == (
        "\\begin{align*}\n"
        "&\\textbf{Setup} \\\\\n"
        "s_{2} &\\leftarrow 0.01 \\\\\n"
        "&\\textbf{Predict} \\\\\n"
        "\\hat{y} &\\leftarrow \\mathbf{x}^\\top \\mathbf{v}_{1} \\\\\n"
        "&\\textbf{Learn} \\\\\n"
        "s_{3} &\\leftarrow y - \\hat{y} \\\\\n"
        "s_{3} &\\leftarrow s_{3} \\, s_{2} \\\\\n"
        "\\mathbf{v}_{2} &\\leftarrow s_{3} \\, \\mathbf{x} \\\\\n"
        "\\mathbf{v}_{1} &\\leftarrow \\mathbf{v}_{1} + \\mathbf{v}_{2}\n"
        "\\end{align*}\n"
    )
    network = to_latex(built_in("rediscovered_network"), built_in("rediscovered_network").dims(4))
    assert r"\mathcal{N}(\mu=-1 \cdot 10^{-10}, \sigma=9 \cdot 10^{-9})" in network
    assert r"\max(\mathbf{0}, \mathbf{v}_{6})" in network


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_latex_has_balanced_braces(op: Any) -> None:
    text = to_latex(Program(predict=[instruction_of(op)]), Dims(n_features=4, n_scalars=4, n_vectors=4, n_matrices=4))
    assert text.count("{") == text.count("}")
    assert "{a}" not in text


# ---------------------------------------------------------------- ONNX


def predicted(model: bytes, X: Any) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"features": X.astype(np.float32)})[0]


@needs_onnx
@pytest.mark.parametrize("op", [op for op in OPS if deterministic(op)], ids=lambda op: op.name)
def test_onnx_ops(op: Any) -> None:
    program = alone(op)
    learner = Learner(program, program.dims(5), keep_dead_code=True, seed=3)
    X = np.random.default_rng(1).normal(size=(4, 5)).astype(np.float32)
    got = predicted(to_onnx(learner), X)
    assert got.shape == (4,)
    np.testing.assert_allclose(got, learner.predict(X), rtol=2e-5, atol=1e-6)


@needs_onnx
@pytest.mark.parametrize(("kind", "n_classes"), KINDS)
def test_onnx_predicts_what_was_learned(kind: Any, n_classes: int) -> None:
    program = SOFTMAX if kind == "multiclass" else built_in("neural_network")
    learner = Learner(program, program.dims(4, kind, n_classes), keep_dead_code=True)
    X = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)
    y = {"regression": np.abs(X).sum(1), "binary": (X[:, 0] * X[:, 1] > 0) * 1, "multiclass": X[:, :3].argmax(1)}[kind]
    learner.learn(X, y)
    model = to_onnx(learner)
    before = learner.predict(X)
    np.testing.assert_allclose(predicted(model, X), before, rtol=1e-4, atol=1e-5)
    learner.learn(X, y)
    assert np.abs(predicted(to_onnx(learner), X) - before).max() > 1e-3


@needs_onnx
def test_onnx_of_the_evolved_program_whose_predict_writes_what_it_read() -> None:
    program = built_in("evolved_linear_form")
    learner = Learner(program.simplified(program.dims(4, "binary")), program.dims(4, "binary"), keep_dead_code=True)
    X = np.random.default_rng(1).normal(size=(200, 4)).astype(np.float32)
    learner.learn(X, (X[:, 0] > 0) * 1)
    model = to_onnx(learner)
    np.testing.assert_allclose(predicted(model, X), learner.predict(X), rtol=1e-4, atol=1e-5)


@needs_onnx
def test_exporting_to_onnx_leaves_the_learner_as_it_was() -> None:
    program = built_in("evolved_linear_form")
    one, other = (Learner(program, program.dims(4, "binary"), keep_dead_code=True) for _ in range(2))
    X = np.random.default_rng(1).normal(size=(50, 4))
    for learner in (one, other):
        learner.learn(X, (X[:, 0] > 0) * 1)
    to_onnx(one)
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


@needs_onnx
def test_no_onnx_model_stands_for_a_program_that_draws_to_predict() -> None:
    program = Program.parse("def Predict():\n v1 = gaussian(0, 1)\n s1 = dot(v0, v1)\n")
    with pytest.raises(InputError, match="draws random numbers"):
        to_onnx(Learner(program, program.dims(4), keep_dead_code=True))


#: Predict adds to what learning left, which is 3 times the label and 5.
CARRIES = "def Predict():\n s3 = s3 + s2\n s1 = mean(v0)\n s1 = s1 + s3\ndef Learn():\n s2 = s0 + s0\n s3 = 5.0\n"


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_each_example_finds_what_learning_left(precision: Precision) -> None:
    """In the learner and in each language: s3 is 5 and s2 twice the label, so it is mean(x) + 5 + 2 y each time."""
    program = Program.parse(CARRIES)
    dims = program.dims(2)
    learner = Learner(program, dims, precision=precision, keep_dead_code=True)
    learner.learn([1.0, 3.0], 0.5)
    X = np.array([[1.0, 3.0], [0.0, 2.0], [1.0, 3.0]])
    np.testing.assert_array_equal(learner.predict(X), [8.0, 7.0, 8.0])
    np.testing.assert_array_equal(learner.predict(X, rows="in_turn"), [8.0, 8.0, 10.0])
    module: dict[str, Any] = {}
    exec(to_python(program, dims, precision=precision), module)  # what is exported is to be run
    exported = module["Learner"]()
    exported.learn([1.0, 3.0], 0.5)
    assert [exported.predict(x) for x in X] == [8.0, 7.0, 8.0]
    if precision == "float32" and importlib.util.find_spec("onnxruntime") is not None:
        np.testing.assert_array_equal(predicted(to_onnx(learner), X.astype(np.float32)), [8.0, 7.0, 8.0])


def test_a_learner_that_hides_its_memory() -> None:
    program = built_in("linear_regressor")
    if importlib.util.find_spec("onnx") is not None:
        with pytest.raises(InputError, match="keep_dead_code"):
            to_onnx(Learner(program, program.dims(4)))


def test_onnx_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    program = built_in("linear_regressor")
    with pytest.raises(MissingExtraError, match="onnx is missing or too old: pip install 'onnx>="):
        to_onnx(Learner(program, program.dims(4), keep_dead_code=True))
