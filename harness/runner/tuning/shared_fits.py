"""Fits that tuning, calibration and thresholds of one system share, where they are of the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from harness.classifiers.base import Classifier, Scorer
from harness.data.claims import Claims, Gold

Fitted = tuple[Classifier, Scorer]
"""A classifier and a scorer that it fitted."""


class SharedFits:
    """The fits of one unit by what they were fitted to."""

    def __init__(self) -> None:
        self.n = 0
        """Number of fits that were made."""
        self._fits = dict[tuple[object, ...], Fitted]()

    def fit_once(
        self, classifier: Classifier, claims: Claims, gold: Gold, seed: int, near: Fitted | None = None
    ) -> Scorer:
        """The result of `classifier.fit`, or the one that an earlier call has had.

        Args:
            classifier: a classifier; slow ones, whose scorers are large, are fitted each time.
            claims, gold: the training rows.
            seed: random seed of the fit.
            near: a fit to the same rows with other settings, from which this one may start.
        """
        from harness.classifiers.ngram_models.linear import Linear

        # The classifier is kept with its scorer, so that no other object gets its id.
        key = id(classifier), seed, tuple(claims.claim_id)
        if key in self._fits:
            return self._fits[key][1]
        before = self.n
        if isinstance(classifier, Linear):
            scorer = classifier.fit_from(near, claims, gold, seed)
        else:
            scorer = classifier.fit(claims, gold, seed)
        self.n = before + scorer.fits  # a scorer that chose its settings has counted the fits that it shared
        if not classifier.slow_to_fit:
            self._fits[key] = classifier, scorer
        return scorer


_ACTIVE: ContextVar[SharedFits | None] = ContextVar("shared_fits", default=None)


@contextmanager
def shared_fits(claims: Claims) -> Iterator[SharedFits]:
    """Shares fits to parts of the claims, and their counts, with blocks inside the block."""
    fits = _ACTIVE.get()
    if fits is not None:
        yield fits
        return
    from harness.features.counts.shared_counts import sharing

    fits = SharedFits()
    token = _ACTIVE.set(fits)
    try:
        with sharing(claims.text):
            yield fits
    finally:
        _ACTIVE.reset(token)


def path_order(candidates: Sequence[Classifier]) -> list[int]:
    """The numbers of candidates in the order of a path: along C, from strong to weak regularization."""
    from harness.classifiers.ngram_models.linear import Regularized

    strengths = [each.C if isinstance(each, Regularized) else 0.0 for each in candidates]
    return sorted(range(len(candidates)), key=strengths.__getitem__)
