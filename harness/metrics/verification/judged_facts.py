"""Shares of facts that a judge finds supported, with bounds for what it did not answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.arrays import Bools, Floats, safe_divide
from harness.errors import Undefined
from harness.uncertainty.resampling import clopper_pearson, jackknife_t, jackknife_weights

SEED = 13
"""Random seed of the blocks of claims that intervals leave out."""

MIN_CLAIMS = 3
"""Fewest claims whose values can say how much they vary."""


class FactCounts(NamedTuple):
    """What a judge says of the facts of a claim; NaN throughout where it gives no usable answer."""

    reference: float
    """Number of facts of the reference evidence."""
    reference_supported: float
    """Number of these that the found evidence supports."""
    found: float
    """Number of facts of the found evidence."""
    found_supported: float
    """Number of these that the reference evidence supports."""


NO_COUNTS = FactCounts(np.nan, np.nan, np.nan, np.nan)
"""Counts of a claim without a usable answer."""


class BoundedValue(NamedTuple):
    """A mean over claims of what a judge says, and how far its missing answers could move it."""

    value: float | None
    """Mean over the claims with an answer; None without any."""
    low: float | None
    """Lower end of the 95 percent interval over these claims."""
    high: float | None
    n: int
    """Number of claims with an answer that the value is defined for."""
    n_missing: int
    """Number of claims without an answer."""
    if_all_0: float | None
    """Mean over all claims if each missing answer said the least."""
    if_all_1: float | None
    """Mean over all claims if each missing answer said the most."""


def judged_values(
    counts: Sequence[FactCounts], right: Bools | None = None, threshold: float = 0.5
) -> dict[str, BoundedValue]:
    """Recall and precision of facts, and the share of claims with the right label and enough recall.

    Recall is the share of reference facts that the found evidence supports, and precision the share of found facts that
    the reference evidence supports, each as a mean over claims. A claim without facts on a side has no share of it.

    Args:
        counts: what the judge says of each claim.
        right: whether the predicted label is that of gold, by claim; None: no label is compared.
        threshold: least recall (not strict) that counts as enough.
    """
    table = np.array(counts, dtype=np.float64).reshape(-1, 4)
    missing: Bools = np.isnan(table[:, 0])
    recall = np.where(table[:, 0] > 0, safe_divide(table[:, 1], table[:, 0]), np.nan)
    precision = np.where(table[:, 2] > 0, safe_divide(table[:, 3], table[:, 2]), np.nan)
    ones = np.ones(len(table))
    values = {"recall": bounded(recall, missing, ones), "precision": bounded(precision, missing, ones)}
    if right is not None:
        enough = np.where(np.isnan(recall), np.nan, (recall >= threshold) & right)
        # With a wrong label a claim is wrong, whatever the judge would have said.
        values[f"score@{threshold:g}"] = bounded(enough, missing, right.astype(np.float64))
    return values


def bounded(values: Floats, missing: Bools, highest: Floats) -> BoundedValue:
    """The mean of a value over claims with its interval and its bounds.

    Args:
        values: one per claim; NaN where it is undefined or missing.
        missing: claims without an answer.
        highest: the most that a missing answer could have given, by claim.
    """
    known = values[~missing & ~np.isnan(values)]
    n_missing = int(missing.sum())
    n_all = len(known) + n_missing
    if_all_0 = float(known.sum() / n_all) if n_all else None
    if_all_1 = float((known.sum() + highest[missing].sum()) / n_all) if n_all else None
    if not len(known):
        return BoundedValue(None, None, None, 0, n_missing, if_all_0, if_all_1)
    value = float(known.mean())
    low, high = _interval(known, value)
    return BoundedValue(value, low, high, len(known), n_missing, if_all_0, if_all_1)


def _interval(known: Floats, value: float) -> tuple[float | None, float | None]:
    if value in (0.0, 1.0):  # every claim has the same value
        interval = clopper_pearson(round(value * len(known)), len(known))
        return interval.low, interval.high
    if len(known) < MIN_CLAIMS:
        return None, None
    weights = jackknife_weights(len(known), SEED).astype(np.float64)
    try:
        interval = jackknife_t(value, (weights @ known) / weights.sum(axis=1), (0.0, 1.0))
    except Undefined:
        return None, None
    return interval.low, interval.high
