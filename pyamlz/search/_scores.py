"""Scores that people know, of predictions on rows that were held out, each with an interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._lib import random as _random
from pyamlz._lib.checks import MAX_COUNT, checked_int
from pyamlz._lib.errors import DataError, InputError
from pyamlz.tasks import Preparation

__all__ = ["Score", "losses_of", "scores_of"]

Array: TypeAlias = npt.NDArray[Any]

_RESAMPLES = 1000
_LOW, _HIGH = 25, 975  # of so many, the ones in ascending order between which 95 % lie
_LEAST = 1e-15  # probability that the logarithm is taken of


@dataclass(frozen=True, slots=True)
class Score:
    """A figure, and how sure it is.

    Attributes:
        name: "accuracy" (share of right answers), "log loss" (mean of -log p, where p is the probability given to the
            right class), "R2" (1 less the squared errors' share of the labels' variance), or "RMSE" (root of the mean
            squared error).
        value: on all rows.
        low, high: between them 95 of 100 samples of as many rows lie, drawn from these with replacement (bootstrap).
        n_rows: how many rows there were.
        unit: of `value`: that of the labels for RMSE, else none.
    """

    name: str
    value: float
    low: float
    high: float
    n_rows: int
    unit: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values; None for a figure that is infinite."""
        return {
            name: value if not isinstance(value, float) or np.isfinite(value) else None
            for name, value in asdict(self).items()
        }

    @classmethod
    def of(cls, name: str, values: object) -> Score:
        """What :meth:`to_json` gave, with messages that begin with the name.

        Raises:
            InputError: it is something else.
        """
        if not isinstance(values, dict) or set(values) != {field.name for field in fields(cls)}:
            raise InputError(f"{name}: expected a score, got {values!r:.100}")
        figures = [math.inf if values[key] is None else values[key] for key in ("value", "low", "high")]
        if not all(isinstance(figure, (int, float)) for figure in figures):
            raise InputError(f"{name}: expected numbers, got {figures!r:.100}")
        n_rows = checked_int(f"{name}.n_rows", values["n_rows"], 1, MAX_COUNT)
        value, low, high = map(float, figures)
        return cls(str(values["name"]), value, low, high, n_rows, str(values["unit"]))

    def rounded(self) -> Score:
        """With six digits, which are the same on every machine; logarithms and means are not to the last one."""
        value, low, high = (float(f"{figure:.6g}") for figure in (self.value, self.low, self.high))
        return replace(self, value=value, low=low, high=high)

    def __str__(self) -> str:
        return f"{self.name} {self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def losses_of(preparation: Preparation, predictions: Array, labels: Array) -> Array:
    """The loss of each prediction, (N,): of classes 1 for a wrong one, else 0; of numbers the squared error.

    A prediction that is no number is a wrong class, or infinitely far away. The arguments are those of
    :func:`scores_of`.
    """
    if preparation.classes:
        is_number = np.isfinite(predictions).reshape(len(labels), -1).all(axis=1)
        losses: Array = 1.0 - ((preparation.class_indexes(predictions) == labels) & is_number)
        return losses
    with np.errstate(over="ignore", invalid="ignore"):
        squared = (np.asarray(predictions, dtype=np.float64) - labels) ** 2
    return np.where(np.isfinite(squared), squared, np.inf)


def scores_of(preparation: Preparation, predictions: Array, labels: Array) -> tuple[Score, ...]:
    """The scores of predictions.

    Args:
        preparation: what predictions and labels mean.
        predictions: as of a :class:`pyamlz.Learner`: (N,) or (N, C).
        labels: as programs see them, (N,): class numbers, or numbers standardised.

    Returns:
        Accuracy and log loss for classes, R2 and RMSE (in the labels' units) for numbers. A prediction that is no
        number counts as wrong: RMSE is infinite, and the probability of the right class 0.

    Raises:
        DataError: there are no rows.
    """
    n = len(labels)
    if n == 0:
        raise DataError("scores: expected one row or more, got none")
    losses = losses_of(preparation, predictions, labels)
    if preparation.classes:
        given = np.nan_to_num(preparation.probabilities(predictions), nan=0.0)[np.arange(n), labels.astype(np.intp)]
        columns = np.column_stack([1.0 - losses, -np.log(np.clip(given, _LEAST, 1.0))])
        return (
            _score("accuracy", columns[:, :1], lambda mean: mean[..., 0]),
            _score("log loss", columns[:, 1:], lambda mean: mean[..., 0]),
        )
    columns = np.column_stack([losses, labels, labels**2])
    unit = preparation.label_deviation
    return (
        _score("R2", columns, _r2),
        _score("RMSE", columns[:, :1], lambda mean: unit * np.sqrt(mean[..., 0]), preparation.target),
    )


def _r2(mean: Array) -> Array:
    """Of means of squared errors, labels and squared labels; 0 where all labels are the same."""
    variance = mean[..., 2] - mean[..., 1] ** 2
    is_constant = variance <= 1e-15
    r2: Array = np.where(is_constant, 0.0, 1.0 - mean[..., 0] / np.where(is_constant, 1.0, variance))
    return r2


def _score(name: str, columns: Array, figure: Callable[[Array], Array], unit: str = "") -> Score:
    """A figure that is a function of the means of columns, (N, K), and its interval."""
    n = len(columns)
    means = np.empty((_RESAMPLES, columns.shape[1]))
    for i in range(_RESAMPLES):
        places = (_random.uniform(0, ("scores", "bootstrap", i), (n,)) * n).astype(np.intp)
        means[i] = columns[np.minimum(places, n - 1)].mean(axis=0)
    figures = np.sort(figure(means))
    low, high = figures[_LOW], figures[_HIGH - 1]
    return Score(name, float(figure(columns.mean(axis=0))), float(low), float(high), n, unit)
