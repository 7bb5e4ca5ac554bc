"""What is recognised in programs, and what must not be."""

import random
from dataclasses import replace

import pytest
from samples import random_programs

from pyamlz import Dims, InputError, Instruction, Program, ProgramError
from pyamlz.explain import FINDINGS, Line, recognise
from pyamlz.program import Type, baselines, find_op

LINEAR = "dot_product_model prediction_error gradient_step"
NETWORK = "matrix_vector_layer hidden_layer relu prediction_error gradient_step"


def found(text: str | Program, kind: str = "regression") -> set[str]:
    program = text if isinstance(text, Program) else Program.parse(text)
    return {finding.name for finding in recognise(program, program.dims(6, kind, 3 if kind == "multiclass" else 0))}


def learner(learn: str, predict: str = "s1 = dot(v0, v1)", setup: str = "s2 = 0.01") -> str:
    """A program of lines separated by semicolons."""
    parts = {"Setup": setup, "Predict": predict, "Learn": learn}
    return "".join(f"def {name}():\n" + lines.replace(";", "\n") + "\n" for name, lines in parts.items())


@pytest.mark.parametrize("kind", ["regression", "binary"])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("linear_regressor", LINEAR),
        ("neural_network", f"{NETWORK} bias"),
        ("rediscovered_network", NETWORK),
        (
            "evolved_linear_form",
            "matrix_vector_layer bilinear_form input_noise prediction_error gradient_step normalised_gradient"
            " averaged_weights scaled_weights",
        ),
        ("evolved_few_examples", f"{NETWORK} noisy_relu".replace(" relu", "")),
    ],
)
def test_built_in_programs(name, wanted, kind):
    program = baselines.built_in(name)
    assert found(program, kind) == set(wanted.split())
    assert found(program.simplified(program.dims(6, kind)), kind) == set(wanted.split())


SAME_BY_OTHER_MEANS = {
    "other addresses": learner(
        "s5 = s0 - s1; s6 = s4 * s5; v7 = s6 * v0; v3 = v7 + v3", "s1 = dot(v3, v0)", "s4 = 0.1"
    ),
    "error the other way round": learner("s3 = s1 - s0; s3 = s3 * s2; v2 = s3 * v0; v1 = v1 - v2"),
    "a negative rate": learner("s3 = s1 - s0; s3 = s3 * s2; v2 = s3 * v0; v1 = v1 + v2", setup="s2 = -0.01"),
    "rate before error": learner("v2 = s2 * v0; s1 = s0 - s1; v2 = s1 * v2; v1 = v2 + v1"),
    "multiplied out": learner("s3 = s0 * s2; s4 = s2 * s1; v2 = s3 * v0; v3 = s4 * v0; v1 = v1 + v2; v1 = v1 - v3"),
    "over another address": learner("s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0; v3 = v1 + v2; v1 = v3 + v9"),
    "a copy of the error": learner("s3 = s0 - s1; s3 = s3 + s9; s3 = s3 * s2; v2 = s3 * v0; v1 = v1 + v2"),
    "added in the next Predict": learner("s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0", "v1 = v1 + v2; s1 = dot(v0, v1)"),
    "added in the next Learn": learner("v1 = v1 + v2; s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0"),
    "multiplied in the next Predict": learner(
        "s3 = s0 - s1; s3 = s3 * s2; v2 = v0 + v9", "v3 = s3 * v2; v1 = v1 + v3; s1 = dot(v0, v1)"
    ),
    "scaled where it is read": learner("s3 = s0 - s1; v2 = s3 * v0; v1 = v1 + v2; v3 = s2 * v1", "s1 = dot(v3, v0)"),
    "two halves of the weights": learner(
        "s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0; v1 = v1 + v2", "v3 = v1 + v1; s1 = dot(v3, v0)"
    ),
    "weight decay": learner(
        "s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0; v1 = s4 * v1; v1 = v1 + v2", setup="s2 = 0.1; s4 = 0.9"
    ),
    "a clipped error": learner("s3 = s0 - s1; s3 = minimum(s3, s2); v2 = s3 * v0; v1 = v1 + v2"),
    "a clipped step": learner("s3 = s0 - s1; v2 = s3 * v0; v3 = bcast(s2); v2 = minimum(v2, v3); v1 = v1 + v2"),
    "the cube of the error": learner("s3 = s0 - s1; s4 = s3 * s3; s3 = s3 * s4; v2 = s3 * v0; v1 = v1 + v2"),
    "through arctan": learner(
        "s3 = s0 - s1; s3 = arctan(s3); v2 = s3 * v0; v1 = v1 + v2", "s1 = dot(v0, v1); s1 = sin(s1)"
    ),
}


@pytest.mark.parametrize("text", SAME_BY_OTHER_MEANS.values(), ids=SAME_BY_OTHER_MEANS.keys())
def test_a_linear_learner_by_other_means(text):
    assert found(text) == set(LINEAR.split())


LOOK_ALIKES = {
    "nothing": ("", ""),
    "constant weights": (learner("", setup="v1[0.3] = 1.5"), ""),
    "weights that are drawn once": (learner("", setup="v1 = gaussian(0, 1)"), ""),
    "error unused": (learner("s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0"), ""),
    "label only": (learner("v2 = s0 * v0; v1 = v1 + v2"), "dot_product_model"),
    "step not kept": (learner("s3 = s0 - s1; v1 = s3 * v0"), "dot_product_model prediction_error"),
    "doubled weights": (
        learner("s3 = s0 - s1; v2 = s3 * v0; v1 = v1 + v1; v1 = v1 + v2"),
        "dot_product_model prediction_error",
    ),
    "uphill": (learner("s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0; v1 = v1 - v2"), "dot_product_model prediction_error"),
    "the sum for the error": (learner("s3 = s0 + s1; v2 = s3 * v0; v1 = v1 + v2"), "dot_product_model"),
    "unequal parts": (learner("s3 = s0 * s2; s3 = s3 - s1; v2 = s3 * v0; v1 = v1 + v2"), "dot_product_model"),
    "the square of the error": (
        learner("s3 = s0 - s1; s3 = s3 * s3; v2 = s3 * v0; v1 = v1 + v2"),
        "dot_product_model prediction_error",
    ),
    "no features in the step": (
        learner("s3 = s0 - s1; v2 = bcast(s3); v1 = v1 + v2"),
        "dot_product_model prediction_error",
    ),
    "the error of the example before": (
        learner("v2 = s3 * v0; v1 = v1 + v2; s3 = s0 - s1"),
        "dot_product_model prediction_error",
    ),
    "features of the example behind": (
        learner("s3 = s0 - s1", "s1 = dot(v0, v1); v2 = s3 * v0; v1 = v1 + v2"),
        "dot_product_model prediction_error",
    ),
    "prediction lost before Learn": (
        learner("s3 = s0 - s1; v2 = s3 * v0; v1 = v1 + v2", "s1 = dot(v0, v1); v3 = s1 * v0; s1 = 0.5"),
        "",
    ),
    "weights squared features": (
        learner("s3 = s0 - s1; v2 = s3 * v0; v1 = v1 + v2", "v3 = v0 * v0; s1 = dot(v3, v1)"),
        "prediction_error gradient_step",
    ),
    "features behind a mask": (
        learner("s3 = s0 - s1; v2 = s3 * v0; v1 = v1 + v2", "v3 = heaviside(v0); v3 = v3 * v0; s1 = dot(v3, v1)"),
        "relu prediction_error gradient_step",
    ),
    "features alone": (learner("s3 = s0 - s1", "s1 = dot(v0, v0)"), ""),
    "a bias alone": (learner("s3 = s0 - s1; s4 = s4 + s3", "s1 = s4 + s9"), "prediction_error"),
}


@pytest.mark.parametrize(("text", "wanted"), LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_what_only_looks_like_a_linear_learner(text, wanted):
    assert found(text) == set(wanted.split())


STEP = "s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0; v1 = v1 + v2"
ROUND = "v4 = dot(m0, v0); v5 = maximum(v4, v9); s1 = dot(v5, v1)"
DEEP = (
    "s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v5; v6 = heaviside(v4); v6 = v6 * v1; v6 = s3 * v6;"
    " m1 = outer(v6, v0); m0 = m0 + m1; v1 = v1 + v2"
)
FIXED = "s2 = 0.01; m0 = gaussian(0, 0.1)"

# Each feature by a program that has it, and by ones that lack what matters.
FEATURES = {
    "bias": (
        learner(f"{STEP}; s4 = s4 + s3", "s1 = dot(v0, v1); s1 = s1 + s4"),
        {
            "never written": learner(STEP, "s1 = dot(v0, v1); s1 = s1 + s4"),
            "constant": learner(STEP, "s1 = dot(v0, v1); s1 = s1 + s4", "s2 = 0.01; s4 = 0.5"),
            "against the error": learner(f"{STEP}; s4 = s4 - s3", "s1 = dot(v0, v1); s1 = s1 + s4"),
            "noise": learner(f"{STEP}; s4 = gaussian(0, 1)", "s1 = dot(v0, v1); s1 = s1 + s4"),
            "multiplied": learner(f"{STEP}; s4 = s4 + s3", "s1 = dot(v0, v1); s1 = s1 * s4"),
            "the label's mean": learner(f"{STEP}; s4 = s4 + s0", "s1 = dot(v0, v1); s1 = s1 + s4"),
        },
    ),
    "normalised_gradient": (
        learner("s3 = s0 - s1; v2 = s3 * v0; s4 = norm(v0); s4 = 1 / s4; v2 = s4 * v2; v1 = v1 + v2"),
        {
            "multiplied by the norm": learner("s3 = s0 - s1; v2 = s3 * v0; s4 = norm(v0); v2 = s4 * v2; v1 = v1 + v2"),
            "norm of the weights": learner(
                "s3 = s0 - s1; v2 = s3 * v0; s4 = norm(v1); s4 = 1 / s4; v2 = s4 * v2; v1 = v1 + v2"
            ),
            "norm unused": learner(f"{STEP}; s4 = norm(v0); s4 = 1 / s4"),
            "divided by a constant": learner("s3 = s0 - s1; s3 = s3 / s2; v2 = s3 * v0; v1 = v1 + v2"),
            "a prediction that is divided": learner(STEP, "s1 = dot(v0, v1); s4 = norm(v0); s1 = s1 / s4"),
        },
    ),
    "learning_rate_decay": (
        learner(f"s2 = arctan(s2); {STEP}"),
        {
            "arctan, not kept": learner("s4 = arctan(s2); s3 = s0 - s1; s3 = s3 * s4; v2 = s3 * v0; v1 = v1 + v2"),
            "another scalar": learner(
                f"s4 = arctan(s4); {STEP}", "s1 = dot(v0, v1); s1 = s1 + s4", "s2 = 0.01; s4 = 0.5"
            ),
            "of the error": learner("s3 = s0 - s1; s3 = arctan(s3); v2 = s3 * v0; v1 = v1 + v2"),
            "growing": learner(f"s2 = s2 + s2; {STEP}"),
            "tan": learner(f"s2 = tan(s2); {STEP}"),
            "zero from the start": learner(f"s2 = arctan(s2); {STEP}", setup=""),
            "restored": learner(f"s2 = arctan(s2); {STEP}; s2 = 0.01"),
        },
    ),
    "mean_of_weights_learning_rate": (
        learner(f"s2 = mean(m0); s2 = abs(s2); s2 = sin(s2); {DEEP}", ROUND, "m0 = gaussian(0.1, 0.1)"),
        {
            "of the step": learner(f"{DEEP}; s2 = mean(m1)", ROUND, FIXED),
            "of the features": learner("s2 = mean(v0); s2 = abs(s2); s2 = sin(s2);" + STEP),
            "mean unused": learner(f"{DEEP}; s4 = mean(m0); s4 = sin(s4)", ROUND, FIXED),
            "of fixed weights": learner(f"s2 = mean(m2); s2 = sin(s2); {DEEP}", ROUND, FIXED + "; m2 = gaussian(1, 1)"),
            "of the prediction": learner(DEEP, ROUND + "; s4 = mean(m0); s1 = s1 + s4", FIXED),
        },
    ),
    "averaged_weights": (
        learner(f"{STEP}; v7 = v7 + v1; v8 = v1 + v9", "s1 = dot(v0, v8); v8 = s5 * v7", "s2 = 0.01; s5 = 0.01"),
        {
            "sum unread": learner(f"{STEP}; v7 = v7 + v1"),
            "a copy": learner(f"{STEP}; v7 = v1 + v9; v8 = v1 + v9", "s1 = dot(v0, v8); v8 = s5 * v7"),
            "of steps": learner(
                f"{STEP}; v7 = v7 + v2; v8 = v1 + v9", "s1 = dot(v0, v8); v8 = s5 * v7", "s2 = 0.01; s5 = 0.01"
            ),
            "momentum": learner(
                "s3 = s0 - s1; v2 = s3 * v0; v3 = s4 * v3; v3 = v3 + v2; v1 = v1 + v3", setup="s4 = 0.9"
            ),
        },
    ),
    "input_noise": (
        learner("s3 = s0 - s1; v2 = s3 * v3; v1 = v1 + v2", "v4 = gaussian(0, 0.1); v3 = v4 + v0; s1 = dot(v3, v1)"),
        {
            "drawn once": learner(
                "s3 = s0 - s1; v2 = s3 * v3; v1 = v1 + v2", "v3 = v4 + v0; s1 = dot(v3, v1)", "v4 = gaussian(0, 0.1)"
            ),
            "in the weights": learner(STEP, "v4 = gaussian(0, 0.1); v3 = v4 + v1; s1 = dot(v3, v0)"),
            "in the step": learner(f"{STEP}; v4 = gaussian(0, 0.1); v1 = v1 + v4"),
            "in place of features": learner(STEP, "v4 = gaussian(0, 0.1); s1 = dot(v4, v1)"),
            "in the prediction": learner(STEP, "s1 = dot(v0, v1); s4 = gaussian(0, 0.1); s1 = s1 + s4"),
        },
    ),
    "relu": (
        learner(DEEP, ROUND, FIXED),
        {
            "of two layers": learner(
                DEEP + "; m2 = m2 + m1",
                "v4 = dot(m0, v0); v9 = dot(m2, v0); v5 = maximum(v4, v9); s1 = dot(v5, v1)",
                FIXED,
            ),
            "of weights": learner(STEP, "v4 = maximum(v1, v9); s1 = dot(v4, v0)"),
            "linear": learner(DEEP, "v4 = dot(m0, v0); v5 = v4 + v9; s1 = dot(v5, v1)", FIXED),
            "another mask": learner(STEP, "v4 = heaviside(v1); v4 = v4 * v0; s1 = dot(v4, v1)"),
        },
    ),
    "noisy_relu": (
        learner(DEEP + "; v9 = gaussian(0, 0.1)", ROUND, FIXED),
        {
            "without noise": learner(DEEP, ROUND, FIXED),
            "drawn once": learner(DEEP, ROUND, FIXED + "; v9 = gaussian(0, 0.1)"),
            "behind it": learner(DEEP, ROUND + "; v8 = gaussian(0, 0.1); s4 = dot(v8, v1); s1 = s1 + s4", FIXED),
            "without a maximum": learner(
                DEEP, "v9 = gaussian(0, 1); v4 = dot(m0, v0); v5 = v4 + v9; s1 = dot(v5, v1)", FIXED
            ),
            "without features": learner(
                STEP, "v4 = gaussian(0, 1); v5 = maximum(v4, v9); s1 = dot(v0, v1); s5 = mean(v5); s1 = s1 + s5"
            ),
        },
    ),
    "hidden_layer": (
        learner(DEEP, ROUND, FIXED),
        {
            "linear": learner(DEEP, "v4 = dot(m0, v0); v5 = v4 + v9; s1 = dot(v5, v1)", FIXED),
            "fixed layer": learner("s3 = s0 - s1; v2 = s3 * v5; v1 = v1 + v2", ROUND, FIXED),
        },
    ),
    "bilinear_form": (
        learner("s3 = s0 - s1; v2 = s3 * v0; m1 = outer(v2, v0); m0 = m0 + m1", "v3 = dot(m0, v0); s1 = dot(v0, v3)"),
        {
            "fixed matrix": learner("s4 = s0 - s1", "v3 = dot(m0, v0); s1 = dot(v0, v3)", FIXED),
            "weights on one side": learner(DEEP, "v4 = dot(m0, v0); v5 = v4 + v9; s1 = dot(v5, v1)", FIXED),
            "of a rectifier": learner(
                "s3 = s0 - s1; v2 = s3 * v0; m1 = outer(v2, v0); m0 = m0 + m1",
                "v3 = maximum(v0, v9); v3 = dot(m0, v3); s1 = dot(v0, v3)",
            ),
            "one side alone": learner(
                "s3 = s0 - s1; m1 = bcast(v0, axis=1); m1 = s3 * m1; m0 = m0 + m1", "v3 = dot(m0, v0); s1 = mean(v3)"
            ),
        },
    ),
    "scaled_weights": (
        learner(
            "s3 = s0 - s1; v2 = s3 * v0; v1 = v1 + v2; s4 = norm(v1); s4 = 1 / s4; v3 = s4 * v1", "s1 = dot(v3, v0)"
        ),
        {
            "of others": learner(
                "s3 = s0 - s1; v2 = s3 * v0; v1 = v1 + v2; s4 = norm(v2); s4 = 1 / s4; v3 = s4 * v1", "s1 = dot(v3, v0)"
            ),
            "by a constant": learner("s3 = s0 - s1; v2 = s3 * v0; v1 = v1 + v2; v3 = s2 * v1", "s1 = dot(v3, v0)"),
        },
    ),
}
CONTROLS = {
    f"{name}: {what}": (name, text) for name, (_, controls) in FEATURES.items() for what, text in controls.items()
}


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, (text, _) in FEATURES.items()], ids=FEATURES.keys())
def test_a_feature_is_recognised(name, text):
    assert name in found(text)
    assert name in found(text, "binary")


@pytest.mark.parametrize(("name", "text"), CONTROLS.values(), ids=CONTROLS.keys())
def test_a_look_alike_is_not(name, text):
    assert name not in found(text)
    assert name not in found(text, "binary")


@pytest.mark.parametrize(
    ("change", "is_decay"),
    [
        ("s2 = arctan(s2)", True),
        ("s2 = sin(s2); s2 = sin(s2)", True),
        ("s2 = s2 * s5", True),
        ("s2 = s2 / s6", True),
        ("s4 = s5 * s2; s2 = s4 + s9", True),
        ("s4 = s2 * s2; s2 = s2 - s4", True),
        ("s4 = s2 + s6; s2 = s2 / s4", True),
        ("s4 = cos(s2); s2 = s2 * s4", True),
        ("s4 = exp(s2); s2 = s2 / s4", True),
        ("s2 = minimum(s2, s5)", False),
        ("s2 = s2 * s6", False),
        ("s2 = s2 / s5", False),
        ("s2 = s9 - s2; s2 = s2 * s5", False),
        ("s2 = s2 + s5", False),
        ("s2 = cos(s2)", False),
        ("s2 = exp(s2)", False),
        ("s2 = s5 * s5", False),
        ("s4 = sin(s0); s2 = s2 * s4", False),
        ("s4 = mean(v1); s2 = s2 * s4", False),
    ],
)
@pytest.mark.parametrize("where", ["{0}; {1}", "{1}; {0}"])
def test_what_a_decay_is(change, is_decay, where):
    step = "s3 = s0 - s1; s3 = s3 * s2; v2 = s3 * v0; v1 = v1 + v2"
    text = learner(where.format(change, step), setup="s2 = 0.2; s5 = 0.5; s6 = 1.5")
    assert ("learning_rate_decay" in found(text)) == is_decay
    assert "gradient_step" in found(text)


@pytest.mark.parametrize(
    ("growth", "is_decay"),
    [
        ("s4 = s4 + s5", True),
        ("s6 = s3 * s3; s4 = s4 + s6", True),
        ("s6 = norm(v0); s4 = s4 + s6", True),
        ("s4 = s4 - s5", False),
        ("s4 = s4 + s3", False),
        ("s4 = s5 + s2", False),
    ],
)
def test_a_divisor_that_grows_is_a_decay(growth, is_decay):
    text = learner(f"s3 = s0 - s1; {growth}; s3 = s3 / s4; v2 = s3 * v0; v1 = v1 + v2", setup="s4 = 1.0; s5 = 0.5")
    assert ("learning_rate_decay" in found(text)) == is_decay


# ---------------------------------------------------------------- what must make no difference

RESERVED = {Type.SCALAR: 2, Type.VECTOR: 1, Type.MATRIX: 0}
ZERO = 200  # an address that no program here writes
SUMS = {Type.SCALAR: "scalar_sum", Type.VECTOR: "vector_sum", Type.MATRIX: "matrix_sum"}


def operands(instruction: Instruction) -> dict[str, tuple[Type, int]]:
    op = find_op(instruction.op)
    found = {"in1": (op.in1, instruction.in1), "in2": (op.in2, instruction.in2), "out": (op.out, instruction.out)}
    return {name: place for name, place in found.items() if place[0] is not Type.NONE}


def functions_of(program: Program) -> list[list[Instruction]]:
    return [program.setup, program.predict, program.learn]


def readdressed(program: Program, rng: random.Random) -> Program:
    new = {kind: [*range(count), *rng.sample(range(count, ZERO), ZERO - count)] for kind, count in RESERVED.items()}

    def changed(x: Instruction) -> Instruction:
        return replace(x, **{name: new[kind][address] for name, (kind, address) in operands(x).items()})

    return Program(*([changed(x) for x in code] for code in functions_of(program)))


def commuted(program: Program, rng: random.Random) -> Program:
    def changed(x: Instruction) -> Instruction:
        return replace(x, in1=x.in2, in2=x.in1) if find_op(x.op).is_commutative and rng.random() < 0.5 else x

    return Program(*([changed(x) for x in code] for code in functions_of(program)))


def reads(x: Instruction) -> set[tuple[Type, int]]:
    return {place for name, place in operands(x).items() if name != "out" or find_op(x.op).is_partial}


def reordered(program: Program, rng: random.Random) -> Program:
    functions = functions_of(program)
    for code in functions:
        for i in [rng.randrange(len(code) - 1) for _ in range(4 * len(code))] if len(code) > 1 else []:
            first, second = code[i : i + 2]
            out, next_out = operands(first).get("out"), operands(second).get("out")
            if out != next_out and out not in reads(second) and next_out not in reads(first):
                code[i : i + 2] = [second, first]
    return Program(*functions)


def with_copies(program: Program, rng: random.Random) -> Program:
    """Some values are copied to fresh addresses, and read from there."""
    functions = []
    fresh = iter(range(ZERO + 1, 256))
    for code in functions_of(program):
        new: list[Instruction] = []
        copies: dict[tuple[Type, int], int] = {}
        for x in code:
            read = {n: p for n, p in operands(x).items() if n != "out" and p in copies}
            x = replace(x, **{name: copies[place] for name, place in read.items()})
            new.append(x)
            place = operands(x).get("out")
            if place is None:
                continue
            copies.pop(place, None)
            if rng.random() < 0.4 and len(new) < 50:
                copies[place] = next(fresh)
                new.append(Instruction(SUMS[place[0]], out=copies[place], in1=place[1], in2=ZERO))
        functions.append(new)
    return Program(*functions)


PROGRAMS = [
    *(baselines.built_in(name) for name in baselines.BASELINES),
    *(Program.parse(text) for text in SAME_BY_OTHER_MEANS.values()),
    *(Program.parse(text) for text, _ in FEATURES.values()),
]


@pytest.mark.parametrize("change", [readdressed, commuted, reordered, with_copies], ids=lambda change: change.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_addresses_order_and_copies_make_no_difference(change, seed):
    rng = random.Random(seed)
    n_changed = 0
    for program in [*PROGRAMS, *random_programs(30)]:
        other = change(program, rng)
        n_changed += other != program
        dims, other_dims = program.dims(4), other.dims(4)
        names = [finding.name for finding in recognise(program, dims)]
        assert sorted(finding.name for finding in recognise(other, other_dims)) == sorted(names), f"{program}\n{other}"
    assert n_changed > 20


def test_lines_are_those_of_the_program_with_its_dead_code():
    program = baselines.evolved_linear_form()
    dims = program.dims(4, "binary")
    (finding,) = [f for f in recognise(program, dims) if f.name == "scaled_weights"]
    assert finding.lines == (Line("learn", 14), Line("learn", 16))
    assert [str(line) for line in finding.lines] == ["Learn 14", "Learn 16"]
    live = program.live(dims)
    for other in recognise(program, dims):
        assert other.lines
        assert list(other.lines) == sorted(other.lines)
        assert all(live[line.function][line.number - 1] for line in other.lines)


def test_a_copy_is_not_among_the_lines():
    program = Program.parse(SAME_BY_OTHER_MEANS["a copy of the error"])
    (step,) = [f for f in recognise(program, program.dims(4)) if f.name == "gradient_step"]
    assert [str(line) for line in step.lines] == ["Setup 1", "Learn 1", "Learn 3", "Learn 4", "Learn 5"]


def test_findings_come_in_the_order_of_the_table():
    for program in PROGRAMS:
        order = [list(FINDINGS).index(finding.name) for finding in recognise(program, program.dims(4))]
        assert order == sorted(order)


MULTICLASS = learner("v3 = v1 - v2; v3 = s2 * v3; m1 = outer(v3, v0); m0 = m0 + m1", "v2 = dot(m0, v0)")


@pytest.mark.parametrize("where", ["{0}; {1}", "{1}; {0}"])
def test_the_mean_of_weights_may_be_of_the_step_before(where):
    text = learner(where.format("s2 = mean(m0); s2 = sin(s2)", DEEP), ROUND, FIXED)
    assert "mean_of_weights_learning_rate" in found(text)


def test_output_weights_may_be_fixed():
    text = learner(DEEP.replace("; v1 = v1 + v2", ""), ROUND, FIXED + "; v1 = gaussian(0, 1)")
    assert found(text) == {"matrix_vector_layer", "hidden_layer", "relu", "prediction_error", "gradient_step"}


def test_labels_that_are_vectors():
    assert found(MULTICLASS, "multiclass") == {"matrix_vector_layer", "prediction_error", "gradient_step"}
    assert found(MULTICLASS, "regression") == set()  # there v1 and v2 are but memory
    bias = MULTICLASS.replace("m1 =", "v4 = v4 + v3\n  m1 =").replace(
        "v2 = dot(m0, v0)", "v2 = dot(m0, v0)\n  v2 = v2 + v4"
    )
    assert "bias" in found(bias, "multiclass")


def test_the_error_of_a_class_is_that_of_its_probability():
    program = baselines.linear_regressor()
    (error,) = [f for f in recognise(program, program.dims(4, "binary")) if f.name == "prediction_error"]
    assert "probability" in error.explanation
    (error,) = [f for f in recognise(program, program.dims(4)) if f.name == "prediction_error"]
    assert "probability" not in error.explanation


def test_bad_input_is_named():
    program = baselines.linear_regressor()
    with pytest.raises(ProgramError, match="Setup, instruction 1, s2 ="):
        recognise(program, Dims(n_features=4))
    with pytest.raises(InputError, match="program: expected a Program, got str"):
        recognise("s1 = s0 + s0", Dims(n_features=4))  # type: ignore[arg-type]
