"""The numbers behind the figures: curves over all cutoffs, reliability, confusion.

Claims with equal scores are in random order; a curve is the expectation over that order, as for the metrics.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from harness.arrays import Codes, Floats
from harness.data.claims import Gold

MAX_POINTS = 160
INSIDE_TIES = 12
BINS = 10
WILSON_Z = 1.959964


class Curve(NamedTuple):
    """Points of a line, from left to right."""

    x: Floats
    y: Floats

    def at(self, places: Floats) -> Floats:
        """Interpolates the height linearly at some positions."""
        return np.interp(places, self.x, self.y)


class Ranking(NamedTuple):
    """Number of claims and of positive claims above each point of a ranking; ties are crossed in a straight line."""

    read: Floats
    n_found: Floats
    n: int
    n_positive: int


class Bin(NamedTuple):
    """Claims with similar probabilities."""

    predicted: float
    observed: float
    low: float
    high: float
    n: int


def ranking(positive: np.ndarray[tuple[int], np.dtype[np.bool_]], scores: Floats) -> Ranking:
    """A ranking by descending score.

    Args:
        positive: shape (n_claims,); at least one claim.
        scores: finite, shape (n_claims,).
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[first, len(ordered)])
    hits = np.add.reduceat(positive[order].astype(np.float64), first)
    steps = np.minimum(sizes, INSIDE_TIES)
    group = np.repeat(np.arange(len(first)), steps)
    part = (np.arange(len(group)) - np.repeat(np.cumsum(steps) - steps, steps) + 1) / steps[group]
    before = np.cumsum(hits) - hits
    read = first[group] + part * sizes[group]
    return Ranking(read, before[group] + part * hits[group], len(scores), int(positive.sum()))


def precision_recall(ranked: Ranking) -> Curve:
    """Precision against recall; at least one positive claim."""
    return _thinned(ranked.n_found / ranked.n_positive, ranked.n_found / ranked.read)


def receiver_operating(ranked: Ranking) -> Curve:
    """The share of positive claims above a cutoff, against that of negative ones; at least one of each."""
    negatives = (ranked.read - ranked.n_found) / (ranked.n - ranked.n_positive)
    return _thinned(np.r_[0.0, negatives], np.r_[0.0, ranked.n_found / ranked.n_positive])


def workload(ranked: Ranking) -> Curve:
    """The share of positive claims found, against the share of claims read, best first; at least one positive claim."""
    return _thinned(np.r_[0.0, ranked.read / ranked.n], np.r_[0.0, ranked.n_found / ranked.n_positive])


def _thinned(x: Floats, y: Floats) -> Curve:
    """Thins a line to at most `MAX_POINTS` points, spread evenly along the axis; both ends stay."""
    if len(x) <= MAX_POINTS:
        return Curve(x, y)
    indices = np.unique(np.r_[0, np.searchsorted(x, np.linspace(x[0], x[-1], MAX_POINTS)), len(x) - 1])
    return Curve(x[indices], y[indices])


def reliability(hits: np.ndarray[tuple[int], np.dtype[np.bool_]], probabilities: Floats) -> list[Bin]:
    """Share of hits in bins of equal size; claims of equal probability share a bin.

    The interval of a bin is Wilson's, which takes claims as independent.

    Args:
        hits: shape (n_claims,); at least one claim.
        probabilities: in [0, 1], shape (n_claims,).
    """
    ordered = np.sort(probabilities)
    edges = ordered[(np.arange(1, BINS) * len(ordered)) // BINS]
    places = np.searchsorted(np.unique(edges), probabilities, side="right")
    return [_bin(hits[places == place], probabilities[places == place]) for place in np.unique(places)]


def _bin(hits: np.ndarray[tuple[int], np.dtype[np.bool_]], probabilities: Floats) -> Bin:
    n, share, z = len(hits), float(hits.mean()), WILSON_Z
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    return Bin(float(probabilities.mean()), share, max(0.0, middle - half), min(1.0, middle + half), n)


def confusion(gold: Gold, predicted: Codes) -> Codes:
    """Claims by gold label (row) and predicted label; the last column counts claims without an answer."""
    size = len(gold.labels)
    cells = gold.codes * (size + 1) + np.where(predicted < 0, size, predicted)
    return np.bincount(cells, minlength=size * (size + 1)).reshape(size, size + 1)
