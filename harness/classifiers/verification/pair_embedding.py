"""Logistic regression on the vectors of a claim and its passages from a frozen encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.classifiers.base import ScoreMatrix, Scorer, class_priors
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.encoders.embedding import EncoderClassifier
from harness.data.claims import Claims, Gold
from harness.features.encoders import Encoder


def pair_vectors(claims: Claims, encoder: Encoder) -> Floats:
    """The vectors u of a claim and v of a passage as u, v, |u - v| and u * v, the last three as means over passages.

    They are 0 where no passage is shown.

    Args:
        claims: claims with their passages.
        encoder: gives the vector of each text, and caches it.
    Returns: shape (n_claims, 4 times the dimensions of the encoder).
    """
    counts = [len(shown) for shown in claims.evidence]
    texts = [*map(str, claims.text), *(passage.text for shown in claims.evidence for passage in shown)]
    vectors = encoder.encode(texts).astype(np.float64)
    of_claims, of_passages = vectors[: len(claims)], np.split(vectors[len(claims) :], np.cumsum(counts)[:-1])
    rows = np.zeros((len(claims), 4 * vectors.shape[1]))
    for row, u, v in zip(rows, of_claims, of_passages, strict=True):
        row[: len(u)] = u
        if len(v):
            row[len(u) :] = np.concatenate([v, np.abs(u - v), u * v], axis=1).mean(axis=0)
    return rows


@dataclass(frozen=True)
class PairEmbeddingScorer(Scorer):
    """Probabilities of a logistic regression on the vectors of claims and passages."""

    encoder: Encoder
    n_labels: int
    labels: tuple[int, ...]
    """Indices of the labels that occur in the training claims."""
    weights: Floats
    """Shape (n_features, number of these labels)."""
    intercepts: Floats
    """Shape (number of these labels,)."""
    probabilities = True
    unsavable_reason = "it reads the passages of an experiment, which a saved model does not get"

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities; 0 for a label without training claims. Vectors of the texts are cached."""
        from scipy.special import softmax

        scores = np.zeros((len(claims), self.n_labels))
        if len(claims):
            # Row by row: a matrix product may add in another order for another number of rows, and then the score of a
            # claim would depend in its last digits on the other claims.
            logits = [(row[:, None] * self.weights).sum(axis=0) for row in pair_vectors(claims, self.encoder)]
            scores[:, self.labels] = softmax(np.array(logits) + self.intercepts, axis=1)
        return scores


class PairEmbedding(EncoderClassifier):
    """Logistic regression on the vectors u of the claim and v of its passages from a frozen sentence encoder.

    The features are u, v, |u - v| and u * v, the last three as means over the passages, scaled to a standard deviation
    of 1. It sees the meaning of the first tokens of the claim and of each passage, and how the two differ. It cannot
    see which words of a passage answer which words of the claim, and represents exact numbers and names poorly. Cost:
    each text is encoded once and cached. Source: Conneau et al. 2017, "Supervised Learning of Universal Sentence
    Representations from Natural Language Inference Data", for the features. If the training claims have one label
    only, scores are the label shares.
    """

    reads_evidence: ClassVar[bool] = True
    uses_seed: ClassVar[bool] = False
    packages = ("scikit-learn", "torch", "transformers", "tokenizers")
    saved_types = (ClassPriorScorer,)

    max_length: int = Field(default=256, ge=8)
    """Maximum number of tokens; the rest is truncated. The encoder's own limit applies if it is lower."""
    C: float = Field(default=0.001, gt=0)
    """Inverse strength of the regularization; higher fits the training claims more closely."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the regression, with labels balanced, to the vectors of the training claims and their passages."""
        from sklearn.linear_model import LogisticRegression

        self.check()
        labels = np.unique(gold.codes)
        if len(labels) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        encoder = Encoder.of(self)
        features = pair_vectors(claims, encoder)
        deviations = features.std(axis=0)
        scale = np.where(deviations > 0, deviations, 1.0)
        fitted = LogisticRegression(C=self.C, class_weight="balanced", max_iter=2000).fit(features / scale, gold.codes)
        weights, intercepts = fitted.coef_.T / scale[:, None], fitted.intercept_
        if len(labels) == 2:  # scikit-learn gives the second label alone; the first gets 0
            weights, intercepts = np.column_stack([0 * weights, weights]), np.append(0.0, intercepts)
        return PairEmbeddingScorer(encoder, len(gold.labels), tuple(labels.tolist()), weights, intercepts)
