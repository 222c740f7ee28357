"""Linear classifiers on n-grams of words and characters: cheap, strong and explainable reference systems."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Bools, Codes, Floats
from harness.classifiers.base import (
    Classifier,
    ConstantScorer,
    Reason,
    ScoreMatrix,
    Scorer,
    class_priors,
    top_reasons,
    two_columns,
)
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.ngram_models.logistic import LinearWeights, Start, fit_logistic_regression
from harness.data.claims import Claims, Gold
from harness.features.counts.products import Products
from harness.features.ngrams import NgramRange, NgramSettings, place_of
from harness.features.weights import TFIDF_TYPES, BinaryNgrams, Tfidf

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

BATCH = 4096
"""Number of claims converted to features at once, which bounds memory."""


@dataclass(frozen=True)
class LinearScorer(Scorer):
    """Scores by a weighted sum of n-grams per label; for a yes-or-no task, for the positive label only."""

    features: Tfidf | BinaryNgrams
    n_labels: int
    labels: tuple[int, ...]
    """Indices of the labels with weights: the positive label, or all labels that occur in the training claims."""
    weights: Floats
    """Shape (n_ngrams, number of labels with weights)."""
    intercepts: Floats
    """Shape (number of labels with weights,)."""
    cutoff: float | None = None

    def margins(self, claims: Claims) -> Floats:
        """The weighted sums, shape (n_claims, number of labels with weights)."""
        parts = [self.features.sums(texts, self.weights) + self.intercepts for texts in _batches(claims)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.labels)))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]] | None:
        """The n-grams that moved the score of the last label most, at most ten per claim.

        None if no training claim has that label.
        """
        if self.labels[-1] != self.n_labels - 1:
            return None
        return word_reasons(self.features, self.weights[:, -1], claims)


@dataclass(frozen=True)
class LogregScorer(LinearScorer):
    """Probabilities by the logistic function.

    With more than two labels: probabilities of each label against the rest, normalized to sum to 1.
    """

    probabilities = True

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label without training claims."""
        from scipy.special import expit

        probabilities = expit(self.margins(claims))
        if self.n_labels == 2:
            return two_columns(probabilities[:, 0])
        scores = np.zeros((len(claims), self.n_labels))
        scores[:, self.labels] = probabilities / probabilities.sum(axis=1, keepdims=True)
        return scores


@dataclass(frozen=True)
class SvmScorer(LinearScorer):
    """Signed, unscaled distances from the separating hyperplane; a claim at or above 0 is positive."""

    def score(self, claims: Claims) -> ScoreMatrix:
        """Margins; a label without training claims gets the claim's lowest margin minus 1."""
        margins = self.margins(claims)
        if self.n_labels == 2:
            return two_columns(margins[:, 0], margins=True)
        scores = np.tile(margins.min(axis=1, keepdims=True) - 1.0, (1, self.n_labels))
        scores[:, self.labels] = margins
        return scores


class Linear(Classifier, NgramSettings):
    """Base of the linear classifiers.

    They see the words, punctuation and spelling of the claim. They cannot see word order beyond a few tokens, the
    context of the claim, or the meaning of words. If the training claims have one label only, or no n-gram, scores are
    the label shares.
    """

    packages = ("numpy", "scipy", "scikit-learn")
    saved_types = (LogregScorer, SvmScorer, ConstantScorer, BinaryNgrams, *TFIDF_TYPES)
    scorer: ClassVar[type[LinearScorer]] = LogregScorer
    """Class of the fitted scorer."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits one label against the rest: the positive label, or with more than two labels every label."""
        return self.fit_from(None, claims, gold, seed)

    def fit_from(self, near: tuple[Classifier, Scorer] | None, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Like `fit`, but the solver may start from another fit, which does not change the optimum.

        Args:
            near: a classifier that was fitted to the same rows, and its scorer; it is used if only its C differs.
            claims, gold, seed: those of `fit`.
        """
        features, rows = self._features(list(claims.text))
        present = np.unique(gold.codes)
        if len(present) < 2 or not rows.shape[1]:
            constant_scorer = ClassPriorScorer if self.scorer.probabilities else ConstantScorer
            return constant_scorer(tuple(class_priors(gold).tolist()))
        labels = (1,) if len(gold.labels) == 2 else tuple(present.tolist())
        starts = self._starts(near, features, labels)
        fits = self._fit_labels(rows, gold.codes, labels, seed % 2**32, starts)
        return self.scorer(
            features=features,
            n_labels=len(gold.labels),
            labels=labels,
            weights=np.column_stack([fit.weights for fit in fits]),
            intercepts=np.array([fit.intercept for fit in fits]),
            cutoff=None if self.scorer.probabilities or len(gold.labels) > 2 else 0.0,
        )

    def _features(self, texts: list[str]) -> tuple[Tfidf | BinaryNgrams, csr_matrix | Products]:
        """Fits the features to the texts; returns them and the rows of the texts, shape (n_texts, n_ngrams)."""
        return Tfidf.fit(self, texts)

    def _starts(
        self, near: tuple[Classifier, Scorer] | None, features: Tfidf | BinaryNgrams, labels: tuple[int, ...]
    ) -> list[Start | None]:
        """Where the solver starts for each of `labels`; None: at weights 0."""
        return [None for _ in labels]

    @abstractmethod
    def _fit_labels(
        self, rows: Any, codes: Codes, labels: tuple[int, ...], seed: int, starts: list[Start | None]
    ) -> list[LinearWeights]:
        """Fits the weights of each of `labels`, in their order; `rows` are those of `_features`."""


class Regularized(Linear):
    """Base of the regularized linear classifiers, which fit each label against the rest."""

    C: float = Field(default=1.0, gt=0)
    """Inverse strength of regularization: a higher value fits the training claims more closely."""
    class_weight: Literal["balanced"] | None = None
    """Weight of the training claims: "balanced" is the inverse share of the claim's label; null is 1 for all."""

    def _starts(
        self, near: tuple[Classifier, Scorer] | None, features: Tfidf | BinaryNgrams, labels: tuple[int, ...]
    ) -> list[Start | None]:
        classifier, scorer = near or (None, None)
        if isinstance(classifier, Regularized) and isinstance(scorer, LinearScorer):
            same = classifier.model_copy(update={"C": self.C}) == self
            if same and scorer.features is features and scorer.labels == labels:
                optima = map(LinearWeights, scorer.weights.T, scorer.intercepts.tolist())
                return [Start(optimum, classifier.C) for optimum in optima]
        return super()._starts(near, features, labels)

    def _fit_labels(
        self, rows: Any, codes: Codes, labels: tuple[int, ...], seed: int, starts: list[Start | None]
    ) -> list[LinearWeights]:
        return [self._fit_one(rows, codes == label, seed, start) for label, start in zip(labels, starts, strict=True)]

    @abstractmethod
    def _fit_one(self, rows: Any, positive: Bools, seed: int, start: Start | None) -> LinearWeights:
        """Fits the weights of one label against the rest."""


class TfidfLogreg(Regularized):
    """Logistic regression on TF-IDF weighted n-grams of words and characters.

    Cost: fitting 16,000 sentences takes about two seconds on one core, and scoring them one. TF-IDF weights: Salton and
    Buckley 1988, "Term-weighting approaches in automatic text retrieval".
    """

    uses_seed = False

    def _features(self, texts: list[str]) -> tuple[Tfidf | BinaryNgrams, csr_matrix | Products]:
        return Tfidf.fit_products(self, texts)

    def _fit_one(self, rows: csr_matrix | Products, positive: Bools, seed: int, start: Start | None) -> LinearWeights:
        return fit_logistic_regression(rows, positive, self.C, self.class_weight, start)


class TfidfSvm(Regularized):
    """Linear support vector machine on TF-IDF weighted n-grams of words and characters.

    Outputs margins, which rank and predict but are not probabilities. Cost: fits faster than `tfidf_logreg` and scores
    at the same speed.
    Joachims 1998, "Text Categorization with Support Vector Machines: Learning with Many Relevant Features".
    """

    scorer = SvmScorer

    C: float = Field(default=0.1, gt=0)
    """Inverse strength of regularization: a higher value fits the training claims more closely."""

    def _fit_one(self, rows: csr_matrix, positive: Bools, seed: int, start: Start | None) -> LinearWeights:
        from sklearn.svm import LinearSVC

        fitted = LinearSVC(
            C=self.C, class_weight=self.class_weight, dual=True, tol=1e-5, max_iter=100_000, random_state=seed
        ).fit(rows, positive)
        return LinearWeights(fitted.coef_[0], float(fitted.intercept_[0]))


class NbLogreg(Regularized):
    """Logistic regression on n-gram presence, each n-gram scaled by its naive Bayes log-count ratio.

    Wang and Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification" (NBSVM with logistic
    loss and without interpolation): r = ln((p / |p|) / (q / |q|)), where p and q are alpha plus the number of positive
    and of other training claims with the n-gram. Strong on short texts and small training sets. Cost: fitting 16,000
    sentences takes about three seconds on one core, and scoring them a quarter of a second.
    """

    uses_seed = False

    char_ngrams: NgramRange | None = None
    """Shortest and longest character n-gram; null, the default and as in the paper: no character n-grams."""
    min_df: int = Field(default=3, ge=1)
    """Minimum number of training claims with an n-gram; rarer n-grams are ignored. If positive claims are rare,
    smoothing dominates the ratio of a rare n-gram."""
    C: float = Field(default=0.1, gt=0)
    """Inverse strength of regularization: a higher value fits the training claims more closely."""
    alpha: float = Field(default=1.0, gt=0)
    """Smoothing constant added to every count."""

    def _features(self, texts: list[str]) -> tuple[Tfidf | BinaryNgrams, csr_matrix]:
        return BinaryNgrams.fit(self, texts)

    def _fit_one(self, rows: csr_matrix, positive: Bools, seed: int, start: Start | None) -> LinearWeights:
        # Rows are binary, so the products count the positive and the other claims with each n-gram.
        p = self.alpha + rows.T @ positive.astype(np.float64)
        q = self.alpha + rows.T @ (~positive).astype(np.float64)
        ratio = np.log(p / p.sum()) - np.log(q / q.sum())
        # In CSR format `indices` holds the column of each stored value, so this scales every column by its ratio.
        scaled = rows.copy()
        scaled.data = scaled.data * ratio[scaled.indices]
        if start is not None:
            weights = np.divide(start.optimum.weights, ratio, out=np.zeros(len(ratio)), where=ratio != 0)
            start = Start(LinearWeights(weights, start.optimum.intercept), start.strength)
        fit = fit_logistic_regression(scaled, positive, self.C, self.class_weight, start)
        # Moving the ratio from the features to the weights lets the scorer use the unscaled binary features.
        return LinearWeights(fit.weights * ratio, fit.intercept)


class ComplementNb(Linear):
    """Complement naive Bayes on TF-IDF weighted n-grams of words and characters.

    Rennie, Shih, Teevan and Karger 2003, "Tackling the Poor Assumptions of Naive Bayes Text Classifiers", as
    implemented in scikit-learn: the weights of a label come from the claims of all other labels, which are numerous if
    the label is rare. Outputs margins, which rank and predict; converted to probabilities, they would be far
    overconfident. With more than two labels, the mean weights over labels are subtracted, because the sums of the paper
    grow with the length of a claim regardless of its content; the predicted label is the same. Cost: the lowest of the
    linear classifiers, less than a second for 16,000 sentences.
    """

    scorer = SvmScorer
    uses_seed = False

    alpha: float = Field(default=0.1, gt=0)
    """Smoothing constant added to the total weight of every n-gram. TF-IDF weights are small; a 1 would dominate
    them."""
    norm: bool = False
    """Whether to divide weights by their sum, as in the full method of the paper."""

    def _fit_labels(
        self, rows: csr_matrix, codes: Codes, labels: tuple[int, ...], seed: int, starts: list[Start | None]
    ) -> list[LinearWeights]:
        from sklearn.naive_bayes import ComplementNB

        log_weights = ComplementNB(alpha=self.alpha, norm=self.norm).fit(rows, codes).feature_log_prob_
        if len(labels) == 1:
            return [LinearWeights(log_weights[1] - log_weights[0], 0.0)]
        # The same vector is subtracted from every label, so the label with the highest sum does not change.
        return [LinearWeights(weights, 0.0) for weights in log_weights - log_weights.mean(axis=0)]


def word_reasons(features: Tfidf | BinaryNgrams, weights: Floats, claims: Claims) -> list[tuple[Reason, ...]]:
    """The n-grams that moved a weighted sum most, at most ten per claim.

    Args:
        features: fitted n-gram features.
        weights: weight of each n-gram, shape (n_ngrams,).
        claims: claims to explain.
    """
    names = features.ngrams.names()
    reasons: list[tuple[Reason, ...]] = []
    for texts in _batches(claims):
        rows = features.transform(texts)
        # In CSR format row i has the entries indptr[i] to indptr[i + 1].
        for text, start, end in zip(texts, rows.indptr, rows.indptr[1:], strict=False):
            columns = rows.indices[start:end]
            contributions = rows.data[start:end] * weights[columns]
            reasons.append(top_reasons(names, columns, contributions, partial(place_of, text=text)))
    return reasons


def _batches(claims: Claims) -> Iterator[list[str]]:
    for start in range(0, len(claims), BATCH):
        yield list(claims.text[start : start + BATCH])
