"""Checks of arguments: each returns the value in the type that is wanted, or says what was expected."""

from __future__ import annotations

import difflib
import math
import operator
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias, TypeVar, cast, get_args

import numpy as np

from pyamlz._ffi import lib
from pyamlz._lib.errors import InputError

T = TypeVar("T")
Precision: TypeAlias = Literal["float32", "float64"]

MAX_FEATURES: int = lib.AMLZ_MAX_FEATURES  #: the largest F
MAX_COUNT = 2**31 - 1
MAX_SEED = 2**64 - 1

_MANY = 30  # names in a message


def checked_int(name: str, value: object, low: int, high: int) -> int:
    """`value` as a Python int.

    Raises:
        InputError: it is not an integer in [low, high].
    """
    wanted = f"{name}: expected an integer from {low} to {high}"
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise InputError(f"{wanted}, got {value!r}")
    try:
        number = operator.index(value)
    except TypeError:  # an array of several numbers
        raise InputError(f"{wanted}, got {value!r}") from None
    if not low <= number <= high:
        raise InputError(f"{wanted}, got {number}")
    return number


def checked_seed(name: str, value: object) -> int:
    """`value` as a Python int in the generator's range of seeds."""
    return checked_int(name, value, 0, MAX_SEED)


def checked_choice(name: str, value: object, choices: Iterable[str]) -> str:
    """`value` if it is one of the strings `choices`."""
    if isinstance(value, str) and value in choices:
        return str(value)
    raise InputError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")


def checked_precision(name: str, value: object) -> Precision:
    """`value` as one of the two dtype names; NumPy dtypes and types are taken too."""
    found: object
    try:
        found = None if value is None else np.dtype(cast(Any, value)).name
    except (TypeError, ValueError):
        found = value
    return cast(Precision, checked_choice(name, found, get_args(Precision)))


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
