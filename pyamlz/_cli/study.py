"""The command `pyamlz study`."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any, Final

from pyamlz import study
from pyamlz._cli import output
from pyamlz._cli.arguments import DONE, INTERRUPTED, add_set, command, integer, shown, thread_options, verbose_option
from pyamlz._lib.errors import InputError
from pyamlz.search import Callback, Progress
from pyamlz.search.callbacks import JsonLines

__all__ = ["add_study"]

_FOLDER: Final = Path("studies")


def add_study(commands: Any) -> None:
    """Adds the command to the subparsers of `pyamlz`."""
    parser = command(commands, "study", _study, "do one of the paper's experiments, or go on with it")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the study")
    parser.add_argument("--list", action="store_true", help="list the studies, and their settings")
    parser.add_argument("--hours", type=float, metavar="H", help="begin no more work after so long")
    parser.add_argument("--seeds", type=integer, metavar="N", help="repetitions (default: see --list)")
    thread_options(parser, "units of work at a time")
    folder = f"where its files are or will be (default: {_FOLDER}/NAME, with --small {_FOLDER}/NAME-small)"
    parser.add_argument("-o", "--output", "--checkpoint", metavar="FOLDER", help=folder)
    parser.add_argument("--log", metavar="FILE.jsonl", help="a log with a line a unit, new or to go on with")
    parser.add_argument("--small", action="store_true", help="a version that takes seconds, to see what it does")
    verbose_option(parser)
    add_set(parser, "replace a setting, as evaluations=1e6")


def _study(arguments: argparse.Namespace) -> int:
    if arguments.list:
        return _list(arguments)
    if arguments.name is None:
        raise InputError(f"NAME: expected one of {', '.join(study.STUDIES)}, got none")
    kind = study.find(arguments.name)
    configured = kind.configured(arguments.set, small=arguments.small)
    seeds = kind.SEEDS[arguments.small] if arguments.seeds is None else arguments.seeds
    report = study.run(
        configured,
        arguments.output or _FOLDER / (f"{kind.NAME}-small" if arguments.small else kind.NAME),
        n_seeds=seeds,
        threads=arguments.threads,
        max_seconds=None if arguments.hours is None else 3600 * arguments.hours,
        command=_command(arguments, seeds),
        callbacks=_callbacks(arguments),
    )
    _tell(arguments, configured, report)
    return INTERRUPTED if report.stop_reason == "interrupted" else DONE


def _callbacks(arguments: argparse.Namespace) -> list[Callback]:
    log: list[Callback] = [] if arguments.log is None else [JsonLines(arguments.log)]
    lines = [] if arguments.quiet else [_Lines(arguments)]
    return [*log, *lines, *shown(arguments, lambda _: None)]


class _Lines:
    """Prints a line for each unit that is done."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._last: str | None = None

    def __call__(self, progress: Progress) -> None:
        if progress.stage is not None and progress.stage != self._last:
            self._last = progress.stage
            output.note(self._arguments, progress.stage)


def _command(arguments: argparse.Namespace, seeds: int) -> str:
    """What makes the same raw data anywhere."""
    words = ["pyamlz", "study", arguments.name, "--seeds", str(seeds), *(["--small"] if arguments.small else [])]
    return shlex.join([*words, *(word for setting in arguments.set for word in ("--set", setting))])


def _tell(arguments: argparse.Namespace, configured: study.Study, report: study.Report) -> None:
    table = report.table
    if arguments.json:
        output.print_json(
            {
                "study": configured.NAME,
                "settings": configured.settings,
                "stop_reason": report.stop_reason,
                "done": report.done,
                "wanted": report.wanted,
                "columns": None if table is None else table.columns,
                "rows": None if table is None else _json_rows(table),
            }
        )
        return
    if table is not None:
        output.block(table.markdown())
    output.note(
        arguments,
        f"{report.done} of {report.wanted} units are done ({report.stop_reason}); files are in {report.folder}",
    )
    if report.missing is not None:
        output.note(arguments, report.missing)
    folder = shlex.quote(str(report.folder))
    is_whole = report.done == report.wanted
    output.note(arguments, f"next: {'more --seeds, which go on there' if is_whole else f'pyamlz resume {folder}'}")


def _json_rows(table: study.ResultTable) -> list[list[Any]]:
    """Rows in which what JSON cannot say, infinite and unknown numbers, is a string."""
    return [[str(v) if isinstance(v, float) and v - v != 0 else v for v in row] for row in table.rows]


def _list(arguments: argparse.Namespace) -> int:
    if arguments.json:
        output.print_json({name: {"summary": s.SUMMARY, "settings": s.SETTINGS} for name, s in study.STUDIES.items()})
        return DONE
    width = max(map(len, study.STUDIES))
    for name, kind in study.STUDIES.items():
        output.line(f"{name:<{width}}  {kind.SUMMARY}")
        output.line(f"{'':<{width}}  {kind.SEEDS[0]} seeds; {', '.join(f'{k}={v}' for k, v in kind.SETTINGS.items())}")
    return DONE
