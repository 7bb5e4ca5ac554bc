"""Memory, function spaces and search spaces: what is refused, and what is said then."""

import dataclasses
import math

import numpy as np
import pytest
from samples import ALL_OPS, linear_space, linear_tasks

from pyamlz import (
    Dims,
    Evaluator,
    FunctionSpace,
    InputError,
    Learner,
    Program,
    Search,
    SearchSpace,
    linear_regressor,
    tasks,
)
from pyamlz.lab import tuned
from pyamlz.program import OPS, find_op


class TestDims:
    @pytest.mark.parametrize(
        ("name", "value", "wanted"),
        [
            ("n_features", 0, "from 1 to 65536"),
            ("n_features", 65537, "from 1 to 65536"),
            ("n_scalars", 1, "from 2 to 256"),
            ("n_scalars", 257, "from 2 to 256"),
            ("n_vectors", 0, "from 1 to 256"),
            ("n_matrices", -1, "from 0 to 256"),
            ("n_matrices", 2.0, "expected an integer"),
            ("n_features", "4", "expected an integer"),
            ("n_features", True, "expected an integer"),
            ("kind", "ranking", "regression, binary, multiclass"),
            ("n_classes", 2, "n_classes must be 0 without vector labels"),
        ],
    )
    def test_out_of_range_are_refused_by_name(self, name, value, wanted):
        with pytest.raises(InputError, match=f"{name}.*{wanted}|{wanted}"):
            Dims(**{"n_features": 4, name: value})

    def test_of_vector_labels_need_their_vectors_and_classes(self):
        Dims(n_features=4, n_vectors=3, kind="multiclass", n_classes=4)
        with pytest.raises(InputError, match="n_vectors must be 3 or more"):
            Dims(n_features=4, n_vectors=2, kind="multiclass", n_classes=4)
        with pytest.raises(InputError, match="n_classes must be from 2 to n_features"):
            Dims(n_features=4, n_vectors=3, kind="multiclass", n_classes=5)

    def test_follow_the_tasks(self):
        dims = Dims.of(linear_tasks(n_features=6), n_scalars=4, n_vectors=3, n_matrices=1)
        assert (dims.n_features, dims.kind, dims.n_classes) == (6, "regression", 0)
        labels = [0, 1, 2] * 4
        classes = tasks.from_arrays([[i, i * i, 1.0] for i in range(12)], labels, kind="multiclass")
        dims = Dims.of(classes, n_scalars=4, n_vectors=3, n_matrices=1)
        assert (dims.n_features, dims.kind, dims.n_classes) == (3, "multiclass", 3)
        binary = tasks.from_arrays([[i, i * i, 1.0] for i in range(12)], [0, 1] * 6, kind="binary")
        assert Dims.of(binary, n_scalars=2, n_vectors=1, n_matrices=0).n_classes == 0

    @pytest.mark.parametrize(
        ("kind", "label", "prediction"),
        [("regression", "s0", "s1"), ("binary", "s0", "s1"), ("multiclass", "v1", "v2")],
    )
    def test_tell_where_an_example_is_put(self, kind, label, prediction):
        classes = 2 if kind == "multiclass" else 0
        dims = Dims(n_features=4, n_vectors=3, kind=kind, n_classes=classes)
        assert [str(x) for x in (dims.features, dims.label, dims.prediction)] == ["v0", label, prediction]
        learner = Learner(Program(), dims, keep_dead_code=True)
        learner.set(str(dims.prediction), 1.0 if kind != "multiclass" else [1.0, 2.0, 3.0, 4.0])
        learner.learn([1.0, 2.0, 3.0, 4.0], 1.0)
        assert list(learner.get("v0")) == [1.0, 2.0, 3.0, 4.0]
        one_hot = [0.0, 1.0, 0.0, 0.0]
        assert np.array_equal(learner.get(label), 1.0 if kind != "multiclass" else one_hot)
        softmax = [1 / (1 + math.e), math.e / (1 + math.e), 3.0, 4.0]  # of the two classes
        seen = {"regression": 1.0, "binary": 1 / (1 + math.exp(-1)), "multiclass": softmax}[kind]
        assert np.allclose(learner.get(prediction), seen, atol=1e-6)

    def test_are_values(self):
        assert Dims(n_features=4) == Dims(n_features=4)
        with pytest.raises(dataclasses.FrozenInstanceError):
            Dims(n_features=4).n_features = 5


class TestFunctionSpace:
    def test_takes_names_and_ids_and_holds_names(self):
        space = FunctionSpace([27, "vector_sum", find_op("no_op")])
        assert space.ops == ("dot_product", "vector_sum", "no_op")

    def test_sizes(self):
        assert FunctionSpace.fixed(3, ["no_op"]) == FunctionSpace(["no_op"], 3, 3, 3)
        assert FunctionSpace(["no_op"], 2, 5).init_size == 2
        assert FunctionSpace().max_size == 64

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"ops": ["dot_prodct"]}, "ops: unknown op 'dot_prodct'; did you mean 'dot_product'"),
            ({"ops": [len(OPS)]}, "ops: unknown op"),
            ({"ops": [True]}, "ops: unknown op True"),
            ({"ops": "dot_product"}, "ops: expected a list"),
            ({"ops": ["no_op", 0]}, "ops: 'no_op' is named twice"),
            ({"max_size": 65}, "max_size: expected an integer from 0 to 64, got 65"),
            ({"min_size": 3, "max_size": 2}, "min_size: expected an integer from 0 to 2, got 3"),
            ({"max_size": 2, "init_size": 3}, "init_size: expected an integer from 0 to 2, got 3"),
            ({"min_size": 2, "init_size": 1}, "init_size: expected an integer from 2 to 64, got 1"),
        ],
    )
    def test_refuses_what_cannot_be(self, arguments, message):
        with pytest.raises(InputError, match=message):
            FunctionSpace(**arguments)


class TestSearchSpace:
    def test_takes_every_op_where_there_is_memory_for_it(self):
        dims = Dims(n_features=4, n_scalars=2, n_vectors=2, n_matrices=1)
        for op in ALL_OPS:
            SearchSpace(dims, learn=FunctionSpace([op]))

    @pytest.mark.parametrize("function", ["setup", "predict", "learn"])
    def test_names_the_function_whose_ops_have_no_operands(self, function):
        no_matrix = Dims(n_features=4, n_scalars=2, n_vectors=2)
        with pytest.raises(InputError, match=rf"^{function}: ops must have operands"):
            SearchSpace(no_matrix, **{function: FunctionSpace(["matrix_sum"])})
        only_features = Dims(n_features=4)
        with pytest.raises(InputError, match=rf"^{function}: ops must have operands"):
            SearchSpace(only_features, **{function: FunctionSpace(["vector_sum"])})

    def test_tells_the_space_of_a_function(self):
        learn = FunctionSpace.fixed(2, ["scalar_sum"])
        space = SearchSpace(Dims(n_features=4), learn=learn)
        assert space.function("learn") == learn
        assert space.function("setup") == FunctionSpace()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SearchSpace(4), "dims: expected a Dims, got int"),
        (lambda: SearchSpace(Dims(n_features=4), setup=["dot_product"]), "setup: expected a FunctionSpace, got list"),
        (lambda: FunctionSpace(3), "ops: expected a list of names or ids, got 3"),
        (lambda: Dims.of(3, n_scalars=2, n_vectors=1, n_matrices=0), "tasks: expected a TaskSet, got int"),
        (lambda: linear_regressor().check(4), "dims: expected a Dims, got int"),
        (lambda: linear_regressor().live(None), "dims: expected a Dims, got NoneType"),
        (lambda: linear_regressor().key("x"), "dims: expected a Dims, got str"),
        (lambda: Evaluator(linear_tasks()).evaluate("x"), "program: expected a Program, got str"),
        (lambda: Evaluator(linear_tasks()).probe(None), "program: expected a Program, got NoneType"),
        (lambda: Evaluator("x"), "tasks: expected"),
        (lambda: Learner(3, Dims(n_features=4)), "program: expected a Program, got int"),
        (lambda: Learner(linear_regressor(), 3), "dims: expected a Dims, got int"),
        (lambda: tuned("x", Evaluator(linear_tasks())), "name: expected one of"),
        (lambda: tuned("linear_regressor", 3), "evaluator: expected an Evaluator, got int"),
        (lambda: search().run(callbacks=[3], max_evaluations=1), "callbacks: expected functions"),
        (lambda: search().run(callbacks=3), "callbacks: expected functions"),
        (lambda: Search(linear_tasks(), 3, seed=1), "space: expected a SearchSpace, got int"),
    ],
)
def test_values_of_other_types_are_refused_by_name(call, message):
    with pytest.raises(InputError, match=f"^{message}"):
        call()


def search() -> Search:
    tasks = linear_tasks()
    return Search(tasks, linear_space(tasks), seed=1)
