"""The best program of section 4.2 without one of its features each: what the paper's section S8 measures.

Each is :func:`pyamlz.program.baselines.evolved_linear_form`, simplified, with as few lines changed as can be.
"""

from __future__ import annotations

from typing import Final

from pyamlz._lib.checks import checked_choice, checked_float
from pyamlz.explain._ablation import Insertion, inserted
from pyamlz.program import Line, Program
from pyamlz.program.baselines import evolved_linear_form

__all__ = ["EVOLVED_FEATURES", "evolved_linear_form_without", "simplified_linear_form"]

EVOLVED_FEATURES: Final = ("input_noise", "bilinear_form", "normalised_gradient", "weight_averaging")  #: by name


def simplified_linear_form() -> Program:
    """The best program of section 4.2 without its dead code (figure S1b)."""
    program = evolved_linear_form()
    return program.simplified(program.dims(2, "binary"))


def evolved_linear_form_without(feature: str, learning_rate: float = 0.1) -> Program:
    """The simplified program without one of :data:`EVOLVED_FEATURES`.

    - input_noise: draws are replaced by their mean. (Without v9 the prediction would be even in the features: the mean
      of the noise is what lets it tell x from -x.)
    - bilinear_form: ones take the place of the left features, so that the prediction, the sum of dot(m1, features), is
      linear; all else stays.
    - normalised_gradient: a constant takes the place of one over the norm.
    - weight_averaging: predictions in validation are made by the weights of the last training step.

    Args:
        feature: which.
        learning_rate: the constant of "normalised_gradient"; the others have no use for it.

    Raises:
        InputError: there is no such feature.
    """
    rate = checked_float("learning_rate", learning_rate, 0.0)
    changes: dict[str, tuple[list[Line], list[Insertion]]] = {
        "input_noise": (
            [Line("learn", 9)],
            [Insertion(Line("setup", 1), "s8 = 0.351"), Insertion(Line("learn", 9), "v9 = bcast(s8)")],
        ),
        "bilinear_form": (
            [Line("predict", 1)],
            [Insertion(Line("setup", 1), "s8 = 1.0"), Insertion(Line("predict", 1), "v1 = bcast(s8)")],
        ),
        "normalised_gradient": (
            [Line("learn", 5)],
            [Insertion(Line("setup", 1), f"s8 = {rate!r}"), Insertion(Line("learn", 5), "s7 = s5 * s8")],
        ),
        "weight_averaging": ([Line("predict", 4)], []),
    }
    gone, new = changes[checked_choice("feature", feature, EVOLVED_FEATURES)]
    return inserted(simplified_linear_form(), new, gone)
