"""Checks of arguments; those of integers and names are in :mod:`pyamlz.tasks.taskset`."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import TypeVar

from pyamlz.errors import InputError

T = TypeVar("T")

_MANY = 30  # names in a message


def checked_float(name: str, value: object, low: float, high: float = math.inf, *, over: bool = False) -> float:
    """`value` as a float from `low` (if `over`, not `low` itself) to `high`, which may be infinity.

    Raises:
        InputError: it is no such number.
    """
    wanted = f"{name}: expected a number {'over' if over else 'from'} {low:g}" + f" to {high:g}" * (high < math.inf)
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise InputError(f"{wanted}, got {value!r}")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{wanted}, got {value!r}") from None
    if not low <= number <= high or (over and number == low):
        raise InputError(f"{wanted}, got {number!r}")
    return number


def checked_type(name: str, value: object, wanted: type[T]) -> T:
    """`value` if it is a `wanted`.

    Raises:
        InputError: it is something else.
    """
    if isinstance(value, wanted):
        return value
    article = "an" if wanted.__name__[0] in "AEIOU" else "a"
    raise InputError(f"{name}: expected {article} {wanted.__name__}, got {type(value).__name__}")


def checked_bool(name: str, value: object) -> bool:
    """`value` if it is True or False.

    Raises:
        InputError: it is something else.
    """
    if isinstance(value, bool):
        return value
    raise InputError(f"{name}: expected true or false, got {value!r}")


def hint(name: str, known: Iterable[str]) -> str:
    """The end of a message about an unknown name: the nearest one that there is, else all if they are not too many."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1) or [other for other in known if name and name in other]
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; expected one of {', '.join(known)}" if len(known) <= _MANY else ""
