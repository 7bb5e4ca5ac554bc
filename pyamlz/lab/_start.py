"""What a run on a table starts from, and when something else is reported in its place."""

from __future__ import annotations

import math
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._lib.random import derived_seed
from pyamlz.lab._experiment import Experiment
from pyamlz.program import Program
from pyamlz.search import Model
from pyamlz.search._scores import losses_of
from pyamlz.tasks import Preparation, split_rows

__all__ = ["Gain", "Start"]

Doubles: TypeAlias = npt.NDArray[np.float64]

_BEYOND: Final = 2.0  # standard errors by which a program must be better than the start
_WORST: Final = 1e6  # squared error in variances: of what has lost its way


class Gain(NamedTuple):
    """How much better than the start a program is, on the rows to select by.

    Attributes:
        mean: difference of the mean losses: accuracy; of numbers, the share of the variance that is explained.
        error: its standard error.
        measure: "accuracy" or "R2".
    """

    mean: float
    error: float
    measure: str

    @property
    def is_beyond_noise(self) -> bool:
        """Whether it is more than two standard errors."""
        return self.mean > _BEYOND * self.error

    def __str__(self) -> str:
        return f"{self.mean:+.4f} in {self.measure}, with a standard error of {self.error:.4f}"


class Start:
    """The program that a run on a table starts from, which it reports unless another one is better beyond noise.

    Both are trained on the rows to search with, as they would be in use, and compared on each of those to select by.

    Args:
        program: the program.
        experiment: the experiment.
        seed: of the run.
    """

    def __init__(self, program: Program, experiment: Experiment, seed: int) -> None:
        table, settings = experiment.own_table(), experiment.table_settings()
        rows = split_rows(table)
        self.program = program
        self._search, self._select = table.take(rows.search), table.take(rows.select)
        self._preparation = Preparation.of(self._search, n_features=settings.get("n_features"))
        self._labels = self._preparation.labels(self._select)
        self._epochs = int(settings.get("epochs", 1))
        self._precision = experiment.precision
        self._seed = derived_seed(seed, "start")
        self._own = self._losses(program)

    def gain(self, program: Program) -> Gain:
        """How much better another program is."""
        gains = self._own - self._losses(program)
        measure = "accuracy" if self._preparation.classes else "R2"
        return Gain(float(gains.mean()), float(gains.std() / math.sqrt(len(gains))), measure)

    def why(self, program: Program) -> str:
        """A sentence that says why a program is reported."""
        if program == self.program:
            return "the start program is reported: nothing that was found gains more than two standard errors over it"
        return f"an evolved program is reported: on the rows to select by it gains {self.gain(program)}, over the start"

    def _losses(self, program: Program) -> Doubles:
        """Of each row: 1 for a wrong class, or the squared error as a share of the variance."""
        model = Model(program, self._preparation, precision=self._precision, seed=self._seed)
        model.learn(self._search, epochs=self._epochs)
        made = np.asarray(model.learner.predict(self._preparation.features(self._select)))
        return np.minimum(losses_of(self._preparation, made, self._labels), _WORST)
