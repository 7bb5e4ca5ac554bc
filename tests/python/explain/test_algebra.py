"""Data flow and the algebra of values, against numbers."""

from collections.abc import Callable

import numpy as np
import pytest
from samples import random_programs

from pyamlz import Dims, FunctionSpace, Program, SearchSpace
from pyamlz.explain import Dataflow, Line, dataflow
from pyamlz.explain._algebra import Algebra, Poly, Product
from pyamlz.explain._dataflow import Source
from pyamlz.program import Type, baselines

F = 3
DIMS = Dims(n_features=F, n_scalars=5, n_vectors=5, n_matrices=4)

NUMPY: dict[str, Callable[..., np.ndarray]] = {
    **{f"{kind}_sum": np.add for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_difference": np.subtract for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_product": np.multiply for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_reciprocal": lambda a: 1 / a for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_division": np.divide for kind in ("scalar", "vector", "matrix")},
    **{f"{kind}_maximum": np.maximum for kind in ("scalar", "vector", "matrix")},
    "scalar_vector_product": np.multiply,
    "scalar_matrix_product": np.multiply,
    "scalar_sin": np.sin,
    "vector_fill": lambda a: np.full(F, a),
    "vector_norm": np.linalg.norm,
    "matrix_norm": np.linalg.norm,
    "dot_product": np.dot,
    "outer_product": np.outer,
    "matrix_vector_product": np.dot,
    "matrix_multiply": np.matmul,
    "matrix_transpose": np.transpose,
    "column_broadcast": lambda a: np.repeat(a[:, None], F, axis=1),
    "row_broadcast": lambda a: np.repeat(a[None, :], F, axis=0),
    "matrix_mean": np.mean,
}  # by op, what it computes
SHAPES: dict[Type, tuple[int, ...]] = {Type.SCALAR: (), Type.VECTOR: (F,), Type.MATRIX: (F, F)}


def numbers_of(flow: Dataflow, algebra: Algebra) -> tuple[list[np.ndarray], dict[int, np.ndarray]]:
    """One step with random features, label and memory: the number of each value, and of atoms without inputs."""
    rng = np.random.default_rng(1)
    atoms = {
        atom: rng.standard_normal(SHAPES[found.type])
        for atom, found in enumerate(algebra.atoms)
        if found.kind in ("memory", "features", "label")
    }
    values: list[np.ndarray] = []
    for number, value in enumerate(flow.values):
        if value.source is Source.ZERO:
            values.append(np.zeros(SHAPES[value.type]))
        elif value.instruction is None:
            kind = value.source.value
            atom = algebra.memory.get(number) if kind == "memory" else None
            if atom is None:
                matching = (a for a in atoms if algebra.atoms[a].kind == kind)
                atom = next(matching, -1)  # a label that nothing reads is no atom
            values.append(atoms.get(atom, np.zeros(SHAPES[value.type])))
        elif value.instruction.op == "scalar_constant":
            values.append(np.float64(value.instruction.constants[0]))
        else:
            values.append(NUMPY[value.instruction.op](*(values[i] for i in value.inputs)))
    for atom, found in enumerate(algebra.atoms):
        if found.kind == "prediction":
            atoms[atom] = values[flow.prediction]
    return values, atoms


def evaluated(algebra: Algebra, atoms: dict[int, np.ndarray], poly: Poly, kind: Type) -> np.ndarray:
    """The number that a poly stands for."""

    def factor(number: int, axis: str) -> np.ndarray:
        found = algebra.atoms[number]
        if found.kind == "error":
            label, prediction = (
                next(b for b in found.bases if algebra.atoms[b].kind == k) for k in ("label", "prediction")
            )
            value = atoms[label] - atoms[prediction]
        elif found.kind == "dot":
            value = product(found.products[0], (F,)).sum()
        elif found.kind == "matrix_vector":
            value = product(found.products[0], (F, F)) @ product(found.products[1], (F,))
        elif found.kind == "matmul":
            left, between, right = found.products
            value = product(left, (F, F)) @ np.diag(product(between, (F,))) @ product(right, (F, F))
        elif found.kind in ("op", "inverted"):
            types = {"vector_norm": Type.VECTOR, "matrix_norm": Type.MATRIX, "matrix_mean": Type.MATRIX}
            inner = types.get(found.op, found.type)
            args = [evaluated(algebra, atoms, algebra.polys[i], inner) for i in found.args]
            value = NUMPY[found.op](*args) if found.op else args[0]
        else:
            value = atoms[number]
        return {"row": lambda: value[:, None], "column": lambda: value[None, :], "transposed": lambda: value.T}.get(
            axis, lambda: value
        )()

    def product(factors: Product, shape: tuple[int, ...]) -> np.ndarray:
        result = np.ones(shape)
        for (number, axis), exponent in factors:
            result = result * factor(number, axis) ** float(exponent)
        return result

    return sum((t.coefficient * product(p, SHAPES[kind]) for p, t in poly.items()), np.zeros(SHAPES[kind]))


def algebraic_programs(count: int) -> list[Program]:
    ops = [*NUMPY, "scalar_constant"]
    space = SearchSpace(
        DIMS,
        setup=FunctionSpace.fixed(3, ["scalar_constant"]),
        predict=FunctionSpace.fixed(12, ops),
        learn=FunctionSpace.fixed(16, ops),
    )
    return [Program.random(space, seed) for seed in range(count)]


@np.errstate(all="ignore")
def test_polys_compute_what_programs_compute():
    n_checked = n_terms = 0
    for program in algebraic_programs(150):
        flow = dataflow(program, DIMS)
        algebra = Algebra(flow)
        values, atoms = numbers_of(flow, algebra)
        for number, value in enumerate(flow.values):
            # What has become zero, infinite or huge on the way says nothing: 0 * x is taken for zero, whatever x is.
            if value.line is None or value.line.function == "setup" or not np.isfinite(values[number]).all():
                continue
            behind = [values[i] for i in flow.behind(number)]
            if any(not np.isfinite(v).all() or np.abs(v).max() > 1e6 for v in behind):
                continue
            modes = [algebra.learned[number]]
            if value.line.function == "predict":
                modes.append(algebra.predicted[number])
            for poly in modes:
                wanted = values[number]
                got = evaluated(algebra, atoms, poly, value.type)
                np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6 * (1 + np.abs(wanted).max()))
                n_checked += 1
                n_terms += len(poly) > 1
    assert n_checked > 500
    assert n_terms > 100


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("s2 = s0 - s1; s2 = s2 * s3; v1 = s2 * v0", "v2 = s0 * v0; v3 = s1 * v0; v2 = v2 - v3; v1 = s3 * v2"),
        ("m0 = outer(v2, v0); m0 = transpose(m0); v1 = dot(m0, v3)", "s2 = dot(v2, v3); v1 = s2 * v0"),
        ("m0 = transpose(m1); m0 = transpose(m0); v1 = dot(m0, v0)", "v1 = dot(m1, v0)"),
        ("v2 = v0 + v0; s2 = dot(v2, v0); v1 = bcast(s2)", "s2 = dot(v0, v0); s2 = s2 + s2; v1 = bcast(s2)"),
        ("m0 = bcast(v0, axis=0); m2 = bcast(v1, axis=1); m0 = m0 * m2; v1 = dot(m0, v0)",
         "m0 = outer(v0, v1); v1 = dot(m0, v0)"),
        ("s2 = sin(s3); s4 = s2 + s9; v1 = s4 * v0", "s2 = s3 + s9; s2 = sin(s2); v1 = s2 * v0"),
        ("v1 = maximum(v0, v0)", "v1 = v0 + v9"),
        ("v2 = maximum(v0, v3); v4 = maximum(v3, v0); v2 = v2 - v4; v1 = v2 + v0", "v1 = v0 + v9"),
        ("s2 = sin(s9); v2 = bcast(s2); v1 = v2 + v0", "v1 = v0 + v9"),
    ],
)  # fmt: skip
def test_equal_values_have_equal_numbers(one, other):
    space = Dims(n_features=F, n_scalars=10, n_vectors=10, n_matrices=4)
    polys = []
    for learn in (one, other):
        program = Program.parse("def Predict():\n  s1 = dot(v0, v1)\ndef Learn():\n" + learn.replace(";", "\n"))
        algebra = Algebra(dataflow(program, space))
        last = next(
            n for n, v in reversed(list(enumerate(algebra.flow.values))) if v.line == Line("learn", len(program.learn))
        )
        polys.append({rendered(algebra, p): t.coefficient for p, t in algebra.learned[last].items()})
    assert polys[0] == polys[1]


def rendered(algebra: Algebra, product: Product) -> str:
    """A product as text that does not depend on the numbers of atoms."""

    def atom(number: int) -> str:
        found = algebra.atoms[number]
        inside = [rendered(algebra, p) for p in found.products]
        if found.kind == "memory":
            inside = [str(algebra.addresses[number])]
        elif found.args:
            inside = [str(sorted(rendered(algebra, p) for p in algebra.polys[i])) for i in found.args]
        return f"{found.kind} {found.type.name} {found.op} {inside}"

    return " * ".join(sorted(f"{atom(n)}{axis}^{e}" for (n, axis), e in product))


class TestMemory:
    def test_that_is_always_equal_is_one_atom(self):
        twice = Program.parse(
            "def Predict():\n  v3 = v1 + v2\n  s1 = dot(v0, v3)\n"
            "def Learn():\n  v4 = s0 * v0\n  v1 = v1 + v4\n  v2 = v4 + v2\n"
        )
        algebra = Algebra(dataflow(twice, twice.dims(F)))
        assert len(algebra.memory) == 2
        assert len(set(algebra.memory.values())) == 1

    def test_that_starts_or_steps_otherwise_is_not(self):
        for setup, learn in [("v1[0.5] = 1.0", "v2 = v4 + v2"), ("", "v2 = v4 - v2")]:
            program = Program.parse(
                f"def Setup():\n{setup}\ndef Predict():\n  v3 = v1 + v2\n  s1 = dot(v0, v3)\n"
                f"def Learn():\n  v4 = s0 * v0\n  v1 = v1 + v4\n  {learn}\n"
            )
            algebra = Algebra(dataflow(program, program.dims(F)))
            assert len(set(algebra.memory.values())) == 2


class TestDataflow:
    def test_of_the_linear_regressor(self):
        program = baselines.linear_regressor()
        flow = dataflow(program, program.dims(4))
        by_line = {str(value.line): value for value in flow.values if value.line is not None}
        assert list(by_line) == ["Setup 1", "Predict 1", "Learn 1", "Learn 2", "Learn 3", "Learn 4"]
        (memory,) = flow.memories()  # v1; the learning rate never changes
        start, after_learn, after_predict = flow.values[memory].inputs
        assert flow.values[start].source is Source.ZERO
        assert str(flow.values[after_learn].line) == "Learn 4"
        assert after_predict == memory
        assert by_line["Predict 1"].inputs == (flow.features, memory)
        assert by_line["Learn 1"].inputs == (flow.label, flow.prediction)

    def test_sees_probabilities_where_labels_are_classes(self):
        program = baselines.linear_regressor()
        flow = dataflow(program, program.dims(4, "binary"))
        assert flow.seen_prediction != flow.prediction
        assert flow.values[flow.seen_prediction].inputs == (flow.prediction,)

    def test_classification_changes_a_prediction_that_no_line_writes(self):
        program = Program.parse("def Setup():\n  s1 = 1.0\n")
        flow = dataflow(program, program.dims(4))
        assert flow.values[flow.prediction].source is Source.INSTRUCTION
        flow = dataflow(program, program.dims(4, "binary"))
        assert flow.values[flow.prediction].source is Source.MEMORY
        _, after_learn, after_predict = flow.values[flow.prediction].inputs
        assert flow.values[after_learn].source is Source.PROBABILITY
        assert after_predict == flow.prediction

    def test_has_every_live_line_once_and_inputs_first(self):
        for program in random_programs(50):
            dims = program.dims(4)
            flow = dataflow(program, dims)
            lines = [value.line for value in flow.values if value.line is not None]
            live = program.live(dims)
            assert len(lines) == sum(map(sum, live.values()))
            assert lines == sorted(lines)
            for number in range(len(flow.values)):
                assert all(i < number for i in flow.inputs_within_step(number))

    def test_memory_that_is_not_read_is_left_out(self):
        program = baselines.neural_network()
        flow = dataflow(program, program.dims(4))
        carried = {(flow.values[n].type, flow.values[n].address) for n in flow.memories()}
        assert carried == {(Type.SCALAR, 3), (Type.VECTOR, 1), (Type.VECTOR, 6), (Type.MATRIX, 0)}

    def test_as_a_picture(self):
        program = baselines.linear_regressor()
        text = dataflow(program, program.dims(4)).to_dot()
        assert text.startswith("digraph program {")
        assert text.count("{") == text.count("}") == 4
        assert 'label="v1 = v1 + v2"' in text
        assert 'style=dashed, label="after Learn"' in text
        assert text.count("-> prediction;") == 1
        assert "zero" not in text  # nothing reads one within a step
