"""The errors of this package: one family, each message naming what was wrong and what was expected."""

from __future__ import annotations

from pyamlz._ffi import ffi, lib

__all__ = [
    "AmlzError",
    "ArchiveError",
    "DataError",
    "FileError",
    "InputError",
    "MissingExtraError",
    "ProgramError",
    "SearchError",
    "check",
]


class AmlzError(Exception):
    """Any error that this package raises on purpose."""


class InputError(AmlzError, ValueError):
    """An argument, option or file is not what it must be."""


class DataError(InputError):
    """Examples, or a file of them, cannot be used: wrong shape, wrong type, not finite, not a label."""


class ProgramError(InputError):
    """Text that is not a program, or a program that does not fit its memory.

    Attributes:
        line: from 1: of the text, or the instruction's place in its function; None where it does not apply.
        column: from 1, of the text; None where it does not apply.
    """

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message, line, column)
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return str(self.args[0])


class ArchiveError(InputError):
    """A file is no archive, is damaged, contradicts itself, or does not belong to what it is used with."""


class FileError(InputError, OSError):
    """A file cannot be written. What was there before is as it was, unless the message says otherwise."""

    def __str__(self) -> str:
        return str(self.args[0])


class MissingExtraError(AmlzError, ImportError):
    """A package that is needed for this is not installed; the message says how to install it."""


class SearchError(AmlzError, RuntimeError):
    """A search cannot do what it was asked to do in the state it is in."""


_CLASSES: dict[int, type[AmlzError]] = {
    lib.AMLZ_ERROR_ARGUMENT: InputError,
    lib.AMLZ_ERROR_PROGRAM: ProgramError,
    lib.AMLZ_ERROR_SYNTAX: ProgramError,
    lib.AMLZ_ERROR_DATA: DataError,
    lib.AMLZ_ERROR_UNSUPPORTED: InputError,
}


def check(status: int, reason: str | None = None) -> None:
    """Raises the error that an `amlz_status` stands for; returns if it is AMLZ_OK.

    Args:
        status: what a function of the C library returned.
        reason: the message, where more is known than the status's name.
    """
    if status != lib.AMLZ_OK:
        message = reason or ffi.string(lib.amlz_status_name(status)).decode("ascii")
        raise _CLASSES.get(status, AmlzError)(message)
