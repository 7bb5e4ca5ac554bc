"""Streams of random numbers, and sums in a fixed order."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from pyamlz._lib import random as _random
from pyamlz.tasks._ordered import column_sums, matrix_product


def test_stream_number_is_the_start_of_the_hash_of_the_labels() -> None:
    digest = hashlib.sha256(b'["linear","weights",3]').digest()
    expected = sum(byte << (8 * i) for i, byte in enumerate(digest[:8]))
    assert _random.stream_number(("linear", "weights", 3)) == expected


def test_stream_numbers_tell_labels_apart() -> None:
    labels: list[_random.Labels] = [
        (),
        ("",),
        (1,),
        ("1",),
        ("1", ""),
        ("a", "b"),
        ("ab",),
        ('a","b',),
        ("é",),
        (11,),
        (1, 1),
        (-1,),
    ]
    assert len({_random.stream_number(label) for label in labels}) == len(labels)


def test_gaussian_numbers_depend_on_seed_and_labels_only() -> None:
    first = _random.gaussian(5, ("x", 1), (3, 4))
    assert first.dtype == np.float64
    assert first.shape == (3, 4)
    np.testing.assert_array_equal(first, _random.gaussian(5, ("x", 1), (3, 4)))
    assert not np.array_equal(first, _random.gaussian(6, ("x", 1), (3, 4)))
    assert not np.array_equal(first, _random.gaussian(5, ("x", 2), (3, 4)))


def test_gaussian_and_uniform_numbers_have_their_distribution() -> None:
    gaussian = _random.gaussian(0, ("moments",), (100_000,))
    assert abs(gaussian.mean()) < 0.02
    assert abs(gaussian.std() - 1) < 0.02
    uniform = _random.uniform(0, ("moments",), (100_000,))
    assert uniform.min() > 0
    assert uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01


def test_no_numbers() -> None:
    assert _random.gaussian(0, ("none",), (0, 3)).shape == (0, 3)
    assert _random.permutation(0, ("none",), 0).tolist() == []


def test_largest_seed_is_accepted() -> None:
    assert np.isfinite(_random.gaussian(2**64 - 1, ("x",), ())).all()


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_permutation_is_the_stable_order_of_uniforms(n: int) -> None:
    order = _random.permutation(3, ("p",), n).tolist()
    keys = _random.uniform(3, ("p",), (n,)).tolist()
    assert order == sorted(range(n), key=lambda i: keys[i])


def test_permutation_keeps_equal_numbers_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = np.array([0.5, 0.25, 0.5, 0.25])
    monkeypatch.setattr(_random, "uniform", lambda *_: keys)
    assert _random.permutation(0, (), 4).tolist() == [1, 3, 0, 2]


def test_matrix_product_by_hand() -> None:
    weights = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5]])
    x = np.array([[1, 0, 2], [4, 5, 6]], dtype=np.uint8)
    assert matrix_product(weights, x).tolist() == [[7.0, 1.0], [32.0, -2.0]]


def test_matrix_product_adds_from_the_first_input_to_the_last() -> None:
    # (1e16 + 1) - 1e16 is 0 in float64, in any other order the sum is 1.
    ones = np.ones((1, 3))
    assert matrix_product(ones, np.array([[1e16, 1.0, -1e16]])).tolist() == [[0.0]]
    assert matrix_product(ones, np.array([[1e16, -1e16, 1.0]])).tolist() == [[1.0]]


def test_matrix_product_equals_plain_python() -> None:
    # More rows than one block, and a last block that is not full.
    weights = _random.gaussian(1, ("weights",), (3, 5))
    x = _random.gaussian(1, ("x",), (2050, 5))
    result = matrix_product(weights, x)
    for n in (0, 1, 1023, 1024, 2047, 2048, 2049):
        for g in range(3):
            total = 0.0
            for k in range(5):
                total += float(weights[g, k]) * float(x[n, k])
            assert result[n, g] == total


def test_column_sums_fold_the_second_half_onto_the_first() -> None:
    # Four rows: (1e16 - 1e16) + (1 + 1). Three: (1e16 - 1e16) + 1.
    four = np.array([[1e16], [1.0], [-1e16], [1.0]])
    assert column_sums(four).tolist() == [2.0]
    assert column_sums(four[:3]).tolist() == [1.0]
    assert four.tolist() == [[1e16], [1.0], [-1e16], [1.0]]


@pytest.mark.parametrize("n", range(1, 20))
def test_column_sums_count_each_row_once(n: int) -> None:
    rows = np.stack([2.0 ** np.arange(n), np.ones(n)], axis=1)
    assert column_sums(rows).tolist() == [2.0**n - 1, n]
