"""What commands say and take of a table of the user's own."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any, get_args

from pyamlz import archive
from pyamlz._cli import output
from pyamlz._lib.errors import ArchiveError, InputError
from pyamlz.lab import Experiment, Scored, Session
from pyamlz.tasks import described
from pyamlz.tasks._table import Labels

__all__ = [
    "data_options",
    "data_settings",
    "experiment_of_run",
    "print_scores",
    "say_what_data_are",
    "scores_json",
    "where_data_are",
]

_LISTS = ("columns", "drop", "categorical")
_READ = ("target", "labels", *_LISTS, "encoding", "separator")


def data_options(parser: argparse.ArgumentParser) -> None:
    """Adds what says that tasks come from a table of the user's."""
    own = parser.add_argument_group("your own data")
    kinds = "CSV with a line of names, .parquet, .feather, .arrow, or .npz with X and y"
    own.add_argument("--data", metavar="FILE", help=f"examples: {kinds}")
    own.add_argument("--target", metavar="COLUMN", help="the column with the labels, all others being features")
    own.add_argument("--labels", choices=get_args(Labels), help="what labels are (default: auto)")
    own.add_argument("--columns", metavar="A,B,...", help="columns to take as features (default: all)")
    own.add_argument("--drop", metavar="A,B,...", help="columns to leave out")
    own.add_argument("--categorical", metavar="A,B,...", help="columns of numbers to take as categories")
    own.add_argument("--encoding", metavar="NAME", help="of a CSV file (default: found out)")
    own.add_argument("--separator", metavar="C", help="of a CSV file (default: found out)")


def where_data_are(parser: argparse.ArgumentParser) -> None:
    """Adds what says where the table of a run is now."""
    wanted = "the run's own table, if it is not where it was, nor beside the archive, nor in the working folder"
    parser.add_argument("--data", metavar="FILE", help=wanted)


def data_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments of tasks that the options stand for."""
    given = {key: getattr(arguments, key, None) for key in ("data", *_READ)}
    path = given.pop("data")
    if path is None:
        wrong = next((key for key, value in given.items() if value is not None), None)
        if wrong is not None:
            raise InputError(f"--{wrong}: expected only with --data")
        return {}
    values: dict[str, Any] = {"path": path, **given}
    for key in _LISTS:
        if values[key] is not None:
            values[key] = [name.strip() for name in values[key].split(",") if name.strip()]
    return {key: value for key, value in values.items() if value is not None}


def experiment_of_run(path: str, arguments: argparse.Namespace) -> Experiment:
    """The experiment of the run that an archive is of; --data says where its table is now.

    Raises:
        ArchiveError: it is no archive of a run.
    """
    saved = archive.read(path)
    session = None
    if isinstance(saved, archive.Checkpoint | archive.Islands):
        session = Session.of(saved, path, getattr(arguments, "data", None))
    if session is None:
        raise ArchiveError(f"{path}: expected the archive of a run, which has a preset, got another")
    wrong = next((key for key in _READ if getattr(arguments, key, None) is not None), None)
    if wrong is not None:
        raise InputError(f"--{wrong}: expected only with a table that is read anew")
    return session.preset


def say_what_data_are(arguments: argparse.Namespace, experiment: Experiment) -> None:
    """Reads the table of an experiment that has one, and says what it is taken for; errors come before that."""
    if experiment.is_of_table:
        for line in described(experiment.own_table(), experiment.table_settings().get("n_features")):
            output.note(arguments, line)


def print_scores(scores: Iterable[Scored]) -> None:
    """Scores on held-out rows as a small table."""
    rows = [(one.name, *map(str, one.scores)) for one in scores]
    if not rows:
        return
    n_rows = next(score.n_rows for one in scores for score in one.scores)
    output.line(f"on the {n_rows:,} rows that were held out (in brackets: where 95 of 100 such samples lie)")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        output.line("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def scores_json(scores: Iterable[Scored]) -> list[dict[str, Any]]:
    """The same as JSON values."""
    return [{"name": one.name, "scores": [score.to_json() for score in one.scores]} for one in scores]
