"""A classifier after ClaimBuster: length, sentiment, entity and tense features, and words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, class_priors, top_reasons, two_columns
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.data.claims import Claims, Gold
from harness.features.cues import find_cues
from harness.features.ngrams import NgramSettings, place_of
from harness.features.shapes import SHAPES, shapes_of
from harness.features.stages import in_stage
from harness.features.weights import TFIDF_TYPES, Tfidf

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class FeatureScorer(Scorer):
    """Probabilities of a logistic regression on shapes and words."""

    probabilities: ClassVar[bool] = True
    tfidf: Tfidf
    center: Floats
    """Mean of each shape over the training claims, shape (n_shapes,)."""
    spread: Floats
    """Standard deviation of each shape over the training claims, 1 for a constant shape."""
    weights: Floats
    """Shape (n_shapes + n_words,)."""
    intercept: float

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities of "no" and "yes"."""
        from scipy.special import expit

        rows = _features(list(claims.text), self.tfidf, self.center, self.spread)
        return two_columns(expit(np.asarray(rows @ self.weights).ravel() + self.intercept))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """The shapes and words that moved the log-odds most (at most ten per claim); shapes count from their mean."""
        from scipy.sparse import csr_matrix

        texts = list(claims.text)
        names = [*(f"shape:{name}" for name in SHAPES), *self.tfidf.ngrams.names()]
        products = csr_matrix(_features(texts, self.tfidf, self.center, self.spread).multiply(self.weights))
        reasons = []
        # In CSR format row i has the entries indptr[i] to indptr[i + 1].
        for text, start, end in zip(texts, products.indptr, products.indptr[1:], strict=False):
            text_of = partial(feature_text, text=text, cues=cue_texts(text))
            reasons.append(top_reasons(names, products.indices[start:end], products.data[start:end], text_of))
        return reasons


class ClaimbusterFeatures(Classifier):
    """Logistic regression on ClaimBuster's feature families: length, sentiment, words, part-of-speech and entity types.

    Hassan et al. 2017, "Toward Automated Fact-Checking: Detecting Check-worthy Factual Claims by ClaimBuster", use
    sentence length, a sentiment score, TF-IDF of words, and counts of part-of-speech tags and entity types. Here,
    regular expressions for shapes and cues (numbers, money, dates, names, tense, comparison) replace the last two, and
    sentiment is a count of listed words, so nothing has to be downloaded. Sees the text of the claim; cannot see its
    context, or word order beyond the shapes. Cost: fitting 16,000 sentences takes about three seconds on one core,
    mostly for the regular expressions, and scoring them two. For English yes-or-no tasks. If the training claims have
    one label only, scores are the label shares.
    """

    languages = ("en",)
    yes_or_no_only = True
    uses_seed = False
    packages = ("numpy", "scipy", "scikit-learn")
    saved_types = (FeatureScorer, *TFIDF_TYPES)

    C: float = Field(default=0.3, gt=0)
    """Inverse strength of regularization: a higher value fits the training claims more closely."""
    min_df: int = Field(default=3, ge=1)
    """Minimum number of training claims with a word; rarer words are ignored."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the weights by liblinear's Newton method; ignores the seed."""
        if len(np.unique(gold.codes)) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        from sklearn.linear_model import LogisticRegression

        texts = list(claims.text)
        settings = NgramSettings(word_ngrams=(1, 1), char_ngrams=None, min_df=self.min_df)
        tfidf, _ = Tfidf.fit(settings, texts)
        shapes = shapes_of(texts)
        center, spread = shapes.mean(axis=0), shapes.std(axis=0)
        spread[spread == 0] = 1.0  # a constant shape becomes 0 in every claim instead of 0 / 0
        rows = _features(texts, tfidf, center, spread)
        model = LogisticRegression(C=self.C, solver="liblinear", tol=1e-8, max_iter=1000).fit(rows, gold.positive)
        return FeatureScorer(tfidf, center, spread, model.coef_[0], float(model.intercept_[0]))


def cue_texts(text: str) -> dict[str, str]:
    """The characters of each cue in a text, by the name of its shape."""
    return {f"shape:{cue.name}": cue.text for cue in find_cues(text)}


def feature_text(name: str, text: str, cues: dict[str, str]) -> str:
    """The characters of a text that a feature comes from; empty for a feature of the whole text, such as its length.

    Args:
        name: name of the feature (`shape:...`, or an n-gram's name).
        text: text of the claim.
        cues: the cues of the text, from `cue_texts`.
    """
    return cues.get(name, "") if name.startswith("shape:") else place_of(name, text)


@in_stage("featurize")
def _features(texts: list[str], tfidf: Tfidf, center: Floats, spread: Floats) -> csr_matrix:
    """Standardized shapes, then word weights; shape (n_texts, n_shapes + n_words)."""
    from scipy.sparse import csr_matrix, hstack

    blocks = [csr_matrix((shapes_of(texts) - center) / spread), tfidf.transform(texts)]
    return csr_matrix(hstack(blocks, format="csr"))
