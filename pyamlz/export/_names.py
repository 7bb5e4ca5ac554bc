"""Names in exported code."""

from __future__ import annotations

import keyword
import re

from pyamlz._lib.errors import InputError

_RESERVED = re.findall(
    r"\w+",
    """
    auto bool case char const default do double enum extern float goto inline int long register restrict short signed
    sizeof static struct switch typedef union unsigned void volatile
    """,
)  # by C, but for what Python reserves too


def checked_name(name: str) -> str:
    """An identifier of C and Python.

    Raises:
        InputError: it is none.
    """
    is_name = isinstance(name, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name)
    if not is_name or name in _RESERVED or keyword.iskeyword(name):
        raise InputError(f"name: expected an identifier of C and Python, got {name!r}")
    return name
