"""The command `pyamlz conform`."""

from __future__ import annotations

import argparse
from typing import Any, cast

from pyamlz._cli import output
from pyamlz._cli.arguments import DONE, FAILED, PRECISION_NAMES, command, machine_options
from pyamlz.bench import conform
from pyamlz.search import Variant

__all__ = ["add_conform"]


def add_conform(commands: Any) -> None:
    """Adds the command to the subparsers of `pyamlz`."""
    vectors = command(commands, "conform", _conform, "check the library against recorded vectors", machine_options)
    vectors.add_argument("file", metavar="FILE.jsonl[.gz]", help="a JSON object a line")


def _conform(arguments: argparse.Namespace) -> int:
    shown = None if arguments.quiet else (lambda failure: output.line(failure, output.say(arguments)))
    precision = PRECISION_NAMES[arguments.precision or "f64"]
    report = conform(arguments.file, precision, cast(Variant, arguments.variant), shown)
    if arguments.json:
        output.print_json(
            {
                "passed": report.passed,
                "failed": len(report.failures),
                "failures": [str(failure) for failure in report.failures],
            }
        )
    else:
        output.line(report)
    return FAILED if report.failures else DONE
