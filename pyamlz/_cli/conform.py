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
    precision = PRECISION_NAMES[arguments.precision or "f64"]
    found = conform(arguments.file, precision, cast(Variant, arguments.variant))
    for failure in () if arguments.quiet else found.failures:
        output.line(failure, output.say(arguments))
    if arguments.json:
        output.print_json(
            {
                "passed": found.passed,
                "failed": len(found.failures),
                "failures": [str(failure) for failure in found.failures],
            }
        )
    else:
        output.line(found)
    return FAILED if found.failures else DONE
