"""Measures of agreement, computed from counts under any weighting of the articles.

Vectorized over claims and over resamples: each measure is a function of sums over articles, and a resample is a row of
article weights. One matrix product therefore gives a measure under all resamples, which intervals need.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, StoredWeights, Weights, safe_divide

MAX_PAIRED_ANNOTATORS = 20
"""Largest number of annotators for Cohen's kappa, which is a mean over all their pairs."""
CERTAIN = 1e-12
"""Chance disagreement at or below this value is zero up to rounding."""


class Ratings(NamedTuple):
    """The labels that several annotators gave claims on one axis."""

    labels: tuple[str, ...]
    """Labels that the annotators could choose from, used or not: Gwet's AC1 depends on their number."""
    annotators: tuple[str, ...]
    codes: npt.NDArray[np.int16]
    """Indices into `labels`, shape (n_claims, n_annotators); -1 for a claim that the annotator did not label."""
    units: Codes
    """Article of each claim, from 0, shape (n_claims,); articles are the resampling units."""
    unit: str = "article"
    """What a resampling unit is called."""
    item: str = "claim"
    """What is labeled, as messages call it."""

    def counts(self) -> Floats:
        """Number of annotators that gave each label, shape (n_claims, n_labels)."""
        n_labels = len(self.labels)
        # Only the labels that were given: a crowd leaves most of the table empty.
        rows, columns = np.nonzero(self.codes >= 0)
        cells = rows * n_labels + self.codes[rows, columns]
        counts = np.bincount(cells, minlength=len(self.codes) * n_labels)
        return counts.reshape(-1, n_labels).astype(float)

    def table(self, first: int, second: int) -> Codes:
        """Indicator of each claim's pair of labels by two annotators, shape (n_claims, n_labels**2).

        The column of labels i and j is ``i * n_labels + j``; a claim that one of them did not label has a row of zeros.
        """
        q = len(self.labels)
        # Wider integers: q * q overflows int16 for more than 181 labels.
        left = self.codes[:, first].astype(np.int64)
        right = self.codes[:, second].astype(np.int64)
        cells = np.zeros((len(left), q * q), dtype=np.int64)
        labeled_twice = (left >= 0) & (right >= 0)
        cells[np.flatnonzero(labeled_twice), (left * q + right)[labeled_twice]] = 1
        return cells


Sums = Callable[[Floats], Floats]
"""Maps columns of numbers, shape (n_claims, n_columns), to weighted sums, shape (n_weightings, n_columns)."""


def sums_under(weights: Weights | StoredWeights, units: Codes) -> Sums:
    """Make the function that sums over claims, each weighted like its unit.

    Args:
        weights: shape (n_weightings, n_units).
        units: the unit of each claim, shape (n_claims,).
    """

    def sums(columns: Floats) -> Floats:
        # Sum within units first: the product then has one row per unit, not per claim.
        by_unit = np.stack([np.bincount(units, column, minlength=weights.shape[1]) for column in columns.T], axis=1)
        return weights.astype(np.float64) @ by_unit

    return sums


def raw_agreement(ratings: Ratings, sums: Sums) -> Floats:
    """Mean, over claims with at least two labels, of the share of annotator pairs that gave the same label."""
    totals = sums(agreement_by_claim(ratings.counts()))
    return safe_divide(totals[:, 0], totals[:, 1])


def cohen_kappa(ratings: Ratings, sums: Sums) -> Floats:
    """Cohen's kappa; for more than two annotators the mean over the pairs for which it is defined.

    The kappa of a pair is over the claims that both labeled.

    Source: Cohen 1960; the mean over pairs, Light 1971.
    """
    kappas = np.stack(list(_pair_kappas(ratings, sums)))
    # Which pairs are defined differs between resamples, so each weighting has its own number of pairs.
    defined = ~np.isnan(kappas)
    return safe_divide(np.where(defined, kappas, 0.0).sum(axis=0), defined.sum(axis=0))


def _pair_kappas(ratings: Ratings, sums: Sums) -> Iterator[Floats]:
    """Yield the kappa of each pair of annotators under each weighting, shape (n_weightings,)."""
    q = len(ratings.labels)
    for first, second in itertools.combinations(range(len(ratings.annotators)), 2):
        table = sums(ratings.table(first, second).astype(float)).reshape(-1, q, q)
        n = table.sum(axis=(1, 2))
        observed = safe_divide(np.trace(table, axis1=1, axis2=2), n)
        # Chance agreement: the product of the two annotators' own label shares, summed over labels.
        by_chance = safe_divide((table.sum(axis=2) * table.sum(axis=1)).sum(axis=1), n**2)
        yield _chance_corrected(observed, by_chance)


def fleiss_kappa(ratings: Ratings, sums: Sums) -> Floats:
    """Fleiss' kappa; each claim has the same weight, however many labels it has.

    Observed agreement is over claims with at least two labels; chance agreement is from the mean share of each label
    over all labeled claims. If all claims have the same number of labels, this is Fleiss' own formula.

    Source: Fleiss 1971; for varying numbers, Gwet 2014, chapter 2.
    """
    observed, shares = _observed_and_shares(ratings, sums)
    return _chance_corrected(observed, (shares**2).sum(axis=1))


def gwet_ac1(ratings: Ratings, sums: Sums) -> Floats:
    """Gwet's AC1: chance agreement is a random guess among the labels, weighted by the share of hard claims.

    Source: Gwet 2008; for varying numbers of labels per claim, Gwet 2014, chapter 2.
    """
    observed, shares = _observed_and_shares(ratings, sums)
    if len(ratings.labels) < 2:
        return np.full(len(observed), np.nan)
    return _chance_corrected(observed, (shares * (1 - shares)).sum(axis=1) / (len(ratings.labels) - 1))


def krippendorff_alpha(ratings: Ratings, sums: Sums) -> Floats:
    """Krippendorff's alpha for nominal labels; a claim with one label does not count, as it has no pair of labels.

    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C.
    """
    counts = ratings.counts()
    labels = counts.sum(axis=1, keepdims=True)
    paired = np.where(labels >= 2, counts, 0.0)
    same = (paired * (paired - 1)).sum(axis=1, keepdims=True) / np.maximum(labels - 1, 1)
    totals = sums(np.hstack([same, paired]))
    n_same = totals[:, 0]
    n_by_label = totals[:, 1:]
    n = n_by_label.sum(axis=1)
    # Chance agreement draws two of the n labels without replacement, hence n - 1.
    by_chance = safe_divide((n_by_label * (n_by_label - 1)).sum(axis=1), n * (n - 1))
    return _chance_corrected(safe_divide(n_same, n), by_chance)


Measure = Callable[[Ratings, Sums], Floats]
"""Maps ratings and a weighting of the articles to values, shape (n_weightings,); NaN for an undefined value."""
MEASURES: Mapping[str, Measure] = {
    "raw_agreement": raw_agreement,
    "cohen_kappa": cohen_kappa,
    "fleiss_kappa": fleiss_kappa,
    "krippendorff_alpha": krippendorff_alpha,
    "gwet_ac1": gwet_ac1,
}


def agreement_by_claim(counts: Floats) -> Floats:
    """The share of each claim's pairs of labels that agree, and whether it has any pair; shape (n_claims, 2)."""
    labels = counts.sum(axis=1)
    pairs = labels * (labels - 1)
    agreeing_pairs = (counts * (counts - 1)).sum(axis=1)
    # A claim without a pair has the share 0 / 1 and does not count in the second column.
    return np.stack([agreeing_pairs / np.maximum(pairs, 1), pairs > 0], axis=1)


def _observed_and_shares(ratings: Ratings, sums: Sums) -> tuple[Floats, Floats]:
    """Observed agreement, shape (n_weightings,), and the mean share of each label, shape (n_weightings, n_labels)."""
    counts = ratings.counts()
    labels = counts.sum(axis=1, keepdims=True)
    totals = sums(np.hstack([agreement_by_claim(counts), counts / np.maximum(labels, 1), labels > 0]))
    agreement, n_paired, share_sums, n_labeled = totals[:, 0], totals[:, 1], totals[:, 2:-1], totals[:, -1:]
    return safe_divide(agreement, n_paired), safe_divide(share_sums, n_labeled)


def _chance_corrected(observed: Floats, by_chance: Floats) -> Floats:
    """Agreement beyond chance as a share of what is possible; NaN if chance agreement is 1."""
    possible = 1 - by_chance
    # Rounding can leave a tiny rest of 1 - 1, which would give a huge value in place of an undefined one.
    return safe_divide(observed - by_chance, np.where(possible > CERTAIN, possible, 0.0))
