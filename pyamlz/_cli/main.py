"""The command `pyamlz`."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from pyamlz._cli import output
from pyamlz._cli.arguments import BAD_ARCHIVE, EPILOG, FAILED, INTERRUPTED, WRONG
from pyamlz._cli.bench import add_bench
from pyamlz._cli.climb import add_climb
from pyamlz._cli.conform import add_conform
from pyamlz._cli.evaluate import add_evaluate
from pyamlz._cli.explain import add_explain
from pyamlz._cli.export import add_export
from pyamlz._cli.fit import add_fit
from pyamlz._cli.predict import add_predict
from pyamlz._cli.presets import add_presets
from pyamlz._cli.report import add_reports
from pyamlz._cli.search import add_resume, add_search
from pyamlz._cli.select import add_select, add_tune
from pyamlz._cli.show import add_show
from pyamlz._cli.study import add_study
from pyamlz._lib.columns import printable
from pyamlz._lib.errors import AmlzError, ArchiveError, FileError, InputError
from pyamlz._lib.interrupt import command_signals
from pyamlz._lib.native import PRECISIONS
from pyamlz._lib.version import COMPILER, KERNELS, VERSION

__all__ = ["main"]

_COMMANDS = (
    *(add_search, add_resume, add_show, add_explain, add_evaluate, add_conform, add_reports, add_export),
    *(add_fit, add_predict),
    *(add_select, add_tune, add_climb, add_bench, add_study, add_presets),
)  # in the order of the help


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code; wrong usage raises SystemExit(2), as in argparse.

    Args:
        argv: arguments without the command's name; by default those of the process.
    """
    try:
        with command_signals(), _warnings():
            output.open_streams()
            arguments = _parser().parse_args(argv)
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


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pyamlz",
        description="Evolves machine learning algorithms from scratch.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in _COMMANDS:
        add(commands)
    return parser


def _version() -> str:
    return f"pyamlz {VERSION} ({COMPILER}; kernels: {KERNELS}; precision: {', '.join(PRECISIONS)})"


if __name__ == "__main__":
    sys.exit(main())
