"""Confidence intervals and tests for counts: rates, ratios of rates, two-by-two tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import NamedTuple

from pyamlz._lib.checks import checked_float, checked_int
from pyamlz._lib.errors import InputError

__all__ = ["CONFIDENCE", "Estimate", "fisher", "mean", "rate_ratio", "wilson"]

CONFIDENCE = 0.95
_MAX_COUNT = 2**63
_BISECTIONS = 100  # each halves an interval in [0, 1]
_NEGLIGIBLE = 1e-17


class Estimate(NamedTuple):
    """A figure and its confidence interval.

    Attributes:
        value: the figure; NaN where nothing is known.
        low: the interval's lower end.
        high: its upper end, which may be infinite.
    """

    value: float
    low: float
    high: float


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Estimate:
    """A rate of successes and its Wilson score interval.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927). Unlike the
    interval from the standard deviation it is of use where successes are few or none.

    Args:
        successes: 0 to `trials`.
        trials: 1 or more.
        confidence: between 0 and 1.

    Raises:
        InputError: an argument is out of range.
    """
    trials = checked_int("trials", trials, 1, _MAX_COUNT)
    successes = checked_int("successes", successes, 0, trials)
    z = _z(confidence)
    rate = successes / trials
    scale = 1 + z * z / trials
    middle = (rate + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    low = 0.0 if successes == 0 else middle - half
    high = 1.0 if successes == trials else middle + half
    return Estimate(rate, low, high)


def rate_ratio(
    successes: int, trials: int, other_successes: int, other_trials: int, confidence: float = CONFIDENCE
) -> Estimate:
    """How many times the rate of rare successes is that of others, with the exact conditional interval.

    Given the sum of two Poisson counts, one of them is binomial, with a probability that the ratio of rates determines;
    so the interval is that of Clopper and Pearson (Biometrika 26, 1934) for this probability. It is never too narrow,
    and says something even where one count is 0.

    Args:
        successes: 0 or more.
        trials: what they are counted in, 1 or more.
        other_successes: those to compare with, 0 or more.
        other_trials: what these are counted in, 1 or more.
        confidence: between 0 and 1.

    Raises:
        InputError: an argument is out of range.
    """
    n = checked_int("trials", trials, 1, _MAX_COUNT)
    other_n = checked_int("other_trials", other_trials, 1, _MAX_COUNT)
    k = checked_int("successes", successes, 0, _MAX_COUNT)
    other_k = checked_int("other_successes", other_successes, 0, _MAX_COUNT)
    tail = (1 - _checked(confidence)) / 2
    both = k + other_k
    scale = other_n / n
    if both == 0:
        return Estimate(math.nan, 0.0, math.inf)
    value = math.inf if other_k == 0 else k / other_k * scale
    low = high = 0.0
    if k > 0:  # where so many successes or more have the probability `tail`
        share = _root(lambda p: _upper_tail(k, both, p) - tail)
        low = share / (1 - share) * scale
    if other_k == 0:
        high = math.inf
    else:  # where so many or fewer have it
        share = _root(lambda p: _upper_tail(k + 1, both, p) - (1 - tail))
        high = share / (1 - share) * scale
    return Estimate(value, low, high)


def fisher(successes: int, trials: int, other_successes: int, other_trials: int) -> float:
    """The two-sided p value of Fisher's exact test: that two rates are the same.

    It is the probability, given all sums of the two-by-two table, of the tables that are as unlikely as this one or
    more (R. A. Fisher, Statistical Methods for Research Workers, 1934, section 21.02).

    Args:
        successes: 0 to `trials`.
        trials: 1 or more.
        other_successes: those to compare with, 0 to `other_trials`.
        other_trials: 1 or more.

    Raises:
        InputError: an argument is out of range.
    """
    n, other_n = checked_int("trials", trials, 1, _MAX_COUNT), checked_int("other_trials", other_trials, 1, _MAX_COUNT)
    k = checked_int("successes", successes, 0, n)
    both = k + checked_int("other_successes", other_successes, 0, other_n)

    def ways(first: int) -> int:
        return math.comb(n, first) * math.comb(other_n, both - first)

    possible = range(max(0, both - other_n), min(n, both) + 1)
    unlikely = sum(ways(first) for first in possible if ways(first) <= ways(k))
    return unlikely / math.comb(n + other_n, both)


def mean(values: list[float], confidence: float = CONFIDENCE) -> Estimate:
    """The mean of a sample, and the interval of the normal approximation; as wide as can be for a single value.

    Args:
        values: at least one.
        confidence: between 0 and 1.

    Raises:
        InputError: there are no values.
    """
    z = _z(confidence)
    if not values:
        raise InputError("values: expected at least one, got none")
    middle = math.fsum(values) / len(values)
    if len(values) == 1:
        return Estimate(middle, -math.inf, math.inf)
    variance = math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1)
    half = z * math.sqrt(variance / len(values))
    return Estimate(middle, middle - half, middle + half)


def _checked(confidence: float) -> float:
    confidence = checked_float("confidence", confidence, 0.0, 1.0, over=True)
    if confidence == 1.0:
        raise InputError("confidence: expected a number under 1, got 1.0")
    return confidence


def _z(confidence: float) -> float:
    """How many standard deviations to either side hold so much of a normal distribution."""
    return NormalDist().inv_cdf((1 + _checked(confidence)) / 2)


def _upper_tail(least: int, n: int, p: float) -> float:
    """The probability of `least` or more successes in n trials, each with probability p in (0, 1)."""
    if least > n * p:
        return _outward(range(least, n + 1), n, p)
    return 1.0 - _outward(range(least - 1, -1, -1), n, p)


def _outward(counts: range, n: int, p: float) -> float:
    """The probability of any of these numbers of successes, which become less and less likely."""
    total = 0.0
    for k in counts:
        ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        term = math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return total


def _root(rising: Callable[[float], float]) -> float:
    """Where in (0, 1) a rising function is 0."""
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return (low + high) / 2
