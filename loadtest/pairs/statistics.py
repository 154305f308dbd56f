"""Tests and estimates for pairs of calls.

SciPy is imported when it is needed first, because only a comparison with a base needs it.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import statistics
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TypeVar

from loadtest.core.errors import UsageError

K = TypeVar("K", bound=Hashable)

ALPHA = 0.01
"""Probability of a false alarm of each family of tests, at most."""
TOLERANCE = math.log(1.05)
"""Logarithm of the ratio up to which a slowdown is no slowdown."""
CONFIDENCE = 0.95
"""Of the interval of a ratio."""
BOUND = 0.995
"""One-sided confidence of the lower bound of the overall ratio."""
OUTLIER = 5.0
"""Median absolute deviations from which an operation does not count in the overall ratio."""
POWER = 0.95
"""With which the minimum detectable effect is detected."""
MAD_TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution in median absolute deviations."""


def require_scipy() -> None:
    """Check that SciPy is installed, without the time that its import takes.

    Raises:
        UsageError: it is not.
    """
    if importlib.util.find_spec("scipy") is None:
        raise UsageError(
            "a comparison with a base needs SciPy: run `make runtime BASE=VERSION`, or install requirements/base.lock"
        )


def scipy_stats() -> ModuleType:
    """Return ``scipy.stats``.

    Raises:
        UsageError: SciPy is not installed.
    """
    require_scipy()
    return importlib.import_module("scipy.stats")


@dataclass(frozen=True)
class Ratio:
    """A ratio of latencies, head to base, with its confidence interval."""

    value: float
    low: float
    high: float
    pairs: int


def slower_p(logs: Sequence[float]) -> float:
    """Return the p-value of the exact Wilcoxon signed-rank test that log ratios are above :data:`TOLERANCE`.

    1 for no values.

    Raises:
        UsageError: SciPy is not installed.
    """
    beyond = [value for one in logs if (value := one - TOLERANCE) != 0]
    if not beyond:
        return 1.0
    return float(scipy_stats().wilcoxon(beyond, alternative="greater", method="exact").pvalue)


def fails_more_p(failed: int, base_failed: int, runs: int) -> float:
    """Return the p-value of the one-sided Fisher exact test that head fails more often in ``runs`` on each side.

    Raises:
        UsageError: SciPy is not installed.
    """
    table = [[failed, runs - failed], [base_failed, runs - base_failed]]
    return float(scipy_stats().fisher_exact(table, alternative="greater").pvalue)


def holm(p_values: Mapping[K, float], alpha: float = ALPHA) -> frozenset[K]:
    """Return the hypotheses that Holm's step-down procedure rejects at the family-wise level ``alpha``."""
    rejected: set[K] = set()
    for rank, (key, p_value) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        if p_value > alpha / (len(p_values) - rank):
            break
        rejected.add(key)
    return frozenset(rejected)


def ratio_of(logs: Sequence[float]) -> Ratio:
    """Return the median ratio of log ratios, at least one, with a distribution-free confidence interval.

    Its bounds are order statistics. With fewer than 6 pairs they are the extremes, with less confidence.
    """
    ordered = sorted(logs)
    number = len(ordered)
    skipped = _skipped(number)
    return Ratio(
        value=math.exp(statistics.median(ordered)),
        low=math.exp(ordered[skipped]),
        high=math.exp(ordered[number - 1 - skipped]),
        pairs=number,
    )


def _skipped(number: int) -> int:
    """Return how many of ``number`` ordered values lie outside the interval of their median, on each side."""
    outside = 0.0
    for skipped in range(number):
        outside += math.comb(number, skipped) * 0.5**number
        if outside > (1 - CONFIDENCE) / 2:
            return max(skipped - 1, 0)
    return 0


@dataclass(frozen=True)
class Overall:
    """The mean of the logarithmic ratios of many operations."""

    mean: float
    bound: float
    """Lower bound of the mean, with confidence :data:`BOUND`."""
    upper: float
    """Upper bound, with the same confidence."""
    operations: int
    outliers: int
    """Operations that were left out."""

    @property
    def slower(self) -> bool:
        """Whether the gateway as a whole is slower."""
        return self.bound > TOLERANCE

    @property
    def faster(self) -> bool:
        """Whether the gateway as a whole is faster."""
        return self.upper < -TOLERANCE

    @property
    def text(self) -> str:
        """``10.5 % faster (99 % CI 9.1 to 11.8 %)``."""
        mean, low, high = (100 * (math.exp(one) - 1) for one in (self.mean, self.bound, self.upper))
        if mean < 0:
            return f"{-mean:.1f} % faster (99 % CI {-high:.1f} to {-low:.1f} %)"
        return f"{mean:.1f} % slower (99 % CI {low:.1f} to {high:.1f} %)"


def overall(medians: Sequence[float]) -> Overall | None:
    """Return the mean of the ``medians`` of operations without outliers; None for fewer than 3 operations.

    Raises:
        UsageError: SciPy is not installed.
    """
    if len(medians) < 3:
        return None
    middle = statistics.median(medians)
    deviation = statistics.median(abs(one - middle) for one in medians)
    kept = [one for one in medians if abs(one - middle) <= OUTLIER * deviation] if deviation else medians
    mean = statistics.fmean(kept)
    error = statistics.stdev(kept) / math.sqrt(len(kept)) if len(kept) > 1 else math.inf
    quantile = float(scipy_stats().t.ppf(BOUND, len(kept) - 1))
    margin = quantile * error
    return Overall(mean, mean - margin, mean + margin, len(kept), len(medians) - len(kept))


def scatter(logs: Mapping[K, Sequence[float]]) -> float | None:
    """Return the robust standard deviation of log ratios around the median of their operation; None without data."""
    deviations = [
        abs(value - statistics.median(values)) * math.sqrt(len(values) / (len(values) - 1))
        for values in logs.values()
        if len(values) > 1
        for value in values
    ]
    return MAD_TO_SIGMA * statistics.median(deviations) if deviations else None


def detectable(sigma: float, pairs: int, tests: int) -> float:
    """Return the smallest ratio that ``tests`` Wilcoxon tests together detect with probability :data:`POWER`.

    ``sigma`` is the standard deviation of a log ratio, ``pairs`` the number of pairs of each test. Approximate: by the
    normal distribution and the asymptotic efficiency of the test, 3/π.
    """
    normal = statistics.NormalDist()
    quantiles = normal.inv_cdf(1 - ALPHA / max(tests, 1)) + normal.inv_cdf(POWER)
    return math.exp(TOLERANCE + quantiles * sigma / math.sqrt(pairs * 3 / math.pi))
