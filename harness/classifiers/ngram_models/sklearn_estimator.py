"""Any scikit-learn classifier, named `module:Name` in a config, on TF-IDF weighted n-grams or on the texts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
from pydantic import BeforeValidator, Field, JsonValue, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from harness.arrays import Floats
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, class_priors, computed, two_columns
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.ngram_models.estimator_settings import (
    ESTIMATOR_ERRORS,
    make_estimator,
    problems_of,
    set_random_state,
)
from harness.classifiers.ngram_models.linear import word_reasons
from harness.classifiers.storage.skops_estimator import load_estimator, save_estimator
from harness.data.claims import Claims, Gold
from harness.errors import HarnessError
from harness.features.ngrams import NgramSettings
from harness.features.weights import TFIDF_TYPES, Tfidf
from harness.records import preview
from harness.registry import import_object

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

TEXT = "text"
"""Value of `features` for estimators that get the texts."""
BATCH = 8192
"""Number of claims converted to features at once, which bounds memory."""


@cache
def _distributions_of(module: str) -> tuple[str, ...]:
    """The distributions that provide a module; read once a process, because it means every file of every package."""
    from importlib.metadata import packages_distributions

    return tuple(packages_distributions().get(module, ()))


class Features(NgramSettings):
    """Features of a claim for an estimator: TF-IDF weighted n-grams."""

    svd: int | None = Field(default=None, ge=1)
    """Number of dimensions after a truncated singular value decomposition, for estimators that accept dense features
    only; null: sparse features without reduction."""


@dataclass(frozen=True)
class EstimatorScorer(Scorer):
    """A fitted scikit-learn classifier, scored by its margins, or by its predictions if it has no margins."""

    name: str
    """Import path `module:Class`, for messages."""
    tfidf: Tfidf | None
    """N-grams of the training claims; None: the estimator gets the texts."""
    reduction: Floats | None
    """Projection of the n-grams, shape (n_ngrams, n_dimensions); None: no reduction."""
    estimator: Any
    """Fitted scikit-learn estimator; its classes are indices into the labels."""
    n_labels: int
    cutoff: float | None = None
    in_files = ("estimator",)

    def save_files(self, folder: Path) -> None:
        """Saves the estimator in skops format."""
        save_estimator(self.estimator, folder)

    @classmethod
    def load_files(cls, folder: Path) -> dict[str, Any]:
        """Loads the estimator; only types that skops trusts by default are accepted."""
        return {"estimator": load_estimator(folder)}

    def score(self, claims: Claims) -> ScoreMatrix:
        """The estimator's scores; a label without training claims gets the lowest score.

        Raises: HarnessError: the estimator cannot score the claims, or returns a score that is not finite.
        """
        starts = range(0, len(claims), BATCH)
        try:
            parts = [self._scores(list(claims.text[start : start + BATCH])) for start in starts]
        except ESTIMATOR_ERRORS as error:
            raise HarnessError(f"classifier '{self.name}' cannot score claims ({error})") from error
        scores = np.concatenate(parts) if parts else np.empty((0, self.n_labels))
        if not np.isfinite(scores).all():
            claim_id = claims.claim_id[~np.isfinite(scores).all(axis=1)][0]
            raise HarnessError(f"classifier '{self.name}': the score of claim '{claim_id}' is not finite")
        return scores

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The n-grams that moved the score of the last label most, at most ten per claim, for a linear estimator.

        Weights are changes of the log-odds if the scores are probabilities. None if the estimator is not linear, or if
        no training claim has that label.
        """
        weights = _weights(self.estimator) if self.tfidf is not None else None
        if self.tfidf is None or weights is None or int(self.estimator.classes_[-1]) != self.n_labels - 1:
            return None
        return word_reasons(self.tfidf, weights if self.reduction is None else self.reduction @ weights, claims)

    def _rows(self, texts: list[str]) -> Any:
        """What the estimator gets for texts."""
        return texts if self.tfidf is None else _reduce(self.tfidf.transform(texts), self.reduction)

    def _scores(self, texts: list[str]) -> ScoreMatrix:
        """The scores of texts, shape (n_texts, n_labels)."""
        rows = self._rows(texts)
        if hasattr(self.estimator, "decision_function"):
            margins = np.asarray(self.estimator.decision_function(rows), dtype=np.float64)
            columns = two_columns(margins, margins=True) if margins.ndim == 1 else margins
            # The estimator knows the labels of the training claims only; any other label scores below all of them.
            scores = np.tile(columns.min(axis=1, keepdims=True) - 1.0, (1, self.n_labels))
            scores[:, self.estimator.classes_] = columns
            return scores
        scores = np.zeros((len(texts), self.n_labels))
        scores[np.arange(len(texts)), self.estimator.predict(rows)] = 1.0
        return scores


@dataclass(frozen=True)
class ProbabilityScorer(EstimatorScorer):
    """A fitted scikit-learn classifier that outputs probabilities."""

    probabilities = True

    def _scores(self, texts: list[str]) -> ScoreMatrix:
        scores = np.zeros((len(texts), self.n_labels))
        rows = self._rows(texts)
        scores[:, self.estimator.classes_] = self.estimator.predict_proba(rows)
        return scores


def _as_features(value: object) -> object:
    """Converts `text` to None, which stands for no features."""
    if isinstance(value, str):
        if value != TEXT:
            raise ValueError(f"expected '{TEXT}', or a mapping with settings of the n-grams, got {preview(value)}")
        return None
    return value


class SklearnEstimator(Classifier):
    """A scikit-learn classifier on TF-IDF weighted n-grams of words and characters, or on the texts themselves.

    A config names its class, a function that returns it, or an unfitted one, with the settings of the class or the
    arguments of the function, and the settings of the n-grams under `features`:
    `{name: "sklearn.ensemble:RandomForestClassifier", n_estimators: 50}`. With `features: text` it gets the list of
    texts, as a `Pipeline` with a vectorizer of its own expects. It sees the text of the claim only. Scores
    are the estimator's probabilities, otherwise its margins, otherwise 1 for the predicted label; `random_state`, if
    the estimator has this setting, is the random seed. If the training claims have one label only, or no n-gram, scores
    are the label shares.
    """

    saved_types = (EstimatorScorer, ProbabilityScorer, *TFIDF_TYPES)

    estimator: str
    """The estimator's class, a function that returns the estimator, or an unfitted one, as `module:Name`."""
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    """Settings of the estimator, or arguments of the function."""
    features: Annotated[Features | None, BeforeValidator(_as_features)] = Features()
    """Settings of the n-grams; null (in a config: text): the estimator gets the texts."""

    @computed
    def packages(self) -> tuple[str, ...]:
        """NumPy, SciPy, scikit-learn and the distribution that provides the estimator's module, if there is one."""
        own = _distributions_of(self.estimator.partition(":")[0].partition(".")[0])
        return tuple(dict.fromkeys(("numpy", "scipy", "scikit-learn", *own)))

    @computed
    def uses_seed(self) -> bool:
        """False for a class of scikit-learn with a set `random_state` or none, without estimators inside or `svd`."""
        if not self.estimator.startswith("sklearn.") or self.features is None or self.features.svd is not None:
            return True
        component = import_object(self.estimator, "classifier")
        if not isinstance(component, type):
            return True  # a function, which may return an estimator that draws
        estimator_class: Any = component
        names = estimator_class._get_param_names()
        draws = "random_state" in names and self.settings.get("random_state") is None
        return draws or "estimator" in names or "estimators" in names

    @classmethod
    def build(cls, estimator: str, settings: dict[str, Any]) -> Self:
        """Builds the classifier from the settings in a config: those of the estimator, and `features`.

        Args:
            estimator: `module:Class`.
            settings: settings of the estimator by name, and `features`.
        Raises:
            ValidationError: the estimator does not have a setting or rejects its value; `loc` is the setting's name.
        """
        own = {name: value for name, value in settings.items() if name != "features"}
        problems = [
            InitErrorDetails(
                type=PydanticCustomError("setting", "{message}", {"message": message}),
                loc=(name,) if name else (),
                input=own.get(name, estimator),
            )
            for name, message in problems_of(estimator, own)
        ]
        if problems:
            raise ValidationError.from_exception_data(estimator, problems)
        features = {"features": settings["features"]} if "features" in settings else {}
        return cls.model_validate({"estimator": estimator, "settings": own} | features)

    @model_validator(mode="after")
    def _check_settings(self) -> Self:
        problems = problems_of(self.estimator, self.settings)
        if problems:
            raise ValueError("; ".join(message for _, message in problems))
        return self

    def code_modules(self) -> tuple[str, ...]:
        """The module of the estimator, unless it is one of scikit-learn, whose version is recorded."""
        module = self.estimator.partition(":")[0]
        return () if module.partition(".")[0] == "sklearn" else (module,)

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the estimator.

        Raises: HarnessError: the estimator rejects the data; the message quotes its error and names a remedy.
        """

        texts = list(claims.text)
        tfidf: Tfidf | None = None
        rows: Any = texts
        if self.features is not None:
            tfidf, rows = Tfidf.fit(self.features, texts)
        if len(np.unique(gold.codes)) < 2 or (tfidf is not None and not rows.shape[1]):
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        estimator = make_estimator(self.estimator, self.settings)
        set_random_state(estimator, self.settings, seed % 2**32)
        n_dimensions = None if self.features is None else self.features.svd
        reduction = None if n_dimensions is None else _fit_reduction(rows, n_dimensions, seed % 2**32)
        try:
            estimator.fit(_reduce(rows, reduction), gold.codes)
        except ESTIMATOR_ERRORS as error:
            remedy = "" if tfidf is None else _remedy(estimator, error, is_reduced=reduction is not None)
            raise HarnessError(f"classifier '{self.estimator}' cannot be fitted ({error}){remedy}") from error
        scorer = ProbabilityScorer if hasattr(estimator, "predict_proba") else EstimatorScorer
        has_margins = scorer is EstimatorScorer and hasattr(estimator, "decision_function") and len(gold.labels) == 2
        return scorer(
            name=self.estimator,
            tfidf=tfidf,
            reduction=reduction,
            estimator=estimator,
            n_labels=len(gold.labels),
            cutoff=0.0 if has_margins else None,
        )


def _remedy(estimator: Any, error: Exception, *, is_reduced: bool) -> str:
    """What to set so that the estimator can be fitted; empty if that is unknown."""
    from sklearn.utils import get_tags

    # Vectorizers and tokenizers call methods of texts, which a row of n-grams does not have.
    if isinstance(error, AttributeError):
        return f"; if it takes texts, as a pipeline with its own vectorizer does, set `features: {TEXT}`"
    # Estimators reject sparse rows with a TypeError, but also raise it for other reasons; the tag tells which.
    needs_dense = isinstance(error, TypeError) and not is_reduced and not get_tags(estimator).input_tags.sparse
    return "; set dense features, for example `features: {svd: 100}`" if needs_dense else ""


def _weights(estimator: Any) -> Floats | None:
    """The weights of a linear estimator for the score of its last label, shape (n_features,); None: it is not linear.

    Multinomial and complement naive Bayes have no score that belongs to one label. Their weights are relative to the
    mean of all labels, or with two labels to the other label.
    """
    from sklearn.naive_bayes import ComplementNB, MultinomialNB

    if isinstance(estimator, ComplementNB | MultinomialNB):
        log_weights = np.asarray(estimator.feature_log_prob_, dtype=np.float64)
        reference = log_weights[0] if len(log_weights) == 2 else log_weights.mean(axis=0)
        relative: Floats = log_weights[-1] - reference
        return relative
    # With more than two labels a kernel machine (SVC) has a row of `coef_` for each pair of labels, not for each label.
    has_pairwise_weights = hasattr(estimator, "dual_coef_") and len(estimator.classes_) > 2
    if has_pairwise_weights or not hasattr(estimator, "coef_"):
        return None
    weights = estimator.coef_.toarray() if hasattr(estimator.coef_, "toarray") else estimator.coef_
    last_label: Floats = np.atleast_2d(np.asarray(weights, dtype=np.float64))[-1]
    return last_label


def _fit_reduction(rows: csr_matrix, n_dimensions: int, seed: int) -> Floats:
    from sklearn.decomposition import TruncatedSVD

    # scikit-learn also computes the share of explained variance, which is unused here and divides 0 by 0 for constant
    # rows.
    with np.errstate(divide="ignore", invalid="ignore"):
        reduction = TruncatedSVD(min(n_dimensions, *rows.shape), random_state=seed).fit(rows)
    return np.asarray(reduction.components_.T, dtype=np.float64)


def _reduce(rows: Any, reduction: Floats | None) -> Any:
    return rows if reduction is None else rows @ reduction
