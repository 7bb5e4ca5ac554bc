"""Seeds of the parts of a run, and random numbers for tasks, drawn by the C library.

NumPy promises a stable stream of random integers, not of Gaussians or
permutations, so tasks never use ``numpy.random``: every number comes from the
library's counter-based generator and is the same on every machine.

A call names its stream by labels, for instance ``("linear", "weights", 3)``.
Streams with different labels or seeds are independent.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyamlz._ffi import ffi, lib

Labels: TypeAlias = tuple[str | int, ...]


def stream_number(labels: Labels) -> int:
    """The 64-bit stream number of `labels`.

    It is the first eight bytes, little-endian, of the SHA-256 of the labels
    written as a compact ASCII JSON list, so ``(1,)`` and ``("1",)`` differ.
    """
    text = json.dumps(labels, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "little")


def derived_seed(seed: int, *labels: str | int) -> int:
    """The seed of one part of a run, named by labels: 64 bits that depend on all arguments, and on nothing else."""
    text = json.dumps(["pyamlz.experiment", seed, *labels], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "little")


def gaussian(seed: int, labels: Labels, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Standard Gaussian numbers, filled in C order."""
    return _fill(lib.amlz_fill_gaussian, seed, labels, shape)


def uniform(seed: int, labels: Labels, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Uniform numbers in (0, 1), filled in C order."""
    return _fill(lib.amlz_fill_uniform, seed, labels, shape)


def permutation(seed: int, labels: Labels, n: int) -> npt.NDArray[np.intp]:
    """A random order of 0..n-1: the stable sort order of n uniform numbers."""
    return np.argsort(uniform(seed, labels, (n,)), kind="stable")


def _fill(
    fill: Callable[[int, int, object, int], object],
    seed: int,
    labels: Labels,
    shape: tuple[int, ...],
) -> npt.NDArray[np.float64]:
    count = math.prod(shape)
    numbers = np.empty(count, dtype=np.float64)
    if count:
        buffer = ffi.from_buffer("double[]", numbers, require_writable=True)
        fill(seed, stream_number(labels), buffer, count)
    return numbers.reshape(shape)
