"""The measures of agreement, from counts alone: each under any weighting of the articles, so that intervals come free.

Vectorised over claims and over resamples: a measure is a function of sums over articles, and a resample is a row of
weights that those sums are taken under.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harness.arrays import Codes, Floats, Weights, safe_divide

MAX_PAIRED_ANNOTATORS = 20
"""Annotators up to which Cohen's kappa is a mean over all pairs of them."""
CERTAIN = 1e-12
"""Disagreement expected by chance below this is none at all, but for rounding."""


class Ratings(NamedTuple):
    """What several annotators said of some claims on one axis."""

    labels: tuple[str, ...]
    """All that the annotators could choose from; their number is what Gwet's AC1 divides by."""
    annotators: tuple[str, ...]
    codes: npt.NDArray[np.int16]
    """Shape (n_claims, n_annotators); index into `labels`, -1 where the annotator did not label the claim."""
    units: Codes
    """Shape (n_claims,); the article of each claim, from 0: what intervals draw."""

    def counts(self) -> Floats:
        """How many annotators gave each label, shape (n_claims, n_labels)."""
        return np.stack([(self.codes == code).sum(axis=1) for code in range(len(self.labels))], axis=1).astype(float)

    def table(self, first: int, second: int) -> Codes:
        """Claims by the labels of two annotators, shape (n_claims, n_labels**2): one 1 a row, or none."""
        q = len(self.labels)
        a, b = self.codes[:, first].astype(np.int64), self.codes[:, second].astype(np.int64)
        cells = np.zeros((len(a), q * q), dtype=np.int64)
        both = (a >= 0) & (b >= 0)
        cells[np.flatnonzero(both), (a * q + b)[both]] = 1
        return cells


Sums = Callable[[Floats], Floats]
"""Columns of numbers, shape (n_claims, n_columns), to their sums under each weighting, (n_weightings, n_columns)."""


def sums_under(weights: Weights, units: Codes) -> Sums:
    """Sums over claims, each weighted as its unit is; weights of shape (n_weightings, n_units)."""

    def sums(columns: Floats) -> Floats:
        by_unit = np.stack([np.bincount(units, column, minlength=weights.shape[1]) for column in columns.T], axis=1)
        return weights.astype(np.float64) @ by_unit

    return sums


def raw_agreement(ratings: Ratings, sums: Sums) -> Floats:
    """The share of pairs of annotators that gave a claim the same label, as a mean over claims with two or more."""
    found = sums(_agreeing(ratings.counts()))
    return safe_divide(found[:, 0], found[:, 1])


def cohen_kappa(ratings: Ratings, sums: Sums) -> Floats:
    """Cohen's kappa; of more than two annotators the mean over their pairs that have one, over what both labelled.

    Source: Cohen 1960; the mean over pairs, Light 1971.
    """
    kappas = np.stack(list(_kappas_of_pairs(ratings, sums)))
    defined = ~np.isnan(kappas)
    return safe_divide(np.where(defined, kappas, 0.0).sum(axis=0), defined.sum(axis=0))


def _kappas_of_pairs(ratings: Ratings, sums: Sums) -> Iterator[Floats]:
    q = len(ratings.labels)
    for first, second in itertools.combinations(range(len(ratings.annotators)), 2):
        table = sums(ratings.table(first, second).astype(float)).reshape(-1, q, q)
        n = table.sum(axis=(1, 2))
        observed = safe_divide(np.trace(table, axis1=1, axis2=2), n)
        by_chance = safe_divide((table.sum(axis=2) * table.sum(axis=1)).sum(axis=1), n**2)
        yield _corrected(observed, by_chance)


def fleiss_kappa(ratings: Ratings, sums: Sums) -> Floats:
    """Fleiss' kappa; with varying numbers of labels a claim, each claim counts the same.

    Observed agreement is over claims with two labels or more, chance over all labelled claims: the mean share of each
    label. With one number of labels a claim, this is Fleiss' own formula.

    Source: Fleiss 1971; for varying numbers, Gwet 2014, chapter 2.
    """
    observed, shares = _observed_and_shares(ratings, sums)
    return _corrected(observed, (shares**2).sum(axis=1))


def gwet_ac1(ratings: Ratings, sums: Sums) -> Floats:
    """Gwet's AC1: chance is a guess among the labels there are, and only where a claim is hard to label.

    Source: Gwet 2008; for varying numbers of labels a claim, Gwet 2014, chapter 2.
    """
    observed, shares = _observed_and_shares(ratings, sums)
    if len(ratings.labels) < 2:
        return np.full(len(observed), np.nan)
    return _corrected(observed, (shares * (1 - shares)).sum(axis=1) / (len(ratings.labels) - 1))


def krippendorff_alpha(ratings: Ratings, sums: Sums) -> Floats:
    """Krippendorff's alpha for nominal labels; claims with one label are left out, as nothing can be paired with it.

    Source: Krippendorff 2011, "Computing Krippendorff's alpha-reliability", section C.
    """
    counts = ratings.counts()
    labels = counts.sum(axis=1, keepdims=True)
    paired = np.where(labels >= 2, counts, 0.0)
    same = (paired * (paired - 1)).sum(axis=1, keepdims=True) / np.maximum(labels - 1, 1)
    found = sums(np.hstack([same, paired]))
    n = found[:, 1:].sum(axis=1)
    by_chance = safe_divide((found[:, 1:] * (found[:, 1:] - 1)).sum(axis=1), n * (n - 1))
    return _corrected(safe_divide(found[:, 0], n), by_chance)


Measure = Callable[[Ratings, Sums], Floats]
MEASURES: Mapping[str, Measure] = {
    "raw_agreement": raw_agreement,
    "cohen_kappa": cohen_kappa,
    "fleiss_kappa": fleiss_kappa,
    "krippendorff_alpha": krippendorff_alpha,
    "gwet_ac1": gwet_ac1,
}


def _agreeing(counts: Floats) -> Floats:
    """Of each claim: the share of pairs of labels that agree, and whether it has any; shape (n_claims, 2)."""
    labels = counts.sum(axis=1)
    pairs = labels * (labels - 1)
    return np.stack([(counts * (counts - 1)).sum(axis=1) / np.maximum(pairs, 1), pairs > 0], axis=1)


def _observed_and_shares(ratings: Ratings, sums: Sums) -> tuple[Floats, Floats]:
    counts = ratings.counts()
    labels = counts.sum(axis=1, keepdims=True)
    found = sums(np.hstack([_agreeing(counts), counts / np.maximum(labels, 1), labels > 0]))
    shares = safe_divide(found[:, 2:-1], found[:, -1:])
    return safe_divide(found[:, 0], found[:, 1]), shares


def _corrected(observed: Floats, by_chance: Floats) -> Floats:
    """Agreement beyond chance; NaN where chance alone makes all agree."""
    room = 1 - by_chance
    return safe_divide(observed - by_chance, np.where(room > CERTAIN, room, 0.0))
