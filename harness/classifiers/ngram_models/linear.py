"""Linear classifiers over n-grams of words and characters: the reference that is cheap, strong and explainable."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import Field

from harness.arrays import Codes, Floats
from harness.classifiers.base import (
    Classifier,
    ConstantScorer,
    Reason,
    ScoreMatrix,
    Scorer,
    as_two_columns,
    class_priors,
    top_reasons,
)
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.data.claims import Claims, Gold
from harness.features.ngrams import NgramRange, NgramSettings, place_of
from harness.features.weights import TFIDF_TYPES, BinaryNgrams, Tfidf

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BATCH = 8192
"""Claims that are turned into features at a time, so that memory does not grow with the number of claims."""


class LinearWeights(NamedTuple):
    """One label against the rest."""

    weights: Floats
    """Shape (n_ngrams,)."""
    intercept: float


@dataclass(frozen=True)
class LinearScorer(Scorer):
    """A weighted sum of a claim's n-grams per label; for a yes-or-no task, one for the positive label."""

    features: Tfidf | BinaryNgrams
    n_labels: int
    labels: tuple[int, ...]
    """The labels that have weights: the positive one, or those that occur in the training claims."""
    weights: Floats
    """Shape (n_ngrams, n_labels that have weights)."""
    intercepts: Floats
    cutoff: float | None = None

    def margins(self, claims: Claims) -> Floats:
        """The weighted sums, shape (n_claims, n_labels that have weights)."""
        parts = [self.features.transform(texts) @ self.weights + self.intercepts for texts in _batches(claims)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.labels)))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The n-grams that moved the score of the last label most, at most ten a claim.

        None where the training claims had no claim of that label.
        """
        if self.labels[-1] != self.n_labels - 1:
            return None
        return word_reasons(self.features, self.weights[:, -1], claims)


@dataclass(frozen=True)
class LogregScorer(LinearScorer):
    """Probabilities by the logistic function.

    With more than two labels, of one label against the rest, then made to sum to 1.
    """

    probabilities = True

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label that no training claim had."""
        from scipy.special import expit

        chances = expit(self.margins(claims))
        if self.n_labels == 2:
            return as_two_columns(chances[:, 0])
        scores = np.zeros((len(claims), self.n_labels))
        scores[:, self.labels] = chances / chances.sum(axis=1, keepdims=True)
        return scores


@dataclass(frozen=True)
class SvmScorer(LinearScorer):
    """Signed distances from the separating plane, unscaled; positive from 0 on."""

    def score(self, claims: Claims) -> ScoreMatrix:
        """Margins; for a label that no training claim had, one below the claim's lowest."""
        margins = self.margins(claims)
        if self.n_labels == 2:
            return as_two_columns(margins[:, 0], margins=True)
        scores = np.tile(margins.min(axis=1, keepdims=True) - 1.0, (1, self.n_labels))
        scores[:, self.labels] = margins
        return scores


class Linear(Classifier, NgramSettings):
    """Base of the linear classifiers.

    They see the words, punctuation and spelling of the claim itself. They cannot see word order beyond a few tokens,
    the article around the claim, or what words mean. Training claims of one label only, or without any n-gram, give
    constant scores: the shares of the labels.
    """

    packages = ("numpy", "scipy", "scikit-learn")
    saved_types = (LogregScorer, SvmScorer, ConstantScorer, BinaryNgrams, *TFIDF_TYPES)
    scorer: ClassVar[type[LinearScorer]] = LogregScorer

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Learns one label against the rest: the positive one, or with more than two labels each."""
        features, rows = self._features(list(claims.text))
        present = np.unique(gold.codes)
        if len(present) < 2 or not rows.shape[1]:
            constant = ClassPriorScorer if self.scorer.probabilities else ConstantScorer
            return constant(tuple(class_priors(gold).tolist()))
        labels = (1,) if len(gold.labels) == 2 else tuple(present.tolist())
        fits = self._fit_labels(rows, gold.codes, labels, seed % 2**32)
        weights = np.column_stack([fit.weights for fit in fits])
        intercepts = np.array([fit.intercept for fit in fits])
        cutoff = None if self.scorer.probabilities or len(gold.labels) > 2 else 0.0
        return self.scorer(features, len(gold.labels), labels, weights, intercepts, cutoff)

    def _features(self, texts: list[str]) -> tuple[Tfidf | BinaryNgrams, csr_matrix]:
        return Tfidf.fit(self, texts)

    @abstractmethod
    def _fit_labels(self, rows: csr_matrix, codes: Codes, labels: tuple[int, ...], seed: int) -> list[LinearWeights]:
        """The weights of each of `labels`."""


class Regularized(Linear):
    """Base of those that fit one label against the rest, and hold the weights small."""

    C: float = Field(default=1.0, gt=0)
    """Inverse strength of regularization: higher fits the training claims closer."""
    class_weight: Literal["balanced"] | None = None
    """"balanced" weighs each training claim by the inverse share of its label; null counts all alike."""

    def _fit_labels(self, rows: csr_matrix, codes: Codes, labels: tuple[int, ...], seed: int) -> list[LinearWeights]:
        return [self._fit_one(rows, codes == label, seed) for label in labels]

    @abstractmethod
    def _fit_one(self, rows: csr_matrix, positive: npt.NDArray[np.bool_], seed: int) -> LinearWeights:
        """One label against the rest."""


class TfidfLogreg(Regularized):
    """Logistic regression on TF-IDF weighted n-grams of words and characters.

    Cost: 16,000 sentences are learned in about two seconds on one core, and scored in one. Weights as in Salton and
    Buckley 1988, "Term-weighting approaches in automatic text retrieval"; the solver, Fan et al. 2008, "LIBLINEAR: A
    Library for Large Linear Classification".
    """

    def _fit_one(self, rows: csr_matrix, positive: npt.NDArray[np.bool_], seed: int) -> LinearWeights:
        return logistic(rows, positive, self.C, self.class_weight)


class TfidfSvm(Regularized):
    """Linear support vector machine on TF-IDF weighted n-grams of words and characters.

    Its margins rank and predict, but are no probabilities. Cost: less to learn than `tfidf_logreg`, the same to score.
    Joachims 1998, "Text Categorization with Support Vector Machines: Learning with Many Relevant Features".
    """

    scorer = SvmScorer

    C: float = Field(default=0.1, gt=0)
    """Inverse strength of regularization: higher fits the training claims closer."""

    def _fit_one(self, rows: csr_matrix, positive: npt.NDArray[np.bool_], seed: int) -> LinearWeights:
        from sklearn.svm import LinearSVC

        fitted = LinearSVC(
            C=self.C, class_weight=self.class_weight, dual=True, tol=1e-5, max_iter=100_000, random_state=seed
        ).fit(rows, positive)
        return LinearWeights(fitted.coef_[0], float(fitted.intercept_[0]))


class NbLogreg(Regularized):
    """Logistic regression on n-gram presence, each n-gram scaled by its naive Bayes log-count ratio.

    Wang and Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification" (their NBSVM with a
    logistic loss and without interpolation): r = ln((p / |p|) / (q / |q|)), p and q being alpha plus the number of
    positive and of other training claims with the n-gram. Strong on short texts and small training sets. Cost: 16,000
    sentences are learned in about three seconds on one core, and scored in a quarter of one.
    """

    char_ngrams: NgramRange | None = None
    """Shortest and longest run of characters; none by default, as in the paper."""
    min_df: int = Field(default=3, ge=1)
    """An n-gram that fewer training claims have is left out. Where positive claims are rare, the smoothed ratio of a
    rare n-gram is mostly the smoothing."""
    C: float = Field(default=0.1, gt=0)
    """Inverse strength of regularization: higher fits the training claims closer."""
    alpha: float = Field(default=1.0, gt=0)
    """Added to every count."""

    def _features(self, texts: list[str]) -> tuple[Tfidf | BinaryNgrams, csr_matrix]:
        return BinaryNgrams.fit(self, texts)

    def _fit_one(self, rows: csr_matrix, positive: npt.NDArray[np.bool_], seed: int) -> LinearWeights:
        p = self.alpha + rows.T @ positive.astype(np.float64)
        q = self.alpha + rows.T @ (~positive).astype(np.float64)
        ratio = np.log(p / p.sum()) - np.log(q / q.sum())
        scaled = rows.copy()
        scaled.data = scaled.data * ratio[scaled.indices]
        fit = logistic(scaled, positive, self.C, self.class_weight)
        return LinearWeights(fit.weights * ratio, fit.intercept)


class ComplementNb(Linear):
    """Complement naive Bayes on TF-IDF weighted n-grams of words and characters.

    Rennie, Shih, Teevan and Karger 2003, "Tackling the Poor Assumptions of Naive Bayes Text Classifiers", by
    scikit-learn: a label's weights come from the claims of all other labels, which are many where the label is rare.
    Its margins rank and predict; as probabilities they would be far too sure. With more than two labels a label's
    weights are those against the mean of all, because the paper's own sums grow with the length of a claim whatever it
    says; the label that wins is the same. Cost: the least of the linear ones, 16,000 sentences in less than a second.
    """

    scorer = SvmScorer

    alpha: float = Field(default=0.1, gt=0)
    """Added to every n-gram's weight in the training claims. TF-IDF weights are small, so a 1 would drown them."""
    norm: bool = False
    """Whether weights are divided by their sum, as in the paper's full recipe."""

    def _fit_labels(self, rows: csr_matrix, codes: Codes, labels: tuple[int, ...], seed: int) -> list[LinearWeights]:
        from sklearn.naive_bayes import ComplementNB

        found = ComplementNB(alpha=self.alpha, norm=self.norm).fit(rows, codes).feature_log_prob_
        weights = [found[1] - found[0]] if len(labels) == 1 else list(found - found.mean(axis=0))
        return [LinearWeights(each, 0.0) for each in weights]


def logistic(
    rows: csr_matrix, positive: npt.NDArray[np.bool_], strength: float, class_weight: str | None
) -> LinearWeights:
    """Logistic regression with an L2 penalty, on the intercept as well.

    Liblinear's Newton method on the primal: it needs no random numbers, converges in about 20 steps even at C = 1000,
    where coordinate descent on the dual takes minutes, and its scores are then within 1e-5 of the optimum.
    """
    from sklearn.linear_model import LogisticRegression

    solver = LogisticRegression(C=strength, class_weight=class_weight, solver="liblinear", tol=1e-8, max_iter=1000)
    fitted = solver.fit(rows, positive)
    return LinearWeights(fitted.coef_[0], float(fitted.intercept_[0]))


def word_reasons(features: Tfidf | BinaryNgrams, weights: Floats, claims: Claims) -> list[tuple[Reason, ...]]:
    """The n-grams that moved a weighted sum most, at most ten a claim.

    Args:
        weights: shape (n_ngrams,).
    """
    names, reasons = features.ngrams.names(), list[tuple[Reason, ...]]()
    for texts in _batches(claims):
        rows = features.transform(texts)
        for text, start, end in zip(texts, rows.indptr, rows.indptr[1:], strict=False):
            columns = rows.indices[start:end]
            moved = rows.data[start:end] * weights[columns]
            reasons.append(top_reasons(names, columns, moved, partial(place_of, text=text)))
    return reasons


def _batches(claims: Claims) -> Iterator[list[str]]:
    for start in range(0, len(claims), BATCH):
        yield list(claims.text[start : start + BATCH])
