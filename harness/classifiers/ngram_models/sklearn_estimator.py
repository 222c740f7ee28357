"""Any scikit-learn classifier, named `module:Class` in a config, over TF-IDF weighted n-grams."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, JsonValue, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, as_two_columns, class_priors, computed
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.ngram_models.linear import word_reasons
from harness.classifiers.storage.skops_estimator import load_estimator, save_estimator
from harness.data.claims import Claims, Gold
from harness.errors import HarnessError
from harness.features.ngrams import NgramSettings
from harness.features.weights import TFIDF_TYPES, Tfidf
from harness.registry import import_object

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BATCH = 8192
REFUSALS = (AttributeError, TypeError, ValueError)
"""What scikit-learn raises for settings that it refuses; a part that is no estimator lacks what those have."""


class Features(NgramSettings):
    """What an estimator gets of a claim: TF-IDF weighted n-grams."""

    svd: int | None = Field(default=None, ge=1)
    """Number of dimensions to which the features are reduced by a truncated singular value decomposition, for
    estimators that take dense features only; null: the sparse features as they are."""


@dataclass(frozen=True)
class EstimatorScorer(Scorer):
    """A fitted scikit-learn classifier; its margins, or where it has none its predictions."""

    name: str
    tfidf: Tfidf
    reduction: npt.NDArray[np.float64] | None
    """Shape (n_ngrams, n_dimensions); None where nothing is reduced."""
    estimator: Any
    n_labels: int
    cutoff: float | None = None
    in_files = ("estimator",)

    def save_files(self, folder: Path) -> None:
        """Keeps the estimator by skops."""
        save_estimator(self.estimator, folder)

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """The estimator, of types that skops trusts by itself."""
        return {"estimator": load_estimator(folder)}

    def score(self, claims: Claims) -> ScoreMatrix:
        """The estimator's scores; a label that no training claim had gets the lowest.

        Raises: HarnessError: the estimator cannot score the claims, or gave a number that is not finite.
        """
        starts = range(0, len(claims), BATCH)
        try:
            parts = [self._scores(list(claims.text[start : start + BATCH])) for start in starts]
        except (AttributeError, TypeError, ValueError) as error:
            raise HarnessError(f"classifier '{self.name}' cannot score claims ({error})") from error
        scores = np.concatenate(parts) if parts else np.empty((0, self.n_labels))
        if not np.isfinite(scores).all():
            claim_id = claims.claim_id[~np.isfinite(scores).all(axis=1)][0]
            raise HarnessError(f"classifier '{self.name}': gave claim '{claim_id}' a score that is not finite")
        return scores

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """Of a linear estimator the n-grams that moved the score of the last label most, at most ten a claim.

        Where the scores are probabilities, it is their log-odds that are moved. None where the estimator is not linear,
        or where the training claims had no claim of that label.
        """
        weights = _weights(self.estimator)
        if weights is None or int(self.estimator.classes_[-1]) != self.n_labels - 1:
            return None
        return word_reasons(self.tfidf, weights if self.reduction is None else self.reduction @ weights, claims)

    def _scores(self, texts: list[str]) -> ScoreMatrix:
        rows = _reduced(self.tfidf.transform(texts), self.reduction)
        if hasattr(self.estimator, "decision_function"):
            margins = np.asarray(self.estimator.decision_function(rows), dtype=np.float64)
            columns = as_two_columns(margins, margins=True) if margins.ndim == 1 else margins
            scores = np.tile(columns.min(axis=1, keepdims=True) - 1.0, (1, self.n_labels))
            scores[:, self.estimator.classes_] = columns
            return scores
        scores = np.zeros((len(texts), self.n_labels))
        scores[np.arange(len(texts)), self.estimator.predict(rows)] = 1.0
        return scores


@dataclass(frozen=True)
class ProbabilityScorer(EstimatorScorer):
    """A fitted scikit-learn classifier that gives probabilities."""

    probabilities = True

    def _scores(self, texts: list[str]) -> ScoreMatrix:
        scores = np.zeros((len(texts), self.n_labels))
        rows = _reduced(self.tfidf.transform(texts), self.reduction)
        scores[:, self.estimator.classes_] = self.estimator.predict_proba(rows)
        return scores


class SklearnEstimator(Classifier):
    """A scikit-learn classifier over TF-IDF weighted n-grams of words and characters.

    In a config it is named by its class, with its own settings beside, and those of the n-grams under `features`:
    `{name: "sklearn.ensemble:RandomForestClassifier", n_estimators: 50}`. It sees the claim's text only. Scores are the
    estimator's probabilities, else its margins, else 1 for its prediction; `random_state` is the random seed where the
    estimator has one. Training claims of one label only, or without any n-gram, give the shares of the labels.
    """

    saved_types = (EstimatorScorer, ProbabilityScorer, *TFIDF_TYPES)

    estimator: str
    """`module:Class`."""
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """Arguments of the class."""
    features: Features = Features()
    """What it gets of a claim."""

    @computed
    def packages(self) -> tuple[str, ...]:
        """The estimator's own distribution among them, where its module was installed from one."""
        from importlib.metadata import packages_distributions

        own = packages_distributions().get(self.estimator.partition(":")[0].partition(".")[0], [])
        return tuple(dict.fromkeys(("numpy", "scipy", "scikit-learn", *own)))

    @classmethod
    def build(cls, estimator: str, settings: dict[str, Any]) -> Self:
        """From the settings as they stand in a config: the estimator's own, and `features`.

        Raises: ValidationError: with the place of each setting that the estimator does not have or take.
        """
        own = {name: value for name, value in settings.items() if name != "features"}
        problems = [
            InitErrorDetails(
                type=PydanticCustomError("setting", "{message}", {"message": message}),
                loc=(name,) if name else (),
                input=own.get(name, estimator),
            )
            for name, message in _problems(estimator, own)
        ]
        if problems:
            raise ValidationError.from_exception_data(estimator, problems)
        features = {"features": settings["features"]} if "features" in settings else {}
        return cls.model_validate({"estimator": estimator, "settings": own} | features)

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        problems = _problems(self.estimator, self.settings)
        if problems:
            raise ValueError("; ".join(message for _, message in problems))
        return self

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the estimator.

        Raises: HarnessError: the estimator refuses the features; the message says what it said, and the remedy.
        """
        from sklearn.utils import get_tags

        tfidf, rows = Tfidf.fit(self.features, list(claims.text))
        if len(np.unique(gold.codes)) < 2 or not rows.shape[1]:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        estimator = _make(self.estimator, dict(self.settings))
        if "random_state" in estimator.get_params() and "random_state" not in self.settings:
            estimator.set_params(random_state=seed % 2**32)
        reduction = _reduction(rows, self.features.svd, seed % 2**32)
        try:
            estimator.fit(_reduced(rows, reduction), gold.codes)
        except (AttributeError, TypeError, ValueError) as error:
            dense = isinstance(error, TypeError) and reduction is None and not get_tags(estimator).input_tags.sparse
            remedy = ": give it dense features, for example `features: {svd: 100}`" if dense else ""
            raise HarnessError(f"classifier '{self.estimator}' cannot be fitted ({error}){remedy}") from error
        kind = ProbabilityScorer if hasattr(estimator, "predict_proba") else EstimatorScorer
        has_margins = kind is EstimatorScorer and hasattr(estimator, "decision_function") and len(gold.labels) == 2
        return kind(self.estimator, tfidf, reduction, estimator, len(gold.labels), 0.0 if has_margins else None)


def _problems(target: str, settings: dict[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with an estimator's settings: name of the setting (empty: the estimator itself) and message.

    Raises: UnknownComponent: the class cannot be imported.
    """
    from sklearn.base import BaseEstimator, is_classifier

    made: Any = import_object(target, "classifier")
    name = target.partition(":")[2]
    if not issubclass(made, BaseEstimator):
        return [("", f"'{target}' is neither a Classifier of this project nor a scikit-learn estimator class")]
    known = sorted(made._get_param_names())
    unknown = [setting for setting in settings if setting not in known]
    if unknown:
        return [(setting, f"{name} has no setting '{setting}'.{_hint(setting, known)}") for setting in unknown]
    try:
        estimator = made(**settings)
        if not is_classifier(estimator):
            return [("", f"'{target}' is a scikit-learn estimator but not a classifier, such as LogisticRegression")]
    except REFUSALS as error:
        return [("", f"{name}: {error}")]
    refused = _refused(estimator, sorted(settings))
    return [] if refused is None else [(refused[0], f"{name}: {refused[1]}")]


def _refused(estimator: Any, settings: Sequence[str]) -> tuple[str, Exception] | None:
    """The first setting that an estimator's own check refuses (empty: not one alone), and what it raises."""
    every = getattr(estimator, "_parameter_constraints", None)
    if every is None:
        return None
    error = _objection(estimator, every)
    if error is None:
        return None
    checked_alone = _objection(estimator, {}) is None  # not so where the estimator checks more than its constraints
    for setting in settings if checked_alone else ():
        alone = _objection(estimator, {setting: every[setting]}) if setting in every else None
        if alone is not None:
            return setting, alone
    return "", error


def _objection(estimator: Any, constraints: Mapping[str, Any]) -> Exception | None:
    """What the estimator's check of its settings against some constraints raises; None where it raises nothing."""
    estimator._parameter_constraints = constraints
    try:
        estimator._validate_params()
    except REFUSALS as error:
        return error
    return None


def _hint(setting: str, known: list[str]) -> str:
    near = difflib.get_close_matches(setting, known, n=1, cutoff=0.6)
    return (f" Did you mean '{near[0]}'?" if near else "") + f" Known: {', '.join(known) or 'none'}, features"


def _make(target: str, settings: dict[str, Any]) -> Any:
    made: Any = import_object(target, "classifier")
    return made(**settings)


def _weights(estimator: Any) -> npt.NDArray[np.float64] | None:
    """What a linear estimator adds to the score of its last label per unit of a feature; None: it is not linear.

    Naive Bayes of counts has no score of one label alone: against the mean of the labels, or of two against the other.
    """
    from sklearn.naive_bayes import ComplementNB, MultinomialNB

    if isinstance(estimator, ComplementNB | MultinomialNB):
        every = np.asarray(estimator.feature_log_prob_, dtype=np.float64)
        against: npt.NDArray[np.float64] = every[-1] - (every[0] if len(every) == 2 else every.mean(axis=0))
        return against
    by_pairs = hasattr(estimator, "dual_coef_") and len(estimator.classes_) > 2  # of a kernel machine, not by label
    if by_pairs or not hasattr(estimator, "coef_"):
        return None
    found = estimator.coef_.toarray() if hasattr(estimator.coef_, "toarray") else estimator.coef_
    last: npt.NDArray[np.float64] = np.atleast_2d(np.asarray(found, dtype=np.float64))[-1]
    return last


def _reduction(rows: csr_matrix, n_dimensions: int | None, seed: int) -> npt.NDArray[np.float64] | None:
    if n_dimensions is None:
        return None
    from sklearn.decomposition import TruncatedSVD

    with np.errstate(divide="ignore", invalid="ignore"):  # in the share of variance, which nobody asks for
        reduction = TruncatedSVD(min(n_dimensions, *rows.shape), random_state=seed).fit(rows)
    return np.asarray(reduction.components_.T, dtype=np.float64)


def _reduced(rows: csr_matrix, reduction: npt.NDArray[np.float64] | None) -> Any:
    return rows if reduction is None else rows @ reduction
