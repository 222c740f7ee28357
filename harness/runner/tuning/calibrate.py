"""Calibration and thresholds, fitted on the training claims or on a dev part, never on test claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, SerializeAsAny

from harness.arrays import Bools, Codes, Floats
from harness.classifiers.base import Classifier, ScoreMatrix, Scorer, computed, to_log_odds, two_columns
from harness.classifiers.composite.wrapped import WrappedScorer, WrappingClassifier
from harness.classifiers.thresholds import cutoffs_of
from harness.data.claims import Claims, Gold
from harness.data.splits.folds import Fold
from harness.display import displayed
from harness.errors import UnknownName, unknown_name
from harness.records import Record
from harness.runner.tuning.inner_folds import ONE_ARTICLE, InnerFolds, training_folds
from harness.runner.tuning.shared_fits import SharedFits, shared_fits

NOTHING_CHOSEN = "not calibrated, no threshold chosen"
HALF = 0.5
"""Calibrated probability from which a claim is predicted positive if no threshold is chosen."""


class MaximizeF1(Record):
    """The threshold with the highest F1 of the positive label; the highest threshold if several tie."""

    aim: Literal["f1"]
    """Name of the aim."""


class FlagShare(Record):
    """The threshold that flags the given share of claims as positive."""

    aim: Literal["flagged_share"]
    """Name of the aim."""
    share: float = Field(gt=0, lt=1)
    """Share of claims to flag, in (0, 1)."""


class PrecisionFloor(Record):
    """The lowest threshold that reaches the given precision; no claim is predicted positive if none does."""

    aim: Literal["precision"]
    """Name of the aim."""
    at_least: float = Field(gt=0, le=1)
    """Minimum precision, in (0, 1]."""


Aim = Annotated[MaximizeF1 | FlagShare | PrecisionFloor, Field(discriminator="aim")]
Calibration = Literal["platt", "isotonic"]


class CalibratedClassifier(WrappingClassifier):
    """A classifier with calibrated scores, a chosen threshold, or both; neither is fitted on test claims.

    If the split names a dev part, both are fitted on the scores of that part. Otherwise they are fitted on out-of-fold
    scores of the training claims, from grouped folds, and the final scorer is fitted to all training claims. Nothing is
    calibrated or chosen if the training claims are of one article, or the claims to fit on have only one label.
    """

    yes_or_no_only = True
    own_packages = ("scikit-learn",)

    classifier: SerializeAsAny[Classifier]
    """Classifier whose scores are calibrated."""
    calibration: Calibration | None = None
    """Calibration method; None: scores stay as they are."""
    aim: Aim | None = None
    """Aim of the threshold; None: no threshold is chosen."""
    folds: InnerFolds = InnerFolds()
    """Folds inside the training claims."""

    def inner(self) -> tuple[Classifier, ...]:
        """Returns the calibrated classifier as a tuple of one."""
        return (self.classifier,)

    def rehearsals(self, claims: Claims, seed: int) -> Sequence[Fold]:
        """Returns the folds of the training claims on which calibration and threshold are fitted."""
        return training_folds(claims, self.folds, seed).folds

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the classifier to all training claims; fits calibration and threshold on their folds."""
        with shared_fits(claims) as fits:  # the choice of settings has fitted the chosen ones to most of the folds
            before = fits.n
            scorer = fits.fit_once(self.classifier, claims, gold, seed)
            folds, note = training_folds(claims, self.folds, seed)
            if not folds:
                return CalibratedScorer(scorer, None, None, f"{NOTHING_CHOSEN}: {ONE_ARTICLE}", scorer.fits)
            scores, probabilities = self._out_of_fold(fits, claims, gold, seed, folds)
            where = f"{len(folds)} folds{note or ' of the training claims'}"
            calibrated = self._calibrate(scorer, scores, probabilities, gold, where)
            return replace(calibrated, fits=fits.n - before)

    def fit_on(self, claims: Claims, gold: Gold, dev: Claims, dev_gold: Gold, seed: int) -> Scorer:
        """Fits the classifier to all training claims; fits calibration and threshold on a dev part."""
        scorer = self.classifier.fit(claims, gold, seed)
        scores = scorer.score(dev)[:, -1]
        calibrated = self._calibrate(scorer, scores, scorer.probabilities, dev_gold, "the dev part")
        return replace(calibrated, fits=scorer.fits)

    def _out_of_fold(
        self, fits: SharedFits, claims: Claims, gold: Gold, seed: int, folds: Sequence[Fold]
    ) -> tuple[Floats, bool]:
        """Scores of each claim by a scorer that has not seen it, and whether all are probabilities."""
        scores = np.zeros(len(claims))
        probabilities = True
        for fold in folds:
            scorer = fits.fit_once(self.classifier, claims.take(fold.train), gold.take(fold.train), seed)
            scores[fold.test] = scorer.score(claims.take(fold.test))[:, -1]
            probabilities = probabilities and scorer.probabilities
        return scores, probabilities

    def _calibrate(
        self, scorer: Scorer, scores: Floats, probabilities: bool, gold: Gold, where: str
    ) -> CalibratedScorer:
        """The scorer with calibration and threshold fitted on scores; `where` names the claims, for the description."""
        positive = gold.positive
        if positive.all() or not positive.any():
            description = f"{NOTHING_CHOSEN}: only one label in {where}"
            return CalibratedScorer(scorer, None, None, description)
        calibration = None
        choices = []
        if self.calibration is not None:
            calibration = CALIBRATORS[self.calibration](scores, positive, probabilities)
            scores = calibration.apply(scores)
            choices.append(f"{self.calibration} calibration")
        threshold = None
        if self.aim is not None:
            # The scorer compares the threshold with calibrated scores, so it is chosen on those.
            threshold, reached = choose_threshold(self.aim, scores, positive)
            choices.append(f"threshold {threshold:.4g} ({reached})")
        return CalibratedScorer(scorer, calibration, threshold, f"{', '.join(choices)} on {where}")


AIMS = ("f1", "flagged_share", "precision")


def with_calibration(classifier: Classifier, settings: dict[str, Any], folds: InnerFolds) -> CalibratedClassifier:
    """Returns a classifier with a calibration, a threshold, or both.

    Args:
        classifier: any classifier, tuned or not.
        settings: settings from a config, as in `{calibration: platt, threshold: {aim: f1}}`.
        folds: folds inside the training claims, used if the split has no dev part.
    Raises: ValidationError: unknown calibration, or a number of an aim out of range; UnknownName: unknown aim.
    """
    aim = settings.get("threshold", {}).get("aim")
    if "threshold" in settings and aim not in AIMS:
        raise UnknownName(f"threshold: {unknown_name('aim', str(aim), AIMS)}, as in threshold: {{aim: f1}}")
    fields = {"aim" if key == "threshold" else key: value for key, value in settings.items()}
    return CalibratedClassifier(classifier=classifier, folds=folds, **fields)


@displayed
@dataclass(frozen=True)
class CalibrationMap:
    """A map from scores to probabilities: a logistic function (Platt) or interpolated points (isotonic)."""

    scores: Floats
    """Scores of the points, ascending; empty for Platt."""
    probabilities: Floats
    """Probabilities of the points; empty for Platt."""
    slope: float | None = None
    """Slope of the logistic function of slope * score + offset; None: interpolate the points."""
    offset: float = 0.0
    """Offset of the logistic function."""
    log_odds: bool = False
    """Whether scores are probabilities whose log-odds enter the logistic function."""

    def apply(self, scores: Floats) -> Floats:
        """Returns probabilities of the positive label, in the shape of the scores."""
        from scipy.special import expit

        if self.slope is None:
            return np.asarray(np.interp(scores, self.scores, self.probabilities), dtype=np.float64)
        inputs = to_log_odds(scores) if self.log_odds else scores
        probabilities: Floats = expit(self.slope * inputs + self.offset)
        return probabilities


def platt(scores: Floats, positive: Bools, probabilities: bool) -> CalibrationMap:
    """Returns the best-fitting logistic function of the scores, or of their log-odds if they are probabilities.

    The function never decreases, so it keeps the ranking.

    Args:
        scores: shape (n_claims,).
        positive: shape (n_claims,); both values must occur.
        probabilities: whether the scores are probabilities.
    Source: Platt 1999, with the smoothed targets of that paper.
    """
    from scipy.special import logit
    from sklearn.linear_model import LogisticRegression

    inputs = to_log_odds(scores) if probabilities else scores
    # Scores of any scale are divided by their spread, so that the solver converges and C means the same for all.
    spread = float(inputs.std()) or 1.0
    n_positive, n = int(positive.sum()), len(positive)
    # Platt's targets are (n + 1) / (n + 2) and 1 / (n + 2) instead of 1 and 0, which keeps the slope finite for
    # separable scores. LogisticRegression takes no fractional targets, so each claim enters twice, once with each
    # label, weighted by target and 1 - target.
    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n - n_positive + 2))
    rows = np.concatenate([inputs, inputs])[:, None] / spread
    labels = np.repeat([1, 0], n)
    weights = np.concatenate([target, 1 - target])
    model = LogisticRegression(C=1e6, max_iter=1000).fit(rows, labels, weights)
    # A negative slope would reverse the ranking. The scores are then uninformative, and every claim gets the base rate.
    slope = max(float(model.coef_[0, 0]) / spread, 0.0)
    offset = float(model.intercept_[0]) if slope else float(logit(n_positive / n))
    return CalibrationMap(np.zeros(0), np.zeros(0), slope, offset, probabilities)


def isotonic(scores: Floats, positive: Bools, _: bool = False) -> CalibrationMap:
    """Returns the best-fitting non-decreasing function of the scores, interpolated between its steps; creates ties.

    Args:
        scores: shape (n_claims,).
        positive: shape (n_claims,); both values must occur.
    Source: Zadrozny and Elkan 2002; scikit-learn's IsotonicRegression.
    """
    from sklearn.isotonic import IsotonicRegression

    model = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, positive.astype(np.float64))
    return CalibrationMap(
        np.asarray(model.X_thresholds_, dtype=np.float64), np.asarray(model.y_thresholds_, dtype=np.float64)
    )


CALIBRATORS: dict[Calibration, Any] = {"platt": platt, "isotonic": isotonic}


@displayed
class Threshold(NamedTuple):
    """A threshold and its result on the claims it was chosen on."""

    threshold: float
    """Score from which a claim is predicted positive."""
    reached: str
    """Result at the threshold, as results show it."""


def choose_threshold(aim: MaximizeF1 | FlagShare | PrecisionFloor, scores: Floats, positive: Bools) -> Threshold:
    """Returns the threshold for an aim; claims that score at least the threshold are predicted positive.

    Args:
        aim: the aim.
        scores: shape (n_claims,).
        positive: shape (n_claims,); both values must occur.
    Returns: a threshold halfway between two scores, so that rounding does not change a prediction; above all scores if
        no claim should be predicted positive.
    """
    cutoffs = cutoffs_of(scores, positive)
    hits, predicted = cutoffs.hits, cutoffs.predicted
    if isinstance(aim, MaximizeF1):
        f1 = cutoffs.f1()
        best = int(np.argmax(f1))
        reached = f"F1 {f1[best]:.3f}"
    elif isinstance(aim, FlagShare):
        best = int(np.argmin(np.abs(predicted - aim.share * len(scores))))
        reached = f"{predicted[best] / len(scores):.3f} of the claims"
    else:
        precision = hits / predicted
        sufficient = np.flatnonzero(precision >= aim.at_least)
        if not len(sufficient):
            above_all = float(np.nextafter(scores.max(), np.inf))
            return Threshold(above_all, f"no threshold reaches a precision of {aim.at_least:g}")
        best = int(sufficient[-1])
        reached = f"precision {precision[best]:.3f}, recall {hits[best] / positive.sum():.3f}"
    lowest = float(cutoffs.scores[best])
    below = cutoffs.scores[best + 1 :]
    return Threshold((lowest + float(below[0])) / 2 if len(below) else lowest, reached)


@dataclass(frozen=True)
class CalibratedScorer(WrappedScorer):
    """A scorer with a calibration, a threshold, or both."""

    calibration: CalibrationMap | None
    """Map from the scorer's scores to probabilities; None: scores stay as they are."""
    threshold: float | None
    """Score from which a claim is predicted positive; None: see `cutoff`."""
    description: str
    """Description of the calibration and the threshold, for the result."""
    fits: int = 1
    """Number of fits, including those in the folds."""

    @computed
    def probabilities(self) -> bool:
        """Whether scores are probabilities; calibrated scores are."""
        return self.calibration is not None or self.scorer.probabilities

    @computed
    def logistic(self) -> bool:
        """Whether a score is the logistic function of its reasons; calibrated scores are not."""
        return self.calibration is None and self.scorer.logistic

    @computed
    def gives_labels(self) -> bool:
        """Whether the scorer predicts labels: it has a threshold, or the inner scorer predicts labels."""
        return self.threshold is not None or self.scorer.gives_labels

    @computed
    def cutoff(self) -> float | None:
        """The threshold; without one, 0.5 for calibrated scores, else the cutoff of the inner scorer."""
        if self.threshold is not None:
            return self.threshold
        return self.scorer.cutoff if self.calibration is None else HALF

    @computed
    def chosen(self) -> str:
        """Description of the choices made in fitting, including those of the inner scorer."""
        return "; ".join(filter(None, [self.scorer.chosen, self.description]))

    def score(self, claims: Claims) -> ScoreMatrix:
        """Returns calibrated probabilities, or the inner scorer's scores if there is no calibration."""
        scores = self.scorer.score(claims)
        return scores if self.calibration is None else two_columns(self.calibration.apply(scores[:, -1]))

    def predict(self, claims: Claims, scores: ScoreMatrix) -> Codes:
        """Returns predicted labels by the cutoff; the inner scorer's labels without a threshold and calibration."""
        if self.threshold is None and self.calibration is None:
            return self.scorer.predict(claims, scores)
        predicted = Scorer.predict(self, claims, scores)  # by the cutoff
        if not self.scorer.n_unanswered(claims):
            return predicted
        # Claims without an answer have a score too, but must not get a label from it.
        is_answered = self.scorer.predict(claims, self.scorer.score(claims)) >= 0
        return np.where(is_answered, predicted, -1)
