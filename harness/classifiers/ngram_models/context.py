"""A linear classifier that reads a claim in context: neighbors, speaker, position and earlier claims."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, class_priors, top_reasons, two_columns
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.ngram_models.linear import BATCH
from harness.classifiers.ngram_models.logistic import fit_logistic_regression
from harness.data.claims import Claims, Gold
from harness.data.duplicate_key import text_key
from harness.display import displayed
from harness.features.ngrams import NgramSettings, place_of
from harness.features.weights import TFIDF_TYPES, Tfidf

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Block = Literal["previous", "next", "speaker", "position", "novelty"]
NEIGHBOR_NGRAMS = NgramSettings(word_ngrams=(1, 1), char_ngrams=None, min_df=3)
"""N-grams of the neighbors: words only."""
FIRST_CLAIMS = 5
"""Number of claims that count as the beginning of an article."""
MIN_ARTICLES = 2
"""Minimum number of training articles with a speaker; a speaker of one article would identify that article."""


@displayed
@dataclass(frozen=True)
class ContextFeatures:
    """Fitted features of claims in their articles."""

    text: Tfidf
    """N-grams of the claim."""
    previous: Tfidf | None
    """Words of the previous claim; None: not used."""
    next: Tfidf | None
    """Words of the next claim; None: not used."""
    speakers: tuple[str, ...]
    """Normalized names of the speakers that have a feature, sorted."""
    position: bool
    """Whether to use the position of the claim in its article."""
    novelty: bool
    """Whether to use the share of words that are new in the article."""
    weight: float
    """Factor on all context features."""

    def names(self) -> list[str]:
        """The name of each feature, in the order of the columns of `rows`."""
        names = list(self.text.ngrams.names())
        for side, tfidf in (("previous", self.previous), ("next", self.next)):
            names += [f"{side}:{name}" for name in tfidf.ngrams.names()] if tfidf else []
        names += [f"speaker:{speaker}" for speaker in self.speakers]
        names += ["position:place", "position:first claims"] if self.position else []
        return names + (["novelty"] if self.novelty else [])

    def rows(self, claims: Claims) -> Iterable[tuple[list[str], csr_matrix]]:
        """The texts of the claims and their features, shape (n_claims, n_features), batch by batch."""
        from scipy.sparse import csr_matrix, hstack

        position = claims.position.astype(np.float64)
        # Over all claims at once: the earlier claims of an article may be in an earlier batch.
        novelty = novelty_of(claims) if self.novelty else None
        for start in range(0, len(claims), BATCH):
            batch = slice(start, start + BATCH)
            texts = list(claims.text[batch])
            blocks = [self.text.transform(texts)]
            for tfidf, column in ((self.previous, claims.previous), (self.next, claims.next)):
                blocks += [tfidf.transform(list(column[batch])) * self.weight] if tfidf else []
            if self.speakers:
                blocks.append(self._speaker_block(claims.speaker[batch]))
            # The logarithm divided by 5 is about 1 at position 150, so that it is on the scale of the other features.
            dense = [np.log1p(position[batch]) / 5, position[batch] < FIRST_CLAIMS] if self.position else []
            dense += [] if novelty is None else [novelty[batch]]
            blocks += [csr_matrix(np.column_stack(dense) * self.weight)] if dense else []
            yield texts, csr_matrix(hstack(blocks, format="csr"))

    def _speaker_block(self, speakers: Iterable[object]) -> csr_matrix:
        """One column per speaker, with `weight` in the column of a claim's speaker; shape (n_claims, n_speakers)."""
        from scipy.sparse import csr_matrix

        column_of = {speaker: column for column, speaker in enumerate(self.speakers)}
        claim_columns = [column_of.get(_normalize_name(speaker)) for speaker in speakers]
        rows = [row for row, column in enumerate(claim_columns) if column is not None]
        columns = [column for column in claim_columns if column is not None]
        values = np.full(len(rows), self.weight)
        return csr_matrix((values, (rows, columns)), (len(claim_columns), len(self.speakers)))


@dataclass(frozen=True)
class ContextScorer(Scorer):
    """Probabilities of a logistic regression on a claim and its context."""

    probabilities: ClassVar[bool] = True
    context: ContextFeatures
    weights: Floats
    """Shape (n_features,)."""
    intercept: float

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities of "no" and "yes"."""
        from scipy.special import expit

        parts = [rows @ self.weights + self.intercept for _, rows in self.context.rows(claims)]
        return two_columns(expit(np.concatenate(parts)) if parts else np.empty(0))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """The n-grams and context features that moved the log-odds most, at most ten per claim.

        Only n-grams of the claim itself have characters in its text.
        """
        names = self.context.names()
        reasons: list[tuple[Reason, ...]] = []
        for texts, rows in self.context.rows(claims):
            # In CSR format row i has the entries indptr[i] to indptr[i + 1].
            for text, start, end in zip(texts, rows.indptr, rows.indptr[1:], strict=False):
                columns = rows.indices[start:end]
                contributions = rows.data[start:end] * self.weights[columns]
                reasons.append(top_reasons(names, columns, contributions, partial(_own_text, text=text)))
        return reasons


class ContextLogreg(Classifier, NgramSettings):
    """Logistic regression on a claim's n-grams and on its context: neighbors, speaker, position, novelty.

    Sees the claim, the words of the claims before and after it, the speaker, the number of earlier claims in the
    article, and the share of its words that no earlier claim contains; cannot see the meaning of words. For ranking in
    debates, after Gencheva et al. 2017, "A Context-Aware Approach for Detecting Worth-Checking Claims in Political
    Debates". Cost: fitting 16,000 sentences takes two to four seconds on one core, and scoring them one. Ignores
    speakers that occur in one training article only. For yes-or-no tasks. If the training claims have one label only,
    scores are the label shares.
    """

    context_scope = "article"
    yes_or_no_only = True
    uses_seed = False
    packages = ("numpy", "scipy", "scikit-learn")
    saved_types = (ContextScorer, ContextFeatures, *TFIDF_TYPES)

    blocks: tuple[Block, ...] = ("previous", "next", "speaker", "position", "novelty")
    """Context features used besides the n-grams of the claim."""
    weight: float = Field(default=0.3, gt=0)
    """Weight of the context features relative to the n-grams of the claim, whose vector has length 1."""
    C: float = Field(default=0.3, gt=0)
    """Inverse strength of regularization: a higher value fits the training claims more closely."""
    class_weight: Literal["balanced"] | None = None
    """Weight of the training claims: "balanced" is the inverse share of the claim's label; null is 1 for all."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Fits the weights by liblinear's Newton method; ignores the seed."""
        if len(np.unique(gold.codes)) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        from scipy.sparse import vstack

        text, _ = Tfidf.fit(self, list(claims.text))
        context = ContextFeatures(
            text=text,
            previous=Tfidf.fit(NEIGHBOR_NGRAMS, list(claims.previous))[0] if "previous" in self.blocks else None,
            next=Tfidf.fit(NEIGHBOR_NGRAMS, list(claims.next))[0] if "next" in self.blocks else None,
            speakers=_frequent_speakers(claims) if "speaker" in self.blocks else (),
            position="position" in self.blocks,
            novelty="novelty" in self.blocks,
            weight=self.weight,
        )
        rows = vstack([batch for _, batch in context.rows(claims)], format="csr")
        if not rows.shape[1]:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        fit = fit_logistic_regression(rows, gold.positive, self.C, self.class_weight)
        return ContextScorer(context, fit.weights, fit.intercept)


def novelty_of(claims: Claims) -> Floats:
    """The share of each claim's distinct words that no earlier given claim of its article contains.

    Returns: shape (n_claims,), in [0, 1]; 0 for a claim without words.
    """
    words_by_article: dict[str, set[str]] = {}
    novelty = np.zeros(len(claims))
    # The rows may be in any order. Sorted by position, the earlier claims of each article come before the later ones.
    for row in np.argsort(claims.position, kind="stable").tolist():
        words = set(text_key(claims.text[row]).split())
        earlier_words = words_by_article.setdefault(claims.article_id[row], set())
        novelty[row] = len(words - earlier_words) / max(len(words), 1)
        earlier_words |= words
    return novelty


def _own_text(name: str, text: str) -> str:
    """The characters that an n-gram of the claim itself comes from; empty for a context feature."""
    return place_of(name, text) if name.startswith(("word:", "char:")) else ""


def _normalize_name(speaker: object) -> str:
    return str(speaker or "").strip().casefold()


def _frequent_speakers(claims: Claims) -> tuple[str, ...]:
    """The normalized names of speakers in at least `MIN_ARTICLES` training articles, sorted."""
    articles: dict[str, set[str]] = {}
    for speaker, article in zip(claims.speaker, claims.article_id, strict=True):
        articles.setdefault(_normalize_name(speaker), set()).add(article)
    return tuple(sorted(name for name, ids in articles.items() if name and len(ids) >= MIN_ARTICLES))
