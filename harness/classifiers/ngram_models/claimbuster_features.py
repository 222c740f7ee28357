"""A classifier in the spirit of ClaimBuster: length, sentiment, entity and tense shapes, and words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, as_two_columns, class_priors, top_reasons
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.data.claims import Claims, Gold
from harness.features.cues import find_cues
from harness.features.ngrams import NgramSettings, place_of
from harness.features.shapes import SHAPES, shapes_of
from harness.features.weights import TFIDF_TYPES, Tfidf

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class FeatureScorer(Scorer):
    """Probabilities of a logistic regression over shapes and words."""

    probabilities: ClassVar[bool] = True
    tfidf: Tfidf
    center: Floats
    spread: Floats
    weights: Floats
    intercept: float

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities of no and yes."""
        from scipy.special import expit

        rows = _features(list(claims.text), self.tfidf, self.center, self.spread)
        return as_two_columns(expit(np.asarray(rows @ self.weights).ravel() + self.intercept))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """The shapes and words that moved the log odds most, at most ten a claim; a shape against its mean."""
        from scipy.sparse import csr_matrix

        texts = list(claims.text)
        names = [*(f"shape:{name}" for name in SHAPES), *self.tfidf.ngrams.names()]
        moved = csr_matrix(_features(texts, self.tfidf, self.center, self.spread).multiply(self.weights))
        reasons = []
        for text, start, end in zip(texts, moved.indptr, moved.indptr[1:], strict=False):
            place = partial(place_in, text=text, cues=cues_in(text))
            reasons.append(top_reasons(names, moved.indices[start:end], moved.data[start:end], place))
        return reasons


class ClaimbusterFeatures(Classifier):
    """Logistic regression on ClaimBuster's feature families: length, sentiment, words, part-of-speech and entity types.

    Hassan et al. 2017, "Toward Automated Fact-Checking: Detecting Check-worthy Factual Claims by ClaimBuster", took
    sentence length, a sentiment score, TF-IDF of words, counts of part-of-speech tags and of entity types. Here the
    last two are shapes and cues of our own (numbers, money, dates, names, tense, comparison), and sentiment is a count
    of listed words, so that nothing has to be downloaded. Sees the claim's own text; cannot see its context, or word
    order beyond the shapes. Cost: 16,000 sentences are learned in about three seconds on one core, most of them for the
    patterns, and scored in two. Made for English yes-or-no tasks. Training claims of one label give the shares of the
    labels.
    """

    languages = ("en",)
    yes_or_no_only = True
    packages = ("numpy", "scipy", "scikit-learn")
    saved_types = (FeatureScorer, *TFIDF_TYPES)

    C: float = Field(default=0.3, gt=0)
    """Inverse strength of regularization: higher fits the training claims closer."""
    min_df: int = Field(default=3, ge=1)
    """A word that fewer training claims have is left out."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Learns weights by liblinear's Newton method; the seed is not used."""
        if len(np.unique(gold.codes)) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        from sklearn.linear_model import LogisticRegression

        texts = list(claims.text)
        settings = NgramSettings(word_ngrams=(1, 1), char_ngrams=None, min_df=self.min_df)
        tfidf, _ = Tfidf.fit(settings, texts)
        shapes = shapes_of(texts)
        spread = shapes.std(axis=0)
        spread[spread == 0] = 1.0
        rows = _features(texts, tfidf, shapes.mean(axis=0), spread)
        model = LogisticRegression(C=self.C, solver="liblinear", tol=1e-8, max_iter=1000).fit(rows, gold.positive)
        return FeatureScorer(tfidf, shapes.mean(axis=0), spread, model.coef_[0], float(model.intercept_[0]))


def cues_in(text: str) -> dict[str, str]:
    """The characters of each cue in a text, by the name of its shape."""
    return {f"shape:{cue.name}": cue.text for cue in find_cues(text)}


def place_in(name: str, text: str, cues: dict[str, str]) -> str:
    """The characters that a feature rests on; empty for a count of many, such as the length."""
    return cues.get(name, "") if name.startswith("shape:") else place_of(name, text)


def _features(texts: list[str], tfidf: Tfidf, center: Floats, spread: Floats) -> csr_matrix:
    """Standardized shapes, then word weights; shape (n_texts, n_shapes + n_words)."""
    from scipy.sparse import csr_matrix, hstack

    blocks = [csr_matrix((shapes_of(texts) - center) / spread), tfidf.transform(texts)]
    return csr_matrix(hstack(blocks, format="csr"))
