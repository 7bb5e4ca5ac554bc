"""ONNX: what a model that was fitted to a table answers, from the table's columns."""

from __future__ import annotations

import json

import numpy as np
import numpy.typing as npt

from pyamlz._lib.checks import checked_type
from pyamlz._lib.extras import imported
from pyamlz.export._onnx import Graph, graph_of
from pyamlz.search import Model
from pyamlz.tasks import Preparation
from pyamlz.tasks._preparation import Column, projection_matrix

__all__ = ["model_to_onnx"]


def model_to_onnx(model: Model) -> bytes:
    """The model as it is, for any number of rows at once, as an ONNX model. It answers as the model does, but for
    rounding; it does not learn.

    The input is "rows", (N, K) in float64, with the columns as they are in the table: NaN where something is missing,
    for a column of categories a place in its categories, -1 for another. Outputs are "answer", (N,), in the units of
    the table; or "class", (N,), a place among the classes, and "probabilities", (N, C). Names of columns, categories
    and classes are JSON in the model's metadata.

    Args:
        model: what was fitted.

    Raises:
        MissingExtraError: the package onnx is not installed.
        InputError: the program's Predict draws random numbers.
    """
    checked_type("model", model, Model)
    onnx = imported("onnx", "onnx")
    prepared = model.preparation
    graph = graph_of(model.learner)
    double, integer, info = onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64, onnx.helper.make_tensor_value_info
    made = graph.node("Cast", graph.answers(_features(graph, prepared)), to=double)
    if not prepared.classes:
        scaled = graph.node("Mul", made, _double(graph, prepared.label_deviation))
        outputs = {
            "answer": (graph.node("Add", scaled, _double(graph, prepared.label_mean)), info("answer", double, ["N"]))
        }
    else:
        if prepared.kind == "binary":
            of_second = graph.node("Unsqueeze", made, graph.integers(1))
            of_first = graph.node("Sub", _double(graph, 1.0), of_second)
            made = graph.node("Concat", of_first, of_second, axis=1)
        finite = graph.node("Where", graph.node("IsNaN", made), _double(graph, 0.0), made)
        n = len(prepared.classes)
        outputs = {
            "class": (graph.node("ArgMax", finite, axis=1, keepdims=0), info("class", integer, ["N"])),
            "probabilities": (made, info("probabilities", double, ["N", n])),
        }
    properties = {
        "columns": json.dumps([column.name for column in prepared.columns]),
        "categories": json.dumps({column.name: column.categories for column in prepared.columns if column.categories}),
        "target": prepared.target,
        "classes": json.dumps(prepared.classes),
    }
    whole = graph.model([info("rows", double, ["N", len(prepared.columns)])], outputs, **properties)
    return bytes(whole.SerializeToString())


def _features(g: Graph, prepared: Preparation) -> str:
    """What the program sees of rows, (N, F)."""
    coded: list[str] = []
    for place, column in enumerate(prepared.columns):
        coded += _coded(g, g.node("Gather", "rows", g.integers(place), axis=1), column)
    scaled = _scaled(g, g.node("Concat", *coded, axis=1), prepared.mean, prepared.deviation)
    if prepared.n_projected:
        matrix = projection_matrix(prepared.projection_seed, prepared.n_projected, len(prepared.mean))
        narrow = g.node("MatMul", scaled, g.constant(np.ascontiguousarray(matrix.T)))
        scaled = _scaled(g, narrow, prepared.projected_mean, prepared.projected_deviation)
    if prepared.n_padding:
        scaled = g.node("Pad", scaled, g.integers(0, 0, 0, prepared.n_padding))
    return g.node("Cast", scaled, to=g.real)


def _coded(g: Graph, x: str, column: Column) -> list[str]:
    """A column's features, (N, 1) each."""
    missing = g.node("IsNaN", x)
    made = []
    if column.kind == "number":
        made.append(g.node("Where", missing, _double(g, column.fill), x))
    else:
        marks = [g.node("Equal", x, _double(g, place)) for place in range(len(column.categories))]
        made += [_number(g, mark) for mark in marks]
        if column.has_other:
            known = missing
            for mark in marks:
                known = g.node("Or", known, mark)
            made.append(_number(g, g.node("Not", known)))
    return [*made, _number(g, missing)] if column.marks_missing else made


def _scaled(g: Graph, x: str, mean: tuple[float, ...], deviation: tuple[float, ...]) -> str:
    centred = g.node("Sub", x, g.constant(np.array([mean])))
    return g.node("Div", centred, g.constant(np.array([deviation])))


def _number(g: Graph, mark: str) -> str:
    return g.node("Cast", mark, to=g.onnx.TensorProto.DOUBLE)


def _double(g: Graph, value: float) -> str:
    number: npt.NDArray[np.float64] = np.array([value], np.float64)
    return g.constant(number)
