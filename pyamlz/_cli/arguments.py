"""What the commands of `pyamlz` share: arguments, and where their output goes."""

from __future__ import annotations

import argparse
import secrets
import shlex
import sys
from collections.abc import Callable
from typing import Any

from pyamlz import archive, lab
from pyamlz._cli import output
from pyamlz._cli.data import data_settings, experiment_of_run
from pyamlz._lib.checks import Precision, checked_seed
from pyamlz._lib.errors import InputError
from pyamlz._lib.native import VARIANTS
from pyamlz.archive import find_program
from pyamlz.lab import Experiment
from pyamlz.lab._toml import dump_toml, tables_of
from pyamlz.program import Program
from pyamlz.program.baselines import BASELINES
from pyamlz.search import Callback, Progress
from pyamlz.search.callbacks import ProgressBar

DONE, FAILED, WRONG, BAD_ARCHIVE, INTERRUPTED = 0, 1, 2, 3, 130

_MAX_STDIN = 2**20

EPILOG = """exit codes:
  0    done (a search that reached a limit without a sufficient fitness is done too: see its stop reason)
  1    failed: vectors that do not agree, a file or output that could not be written, an error of the library
  2    wrong usage, or input that cannot be used: a file, a key, a value
  3    an archive that is damaged, or does not go with what else was said
  130  interrupted by Ctrl-C or SIGTERM; a search prints what it found until then
"""
PRECISION_NAMES: dict[str, Precision] = {"f32": "float32", "f64": "float64", "float32": "float32", "float64": "float64"}


def command(
    commands: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    summary: str,
    *options: Callable[[argparse.ArgumentParser], None],
) -> argparse.ArgumentParser:
    """The parser of a new command with the options that all have, and those that the given functions add."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(command=run)
    parser.add_argument("--json", action="store_true", help="print one JSON object, and all else on stderr")
    parser.add_argument("--quiet", action="store_true", help="print the result only")
    for add in options:
        add(parser)
    return parser


def add_set(parser: argparse.ArgumentParser, help_text: str) -> None:
    """Adds --set, which may come many times."""
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=help_text)


def add_program(parser: argparse.ArgumentParser, more: str = "") -> None:
    """Adds PROGRAM, for :func:`read_program`."""
    names = ", ".join(BASELINES)
    parser.add_argument("program", metavar="PROGRAM", help=f"a file, {more}- for standard input, or one of {names}")
    add_which(parser)


def add_which(parser: argparse.ArgumentParser) -> None:
    """Adds --which."""
    which = f"of the archive of a search: {archive.WHICH} (default: selected, what its run reports)"
    parser.add_argument("--which", default="selected", metavar="NAME", help=which)


def machine_options(parser: argparse.ArgumentParser) -> None:
    """Adds --precision and --variant."""
    parser.add_argument("--precision", choices=PRECISION_NAMES, help="what programs compute in")
    parser.add_argument("--variant", choices=VARIANTS, default="auto", help="kernels to use (default: auto)")


def thread_options(parser: argparse.ArgumentParser, what: str) -> None:
    """Adds --threads, for what is done at the same time."""
    parser.add_argument(
        "--threads",
        type=threads,
        default="auto",
        metavar="N|auto",
        help=f"{what} (default: all cores)",
    )


def ray_options(parser: argparse.ArgumentParser) -> None:
    """Adds --ray."""
    parser.add_argument(
        "--ray",
        metavar="local|auto|ADDRESS",
        help="islands on a Ray cluster, new, running here, or another; a thread each, or --threads N",
    )


def threads(text: str) -> int | str:
    """A number, or "auto"."""
    return text if text == "auto" else integer(text)


def run_options(parser: argparse.ArgumentParser) -> None:
    """Adds what a run of a preset takes."""
    machine_options(parser)
    parser.add_argument("--seed", type=seed, metavar="N", help="0 to 2**64 - 1 (default: drawn at random)")
    add_set(parser, "replace a setting, as tasks.n_features=8")


def integer(text: str) -> int:
    """An integer, which may be written 10_000 or 1e4."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
        if not number.is_integer():
            raise
        return int(number)


def seed(text: str) -> int:
    """A seed; of wrong ones argparse tells the message."""
    try:
        return checked_seed("seed", integer(text))
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def load_experiment(name: str | None, arguments: argparse.Namespace) -> Experiment:
    """The experiment, changed by --set, --precision and --data; of an archive that of its run."""
    changes = tables_of(arguments.set)
    if arguments.precision is not None:
        changes["precision"] = PRECISION_NAMES[arguments.precision]
    if name is not None and archive.is_archive(name):
        return experiment_of_run(name, arguments).replace(**changes)
    if name is None:
        if getattr(arguments, "data", None) is None:
            raise InputError("expected a preset, or --data with examples of your own")
        name = "table"
    experiment, data = Experiment.load(name), data_settings(arguments)
    return (experiment.replace(tasks=data) if data else experiment).replace(**changes)


def read_program(value: str, n_features: int = 0, which: str = "selected") -> Program:
    """The program of a file, of standard input, or built in."""
    if value == "-":
        return Program.parse(output.read_input(_MAX_STDIN), n_features)
    return find_program("program", value, n_features, which)


def given_or_drawn(given: int | None) -> int:
    """The seed that was given, or one that is drawn."""
    return secrets.randbelow(2**32) if given is None else given


def keep_options(parser: argparse.ArgumentParser) -> None:
    """Adds what long commands have of files that they keep, and of what they show."""
    every = f"between two checkpoints (default: {lab.EVERY_SECONDS:g})"
    parser.add_argument("--every-seconds", type=float, default=lab.EVERY_SECONDS, metavar="S", help=every)
    verbose_option(parser)


def verbose_option(parser: argparse.ArgumentParser) -> None:
    """Adds what long commands have to show all that they depend on."""
    parser.add_argument("--verbose", action="store_true", help="print all settings first")


def sitting_options(parser: argparse.ArgumentParser) -> None:
    """Adds what commands have that are done unit by unit."""
    parser.add_argument("--checkpoint", metavar="FILE", help="a new file, from which `resume` goes on")
    parser.add_argument("--log", metavar="FILE.jsonl", help="a new file for counts and fitness, a JSON object a line")
    keep_options(parser)
    parser.set_defaults(resume=False)


def sitting(arguments: argparse.Namespace, head: Callable[[Any], None]) -> dict[str, Any]:
    """What these options mean to a function of :mod:`pyamlz.lab`."""
    return {
        "callbacks": shown(arguments, head),
        "checkpoint": arguments.checkpoint,
        "every_seconds": arguments.every_seconds,
        "log": arguments.log,
        "resume": arguments.resume,
        "command": arguments.words,
    }


def ended(arguments: argparse.Namespace, stop_reason: str) -> int:
    """Says what to do next, to go on with what was ended or with what was found; the exit code."""
    found = getattr(arguments, "output", None)
    if stop_reason != "interrupted":
        then = "a file with the program is for pyamlz explain, evaluate and export"
        output.note(arguments, f"next: {then if found is None else f'pyamlz explain {shlex.quote(found)}'}")
        return DONE
    where = "" if arguments.checkpoint is None else f" pyamlz resume {shlex.quote(arguments.checkpoint)}"
    output.note(arguments, f"next:{where or ' the same with --checkpoint FILE can be gone on with'}")
    return INTERRUPTED


def shown(arguments: argparse.Namespace, head: Callable[[Any], None]) -> list[Callback]:
    """What shows how a long command does: `head` when it begins, which is told what is run, with --verbose all settings
    too; and then its progress.
    """

    def begin(run: Any) -> None:
        head(run)
        if arguments.verbose:
            settings = run.preset.toml() if hasattr(run, "preset") else dump_toml(run.config)
            output.block(f"{settings}\n", output.say(arguments))

    return [] if arguments.quiet else [_Head(begin), ProgressBar(sys.stderr, keep=False)]


class _Head:
    """A callback of the beginning alone."""

    def __init__(self, begin: Callable[[Any], None]) -> None:
        self.begin = begin

    def __call__(self, progress: Progress) -> None:
        pass
