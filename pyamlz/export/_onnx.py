"""ONNX: what a learner predicts with what it has learned so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import checked_type
from pyamlz._lib.errors import InputError
from pyamlz._lib.extras import imported
from pyamlz._lib.version import VERSION
from pyamlz.program import Address, Code, LiveInstruction, Type, live_code
from pyamlz.search import Learner

__all__ = ["to_onnx"]

_OPSET = 17
_IR_VERSION = 8  # the one that came with this opset


def to_onnx(learner: Learner) -> bytes:
    """The learner's Predict, with its memory as it is, as an ONNX model for any number of examples at once.

    >>> from pyamlz import Learner
    >>> from pyamlz.program import baselines
    >>> program = baselines.linear_regressor()
    >>> learner = Learner(program, program.dims(4), keep_dead_code=True)
    >>> model = to_onnx(learner)  # doctest: +SKIP

    The input is "features", (N, F); the output "prediction", (N,), for "binary" the "probability" of class 1, (N,), and
    for "multiclass" "probabilities", (N, C). The model predicts as the learner does but for rounding. It does not
    learn: for that there is :func:`pyamlz.export.to_c`.

    Args:
        learner: what was trained, made with ``keep_dead_code=True`` so that its memory can be looked at.

    Raises:
        MissingExtraError: the package onnx is not installed.
        InputError: the learner hides its memory, or its Predict draws random numbers, so that no function of the
            features alone stands for it.
    """
    checked_type("learner", learner, Learner)
    onnx = imported("onnx", "onnx")
    graph = graph_of(learner)
    dims, info = learner.dims, onnx.helper.make_tensor_value_info
    name = {"regression": "prediction", "binary": "probability", "multiclass": "probabilities"}[dims.kind]
    shape = ["N", dims.n_classes] if dims.kind == "multiclass" else ["N"]
    inputs = [info("features", graph.real, ["N", dims.n_features])]
    model = graph.model(inputs, {name: (graph.answers("features"), info(name, graph.real, shape))})
    return bytes(model.SerializeToString())


def graph_of(learner: Learner) -> Graph:
    """The graph of what the learner predicts, with its memory as it is; raises as :func:`to_onnx` does."""
    onnx = imported("onnx", "onnx")
    code = live_code(learner.program, learner.dims)
    if any(line.op.is_random for line in code.lines["predict"]):
        raise InputError("learner: its Predict draws random numbers, so that no ONNX model can predict the same")
    memory = {x: np.asarray(learner.get(str(x)), learner.precision) for x in code.kept}
    return Graph(onnx, code, np.dtype(learner.precision), memory)


# An op in terms of ONNX's, on scalars (N, 1, 1), vectors (N, 1, F) and matrices (N, F, F), N being 1 for what does not
# depend on the features. Each calls g(type, inputs, attributes).
_Maker = Callable[["Graph", list[str], LiveInstruction], str]

_WHOLE: Final = [1, 2]


def _simple(name: str) -> _Maker:
    return lambda g, x, _: g.node(name, *x)


def _where(test: str) -> _Maker:
    """The first where the test holds, else the second."""
    return lambda g, x, _: g.node("Where", g.node(test, x[0], x[1]), x[0], x[1])


def _step(test: str) -> _Maker:
    return lambda g, x, _: g.node("Cast", g.node(test, x[0], g.number(0.0)), to=g.real)


def _column(g: Graph, x: str) -> str:
    return g.node("Transpose", x, perm=[0, 2, 1])


def _reduce(name: str, axes: list[int]) -> _Maker:
    return lambda g, x, _: g.node(name, x[0], axes=axes, keepdims=1)


def _std(axes: list[int]) -> _Maker:
    def make(g: Graph, x: list[str], _: LiveInstruction) -> str:
        deviation = g.node("Sub", x[0], g.node("ReduceMean", x[0], axes=axes, keepdims=1))
        return g.node("Sqrt", g.node("ReduceMean", g.node("Mul", deviation, deviation), axes=axes, keepdims=1))

    return make


def _by_row(maker: _Maker) -> _Maker:
    return lambda g, x, line: _column(g, maker(g, x, line))


def _element(g: Graph, x: list[str], line: LiveInstruction) -> str:
    """The old value, but for one place."""
    width = g.code.dims.n_features
    mask = np.zeros((1, 1 if line.out.type is Type.VECTOR else width, width), bool)
    *place, value = line.constants
    mask.reshape(-1)[int(np.ravel_multi_index([int(i) for i in place], mask.shape[-len(place) :]))] = True
    return g.node("Where", g.constant(mask), g.number(value), g.read(line.out))


_KINDS: Final = ("scalar", "vector", "matrix")

MAKERS: Final[dict[str, _Maker]] = {
    **{f"{kind}_sum": _simple("Add") for kind in _KINDS},
    **{f"{kind}_difference": _simple("Sub") for kind in _KINDS},
    **{f"{kind}_product": _simple("Mul") for kind in (*_KINDS, "scalar_vector", "scalar_matrix")},
    **{f"{kind}_division": _simple("Div") for kind in _KINDS},
    **{f"{kind}_abs": _simple("Abs") for kind in _KINDS},
    **{f"{kind}_reciprocal": lambda g, x, _: g.node("Div", g.number(1.0), x[0]) for kind in _KINDS},
    **{f"scalar_{name}": _simple(name.capitalize()) for name in ("sin", "cos", "tan", "exp", "log")},
    **{f"scalar_arc{name}": _simple(f"A{name}") for name in ("sin", "cos", "tan")},
    "scalar_heaviside": _step("GreaterOrEqual"),
    "vector_heaviside": _step("Greater"),
    "matrix_heaviside": _step("Greater"),
    "scalar_minimum": lambda g, x, _: g.node("Where", g.node("Less", x[1], x[0]), x[1], x[0]),
    "scalar_maximum": lambda g, x, _: g.node("Where", g.node("Less", x[0], x[1]), x[1], x[0]),
    "vector_minimum": _where("Less"),
    "matrix_minimum": _where("Less"),
    "vector_maximum": _where("Greater"),
    "matrix_maximum": _where("Greater"),
    "vector_fill": lambda g, x, _: g.node("Mul", x[0], g.ones(1, 1, g.code.dims.n_features)),
    "vector_norm": _reduce("ReduceL2", _WHOLE),
    "matrix_norm": _reduce("ReduceL2", _WHOLE),
    "vector_mean": _reduce("ReduceMean", _WHOLE),
    "matrix_mean": _reduce("ReduceMean", _WHOLE),
    "vector_std": _std(_WHOLE),
    "matrix_std": _std(_WHOLE),
    "dot_product": lambda g, x, _: g.node("MatMul", x[0], _column(g, x[1])),
    "outer_product": lambda g, x, _: g.node("Mul", _column(g, x[0]), x[1]),
    "matrix_vector_product": lambda g, x, _: g.node("MatMul", x[1], _column(g, x[0])),
    "matrix_multiply": _simple("MatMul"),
    "matrix_transpose": lambda g, x, _: _column(g, x[0]),
    "column_broadcast": lambda g, x, _: g.node("Mul", _column(g, x[0]), g.ones(1, 1, g.code.dims.n_features)),
    "row_broadcast": lambda g, x, _: g.node("Mul", x[0], g.ones(1, g.code.dims.n_features, 1)),
    "column_norm": _reduce("ReduceL2", [1]),
    "row_norm": _by_row(_reduce("ReduceL2", [2])),
    "row_mean": _by_row(_reduce("ReduceMean", [2])),
    "row_std": _by_row(_std([2])),
    "scalar_constant": lambda g, x, line: g.number(line.constants[0]),
    "vector_element": _element,
    "matrix_element": _element,
}


class Graph:
    """An ONNX graph in the making."""

    def __init__(self, onnx: Any, code: Code, dtype: np.dtype[Any], memory: dict[Address, npt.NDArray[Any]]) -> None:
        self.onnx: Any = onnx
        self.code: Code = code
        self.dtype, self.memory = dtype, memory
        self.real = onnx.helper.np_dtype_to_tensor_dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.values: dict[Address, str] = {}  # what addresses hold

    def answers(self, features: str) -> str:
        """What is predicted of the features, (N, F): (N,), or (N, C)."""
        dims = self.code.dims
        x = self.node("Unsqueeze", features, self.integers(1))
        self.values[dims.features] = x
        for line in self.code.lines["predict"]:
            if line.op.name != "no_op":
                inputs = [self.read(x) for x in line.inputs]
                self.values[line.out] = MAKERS[line.op.name](self, inputs, line)
        # A prediction that does not depend on the features gets their number by adding zeros.
        zeros = self.node("Mul", self._finite(x), self.number(0.0))
        nothing = self.node("ReduceSum", zeros, self.integers(1, 2), keepdims=1)
        prediction = self.node("Add", self.read(dims.prediction), nothing)
        if dims.kind == "multiclass":
            ends = [self.integers(i) for i in (0, dims.n_classes, 2)]
            chosen = self.node("Squeeze", self.node("Slice", prediction, *ends), self.integers(1))
            return self.node("Softmax", chosen, axis=1)
        last = self.node("Sigmoid", prediction) if dims.kind == "binary" else prediction
        return self.node("Squeeze", last, self.integers(1, 2))

    def model(self, inputs: list[Any], outputs: dict[str, tuple[str, Any]], **properties: str) -> Any:
        """The whole model.

        Args:
            inputs: what they are, from `value_info`.
            outputs: by name, what they are made of, and what they are.
            properties: texts that go with the model.
        """
        helper = self.onnx.helper
        for name, (value, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        graph = helper.make_graph(
            self.nodes,
            "predict",
            inputs,
            [what for _, what in outputs.values()],
            [self.onnx.numpy_helper.from_array(value, key) for key, value in self.constants.items()],
            doc_string=str(self.code.program),
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="pyamlz",
            producer_version=VERSION,
        )
        if properties:
            helper.set_model_props(model, properties)
        self.onnx.checker.check_model(model)
        return model

    def integers(self, *values: int) -> str:
        """A list of integers."""
        return self.constant(np.array(values, np.int64))

    def _finite(self, x: str) -> str:
        """The same numbers, but 0 for NaN and infinities, of which 0 times is not 0."""
        return self.node("Where", self.node("Equal", self.node("Sub", x, x), self.number(0.0)), x, self.number(0.0))

    def node(self, name: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node; the name of its output."""
        output = f"x{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(name, list(inputs), [output], **attributes))
        return output

    def constant(self, value: npt.NDArray[Any]) -> str:
        """The name of a constant, made once."""
        for name, known in self.constants.items():
            if known.dtype == value.dtype and known.shape == value.shape and known.tobytes() == value.tobytes():
                return name
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def number(self, value: float) -> str:
        """A scalar."""
        return self.constant(np.full((1, 1, 1), value, self.dtype))

    def ones(self, *shape: int) -> str:
        """An array of ones."""
        return self.constant(np.ones(shape, self.dtype))

    def read(self, x: Address) -> str:
        """What an address holds: what Predict wrote, or what memory has."""
        if x not in self.values:
            width = self.code.dims.n_features
            shape = {Type.SCALAR: (1, 1, 1), Type.VECTOR: (1, 1, width), Type.MATRIX: (1, width, width)}[x.type]
            memory = self.memory.get(x, np.zeros(shape, self.dtype))  # labels too are zero while Predict runs
            self.values[x] = self.constant(memory.astype(self.dtype).reshape(shape))
        return self.values[x]
