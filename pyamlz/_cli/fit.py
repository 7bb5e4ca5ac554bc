"""The command `pyamlz fit`."""

from __future__ import annotations

import argparse
import os
from typing import Any

from pyamlz import archive, lab
from pyamlz._cli import output
from pyamlz._cli.arguments import DONE, add_which, command, integer
from pyamlz._cli.data import print_scores, scores_json
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz.lab import Scored
from pyamlz.search import Model

__all__ = ["add_fit"]


def add_fit(commands: Any) -> None:
    """Adds the command `fit`."""
    fit = command(commands, "fit", _fit, "train what a run on your own data found, or go on training a model")
    fit.add_argument("file", metavar="RUN.amlz|MODEL.amlz", help="what `search --checkpoint` or `fit` made")
    wanted = "for a run: where its table is now; for a model: examples to learn from"
    fit.add_argument("--data", metavar="FILE", help=wanted)
    fit.add_argument(
        "--epochs", type=integer, metavar="N", help="passes over the rows (default: the run's; a model: 1)"
    )
    fit.set_defaults(checks_output=True)  # a model goes on learning in its file
    add_which(fit)
    fit.add_argument("-o", "--output", metavar="MODEL.amlz", help="the model's file (default, of a model: the same)")


def _fit(arguments: argparse.Namespace) -> int:
    found = archive.read(arguments.file)
    target = arguments.output
    if isinstance(found, archive.ModelArchive):
        if arguments.data is None:
            raise InputError("--data: expected examples for the model to learn from")
        target = target or arguments.file
        _check_target(target)
        model = Model.of(found, arguments.file)
        before = model.n_examples
        model.learn(arguments.data, epochs=1 if arguments.epochs is None else arguments.epochs)
        model.save(target)
        return _tell(arguments, model, target, (), f"learned {model.n_examples - before:,} examples more")
    if target is None:
        raise InputError("--output: expected a file for the model")
    _check_target(target)
    model, scores = lab.fit(arguments.file, data=arguments.data, epochs=arguments.epochs, which=arguments.which)
    model.save(target)
    return _tell(arguments, model, target, scores, f"learned {model.n_examples:,} examples")


def _check_target(path: str) -> None:
    """Refuses to write over a file that is no model."""
    if not os.path.lexists(path):
        return
    try:
        is_model = isinstance(archive.read(path), archive.ModelArchive)
    except ArchiveError:
        is_model = False
    if not is_model:
        raise InputError(f"--output: {path} is there already, and is no model; choose another name")


def _tell(arguments: argparse.Namespace, model: Model, path: str, scores: tuple[Scored, ...], what: str) -> int:
    if arguments.json:
        told = {"model": path, "examples": model.n_examples, "scores": scores_json(scores), "classes": model.classes}
        output.print_json({**told, "target": model.preparation.target, "program": str(model.program)})
        return DONE
    output.line(f"{path}: a model of {model.preparation.target}, which has {what}")
    print_scores(scores)
    output.note(arguments, f"next: pyamlz predict {path} --data NEW.csv -o PREDICTIONS.csv")
    return DONE
