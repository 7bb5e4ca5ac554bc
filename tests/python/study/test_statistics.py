"""Statistics of counts against values that are published, or worked out by hand."""

import math

import pytest

from pyamlz import InputError
from pyamlz.study.statistics import Estimate, fisher, mean, rate_ratio, wilson


class TestWilson:
    @pytest.mark.parametrize(
        ("successes", "trials", "low", "high"),
        [
            # R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0000, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ],
    )
    def test_is_as_published(self, successes, trials, low, high):
        estimate = wilson(successes, trials)
        assert estimate.value == successes / trials
        assert (round(estimate.low, 4), round(estimate.high, 4)) == (low, high)

    def test_of_failures_mirrors_that_of_successes(self):
        good, bad = wilson(3, 40), wilson(37, 40)
        assert (bad.low, bad.high) == pytest.approx((1 - good.high, 1 - good.low))
        assert wilson(40, 40).high == 1.0

    def test_is_wider_for_more_confidence(self):
        assert wilson(5, 10, 0.99).low < wilson(5, 10, 0.95).low < wilson(5, 10, 0.5).low < 0.5

    @pytest.mark.parametrize(("successes", "trials"), [(-1, 10), (11, 10), (0, 0), (1.5, 10)])
    def test_refuses_what_is_no_count(self, successes, trials):
        with pytest.raises(InputError, match="expected an integer"):
            wilson(successes, trials)

    @pytest.mark.parametrize("confidence", [0.0, 1.0, math.nan])
    def test_refuses_what_is_no_confidence(self, confidence):
        with pytest.raises(InputError, match="confidence: expected"):
            wilson(1, 2, confidence)


class TestRateRatio:
    def test_is_as_published(self):
        """The example of R's poisson.test: 11 in 800 against 6 + 8 + 7 in 1083 + 1050 + 878."""
        ratio = rate_ratio(11, 800, 21, 3011)
        assert ratio == pytest.approx(Estimate(1.971488, 0.8584264, 4.2772659), rel=1e-6)

    def test_without_others_has_a_lower_end(self):
        """All of k: the binomial share's lower end is tail ** (1 / k)."""
        share = 0.025 ** (1 / 4)
        assert rate_ratio(4, 100, 0, 300) == pytest.approx(Estimate(math.inf, 3 * share / (1 - share), math.inf))

    def test_without_any_but_others_has_an_upper_end(self):
        share = 1 - 0.025 ** (1 / 4)
        assert rate_ratio(0, 100, 4, 100) == pytest.approx(Estimate(0.0, 0.0, share / (1 - share)))

    def test_of_nothing_says_nothing(self):
        assert math.isnan(rate_ratio(0, 10, 0, 10).value)
        assert rate_ratio(0, 10, 0, 10)[1:] == (0.0, math.inf)

    def test_turned_round_is_one_over_it(self):
        ratio, back = rate_ratio(30, 1000, 12, 900), rate_ratio(12, 900, 30, 1000)
        assert (back.low, back.value, back.high) == pytest.approx((1 / ratio.high, 1 / ratio.value, 1 / ratio.low))

    def test_of_many_is_that_of_the_logarithm(self):
        """With many counts: exp(log ratio +- 1.96 sqrt(1/k + 1/m))."""
        ratio = rate_ratio(50_000, 10**9, 10_000, 10**9)
        half = 1.959964 * math.sqrt(1 / 50_000 + 1 / 10_000)
        assert ratio.low == pytest.approx(5 * math.exp(-half), rel=1e-3)
        assert ratio.high == pytest.approx(5 * math.exp(half), rel=1e-3)

    def test_has_the_interval_of_clopper_and_pearson(self):
        """As a share p = r / (1 + r) with as many trials on both sides; scipy's beta distribution has it."""
        beta = pytest.importorskip("scipy.stats").beta
        for k, m in [(1, 1), (3, 17), (120, 30)]:
            ratio = rate_ratio(k, 50, m, 50)
            assert ratio.low / (1 + ratio.low) == pytest.approx(beta.ppf(0.025, k, m + 1))
            assert ratio.high / (1 + ratio.high) == pytest.approx(beta.ppf(0.975, k + 1, m))


class TestFisher:
    @pytest.mark.parametrize(
        ("counts", "p"),
        [
            ((3, 4, 1, 4), 34 / 70),  # the lady tasting tea, two-sided
            ((1, 12, 9, 12), 0.002759456),  # men and women on a diet, a textbook's table
            ((10, 10, 0, 10), 2 / math.comb(20, 10)),
            ((5, 10, 5, 10), 1.0),
            ((0, 5, 0, 7), 1.0),
        ],
    )
    def test_is_as_published(self, counts, p):
        assert fisher(*counts) == pytest.approx(p, rel=1e-6)

    def test_agrees_with_scipy(self):
        stats = pytest.importorskip("scipy.stats")
        for k, n, m, o in [(8, 30, 0, 30), (30, 30, 3, 30), (24, 30, 0, 30), (2, 7, 9, 13)]:
            assert fisher(k, n, m, o) == pytest.approx(stats.fisher_exact([[k, n - k], [m, o - m]])[1])

    def test_refuses_more_successes_than_trials(self):
        with pytest.raises(InputError, match="successes: expected an integer"):
            fisher(5, 4, 0, 4)


class TestMean:
    def test_of_two(self):
        """Standard deviation sqrt(2) / 2, over sqrt(2): half a unit."""
        assert mean([1.0, 2.0]) == pytest.approx(Estimate(1.5, 1.5 - 0.9799820, 1.5 + 0.9799820))

    def test_of_one_is_not_certain(self):
        assert mean([3.0]) == Estimate(3.0, -math.inf, math.inf)

    def test_of_none_is_refused(self):
        with pytest.raises(InputError, match="values: expected at least one"):
            mean([])
