"""A program that has learned from a table, and answers about rows of it."""

from __future__ import annotations

import os
import warnings
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz import archive
from pyamlz._lib import random as _random
from pyamlz._lib.checks import MAX_COUNT, Precision, checked_int, checked_seed, checked_type
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz._lib.saving import save
from pyamlz.program import Program
from pyamlz.program._live import live_code
from pyamlz.search._learner import Learner
from pyamlz.search._scores import Score, scores_of
from pyamlz.tasks import Preparation, Table
from pyamlz.tasks._reading import DataSource, read_columns

__all__ = ["Model"]

Array: TypeAlias = npt.NDArray[Any]

_LETTERS = "svm"


class Model:
    """A program, how its examples are prepared, and what it has learned: rows of a table in, answers out.

    Predicting changes nothing, and any number of threads may do so at once, while none learns. No row's answer depends
    on other rows: each finds the memory as the last training example left it. Copies and files go on to the same bits.

    Args:
        program: the program; instructions that compute nothing are left out.
        preparation: how columns become features, and predictions answers.
        precision: "float32" or "float64": what it computes in.
        seed: of random ops and of the order of examples, 0 to 2**64 - 1.

    Attributes:
        program: the program.
        preparation: the preparation.
        learner: the :class:`Learner`.
        seed: the seed.
        n_examples: how many examples it has learned from, counting each time.
        session: JSON values that are kept with it, such as where it comes from and how it scored.

    Raises:
        InputError: an argument is wrong, or the program does not fit this kind of labels.
    """

    def __init__(
        self, program: Program, preparation: Preparation, *, precision: Precision = "float32", seed: int = 0
    ) -> None:
        checked_type("program", program, Program)
        self.preparation = checked_type("preparation", preparation, Preparation)
        self.seed = checked_seed("seed", seed)
        kind, n_classes = preparation.kind, preparation.n_classes
        sizes = (preparation.n_features, kind, n_classes if kind == "multiclass" else 0)
        dims = program.dims(*sizes)
        if not live_code(program, dims).is_random:  # what random ops draw depends on the place among them
            program = program.simplified(dims)
            dims = program.dims(*sizes)
        self.program = program
        self.learner = Learner(program, dims, precision=precision, keep_dead_code=True, seed=seed)
        self.n_examples = 0
        self.session: dict[str, Any] = {}

    def __repr__(self) -> str:
        wanted = ", ".join(self.preparation.classes) or "a number"
        return f"Model({self.preparation.target}: {wanted:.60}; {self.n_examples:,} examples learned)"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; none where answers are numbers."""
        return self.preparation.classes

    def learn(self, data: Table | DataSource, y: Array | None = None, *, epochs: int = 1) -> Model:
        """Learns from examples, going on from what it knows.

        Args:
            data: a :class:`pyamlz.tasks.Table`, a file, a data frame or a mapping, which have the labels too; or an
                array (N, K) of the columns in their order, with y.
            y: labels, (N,), as they are in the table: names or numbers of classes, or numbers in their units.
            epochs: passes over the examples, each in an order of its own.

        Returns:
            The model itself.

        Raises:
            DataError: a column is missing, a label is, or a value is not what it must be; nothing was learned.
        """
        checked_int("epochs", epochs, 1, MAX_COUNT)
        features, labels = self._examples(data, y)
        for _ in range(epochs):
            order = _random.permutation(self.seed, ("model", "order", self.n_examples), len(labels))
            self.learner.learn(features[order], labels[order])
            self.n_examples += len(labels)
        return self

    def predict(self, data: Table | DataSource) -> Array:
        """Answers, (N,): names of classes, or numbers in the labels' units.

        Args:
            data: as of :meth:`learn`; labels need not be there.

        Warns:
            UserWarning: some predictions are no numbers: the program has lost its way. Such an answer is the first
                class, or NaN.
        """
        return self.preparation.answers(self._predictions(data))

    def predict_proba(self, data: Table | DataSource) -> npt.NDArray[np.float64]:
        """The probability of each class, (N, C), in the order of :attr:`classes`.

        Raises:
            InputError: the labels are numbers.
        """
        if not self.classes:
            raise InputError("predict_proba: expected a model of classes, the labels of this one are numbers")
        found = self.preparation.probabilities(self._predictions(data))
        return np.where(np.isfinite(found), found, 1.0 / len(self.classes))

    def score(self, data: Table | DataSource, y: Array | None = None) -> tuple[Score, ...]:
        """How good the answers are: accuracy and log loss, or R2 and RMSE, each with an interval.

        Args:
            data: as of :meth:`learn`, with labels.
            y: likewise.
        """
        features, labels = self._examples(data, y)
        return scores_of(self.preparation, np.asarray(self.learner.predict(features)), labels)

    def _examples(self, data: Table | DataSource, y: Array | None) -> tuple[Array, Array]:
        if isinstance(data, np.ndarray) or y is not None:
            if y is None:
                raise InputError("y: expected labels to go with an array of features")
            features, labels = self.preparation.features(data), self.preparation.labels(np.asarray(y))
        else:
            examples = data if isinstance(data, Table) else read_columns(data)
            features, labels = self.preparation.features(examples), self.preparation.labels(examples)
        if len(features) != len(labels):
            raise InputError(f"y: expected {len(features)} labels, one a row, got {len(labels)}")
        return features, labels

    def _predictions(self, data: Table | DataSource) -> Array:
        predictions = np.asarray(self.learner.predict(self.preparation.features(data)))
        wrong = int((~np.isfinite(predictions).reshape(len(predictions), -1).all(axis=1)).sum())
        if wrong:
            warnings.warn(f"{wrong} of {len(predictions)} predictions are no numbers", UserWarning, stacklevel=3)
        return predictions

    # ------------------------------------------------------------ files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes an archive of the model, or replaces the file as a whole.

        Raises:
            FileError: it cannot be written.
        """
        save(self, path)

    def to_archive(self) -> archive.ModelArchive:
        """What :meth:`save` writes."""
        state = self.learner.__getstate__()
        dtype = np.dtype(self.learner.precision).newbyteorder("<")
        parts: dict[str, list[bytes]] = {letter: [] for letter in _LETTERS}
        for address, values in state["memory"].items():
            parts[address[0]].append(np.asarray(values, dtype=dtype).tobytes())
        return archive.ModelArchive(
            dims=self.learner.dims,
            program=self.program,
            precision=self.learner.precision,
            seed=self.seed,
            examples=self.n_examples,
            runs=tuple(state["runs"]),
            memory=tuple(b"".join(parts[letter]) for letter in _LETTERS),
            preparation=archive.to_json(self.preparation.to_json()),
            session=archive.to_json(self.session) if self.session else None,
        )

    @classmethod
    def of(cls, found: archive.ModelArchive, name: str = "archive") -> Model:
        """The model of an archive.

        Raises:
            ArchiveError: its parts do not fit each other; the message begins with the name.
        """
        try:
            preparation = Preparation.from_json(archive.from_json(found.preparation, "preparation"))
            model = cls(found.program, preparation, precision=found.precision, seed=found.seed)
        except InputError as error:
            raise ArchiveError(f"{name}: {error}") from None
        if model.learner.dims != found.dims or str(model.program) != str(found.program):
            raise ArchiveError(f"{name}: dims: expected {model.learner.dims}, for its program, got {found.dims}")
        session = {} if found.session is None else archive.from_json(found.session, f"{name}: session")
        if not isinstance(session, dict):
            raise ArchiveError(f"{name}: session: expected a table, got {type(session).__name__}")
        model.session, model.n_examples = session, found.examples
        model.learner._restore(found.memory, found.runs)
        return model

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Reads what :meth:`save` wrote.

        Raises:
            ArchiveError: it is something else, or damaged.
        """
        found = archive.read(path)
        if not isinstance(found, archive.ModelArchive):
            wanted = "expected a model, which `fit` makes"
            raise ArchiveError(
                f"{os.fspath(path)}: {wanted}, got an archive of something else ({type(found).__name__})"
            )
        return cls.of(found, os.fspath(path))


@save.register
def _save_model(model: Model, path: str | os.PathLike[str]) -> None:
    archive.write(path, model.to_archive())
