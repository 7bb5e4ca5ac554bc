"""The command `pyamlz predict`."""

from __future__ import annotations

import argparse
import csv
import io
from typing import Any

import numpy as np
import numpy.typing as npt

from pyamlz._cli import output
from pyamlz._cli.arguments import DONE, command
from pyamlz._lib.files import replace_file
from pyamlz.search import Model

__all__ = ["add_predict"]


def add_predict(commands: Any) -> None:
    """Adds the command `predict`."""
    predict = command(commands, "predict", _predict, "answer about rows of a table by a model that `fit` made")
    predict.add_argument("model", metavar="MODEL.amlz", help="what `fit` made")
    predict.add_argument("--data", required=True, metavar="FILE", help="a table with the columns of the training rows")
    predict.add_argument("--proba", action="store_true", help="the probability of each class")
    predict.add_argument("-o", "--output", metavar="FILE.csv", help="where to write them (default: standard output)")


def _predict(arguments: argparse.Namespace) -> int:
    model = Model.load(arguments.model)
    if arguments.proba:
        names, answers = [*model.classes], model.predict_proba(arguments.data)
    else:
        names, answers = [model.preparation.target], model.predict(arguments.data)[:, np.newaxis]
    if arguments.json:
        values = [[_plain(value) for value in row] for row in answers.tolist()]
        output.print_json({"columns": names, "rows": values})
        return DONE
    text = _csv(names, answers)
    if arguments.output is None:
        output.write(text.encode("utf-8"))
    else:
        replace_file(arguments.output, text.encode("utf-8"))
        output.note(arguments, f"{arguments.output}: {len(answers):,} rows")
    return DONE


def _plain(value: object) -> object:
    return None if value != value or value in (float("inf"), -float("inf")) else value


def _csv(names: list[str], answers: npt.NDArray[Any]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([repr(value) if isinstance(value, float) else value for value in row] for row in answers.tolist())
    return text.getvalue()
