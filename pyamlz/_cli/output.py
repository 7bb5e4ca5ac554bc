"""What commands print. Nothing else in this room writes to a stream.

File names, tables and archives come from anywhere, and so may what a line says. Characters that would steer a terminal
are shown as escapes, so that nobody's file can write over what stands there, or look like something that we say.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
from typing import Any, TextIO

from pyamlz._lib.columns import printable
from pyamlz._lib.errors import FileError, InputError

__all__ = [
    "block",
    "clear",
    "complain",
    "flush",
    "is_terminal",
    "line",
    "note",
    "open_streams",
    "overwrite",
    "print_json",
    "read_input",
    "say",
    "write",
]


def open_streams() -> None:
    """Puts the null device in the place of streams that are closed, so that no file becomes one of them."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        while (file := os.open(os.devnull, os.O_RDWR)) <= 2:
            pass
        os.close(file)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may hold anything


def say(arguments: argparse.Namespace) -> TextIO:
    """Where everything but the result goes."""
    return (sys.stderr if arguments.json else sys.stdout) or io.StringIO()


def line(text: object = "", to: TextIO | None = None) -> None:
    """Prints a line, by default of the result."""
    _put(printable(str(text)) + "\n", to)


def block(text: object, to: TextIO | None = None) -> None:
    """Prints lines that end themselves, as a program's text."""
    _put("\n".join(map(printable, str(text).split("\n"))), to)


def note(arguments: argparse.Namespace, text: object) -> None:
    """Prints a line that is not of the result, unless it shall be quiet."""
    if not arguments.quiet:
        _put(f"# {printable(str(text))}\n", say(arguments))


def flush(stream: TextIO | None = None) -> None:
    """Passes on what was printed; of streams that hold nothing back there is none."""
    stream = stream or sys.stdout
    if hasattr(stream, "flush"):
        stream.flush()


def complain(message: object) -> None:
    """Says what went wrong; further lines, as of another program's complaint, are indented."""
    text = "\n  ".join(map(printable, str(message).rstrip("\n").split("\n")))
    with contextlib.suppress(OSError):  # who has closed standard error does not want to know
        _put(f"pyamlz: {text}\n", sys.stderr or io.StringIO())


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at it."""
    return stream is not None and hasattr(stream, "isatty") and stream.isatty()


def clear() -> None:
    """Empties the terminal that is standard output."""
    _put("\x1b[2J\x1b[H", None)


def overwrite(text: str, *, is_last: bool) -> None:
    """Prints in place of the line before on standard error, until the last one."""
    _put(f"\r{printable(text)}" + "\n" * is_last, sys.stderr or io.StringIO())


def print_json(value: dict[str, Any]) -> None:
    """Prints an object in one line."""
    _put(json.dumps(value, allow_nan=False) + "\n", None)


def write(data: bytes) -> None:
    """Writes bytes to standard output, as text where it takes no bytes.

    Raises:
        FileError: the bytes are no text, and it takes nothing else.
    """
    stream = sys.stdout
    if stream is None:
        return
    if hasattr(stream, "buffer"):
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()
        return
    try:
        stream.write(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise FileError("standard output: takes text only; name a file by --output") from None


def read_input(most: int) -> str:
    """What standard input has.

    Raises:
        InputError: it is closed, or has more bytes than so many.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise InputError("standard input: is closed")
    data = sys.stdin.buffer.read(most + 1) if hasattr(sys.stdin, "buffer") else sys.stdin.read(most + 1)
    if len(data) > most:
        raise InputError(f"standard input: expected a program of at most {most} bytes")
    return data if isinstance(data, str) else data.decode("utf-8-sig", "replace")


def _put(text: str, to: TextIO | None) -> None:
    stream = to or sys.stdout
    if stream is not None:
        stream.write(text)
        flush(stream)
