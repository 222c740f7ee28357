"""A linear classifier that reads a claim in its place: neighbors, speaker, position, and what was said before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.classifiers.base import Classifier, Reason, ScoreMatrix, Scorer, as_two_columns, class_priors, top_reasons
from harness.classifiers.baselines.trivial import ClassPriorScorer
from harness.classifiers.ngram_models.linear import BATCH, logistic
from harness.data.claims import Claims, Gold
from harness.data.duplicate_key import text_key
from harness.features.ngrams import NgramSettings, place_of
from harness.features.weights import TFIDF_TYPES, Tfidf

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Block = Literal["previous", "next", "speaker", "position", "novelty"]
NEIGHBOR = NgramSettings(word_ngrams=(1, 1), char_ngrams=None, min_df=3)
FIRST_CLAIMS = 5
MIN_ARTICLES = 2


@dataclass(frozen=True)
class ContextFeatures:
    """What turns claims in their articles into features."""

    text: Tfidf
    previous: Tfidf | None
    next: Tfidf | None
    speakers: tuple[str, ...]
    position: bool
    novelty: bool
    weight: float

    def names(self) -> list[str]:
        """The name of each feature."""
        found = list(self.text.ngrams.names())
        for side, tfidf in (("previous", self.previous), ("next", self.next)):
            found += [f"{side}:{name}" for name in tfidf.ngrams.names()] if tfidf else []
        found += [f"speaker:{speaker}" for speaker in self.speakers]
        found += ["position:place", "position:first claims"] if self.position else []
        return found + (["novelty"] if self.novelty else [])

    def rows(self, claims: Claims) -> Iterable[tuple[list[str], csr_matrix]]:
        """Some claims' texts and features at a time."""
        from scipy.sparse import csr_matrix, hstack

        place, new = claims.position.astype(np.float64), novelty_of(claims) if self.novelty else None
        number = {speaker: at for at, speaker in enumerate(self.speakers)}
        for start in range(0, len(claims), BATCH):
            some = slice(start, start + BATCH)
            texts = list(claims.text[some])
            blocks = [self.text.transform(texts)]
            for tfidf, column in ((self.previous, claims.previous), (self.next, claims.next)):
                blocks += [tfidf.transform(list(column[some])) * self.weight] if tfidf else []
            if self.speakers:
                blocks.append(self._spoken([number.get(_name(speaker)) for speaker in claims.speaker[some]]))
            dense = [np.log1p(place[some]) / 5, place[some] < FIRST_CLAIMS] if self.position else []
            dense += [] if new is None else [new[some]]
            blocks += [csr_matrix(np.column_stack(dense) * self.weight)] if dense else []
            yield texts, csr_matrix(hstack(blocks, format="csr"))

    def _spoken(self, numbers: list[int | None]) -> csr_matrix:
        from scipy.sparse import csr_matrix

        known = [row for row, number in enumerate(numbers) if number is not None]
        columns = [number for number in numbers if number is not None]
        return csr_matrix((np.full(len(known), self.weight), (known, columns)), (len(numbers), len(self.speakers)))


@dataclass(frozen=True)
class ContextScorer(Scorer):
    """Probabilities of a logistic regression over a claim and its context."""

    probabilities: ClassVar[bool] = True
    context: ContextFeatures
    weights: Floats
    intercept: float

    def score(self, claims: Claims) -> ScoreMatrix:
        """Probabilities of no and yes."""
        from scipy.special import expit

        parts = [rows @ self.weights + self.intercept for _, rows in self.context.rows(claims)]
        return as_two_columns(expit(np.concatenate(parts)) if parts else np.empty(0))

    def explain(self, claims: Claims) -> list[tuple[Reason, ...]]:
        """The words and circumstances that moved the log odds most, at most ten a claim.

        Only those of the claim itself are shown in its text.
        """
        names, reasons = self.context.names(), list[tuple[Reason, ...]]()
        for texts, rows in self.context.rows(claims):
            for text, start, end in zip(texts, rows.indptr, rows.indptr[1:], strict=False):
                columns = rows.indices[start:end]
                moved = rows.data[start:end] * self.weights[columns]
                reasons.append(top_reasons(names, columns, moved, partial(_place, text=text)))
        return reasons


class ContextLogreg(Classifier, NgramSettings):
    """Logistic regression on a claim's n-grams and on its context: neighbors, speaker, position, novelty.

    Sees the claim, the words of the claims before and after it, who speaks, how many claims stand before it, and how
    many of its words the article's earlier claims have not said; cannot see what words mean. For ranking in debates, in
    the manner of Gencheva et al. 2017, "A Context-Aware Approach for Detecting Worth-Checking Claims in Political
    Debates". Cost: 16,000 sentences are learned in two to four seconds on one core, and scored in one. Speakers that
    one training article has alone are left out. Made for yes-or-no tasks. Training claims of one label give the shares
    of the labels.
    """

    context_scope = "article"
    yes_or_no_only = True
    packages = ("numpy", "scipy", "scikit-learn")
    saved_types = (ContextScorer, ContextFeatures, *TFIDF_TYPES)

    blocks: tuple[Block, ...] = ("previous", "next", "speaker", "position", "novelty")
    """What is seen besides the claim's own n-grams."""
    weight: float = Field(default=0.3, gt=0)
    """Of the context's features against the claim's own n-grams, which have length 1."""
    C: float = Field(default=0.3, gt=0)
    """Inverse strength of regularization: higher fits the training claims closer."""
    class_weight: Literal["balanced"] | None = None
    """"balanced" weighs each training claim by the inverse share of its label; null counts all alike."""

    def fit(self, claims: Claims, gold: Gold, seed: int) -> Scorer:
        """Learns weights by liblinear's Newton method; the seed is not used."""
        if len(np.unique(gold.codes)) < 2:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        from scipy.sparse import vstack

        text, _ = Tfidf.fit(self, list(claims.text))
        context = ContextFeatures(
            text,
            Tfidf.fit(NEIGHBOR, list(claims.previous))[0] if "previous" in self.blocks else None,
            Tfidf.fit(NEIGHBOR, list(claims.next))[0] if "next" in self.blocks else None,
            _speakers(claims) if "speaker" in self.blocks else (),
            "position" in self.blocks,
            "novelty" in self.blocks,
            self.weight,
        )
        rows = vstack([some for _, some in context.rows(claims)], format="csr")
        if not rows.shape[1]:
            return ClassPriorScorer(tuple(class_priors(gold).tolist()))
        found = logistic(rows, gold.positive, self.C, self.class_weight)
        return ContextScorer(context, found.weights, found.intercept)


def novelty_of(claims: Claims) -> Floats:
    """The share of each claim's different words that no earlier claim of its article has, among those given.

    Returns: shape (n_claims,), in [0, 1]; 0 for a claim without a word.
    """
    said: dict[str, set[str]] = {}
    new = np.zeros(len(claims))
    for row in np.argsort(claims.position, kind="stable").tolist():
        words, before = set(text_key(claims.text[row]).split()), said.setdefault(claims.article_id[row], set())
        new[row] = len(words - before) / max(len(words), 1)
        before |= words
    return new


def _place(name: str, text: str) -> str:
    """The characters of the claim that one of its own n-grams rests on; empty for its context."""
    return place_of(name, text) if name.startswith(("word:", "char:")) else ""


def _name(speaker: object) -> str:
    return str(speaker or "").strip().casefold()


def _speakers(claims: Claims) -> tuple[str, ...]:
    """Those who speak in two training articles or more, sorted."""
    articles: dict[str, set[str]] = {}
    for speaker, article in zip(claims.speaker, claims.article_id, strict=True):
        articles.setdefault(_name(speaker), set()).add(article)
    return tuple(sorted(name for name, found in articles.items() if name and len(found) >= MIN_ARTICLES))
