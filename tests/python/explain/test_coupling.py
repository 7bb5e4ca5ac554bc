"""Coupled constants: statistics that are used as factors, and constants in their place."""

import numpy as np
import pytest
from samples import linear_tasks, random_programs

from pyamlz import Dims, InputError, Program, tasks
from pyamlz.explain import Line, coupled, decoupled
from pyamlz.program.baselines import (
    evolved_few_examples,
    evolved_linear_form,
    linear_regressor,
    neural_network,
    rediscovered_network,
)

BINARY = tasks.projected_binary("digits", n_features=4, n_tasks=2, n_train=40, n_valid=10, seed=1)


def found(text, kind="regression"):
    program = Program.parse(text)
    return [(str(one.line), one.text, one.factors) for one in coupled(program, program.dims(4, kind))]


LEARNER = """
def Predict():
  s1 = dot(v0, v1)
def Learn():
  s2 = s0 - s1
  {}
  v2 = s2 * v0
  v1 = v1 + v2
"""


class TestCoupled:
    @pytest.mark.parametrize("simplify", [False, True], ids=["as published", "simplified"])
    def test_finds_both_of_the_published_program(self, simplify):
        program = evolved_linear_form()
        dims = program.dims(16, "binary")
        if simplify:
            program = program.simplified(dims)
        norm, deviation = coupled(program, dims)
        assert (norm.text, norm.address) == ("s2 = norm(m1)", "s2")
        assert (deviation.text, deviation.address) == ("s4 = std(m0)", "s4")
        for one in (norm, deviation):
            assert program.learn[one.line.number - 1].out == int(one.address[1:])
        assert {str(program).splitlines()[-1].strip()} == {"m1 = s4 * m0"}
        assert deviation.factors == (Line("learn", len(program.learn)),)
        # s2 scales m1 in Predict of the next example, and divides the error.
        assert [(line.function, getattr(program, line.function)[line.number - 1].op) for line in norm.factors] == [
            ("predict", "scalar_matrix_product"),
            ("learn", "scalar_division"),
        ]

    @pytest.mark.parametrize("make", [linear_regressor, neural_network, rediscovered_network, evolved_few_examples])
    def test_finds_none_where_the_learning_rate_is_a_constant(self, make):
        assert coupled(make(), make().dims(8, "binary")) == ()

    @pytest.mark.parametrize("statistic", ["norm(v1)", "mean(v0)", "std(v1)", "dot(v1, v1)"])
    def test_finds_statistics(self, statistic):
        assert found(LEARNER.format(f"s3 = {statistic}\n  s2 = s2 * s3")) == [
            ("Learn 2", f"s3 = {statistic}", (Line("learn", 3),))
        ]

    def test_takes_no_product_of_two_vectors_for_a_statistic(self):
        assert found(LEARNER.format("s3 = dot(v0, v1)\n  s2 = s2 * s3")) == []

    def test_takes_no_sum_for_a_factor(self):
        assert found(LEARNER.format("s3 = norm(v1)\n  s2 = s2 + s3")) == []

    def test_takes_no_dead_code(self):
        assert found(LEARNER.format("s3 = norm(v1)\n  s4 = s2 * s3")) == []

    def test_takes_no_prediction_for_a_factor_of_what_is_learned(self):
        text = "def Predict():\n  s1 = norm(v1)\ndef Learn():\n  s2 = s1 * s0\n  v1 = s2 * v0"
        assert found(text) == []
        assert found(text, "binary") == []

    def test_follows_functions_of_the_statistic_alone(self):
        assert found(LEARNER.format("s3 = norm(v1)\n  s3 = arctan(s3)\n  s4 = 1 / s3\n  s2 = s2 * s4")) == [
            ("Learn 2", "s3 = norm(v1)", (Line("learn", 5),))
        ]

    def test_sees_where_another_value_takes_the_place(self):
        assert found(LEARNER.format("s3 = norm(v1)\n  s4 = s3 + s0\n  s3 = 0.5\n  s2 = s2 * s3\n  s2 = s2 + s4")) == []

    def test_follows_values_to_the_next_example(self):
        text = "def Predict():\n  v2 = s3 * v0\n  s1 = dot(v2, v1)\ndef Learn():\n  v1 = s0 * v0\n  s3 = norm(v1)"
        assert found(text) == [("Learn 2", "s3 = norm(v1)", (Line("predict", 1),))]

    def test_follows_setup(self):
        text = "def Setup():\n  v1 = gaussian(0, 1)\n  s2 = std(v1)\ndef Predict():\n  v2 = s2 * v0\n  s1 = dot(v1, v2)"
        text += "\ndef Learn():\n  v1 = s0 * v1"
        assert found(text) == [("Setup 2", "s2 = std(v1)", (Line("predict", 1),))]

    def test_ends_on_any_program(self):
        dims = Dims(n_features=4, n_scalars=5, n_vectors=5, n_matrices=3)
        results = [coupled(program, dims) for program in random_programs(50, dims)]
        assert 0 < sum(map(len, results)) < 500

    def test_is_printed(self):
        program = evolved_linear_form()
        norm, _ = coupled(program, program.dims(16, "binary"))
        assert str(norm) == "Learn 5: s2 = norm(m1)  (a factor in Predict 4; Learn 6)"


# s3 = 2 * |x|; after n examples of norm r it has been 2 r each time.
NORM = Program.parse("""
def Setup():
  s4 = 2
def Predict():
  s1 = dot(v0, v1)
def Learn():
  v3 = s4 * v0
  s3 = norm(v3)
  s2 = s0 - s1
  s2 = s2 / s3
  v2 = s2 * v0
  v1 = v1 + v2
  s3 = 7
""")


class TestDecoupled:
    def test_puts_the_mean_in_the_place_of_the_statistic(self):
        x = np.array([[[3, 4], [0, 1], [6, 8], [100, 100]]], float)  # norms 5, 1, 10
        data = tasks.from_arrays(x, np.ones((1, 4)), x, np.ones((1, 4)), kind="regression")
        expected = str(NORM).replace("norm(v3)", repr(float(f"{2 * (5 + 1 + 10) / 3:.6g}")))
        assert decoupled(NORM, data, examples=3) == Program.parse(expected)

    def test_averages_over_tasks(self):
        x = np.array([[[3, 4]], [[0, 1]]], float)
        data = tasks.from_arrays(x, np.ones((2, 1)), x, np.ones((2, 1)), kind="regression")
        assert decoupled(NORM, data).learn[1].constants == (6.0,)

    def test_leaves_all_else_as_it_is(self):
        program = evolved_linear_form()
        before, after = str(program).splitlines(), str(decoupled(program, BINARY)).splitlines()
        changed = [(old.strip(), new.strip()) for old, new in zip(before, after, strict=True) if old != new]
        assert [old for old, _ in changed] == ["s2 = norm(m1)", "s4 = std(m0)"]
        assert [new.partition(" = ")[0] for _, new in changed] == ["s2", "s4"]
        assert all(float(new.partition(" = ")[2]) > 0 for _, new in changed)

    def test_replaces_those_that_are_asked_for(self):
        program = evolved_linear_form()
        _, deviation = coupled(program, program.dims(4, "binary"))
        left = coupled(decoupled(program, BINARY, [deviation]), program.dims(4, "binary"))
        assert [one.text for one in left] == ["s2 = norm(m1)"]

    def test_leaves_nothing_coupled(self):
        program = decoupled(evolved_linear_form(), BINARY)
        assert coupled(program, program.dims(4, "binary")) == ()
        assert decoupled(program, BINARY) == program

    def test_is_the_same_again_and_depends_on_the_draws(self):
        program = evolved_linear_form()
        assert decoupled(program, BINARY, draws=1) == decoupled(program, BINARY, draws=1)
        assert decoupled(program, BINARY, draws=1) != decoupled(program, BINARY, draws=2)

    def test_refuses_a_place_that_is_not_coupled(self):
        program = evolved_linear_form()
        others = coupled(NORM, NORM.dims(4))
        with pytest.raises(InputError, match=r"which: expected coupled constants of the program, got Learn 2"):
            decoupled(program, BINARY, others)

    def test_refuses_a_factor_that_is_never_finite(self):
        text = str(NORM).replace("s4 = 2.0", "s4 = 1e300")
        with pytest.raises(InputError, match=r"Learn 2: s3 = norm\(v3\): expected a finite number"):
            decoupled(Program.parse(text), linear_tasks(n_tasks=1))

    @pytest.mark.parametrize("arguments", [{"examples": 0}, {"draws": -1}])
    def test_refuses_numbers_out_of_range(self, arguments):
        with pytest.raises(InputError, match=next(iter(arguments))):
            decoupled(NORM, linear_tasks(), **arguments)
