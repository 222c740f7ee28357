"""Values of measures of agreement, with their intervals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.arrays import Floats, StoredWeights
from harness.data.labels.agreement_measures import MAX_PAIRED_ANNOTATORS, MEASURES, Measure, Ratings, sums_under
from harness.errors import Undefined
from harness.records import Record
from harness.uncertainty.resampling import bca, jackknife_weights, unit_weights

RESAMPLES = 1000
"""Bootstrap resamples of an interval."""
SEED = 13
"""Random seed of the bootstrap; fixed, so that the same labels always give the same interval."""
ROUGH_ARTICLES = 10
"""Number of articles below which a note calls the interval rough."""


def interval_method(unit: str = "articles") -> str:
    """Returns how an interval is made.

    Args:
        unit: what is resampled.
    """
    return f"{RESAMPLES:,} resamples of {unit}, seed {SEED}, BCa"


class AgreementValue(Record):
    """One measure of agreement with its 95 percent interval; `reason` explains every None."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int
    """Claims with at least two labels."""
    reason: str | None = None
    """Reason for an undefined value or a missing interval."""
    note: str | None = None
    """Caveats for the reader, joined by semicolons."""


def measure(name: str, ratings: Ratings, resamples: int = RESAMPLES, seed: int = SEED) -> AgreementValue:
    """Returns a measure of agreement with its interval.

    Args:
        name: a name in `MEASURES`.
        ratings: the labels.
        resamples: number of bootstrap resamples.
        seed: random seed of the bootstrap.
    """
    n_labels = (ratings.codes >= 0).sum(axis=1)
    n = int((n_labels >= 2).sum())
    if not n:
        return AgreementValue(value=None, n=0, reason=f"no {ratings.item} has labels by two annotators")
    if name == "cohen_kappa" and len(ratings.annotators) > MAX_PAIRED_ANNOTATORS:
        reason = (
            f"not computed for {len(ratings.annotators)} annotators (at most {MAX_PAIRED_ANNOTATORS}), as it is a mean "
            "over their pairs; use Fleiss' kappa or Krippendorff's alpha"
        )
        return AgreementValue(value=None, n=n, reason=reason)
    result = measured(MEASURES[name], ratings, n, resamples, seed)
    if result.value is None:
        return result.model_copy(update={"reason": _undefined_reason(name, ratings)})
    notes = "; ".join(filter(None, [*_pair_notes(name, ratings), result.note]))
    return result.model_copy(update={"note": notes or None})


def measured(
    function: Measure, ratings: Ratings, n: int, resamples: int = RESAMPLES, seed: int = SEED
) -> AgreementValue:
    """Returns the value of a function of ratings with its interval; without a value if it is undefined.

    Args:
        function: computes the value under any weighting.
        ratings: the labels.
        n: number of claims behind the value.
        resamples: number of bootstrap resamples.
        seed: random seed of the bootstrap.
    """
    n_units = int(ratings.units.max()) + 1
    # The value itself is the measure under the weighting that counts every article once.
    value = float(function(ratings, sums_under(np.ones((1, n_units), dtype=np.int64), ratings.units))[0])
    if np.isnan(value):
        return AgreementValue(value=None, n=n, reason="undefined")
    interval = _interval(function, ratings, value, resamples, seed)
    return AgreementValue(
        value=value,
        low=interval.low,
        high=interval.high,
        n=n,
        reason=interval.reason,
        note="; ".join(interval.notes) or None,
    )


class _AgreementInterval(NamedTuple):
    """An interval, or the reason for a missing one."""

    low: float | None = None
    high: float | None = None
    reason: str | None = None
    """Reason for a missing interval."""
    notes: tuple[str, ...] = ()


def _interval(measure: Measure, ratings: Ratings, value: float, resamples: int, seed: int) -> _AgreementInterval:
    n_units = int(ratings.units.max()) + 1
    if n_units < 2:
        return _AgreementInterval(reason=f"no interval: one {ratings.unit} only")

    def under(weights: StoredWeights) -> Floats:
        return measure(ratings, sums_under(weights, ratings.units))

    try:
        bootstrap = under(unit_weights(n_units, resamples, seed))
        jackknife = under(jackknife_weights(n_units, seed))
        interval = bca(value, bootstrap, jackknife)
    except Undefined as error:
        return _AgreementInterval(reason=f"no interval: {error}")
    notes = [f"only {n_units} {ratings.unit}s, so the interval is rough"] if n_units < ROUGH_ARTICLES else []
    if interval.left_out:
        notes.append(f"{interval.left_out} of {resamples} resamples undefined")
    if interval.low == interval.high:
        notes.append("zero-width interval: every resample gives the same value")
    return _AgreementInterval(interval.low, interval.high, None, tuple(notes))


def _undefined_reason(name: str, ratings: Ratings) -> str:
    used = np.unique(ratings.codes[ratings.codes >= 0])
    if len(used) == 1:
        return f"undefined: every label is '{ratings.labels[used[0]]}', so chance agreement is 1"
    if name == "cohen_kappa":
        return f"undefined: no two annotators used more than one label on the {ratings.item}s that both labeled"
    return f"undefined: all {ratings.item}s with two annotators carry the same label, so chance agreement is 1"


def _pair_notes(name: str, ratings: Ratings) -> list[str]:
    if name != "cohen_kappa" or len(ratings.annotators) == 2:
        return []
    pairs = len(ratings.annotators) * (len(ratings.annotators) - 1) // 2
    return [f"mean over {pairs} pairs of annotators, without pairs that have no value"]
