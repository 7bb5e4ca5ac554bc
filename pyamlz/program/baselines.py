"""Programs that everyone compares with: learners written by hand, and what the paper's searches found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from pyamlz._lib.checks import checked_float, hint
from pyamlz._lib.errors import InputError
from pyamlz.program._program import Program
from pyamlz.tasks import Kind

__all__ = [
    "BASELINES",
    "TUNABLE",
    "affine_regressor",
    "affine_softmax_regressor",
    "built_in",
    "evolved_few_examples",
    "evolved_linear_form",
    "linear_regressor",
    "neural_network",
    "rediscovered_network",
    "softmax_network",
    "softmax_regressor",
]

_LARGEST = sys.float_info.max


def linear_regressor(learning_rate: float = 0.01) -> Program:
    """A linear model without bias, trained by gradient descent; on binary tasks it is logistic regression.

    Memory: 4 scalars, 3 vectors.
    """
    learning_rate = checked_float("learning_rate", learning_rate, -_LARGEST, _LARGEST)
    return Program.parse(f"""
def Setup():
  s2 = {learning_rate!r}
def Predict():
  s1 = dot(v0, v1)
def Learn():
  s3 = s0 - s1
  s3 = s3 * s2
  v2 = s3 * v0
  v1 = v1 + v2
""")


def affine_regressor(learning_rate: float = 0.01) -> Program:
    """A linear model with a bias, trained by gradient descent; on binary tasks it is logistic regression.

    Memory: 5 scalars (s2 learning rate, s3 bias), 3 vectors.
    """
    learning_rate = checked_float("learning_rate", learning_rate, -_LARGEST, _LARGEST)
    return Program.parse(f"""
def Setup():
  s2 = {learning_rate!r}
def Predict():
  s1 = dot(v0, v1)
  s1 = s1 + s3
def Learn():
  s4 = s0 - s1
  s4 = s4 * s2
  s3 = s3 + s4
  v2 = s4 * v0
  v1 = v1 + v2
""")


def neural_network(learning_rate: float = 0.01, init_stdev: float = 0.1) -> Program:
    """Two layers with biases and F hidden ReLU units, trained by gradient descent.

    Memory: 5 scalars (s2 learning rate, s3 output bias), 9 vectors (v1 hidden biases, v5 zero, v6 output weights) and
    2 matrices (m0 hidden weights).

    Args:
        learning_rate: step of the gradient descent.
        init_stdev: standard deviation of the weights at the start.
    """
    learning_rate = checked_float("learning_rate", learning_rate, -_LARGEST, _LARGEST)
    init_stdev = checked_float("init_stdev", init_stdev, 0.0, _LARGEST)
    return Program.parse(f"""
def Setup():
  s2 = {learning_rate!r}
  m0 = gaussian(0, {init_stdev!r})
  v6 = gaussian(0, {init_stdev!r})
def Predict():
  v2 = dot(m0, v0)
  v3 = v2 + v1
  v4 = maximum(v3, v5)
  s1 = dot(v4, v6)
  s1 = s1 + s3
def Learn():
  s4 = s0 - s1
  s4 = s4 * s2
  s3 = s3 + s4
  v7 = s4 * v6
  v8 = s4 * v4
  v6 = v6 + v8
  v8 = heaviside(v3)
  v7 = v7 * v8
  v1 = v1 + v7
  m1 = outer(v7, v0)
  m0 = m0 + m1
""")


def softmax_regressor(learning_rate: float = 0.01) -> Program:
    """Logistic regression for several classes, without bias, trained by gradient descent on the cross-entropy.

    Memory: 3 scalars (s2 learning rate), 4 vectors, 2 matrices (m0 weights, a row for each class).
    """
    learning_rate = checked_float("learning_rate", learning_rate, -_LARGEST, _LARGEST)
    return Program.parse(f"""
def Setup():
  s2 = {learning_rate!r}
def Predict():
  v2 = dot(m0, v0)
def Learn():
  v3 = v1 - v2
  v3 = s2 * v3
  m1 = outer(v3, v0)
  m0 = m0 + m1
""")


def affine_softmax_regressor(learning_rate: float = 0.01) -> Program:
    """Logistic regression for several classes, with biases, trained by gradient descent on the cross-entropy.

    Memory: 3 scalars (s2 learning rate), 5 vectors (v4 biases), 2 matrices (m0 weights, a row for each class).
    """
    learning_rate = checked_float("learning_rate", learning_rate, -_LARGEST, _LARGEST)
    return Program.parse(f"""
def Setup():
  s2 = {learning_rate!r}
def Predict():
  v2 = dot(m0, v0)
  v2 = v2 + v4
def Learn():
  v3 = v1 - v2
  v3 = s2 * v3
  v4 = v4 + v3
  m1 = outer(v3, v0)
  m0 = m0 + m1
""")


def softmax_network(learning_rate: float = 0.01, init_stdev: float = 0.1) -> Program:
    """Two layers with biases, F hidden ReLU units and several classes, trained by gradient descent.

    Output weights start at 0, so those of the outputs that stand for no class (there are F) stay there.

    Memory: 3 scalars (s2 learning rate), 10 vectors (v4 hidden biases, v6 zero, v7 output biases) and 3 matrices (m0
    hidden weights, m1 output weights).

    Args:
        learning_rate: step of the gradient descent.
        init_stdev: standard deviation of the hidden weights at the start.
    """
    learning_rate = checked_float("learning_rate", learning_rate, -_LARGEST, _LARGEST)
    init_stdev = checked_float("init_stdev", init_stdev, 0.0, _LARGEST)
    return Program.parse(f"""
def Setup():
  s2 = {learning_rate!r}
  m0 = gaussian(0, {init_stdev!r})
def Predict():
  v3 = dot(m0, v0)
  v3 = v3 + v4
  v5 = maximum(v3, v6)
  v2 = dot(m1, v5)
  v2 = v2 + v7
def Learn():
  v8 = v1 - v2
  v8 = s2 * v8
  m2 = transpose(m1)
  v9 = dot(m2, v8)
  v3 = heaviside(v3)
  v9 = v9 * v3
  v7 = v7 + v8
  m2 = outer(v8, v5)
  m1 = m1 + m2
  v4 = v4 + v9
  m2 = outer(v9, v0)
  m0 = m0 + m2
""")


def rediscovered_network() -> Program:
    """The network without biases that evolved on nonlinear regression (figure 5). Memory: 4/8/2."""
    return Program.parse("""
def Setup():
  m1 = gaussian(-1e-10, 9e-09)
  s3 = 4.1
  v4 = gaussian(-0.033, 0.01)
def Predict():
  v6 = dot(m1, v0)
  v7 = maximum(v1, v6)
  s1 = dot(v7, v4)
def Learn():
  v3 = heaviside(v6)
  s1 = s0 - s1
  s2 = s1 * s3
  v2 = s2 * v3
  v3 = v2 * v4
  m0 = outer(v3, v0)
  m1 = m1 + m0
  v4 = v2 + v4
""")


def evolved_linear_form() -> Program:
    """The best program of section 4.2, with its dead code (figure S1a): a bilinear form. Memory: 8/14/3."""
    return Program.parse("""
def Setup():
  s4 = uniform(0.6, 0.2)
  v3 = gaussian(0.7, 0.4)
  v12 = gaussian(0.2, 0.6)
  s1 = uniform(-0.1, -0.2)
def Predict():
  v1 = v0 - v9
  v5 = v0 + v9
  v6 = dot(m1, v5)
  m1 = s2 * m2
  s1 = dot(v6, v1)
  s6 = cos(s4)
def Learn():
  s4 = s0 - s1
  s3 = abs(s1)
  m1 = outer(v1, v0)
  s5 = sin(s4)
  s2 = norm(m1)
  s7 = s5 / s2
  s4 = s4 + s6
  v11 = s7 * v1
  m1 = heaviside(m2)
  m1 = outer(v11, v5)
  m0 = m1 + m0
  v9 = uniform(0.002, 0.7)
  s7 = log(s0)
  s4 = std(m0)
  m2 = m2 + m0
  m1 = s4 * m0
""")


def evolved_few_examples() -> Program:
    """What evolved where there are few examples, with its dead code (section 4.3, figure S2a). Memory: 10/16/4."""
    return Program.parse("""
def Setup():
  s3 = 0.004
def Predict():
  v7 = v5 - v0
  v3 = dot(m0, v0)
  s8 = s9 / s3
  v3 = v3 + v1
  m1 = heaviside(m3)
  v4 = maximum(v3, v7)
  s1 = dot(v4, v2)
  s4 = log(s9)
  v3 = bcast(s8)
  s7 = std(v1)
  v3 = v14 + v0
  m2 = matmul(m0, m2)
def Learn():
  v1 = gaussian(-0.50, 0.41)
  s4 = std(m0)
  s4 = s0 - s1
  v5 = gaussian(-0.48, 0.48)
  m1 = transpose(m3)
  s4 = s3 * s4
  v15 = v15 * v6
  v6 = s4 * v4
  v2 = v2 + v6
  v7 = s4 * v2
  v8 = heaviside(v3)
  v7 = v8 * v7
  m1 = outer(v7, v0)
  m0 = m0 + m1
""")


TUNABLE: Final[dict[str, Callable[[float], Program]]] = {
    "linear_regressor": linear_regressor,
    "neural_network": neural_network,
    "softmax_regressor": softmax_regressor,
    "softmax_network": softmax_network,
    "affine_regressor": affine_regressor,
    "affine_softmax_regressor": affine_softmax_regressor,
}  #: by name, those that are made for a learning rate

BASELINES: Final[dict[str, Callable[[], Program]]] = {
    "linear_regressor": linear_regressor,
    "neural_network": neural_network,
    "softmax_regressor": softmax_regressor,
    "softmax_network": softmax_network,
    "affine_regressor": affine_regressor,
    "affine_softmax_regressor": affine_softmax_regressor,
    "rediscovered_network": rediscovered_network,
    "evolved_linear_form": evolved_linear_form,
    "evolved_few_examples": evolved_few_examples,
}  #: all, by name

_FOR_CLASSES = {
    "linear_regressor": "softmax_regressor",
    "affine_regressor": "affine_softmax_regressor",
    "neural_network": "softmax_network",
}


def fitting(name: str, kind: Kind) -> str:
    """The name of the built-in program that does on labels of a kind what the one of this name does on others."""
    return _FOR_CLASSES.get(name, name) if kind == "multiclass" else name


def built_in(name: str) -> Program:
    """The program of a name in :data:`BASELINES`.

    Raises:
        InputError: there is none; the message suggests the nearest.
    """
    if name in BASELINES:
        return BASELINES[name]()
    raise InputError(f"unknown program {name!r}{hint(name, BASELINES)}")
