"""Fits that tuning, calibration and thresholds of one system share, where they are of the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from harness.classifiers.base import Classifier, Scorer
from harness.data.claims import Claims, Gold
from harness.features.shared_counts import sharing

Fitted = tuple[Classifier, Scorer]
"""A classifier and a scorer that it fitted."""
_FITS: ContextVar[dict[tuple[object, ...], Fitted] | None] = ContextVar("shared_fits", default=None)


@contextmanager
def shared_fits(claims: Claims) -> Iterator[None]:
    """Lets `fit_once` inside the block, and inside blocks in it, share fits and counts of these claims."""
    if _FITS.get() is not None:
        yield
        return
    token = _FITS.set({})
    try:
        with sharing(claims.text):
            yield
    finally:
        _FITS.reset(token)


def fit_once(classifier: Classifier, claims: Claims, gold: Gold, seed: int, near: Fitted | None = None) -> Scorer:
    """The result of `classifier.fit`, or the one that an earlier call inside `shared_fits` has had.

    Args:
        classifier: a classifier; slow ones, whose scorers are large, are fitted each time.
        claims, gold: the training rows.
        seed: random seed of the fit.
        near: a fit to the same rows with other settings, from which this one may start.
    """
    from harness.classifiers.ngram_models.linear import Linear

    fits = _FITS.get()
    # The classifier is kept with its scorer, so that no other object gets its id.
    key = id(classifier), seed, tuple(claims.claim_id)
    if fits is not None and key in fits:
        return fits[key][1]
    if isinstance(classifier, Linear):
        scorer = classifier.fit_from(near, claims, gold, seed)
    else:
        scorer = classifier.fit(claims, gold, seed)
    if fits is not None and not classifier.slow_to_fit:
        fits[key] = classifier, scorer
    return scorer


def path_order(candidates: Sequence[Classifier]) -> list[int]:
    """The numbers of candidates in the order of a path: along C, from strong to weak regularization."""
    from harness.classifiers.ngram_models.linear import Regularized

    strengths = [each.C if isinstance(each, Regularized) else 0.0 for each in candidates]
    return sorted(range(len(candidates)), key=strengths.__getitem__)
