"""The command `pyamlz`."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from pyamlz._cli import output
from pyamlz._cli.arguments import BAD_ARCHIVE, EPILOG, FAILED, INTERRUPTED, WRONG
from pyamlz._lib.columns import printable
from pyamlz._lib.errors import AmlzError, ArchiveError, FileError, InputError
from pyamlz._lib.interrupt import command_signals
from pyamlz._lib.native import PRECISIONS, self_test
from pyamlz._lib.version import COMPILER, KERNELS, VERSION

__all__ = ["main"]

# File and function of each command, in the order of the help. A file is loaded when one of its commands is meant.
_COMMANDS = {
    "search": "search.add_search",
    "resume": "search.add_resume",
    "show": "show.add_show",
    "explain": "explain.add_explain",
    "evaluate": "evaluate.add_evaluate",
    "conform": "conform.add_conform",
    **dict.fromkeys(("report", "lineage", "compare", "watch"), "report.add_reports"),
    "export": "export.add_export",
    "fit": "fit.add_fit",
    "predict": "predict.add_predict",
    "select": "select.add_select",
    "tune": "select.add_tune",
    "climb": "climb.add_climb",
    "bench": "bench.add_bench",
    "study": "study.add_study",
    "presets": "presets.add_presets",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code; wrong usage raises SystemExit(2), as in argparse.

    Args:
        argv: arguments without the command's name; by default those of the process.
    """
    try:
        with command_signals(), _warnings():
            output.open_streams()
            words = sys.argv[1:] if argv is None else argv
            arguments = _parsed(words)
            importlib.import_module("pyamlz._cli.outputs").check_outputs(arguments)
            code = int(arguments.command(arguments))
            output.flush()
            return code
    except InputError as error:
        codes = {ArchiveError: BAD_ARCHIVE, FileError: FAILED}
        return _failed(error, codes.get(type(error), WRONG))
    except (AmlzError, MemoryError) as error:
        return _failed(str(error) or "not enough memory", FAILED)
    except OSError as error:
        _drop_output()
        is_pipe = isinstance(error, BrokenPipeError)  # who read our output has enough of it
        return FAILED if is_pipe else _failed(f"output cannot be written: {error.strerror or error}", FAILED)
    except KeyboardInterrupt:
        return _failed("interrupted", INTERRUPTED)


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    """The arguments; `words` are what they were made of, and `parsed` makes such of others."""
    arguments = _parser(*words[:1]).parse_args(words)
    arguments.words, arguments.parsed = list(words), _parsed
    return arguments


def _failed(message: object, code: int) -> int:
    output.complain(message)
    return code


def _drop_output() -> None:
    """What cannot be written now cannot be written at exit either, where Python would complain once more."""
    with contextlib.suppress(OSError, AttributeError):  # it has no file, as a StringIO
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextlib.contextmanager
def _warnings() -> Iterator[None]:
    """Warnings are lines like all others, each as often as it comes."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", RuntimeWarning)
        warnings.showwarning = lambda message, *_, **__: output.complain(message)
        yield


class _Parser(argparse.ArgumentParser):
    """One whose messages may hold what a user's shell made of a file's name."""

    def _print_message(self, message: str, file: Any = None) -> None:
        super()._print_message("\n".join(map(printable, message.split("\n"))), file)


def _parser(name: str = "") -> argparse.ArgumentParser:
    """The parser of the command of this name; of all commands, if there is none."""
    parser = _Parser(
        prog="pyamlz",
        description="Evolves machine learning algorithms from scratch.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show version, build and self-test, and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for path in [_COMMANDS[name]] if name in _COMMANDS else dict.fromkeys(_COMMANDS.values()):
        file, _, function = path.partition(".")
        getattr(importlib.import_module(f"pyamlz._cli.{file}"), function)(commands)
    return parser


class _Version(argparse.Action):
    """Tells which library this is and whether it computes what it should; status 1 if not."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        told = f"{COMPILER}; kernels: {KERNELS}; precision: {', '.join(PRECISIONS)}"
        output.line(f"pyamlz {VERSION} ({told}; self-test: {self_test() or 'passed'})")
        parser.exit(1 if self_test() else 0)


if __name__ == "__main__":
    sys.exit(main())
