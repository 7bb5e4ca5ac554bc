"""From a run on a table to a model in use, and how good it is on rows that neither has seen."""

from __future__ import annotations

import importlib
import os
import warnings
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz import archive
from pyamlz._lib.checks import MAX_COUNT, checked_int
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz._lib.random import derived_seed
from pyamlz.lab._experiment import Experiment
from pyamlz.lab._session import Session
from pyamlz.program import Program
from pyamlz.search import Model, Score, scores_of
from pyamlz.tasks import Preparation, Table, split_rows
from pyamlz.tasks._reading import DataSource

__all__ = ["Scored", "fit", "model_of", "scored"]

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Scored:
    """How good something is on the held-out rows.

    Attributes:
        name: "the program found", "constant", "linear model" or "logistic model".
        scores: see :class:`pyamlz.search.Score`.
    """

    name: str
    scores: tuple[Score, ...]


def fit(
    path: str | os.PathLike[str],
    *,
    data: DataSource | None = None,
    epochs: int | None = None,
    which: str = "selected",
) -> tuple[Model, tuple[Scored, ...]]:
    """Trains what a run on a table found, on all of its training rows: those to search with and those to select by.

    Args:
        path: the run's checkpoint.
        data: where the table is now, if it is not where the run looks for it.
        epochs: passes over the rows; by default as many as the run's tasks have.
        which: "selected" for what the run reports, or another program, as :func:`pyamlz.archive.found` has them.

    Returns:
        The model, which keeps the scores in its `session`, and its scores on the held-out rows beside those of others.

    Raises:
        ArchiveError: the file is no checkpoint of a run on a table, or the table is another.
        InputError: another argument is wrong, or the data cannot be found.
    """
    name = os.fspath(path)
    saved = archive.read(path)
    if not isinstance(saved, archive.Checkpoint | archive.Islands):
        raise ArchiveError(f"{name}: expected a checkpoint of a run, got an archive of a {type(saved).__name__}")
    session = Session.of(saved, name, data)
    if session is None or not session.preset.is_of_table:
        raise ArchiveError(f"{name}: expected a run on a table of one's own (search --data), got another")
    program = archive.program_of(saved, name, which)
    model, table = model_of(program, session.preset, session.seed, epochs)
    scores = scored(model, table)
    model.session = {
        "run": os.path.basename(name),
        "seed": session.seed,
        "scores": [score.to_json() for score in scores[0].scores],
    }
    return model, scores


def model_of(program: Program, preset: Experiment, seed: int, epochs: int | None = None) -> tuple[Model, Table]:
    """A program trained on the training rows of a preset's table, and the table.

    Args:
        program: the program.
        preset: a preset whose tasks are made of a table.
        seed: of the run.
        epochs: passes over the rows; by default as in the preset.
    """
    table = preset.own_table()
    settings = preset.table_settings()
    rows = split_rows(table)
    preparation = Preparation.of(table.take(rows.search), n_features=settings.get("n_features"))
    if preparation.kind == "multiclass" and settings.get("multiclass") == "pairs":
        raise InputError("multiclass: expected 'all', programs that tell apart two classes do not answer about more")
    model = Model(program, preparation, precision=preset.precision, seed=derived_seed(seed, "model"))
    epochs = checked_int("epochs", settings.get("epochs", 1) if epochs is None else epochs, 1, MAX_COUNT)
    return model.learn(table.take(rows.training), epochs=epochs), table


def scored(model: Model, table: Table, name: str = "the program found") -> tuple[Scored, ...]:
    """The scores of a model on a table's held-out rows, beside those of a constant, and of scikit-learn's linear or
    logistic model if that is installed, both trained on the same rows and features.

    Args:
        model: the model; it has learned from the table's training rows.
        table: the table.
        name: what to call the model.
    """
    rows = split_rows(table)
    train, test = table.take(rows.training), table.take(rows.test)
    preparation = model.preparation
    x, y = preparation.features(train), preparation.labels(train)
    labels = preparation.labels(test)
    found = [Scored(name, model.score(test))]
    found.append(Scored("constant", scores_of(preparation, _constant(y, len(labels), preparation), labels)))
    predicted = linear_predictions(x, y, preparation.features(test), preparation)
    if predicted is not None:
        kind = "logistic model" if preparation.classes else "linear model"
        found.append(Scored(kind, scores_of(preparation, predicted, labels)))
    return tuple(found)


def _constant(y: Array, n: int, preparation: Preparation) -> Array:
    """The mean of the training labels, or each class's share of them, n times."""
    if not preparation.classes:
        return np.full(n, y.mean())
    shares = np.bincount(y.astype(np.intp), minlength=len(preparation.classes)) / len(y)
    return np.full(n, shares[1]) if len(shares) == 2 else np.tile(shares, (n, 1))


def linear_predictions(x: Array, y: Array, test: Array, preparation: Preparation) -> Array | None:
    """What scikit-learn's ridge regression or logistic regression predicts; None without it."""
    try:
        linear_model = importlib.import_module("sklearn.linear_model")
    except ImportError:
        return None
    if not preparation.classes:
        return np.asarray(linear_model.Ridge().fit(x, y).predict(test))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says of its convergence
        made = linear_model.LogisticRegression(max_iter=1000).fit(x, y)
    given = np.zeros((len(test), len(preparation.classes)))
    given[:, made.classes_.astype(np.intp)] = made.predict_proba(test)
    return given[:, 1] if given.shape[1] == 2 else given
