"""Python: a model that was fitted to a table, in plain NumPy, from the table's columns to its answers."""

from __future__ import annotations

import pprint
from typing import Any, Final

import numpy as np

from pyamlz._lib.checks import checked_type
from pyamlz.export._names import checked_name
from pyamlz.export._python import to_python
from pyamlz.program import live_code
from pyamlz.search import Model
from pyamlz.tasks._preparation import projection_matrix

__all__ = ["model_to_python"]

_TEXT: Final = '''

COLUMNS = {columns}

CLASSES = {classes}
MEAN, DEVIATION = (np.array(x) for x in ({mean}, {deviation}))
LABEL_MEAN, LABEL_DEVIATION = {label_mean!r}, {label_deviation!r}
{projection}
LEARNED = {learned}


class {name}:
    """What was learned of a table: rows in, answers out. It goes on learning.

    Rows are dicts by the names of COLUMNS, or sequences in their order, with what the table has: numbers, names of
    categories, None or NaN where something is missing.
    """

    def __init__(self):
        self.learner = {name}Learner()
        for address, values in LEARNED.items():
            setattr(self.learner, address, np.array(values, REAL)[()])

    def features(self, row):
        """What the program sees of a row."""
        coded = []
        for place, column in enumerate(COLUMNS):
            value = row[column["name"]] if isinstance(row, dict) else row[place]
            is_missing = value is None or value != value
            if column["kind"] == "number":
                coded.append(column["fill"] if is_missing else float(value))
            else:
                coded += [float(not is_missing and value == category) for category in column["categories"]]
                if column["has_other"]:
                    coded.append(float(not is_missing and value not in column["categories"]))
            if column["marks_missing"]:
                coded.append(float(is_missing))
        scaled = (np.array(coded) - MEAN) / DEVIATION
{project}        return np.pad(scaled, (0, N_FEATURES - len(scaled)))

    def predict(self, rows):
        """The answers for rows: {answers}."""
        return [self._answer(self.learner.predict(self.features(row))) for row in rows]
{proba}
    def learn(self, rows, answers):
        """Learns rows and their answers, one after the other."""
        for row, answer in zip(rows, answers):
            self.learner.learn(self.features(row), {label})

    def _answer(self, prediction):
        return {answer}
'''

_PROBA: Final = '''
    def predict_proba(self, rows):
        """The probabilities of CLASSES, (N, C)."""
        made = [self.learner.predict(self.features(row)) for row in rows]
        return np.array({made}, np.float64)
'''

_KINDS: Final = {
    "regression": {
        "answers": "numbers in the units of the table",
        "answer": "float(prediction) * LABEL_DEVIATION + LABEL_MEAN",
        "label": "(answer - LABEL_MEAN) / LABEL_DEVIATION",
        "proba": "",
    },
    "binary": {
        "answers": "names of classes",
        "answer": "CLASSES[int(prediction > 0.5)]",
        "label": "CLASSES.index(answer)",
        "proba": _PROBA.format(made="[(1 - p, p) for p in made]"),
    },
    "multiclass": {
        "answers": "names of classes",
        "answer": "CLASSES[int(np.argmax(np.nan_to_num(prediction)))]",
        "label": "CLASSES.index(answer)",
        "proba": _PROBA.format(made="made"),
    },
}


def model_to_python(model: Model, *, name: str = "Model") -> str:
    """The text of a Python module in plain NumPy with a class that answers as the model does, and goes on learning.

    NumPy adds in an order of its own and random ops draw from its generator, so numbers agree but for rounding.

    Args:
        model: what was fitted.
        name: of the class.

    Raises:
        InputError: an argument is wrong.
    """
    checked_type("model", model, Model)
    learner, prepared = model.learner, model.preparation
    text = to_python(model.program, learner.dims, name=f"{checked_name(name)}Learner", precision=learner.precision)
    columns = [
        {
            "name": column.name,
            "kind": column.kind,
            "fill": column.fill,
            "categories": list(column.categories),
            "has_other": column.has_other,
            "marks_missing": column.marks_missing,
        }
        for column in prepared.columns
    ]
    learned = {
        str(x): np.asarray(learner.get(str(x)), learner.precision).tolist()
        for x in live_code(model.program, learner.dims).kept
    }
    projection, project = "", ""
    if prepared.n_projected:
        matrix = projection_matrix(prepared.projection_seed, prepared.n_projected, len(prepared.mean))
        projection = (
            f"MATRIX = np.array({_literal(matrix.tolist())})\n"
            f"PROJECTED_MEAN = np.array({_literal(list(prepared.projected_mean))})\n"
            f"PROJECTED_DEVIATION = np.array({_literal(list(prepared.projected_deviation))})\n"
        )
        project = "        scaled = (MATRIX @ scaled - PROJECTED_MEAN) / PROJECTED_DEVIATION\n"
    return text.replace("import numpy as np\n", "import numpy as np\n\nnan, inf = np.nan, np.inf\n", 1) + _TEXT.format(
        name=name,
        columns=_literal(columns),
        classes=_literal(list(prepared.classes)),
        mean=_literal(list(prepared.mean)),
        deviation=_literal(list(prepared.deviation)),
        label_mean=prepared.label_mean,
        label_deviation=prepared.label_deviation,
        projection=projection,
        project=project,
        learned=_literal(learned),
        **_KINDS[prepared.kind],
    )


def _literal(value: Any) -> str:
    return pprint.pformat(value, width=116, compact=True, sort_dicts=False)
