"""Calibration and thresholds, fitted inside the training claims or on a dev part; never on a test claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, SerializeAsAny

from harness.arrays import Bools, Codes, Floats
from harness.classifiers.base import Classifier, ScoreMatrix, Scorer, as_two_columns, computed
from harness.classifiers.composite.wrapped import WrappedScorer, WrappingClassifier
from harness.classifiers.thresholds import cutoffs_of
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import Fold, group_codes, grouped_folds
from harness.errors import UnknownName, unknown_name
from harness.records import Record
from harness.runner.tuning.tune import InnerFolds, inner_folds

PROBABILITY_EPSILON = 1e-6
HALF = 0.5
"""The calibrated probability from which a claim is predicted positive, where no threshold is chosen."""


class MaximizeF1(Record):
    """The threshold with the highest F1 of the positive label; of equals, the highest."""

    aim: Literal["f1"]
    """Names this aim."""


class FlagShare(Record):
    """The threshold at which a given share of the claims is predicted positive."""

    aim: Literal["flagged_share"]
    """Names this aim."""
    share: float = Field(gt=0, lt=1)
    """The share of the claims."""


class PrecisionFloor(Record):
    """The lowest threshold whose predictions are right as often as asked for; nothing is predicted where none is."""

    aim: Literal["precision"]
    """Names this aim."""
    at_least: float = Field(gt=0, le=1)
    """The precision."""


Aim = Annotated[MaximizeF1 | FlagShare | PrecisionFloor, Field(discriminator="aim")]
Calibration = Literal["platt", "isotonic"]


class CalibratedClassifier(WrappingClassifier):
    """A classifier whose scores are calibrated, or cut by a threshold that is chosen, without a test claim.

    Where the split names a dev part, both are fitted to the scores of that part. Else the training claims are scored in
    grouped folds of their own, each by a scorer that has not seen it; the scorer that is used is then fitted to all of
    them. Nothing is fitted where there is one training group only, or one label only.
    """

    yes_or_no_only = True
    own_packages = ("scikit-learn",)

    classifier: SerializeAsAny[Classifier]
    calibration: Calibration | None = None
    aim: Aim | None = None
    folds: InnerFolds = InnerFolds()

    def inner(self) -> tuple[Classifier, ...]:
        """The one classifier."""
        return (self.classifier,)

    def rehearsals(self, claims: Claims, seed: int) -> Sequence[Fold]:
        """The folds of the training claims that calibrate and choose."""
        return inner_folds(claims, self.folds, seed)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits to all training claims, and decides by folds of them."""
        scorer = self.classifier.fit(claims, gold, seed)
        groups = len(np.unique(group_codes(claims, self.folds.by)))
        if groups < 2:
            return CalibratedScorer(
                scorer, None, None, "one training group only: nothing calibrated or chosen", scorer.fits
            )
        scores, probabilities, fits = self._out_of_fold(claims, gold, seed, min(self.folds.k, groups))
        where = f"{min(self.folds.k, groups)} folds of the training claims"
        return replace(self._decided(scorer, scores, probabilities, gold, where), fits=scorer.fits + fits)

    def fit_on(self, claims: Claims, gold: Gold, dev: Claims, dev_gold: Gold, seed: int) -> Scorer:
        """Fits to all training claims, and decides by a dev part."""
        scorer = self.classifier.fit(claims, gold, seed)
        scores = scorer.score(dev)[:, -1]
        return replace(self._decided(scorer, scores, scorer.probabilities, dev_gold, "the dev part"), fits=scorer.fits)

    def _out_of_fold(self, claims: Claims, gold: Gold, seed: int, k: int) -> tuple[Floats, bool, int]:
        scores, probabilities, fits = np.zeros(len(claims)), True, 0
        for fold in grouped_folds(claims, k=k, by=self.folds.by, seed=seed):
            scorer = self.classifier.fit(claims.take(fold.train), gold.take(fold.train), seed)
            scores[fold.test] = scorer.score(claims.take(fold.test))[:, -1]
            probabilities = probabilities and scorer.probabilities
            fits += scorer.fits
        return scores, probabilities, fits

    def _decided(self, scorer: Scorer, scores: Floats, probabilities: bool, gold: Gold, where: str) -> CalibratedScorer:
        positive = gold.positive
        if positive.all() or not positive.any():
            return CalibratedScorer(scorer, None, None, f"one label only in {where}: nothing calibrated or chosen")
        curve, said = None, []
        if self.calibration is not None:
            curve = CALIBRATORS[self.calibration](scores, positive, probabilities)
            scores = curve.apply(scores)
            said.append(f"{self.calibration} calibration")
        threshold = None
        if self.aim is not None:
            threshold, reached = choose_threshold(self.aim, scores, positive)
            said.append(f"threshold {threshold:.4g} ({reached})")
        return CalibratedScorer(scorer, curve, threshold, f"{', '.join(said)} on {where}")


AIMS = ("f1", "flagged_share", "precision")
CALIBRATION_KEYS = ("calibration", "threshold")
"""The settings of a classifier in a config that are for `with_calibration`."""


def with_calibration(classifier: Classifier, settings: dict[str, Any], folds: InnerFolds) -> CalibratedClassifier:
    """A classifier with a calibration, a threshold, or both.

    Args:
        classifier: any, tuned or not.
        settings: what a config says: `{calibration: platt, threshold: {aim: f1}}`.
        folds: inside the training claims, where the split has no dev part.
    Raises: ValidationError: no such calibration, or the numbers of an aim are out of range; HarnessError: no such aim.
    """
    aim = settings.get("threshold", {}).get("aim")
    if "threshold" in settings and aim not in AIMS:
        raise UnknownName(f"threshold: {unknown_name('aim', str(aim), AIMS)}, as in threshold: {{aim: f1}}")
    named = {"aim" if key == "threshold" else key: value for key, value in settings.items()}
    return CalibratedClassifier(classifier=classifier, folds=folds, **named)


@dataclass(frozen=True)
class CalibrationMap:
    """A calibration: points between which probabilities are interpolated, of scores or of their log-odds."""

    scores: Floats
    """Ascending."""
    chances: Floats
    slope: float | None = None
    """For Platt: the probability is the logistic function of slope x score + offset, and the points are not used."""
    offset: float = 0.0
    log_odds: bool = False
    """Whether scores are probabilities, whose log-odds are what is calibrated."""

    def apply(self, scores: Floats) -> Floats:
        """Probabilities of the positive label; shape as the scores'."""
        from scipy.special import expit, logit

        if self.slope is None:
            return np.asarray(np.interp(scores, self.scores, self.chances), dtype=np.float64)
        inner = logit(np.clip(scores, PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON)) if self.log_odds else scores
        chances: Floats = expit(self.slope * inner + self.offset)
        return chances


def platt(scores: Floats, positive: Bools, probabilities: bool) -> CalibrationMap:
    """The logistic curve of scores (of log-odds, for probabilities) that fits best; monotone, so that ranks stay.

    Args:
        scores, positive: shape (n_claims,); both labels occur.
        probabilities: whether the scores are.
    Source: Platt 1999, with his smoothed targets.
    """
    from scipy.special import logit
    from sklearn.linear_model import LogisticRegression

    inner = logit(np.clip(scores, PROBABILITY_EPSILON, 1 - PROBABILITY_EPSILON)) if probabilities else scores
    spread = float(inner.std()) or 1.0
    n_positive, n = int(positive.sum()), len(positive)
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n - n_positive + 2))
    rows = np.concatenate([inner, inner])[:, None] / spread
    labels = np.repeat([1, 0], n)
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(rows, labels, np.concatenate([target, 1 - target]))
    # A curve that falls would turn the ranking over; then the scores say nothing, and neither does the calibration.
    slope = max(float(fitted.coef_[0, 0]) / spread, 0.0)
    offset = float(fitted.intercept_[0]) if slope else float(logit(n_positive / n))
    return CalibrationMap(np.zeros(0), np.zeros(0), slope, offset, probabilities)


def isotonic(scores: Floats, positive: Bools, _: bool = False) -> CalibrationMap:
    """The rising step curve of scores that fits best, interpolated between steps; makes ties.

    Args:
        scores, positive: shape (n_claims,); both labels occur.
    Source: Zadrozny and Elkan 2002; scikit-learn's IsotonicRegression.
    """
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, positive.astype(np.float64))
    return CalibrationMap(
        np.asarray(fitted.X_thresholds_, dtype=np.float64), np.asarray(fitted.y_thresholds_, dtype=np.float64)
    )


CALIBRATORS: dict[Calibration, Any] = {"platt": platt, "isotonic": isotonic}


class Threshold(NamedTuple):
    """A threshold and what it reaches where it was chosen."""

    threshold: float
    reached: str


def choose_threshold(aim: MaximizeF1 | FlagShare | PrecisionFloor, scores: Floats, positive: Bools) -> Threshold:
    """The threshold for an aim: claims that score it or more are predicted positive.

    Args:
        scores, positive: shape (n_claims,); both labels occur.
    Returns: the threshold lies halfway between two scores, so that rounding moves no claim; above all scores where no
        claim should be predicted.
    """
    cutoffs = cutoffs_of(scores, positive)
    hits, predicted = cutoffs.hits, cutoffs.predicted
    if isinstance(aim, MaximizeF1):
        value = cutoffs.f1()
        best = int(np.argmax(value))
        reached = f"F1 {value[best]:.3f}"
    elif isinstance(aim, FlagShare):
        best = int(np.argmin(np.abs(predicted - aim.share * len(scores))))
        reached = f"{predicted[best] / len(scores):.3f} of the claims"
    else:
        value = hits / predicted
        enough = np.flatnonzero(value >= aim.at_least)
        if not len(enough):
            above = float(scores.max())
            return Threshold(float(np.nextafter(above, np.inf)), f"a precision of {aim.at_least:g} is not reached")
        best = int(enough[-1])
        reached = f"precision {value[best]:.3f}, recall {hits[best] / positive.sum():.3f}"
    lowest, below = float(cutoffs.scores[best]), cutoffs.scores[best + 1 :]
    return Threshold((lowest + float(below[0])) / 2 if len(below) else lowest, reached)


@dataclass(frozen=True)
class CalibratedScorer(WrappedScorer):
    """A scorer with its calibration and its threshold."""

    curve: CalibrationMap | None
    threshold: float | None
    said: str
    fits: int = 1

    @computed
    def probabilities(self) -> bool:
        """Whether scores are probabilities: calibrated ones are."""
        return self.curve is not None or self.scorer.probabilities

    @computed
    def logistic(self) -> bool:
        """Whether a score is the logistic function of its reasons: a calibrated one is not."""
        return self.curve is None and self.scorer.logistic

    @computed
    def gives_labels(self) -> bool:
        """Whether there is a threshold, or the scorer predicts labels by itself."""
        return self.threshold is not None or self.scorer.gives_labels

    @computed
    def cutoff(self) -> float | None:
        """The threshold, one half of a calibrated probability, or the scorer's own."""
        if self.threshold is not None:
            return self.threshold
        return self.scorer.cutoff if self.curve is None else HALF

    @computed
    def chosen(self) -> str:
        """What was chosen, by the scorer too."""
        return "; ".join(filter(None, [self.scorer.chosen, self.said]))

    def score(self, claims: Claims) -> ScoreMatrix:
        """Calibrated probabilities, or the scorer's scores."""
        scores = self.scorer.score(claims)
        return scores if self.curve is None else as_two_columns(self.curve.apply(scores[:, -1]))

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Codes:
        """Positive from the threshold on; without one, what the scorer predicts, calibrated where it is."""
        if self.threshold is None and self.curve is None:
            return self.scorer.predict(claims, scores)
        predicted = Scorer.predict(self, claims, scores)  # by the cutoff
        if not self.scorer.n_unanswered(claims):
            return predicted
        answered = self.scorer.predict(claims, self.scorer.score(claims)) >= 0
        return np.where(answered, predicted, -1)
