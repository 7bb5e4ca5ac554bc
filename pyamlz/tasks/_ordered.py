"""Sums in one fixed order, so that a task has the same bits on every machine.

Matrix products and ``numpy.sum`` leave the order of additions, and whether a
multiplication is fused into an addition, to the build of NumPy and its BLAS.
Here every step is an elementwise NumPy operation on float64, which IEEE 754
rounds in one way only.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Doubles: TypeAlias = npt.NDArray[np.float64]

_BLOCK = 1024  # columns at a time: intermediate results stay in the cache


def matrix_product(weights: Doubles, x: npt.NDArray[np.generic]) -> Doubles:
    """The product of `weights` (G, K) and the examples `x` (N, K), as (N, G).

    Element [n, g] is ((0.0 + w[g, 0] x[n, 0]) + w[g, 1] x[n, 1]) + ..., in just
    this order whatever the sizes.
    """
    n_outputs, n_inputs = weights.shape
    result = np.empty((len(x), n_outputs))
    for start in range(0, len(x), _BLOCK):
        columns = np.ascontiguousarray(x[start : start + _BLOCK].T, dtype=np.float64)
        total = np.zeros((n_outputs, columns.shape[1]))
        term = np.empty_like(total)
        for k in range(n_inputs):
            np.multiply(weights[:, k, np.newaxis], columns[k], out=term)
            np.add(total, term, out=total)
        result[start : start + _BLOCK] = total.T
    return result


def column_sums(x: Doubles) -> Doubles:
    """The sum of the rows of `x` (N, G), as (G,).

    While more than one row is left, row i takes row i + h, where h is half the
    number of rows, rounded up; a middle row without a partner stays as it is.
    """
    while len(x) > 1:
        half = (len(x) + 1) // 2
        folded = x[:half].copy()
        folded[: len(x) - half] += x[half:]
        x = folded
    total: Doubles = x[0]
    return total
